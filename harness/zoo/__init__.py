"""Model names to networks: who knows a name builds it. torch loads when something is built or looked up."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from harness.zoo import own_builder, regnet, timm_models, torchvision_models
from harness.zoo.network import Network, UnknownModelError
from harness.zoo.own_builder import BuilderError

# One model's claims, and those of a page about all of its models, ask for the same networks again and again.
_KEPT_NETWORKS = 32


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What is to be built: a model's name as its page writes it, and what is known of where that name comes from.

    `library` is the one that the page says the model belongs to. `alias` is a library and the name that the same
    network has there, where that is on file. `own` are the project's builders: patterns of names, each with a
    `module:function` that is looked for in the folder `root`.
    """

    model: str
    library: str | None = None
    alias: tuple[str, str] | None = None
    own: tuple[tuple[str, str], ...] = ()
    root: Path = Path()


@dataclass(frozen=True, slots=True)
class _Builder:
    """Someone who builds networks by their names: of which library, and how."""

    library: str
    knows: Callable[[str], bool]
    build: Callable[[str], Network]


# In the order in which they are asked. The published designs are timm's models under timm's names.
_BUILDERS = (
    _Builder("timm", regnet.knows, regnet.build),
    _Builder("timm", timm_models.knows, timm_models.build),
    _Builder("torchvision", torchvision_models.knows, torchvision_models.build),
)


@lru_cache(_KEPT_NETWORKS)
def build(blueprint: Blueprint) -> Network:
    """The network of a blueprint. Raises UnknownModelError where nobody knows it, BuilderError where its own fails."""
    model = blueprint.model
    for pattern, function in blueprint.own:
        if fnmatchcase(model, pattern):
            return own_builder.build(model, function, blueprint.root)
    names = [(blueprint.library, model), *([blueprint.alias] if blueprint.alias else [])]
    for library, name in names:
        for builder in _BUILDERS:
            if library in {None, builder.library} and builder.knows(name):
                network = builder.build(name)
                if name == model:
                    return replace(network, library=builder.library)
                note = f"built as {name}, which is the same network in {network.builder}"
                return replace(network, note="; ".join(filter(None, (note, network.note))))
    raise _unknown(blueprint)


def second(blueprint: Blueprint) -> Network | None:
    """The same network by another builder, for the published designs, where there is one here."""
    model = blueprint.model
    if build(blueprint).builder != regnet.BUILDER or not timm_models.knows(model):
        return None
    return timm_models.build(model)


def _unknown(blueprint: Blueprint) -> UnknownModelError:
    """What was asked in vain, and what would know the model."""
    model, library = blueprint.model, blueprint.library
    libraries = dict.fromkeys(builder.library for builder in _BUILDERS)
    if library is not None and library not in libraries:
        told = f"the page names the library {library}, and there are builders for {', '.join(libraries)}"
        return UnknownModelError(told, "name a builder of your own under [builders] in modelindex/verify.toml")
    asked = [library] if library else list(libraries)
    if "timm" in asked and timm_models.timm_version() is None:
        told = f"nothing here builds {model}, and the package timm is not installed"
        return UnknownModelError(told, "pip install timm, or name a builder of your own in modelindex/verify.toml")
    have = "have" if len(asked) > 1 else "has"
    told = f"nothing here builds {model}: {' and '.join(asked)} {have} no such model"
    return UnknownModelError(told, "check the name, or name a builder of your own in modelindex/verify.toml")


__all__ = ["Blueprint", "BuilderError", "Network", "UnknownModelError", "build", "second"]
