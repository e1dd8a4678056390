"""A finding: evidence against a declared value from reading all pages together."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.index.claim import ClaimKey
from harness.index.faults import Location


@dataclass(frozen=True, slots=True)
class Finding:
    """Evidence of one rule against one claim, and how to correct it.

    `reason` is a sentence without line numbers, so that it stays the same if text moves on the page. `places` locate
    the values that contradict the claim. If `to_blame`, this claim is the wrong one; otherwise one of several claims
    is wrong, and only measuring decides which.
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
