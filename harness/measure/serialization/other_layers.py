"""States of the same network with layers that published files have and the built network lacks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.measure.serialization.state import State, state_of
from harness.zoo import Network
from harness.zoo.network import build_on_meta


@dataclass(frozen=True, slots=True)
class OtherState:
    """A state, and in what it differs from the built network, such as "with the auxiliary classifier"."""

    difference: str
    state: State


def other_states(network: Network) -> Iterator[OtherState]:
    """The states with more layers that files of this network are known to have."""
    if make := network.make_with_auxiliary_classifier:
        state = state_of(replace(network, module=build_on_meta(make)))
        yield OtherState("with the auxiliary classifier that the library builds on request", state)
    if state_with_projections := _with_unused_projections(network):
        yield OtherState("with the original's projection layers that are never used", state_with_projections)


def _with_unused_projections(network: Network) -> State | None:
    """DLA: the original gives each tree of trees a projection too, like that of its first inner tree.

    Source: huggingface/pytorch-image-models v1.0.0, timm/models/dla.py, comment in `DlaTree.__init__`.
    """
    modules = network.module.named_modules()
    trees = [(name, int(module.levels)) for name, module in modules if type(module).__name__ == "DlaTree"]
    if not trees:
        return None
    state = state_of(network)
    tensors, versions = list(state.tensors), dict(state.versions)
    for name, levels in trees:
        inner, outer = f"{name}{'.tree1' * (levels - 1)}.project", f"{name}.project"
        copied = [tensor for tensor in state.tensors if tensor.name.startswith(f"{inner}.")] if levels > 1 else []
        for tensor in copied:
            tensors.append(replace(tensor, name=outer + tensor.name.removeprefix(inner), storage=len(tensors)))
        if copied:
            versions |= {f"{outer}{part}": state.versions[f"{inner}{part}"] for part in ("", ".0", ".1")}
    return replace(state, tensors=tuple(tensors), versions=versions)
