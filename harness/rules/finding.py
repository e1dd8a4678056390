"""A finding: evidence against a declared value from reading all pages together."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from harness.index.claim import ClaimKey
from harness.index.faults import Location


class Certainty(StrEnum):
    """What a finding shows of its claim.

    Only proof decides a verdict. `ONE_OF_TWO`: this claim and those at the finding's places cannot all be true.
    """

    SUSPICIOUS = "suspicious"
    ONE_OF_TWO = "one of two"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Finding:
    """Evidence of one rule against one claim, and how to correct it.

    `reason` is a sentence without line numbers, so that it stays the same if text moves on the page. `places` locate
    the values that contradict the claim.
    """

    page: str
    claim: ClaimKey
    rule: str
    reason: str
    places: tuple[Location, ...]
    remedy: str
    certainty: Certainty

    def as_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self)


def finding_from_json(data: Mapping[str, Any]) -> Finding:
    """The finding that `as_json` wrote."""
    model, kind, where = data["claim"]
    places = tuple(Location(**place) for place in data["places"])
    claim, certainty = (model, kind, Location(**where)), Certainty(data["certainty"])
    return Finding(**{**data, "claim": claim, "places": places, "certainty": certainty})
