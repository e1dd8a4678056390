"""The comment behind a number says another number."""

import re
from collections.abc import Iterator, Sequence

from harness.index.entries import Value
from harness.index.quantity import parse_quantity
from harness.project.references import References
from harness.rules.declared_model import DeclaredModel
from harness.rules.finding import Finding
from harness.rules.unit import UNITS

NAME = "comment contradicts value"

# A comment that says more than an amount is about something else: what the value was, or what a paper has.
_AMOUNT = re.compile(
    r"(?:(?:about|approximately|approx\.?|circa|ca\.?|roughly|i\.e\.|or|[=≈~])\s*)*"
    r"(?P<number>[0-9][0-9_,]*(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]+|%)"
    r"(?:\s+(?:params|parameters|flops|macs|multiply-adds|bytes|weights|in total|top-[15]))?\.?",
    re.IGNORECASE,
)


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against a number whose comment is an amount in the unit of its kind that does not round to it."""
    for entry in models:
        for kind, value in entry.values():
            if value.comment and _contradicts(kind, value):
                reason = f"Its own comment says {value.comment}: one of the two is wrong."
                claim = entry.name, kind, value.where
                remedy = "correct the value or the comment"
                yield Finding(entry.page, claim, NAME, reason, (value.where,), remedy, to_blame=False)


def _contradicts(kind: str, value: Value) -> bool:
    amount, declared = _AMOUNT.fullmatch(value.comment), value.quantity
    sizes = UNITS.get(kind, {}).get(amount["unit"].casefold()) if amount else None
    said = parse_quantity(re.sub("[_,]", "", amount["number"])) if amount else None
    if not sizes or said is None or declared is None:
        return False
    # Comments are cut as often as rounded: a whole step either way is no contradiction.
    return all(abs(said.value * size - declared.value) > said.step * size + declared.step for size in sizes)
