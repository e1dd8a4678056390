"""The known name that an unknown one is probably meant to be."""

import difflib
from collections.abc import Collection

# Comparing takes up to the product of the lengths: limits keep a hostile page below a second.
_MAX_LENGTH = 100
_MAX_KNOWN = 100


def similar_name(name: str, known: Collection[str], similarity: float = 0.6) -> str | None:
    """The most similar of the known names; None if none is similar enough.

    None also for a name of more than 100 characters; of the known names, the first 100 are compared.
    """
    if len(name) > _MAX_LENGTH:
        return None
    candidates = [other for other in list(known)[:_MAX_KNOWN] if len(other) <= _MAX_LENGTH]
    return next(iter(difflib.get_close_matches(name, candidates, n=1, cutoff=similarity)), None)
