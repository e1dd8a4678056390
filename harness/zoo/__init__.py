"""Model names to networks. A family is one file: a literal table and one builder; torch loads when it builds."""

from functools import cache

from harness.zoo import regnet
from harness.zoo.network import Family, Network

FAMILIES: tuple[Family, ...] = (regnet.FAMILY,)


def family_of(model: str) -> Family | None:
    """The family that builds `model`, or None."""
    return next((family for family in FAMILIES if model in family.models), None)


@cache
def build(model: str) -> Network:
    """The network of `model`, built once. Raises KeyError where no family builds it."""
    family = family_of(model)
    if family is None:
        raise KeyError(model)
    return family.build(model)


__all__ = ["FAMILIES", "Family", "Network", "build", "family_of"]
