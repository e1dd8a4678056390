"""Model names to networks. A family is one file: a literal table and one builder; torch loads when it builds."""

from harness.zoo import regnet
from harness.zoo.network import Family, Network

FAMILIES: tuple[Family, ...] = (regnet.FAMILY,)


def family_of(model: str) -> Family | None:
    """The family that builds `model`, or None."""
    return next((family for family in FAMILIES if model in family.models), None)


__all__ = ["FAMILIES", "Family", "Network", "family_of"]
