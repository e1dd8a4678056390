"""A finding: what makes a declared value suspicious when all pages are read together."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.index.claim import ClaimKey
from harness.index.faults import Location


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks against one claim, by which rule, and how to mend it.

    `reason` is a sentence that names no line, so that it stays the same while a page only moves. `places` are where
    the values stand that speak against the claim. `to_blame` tells that this claim is the wrong one; else it is one
    of several that cannot all be right, and which is wrong only measuring tells.
    """

    page: str
    claim: ClaimKey
    rule: str
    reason: str
    places: tuple[Location, ...]
    remedy: str
    to_blame: bool

    def as_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self)


def finding_from_json(data: Mapping[str, Any]) -> Finding:
    """The finding that `as_json` wrote."""
    model, kind, where = data["claim"]
    places = tuple(Location(**place) for place in data["places"])
    return Finding(**{**data, "claim": (model, kind, Location(**where)), "places": places})
