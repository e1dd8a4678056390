"""Model names to networks. torch loads when a network is built or a name is looked up."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from harness.zoo import own_builder, regnet, timm_models, torchvision_models
from harness.zoo.network import Network, UnknownModelError
from harness.zoo.own_builder import BuilderError, BuilderSettingsError

# The claims of one model, and those of a page about all its models, need the same networks again.
_CACHED_NETWORKS = 32
_OWN_BUILDER = "name a builder of your own under [builders] in modelindex/verify.toml"
_CONSENT = "if you trust the project: run `verify trust` once, pass --allow-builders, or set VERIFY_ALLOW_BUILDERS=1"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What to build: a model name as written on its page, and what is known about that name.

    `library` is the library that the page names. `alias` is a library and the name of the same network there.
    `builders` are the project's own: pairs of a name pattern and a `module:function` below the folder `root`. They run
    only with `run_builders`; without it, the models that they would build have no network.
    """

    model: str
    library: str | None = None
    alias: tuple[str, str] | None = None
    builders: tuple[tuple[str, str], ...] = ()
    root: Path = Path()
    run_builders: bool = False


# In order of precedence: a library, whether it knows a name, and the network of that name. The published designs are
# timm's models under timm's names.
_LIBRARY_BUILDERS: tuple[tuple[str, Callable[[str], bool], Callable[[str], Network]], ...] = (
    ("timm", regnet.knows, regnet.build),
    ("timm", timm_models.knows, timm_models.build),
    ("torchvision", torchvision_models.knows, torchvision_models.build),
)


def build(blueprint: Blueprint) -> Network:
    """The network of a blueprint, built once; a failure is kept too and raised again.

    Raises UnknownModelError if no builder knows the model or may build it, BuilderError if the project's own builder
    fails, and BuilderSettingsError if verify.toml names a builder that does not exist.
    """
    outcome = _build_once(blueprint)
    if isinstance(outcome, Network):
        return outcome
    error, trace = outcome
    raise error.with_traceback(trace)


@lru_cache(_CACHED_NETWORKS)
def _build_once(blueprint: Blueprint) -> Network | tuple[Exception, TracebackType | None]:
    try:
        return _build(blueprint)
    except Exception as error:  # noqa: BLE001 - raised by `build`
        # The frames of a kept traceback would keep the tensors of a half-built network.
        raised: BaseException | None = error
        while raised is not None:
            traceback.clear_frames(raised.__traceback__)
            raised = raised.__cause__ or raised.__context__
        return error, error.__traceback__


def _build(blueprint: Blueprint) -> Network:
    model = blueprint.model
    for pattern, function in blueprint.builders:
        if fnmatchcase(model, pattern):
            if not blueprint.run_builders:
                missing = f"the builder {function} is code of the project, which nobody on this machine trusts as it is"
                raise UnknownModelError(missing, _CONSENT)
            return own_builder.build(model, pattern, function, blueprint.root)
    names = [(blueprint.library, model), *([blueprint.alias] if blueprint.alias else [])]
    for requested, name in names:
        for library, knows, build_by_name in _LIBRARY_BUILDERS:
            if requested in {None, library} and knows(name):
                network = build_by_name(name)
                if name == model:
                    return replace(network, library=library)
                note = f"built as {name}, the same network in {network.builder}"
                return replace(network, note="; ".join(filter(None, (note, network.note))))
    raise _unknown_model(blueprint)


def build_for_cross_check(blueprint: Blueprint) -> Network | None:
    """A published design as timm builds it; None for other models, or without timm."""
    model = blueprint.model
    if build(blueprint).builder != regnet.BUILDER or not timm_models.knows(model):
        return None
    return timm_models.build(model)


def is_resolved_by_library(blueprint: Blueprint) -> bool:
    """Whether a library looks the name up, which may give another network than the page means."""
    own = any(fnmatchcase(blueprint.model, pattern) for pattern, _ in blueprint.builders)
    return not own and not regnet.knows(blueprint.model)


def build_by_other_libraries(blueprint: Blueprint) -> tuple[Network, ...]:
    """The networks that other libraries than the builder's have under the same name."""
    first = build(blueprint)
    others = (item for item in _LIBRARY_BUILDERS if item[0] != first.library)
    return tuple(build_by_name(blueprint.model) for _, knows, build_by_name in others if knows(blueprint.model))


def _unknown_model(blueprint: Blueprint) -> UnknownModelError:
    model, library = blueprint.model, blueprint.library
    libraries = list(dict.fromkeys(name for name, *_ in _LIBRARY_BUILDERS))
    if library is not None and library not in libraries:
        missing = f"the page names the library {library}; builders exist for {' and '.join(libraries)}"
        return UnknownModelError(missing, _OWN_BUILDER)
    searched = [library] if library else libraries
    if "torchvision" in searched and (kind := torchvision_models.other_kind(model)):
        missing = f"the model {model} of torchvision is {kind}; only image classifiers are built"
        return UnknownModelError(missing, _OWN_BUILDER)
    if "timm" in searched and timm_models.timm_version() is None:
        return UnknownModelError(
            f"no builder for {model}: timm is not installed", f"pip install timm, or {_OWN_BUILDER}"
        )
    have = "have" if len(searched) > 1 else "has"
    missing = f"no builder for {model}: {' and '.join(searched)} {have} no such model"
    return UnknownModelError(missing, f"check the name, or {_OWN_BUILDER}")


__all__ = [
    "Blueprint",
    "BuilderError",
    "BuilderSettingsError",
    "Network",
    "UnknownModelError",
    "build",
    "build_by_other_libraries",
    "build_for_cross_check",
    "is_resolved_by_library",
]
