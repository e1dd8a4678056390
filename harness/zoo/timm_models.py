"""Every model that timm knows, under the names it has or had there."""

import warnings
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from harness.zoo.network import Network, without_storage


@cache
def timm_version() -> str | None:
    """The version of timm, or None where it is not installed; timm is not imported."""
    try:
        return version("timm")
    except PackageNotFoundError:
        return None


def knows(model: str) -> bool:
    """Whether timm builds a model of this name, by itself and without fetching anything."""
    if timm_version() is None:
        return False
    import timm

    name = _own_name(model)
    if not timm.is_model(name):
        return False
    try:
        timm.get_pretrained_cfg(name)
    except RuntimeError:
        # There are no weights of this tag.
        return False
    return True


def _own_name(model: str) -> str:
    """What timm itself calls a model: cards of the hub name it with the organisation, `timm/resnet50.a1_in1k`."""
    return model.removeprefix("timm/")


def build(model: str) -> Network:
    """The network that timm builds by this name, on the `meta` device, in evaluation mode."""
    import timm

    model = _own_name(model)

    def make() -> Any:
        with warnings.catch_warnings():
            # That a name is not timm's own any more is told in the note.
            warnings.simplefilter("ignore")
            return timm.create_model(model, pretrained=False)

    module = without_storage(make)
    known = module.pretrained_cfg
    asked, called = model.partition(".")[0], known.get("architecture", model)
    note = f"timm has renamed {asked} to {called}" if called != asked else ""
    *_, side = known.get("input_size", (None,))
    return Network(module, builder=f"timm {timm_version()}", note=note, image_size=side, make=make)
