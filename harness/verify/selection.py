"""Which claims of the pages are verified."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness.index.claim import Claim, ClaimKey


@dataclass(frozen=True, slots=True)
class Selection:
    """Claims whose model and kind match glob patterns. No patterns match everything; `page` is the page itself.

    What cannot be read is always selected, since it may hold what was selected.
    """

    models: Sequence[str] = ()
    kinds: Sequence[str] = ()

    def __contains__(self, claim: Claim) -> bool:
        matches = _matches(claim.model or "page", self.models) and _matches(claim.kind, self.kinds)
        return matches or claim.hides_others

    @property
    def everything(self) -> bool:
        """Whether every claim is selected, whatever the pages hold."""
        return not self.models and not self.kinds


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """Exactly these claims."""

    claims: frozenset[ClaimKey]

    def __contains__(self, claim: Claim) -> bool:
        return claim.key in self.claims

    def __repr__(self) -> str:
        """The claims in a fixed order, for the key of the cache."""
        return repr(sorted(map(str, self.claims)))

    @property
    def everything(self) -> bool:
        """False: a set of claims does not say whether the pages have others."""
        return False


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
