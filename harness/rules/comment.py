"""The comment after a number contradicts it."""

import re
from collections.abc import Iterator, Sequence

from harness.index.entries import Value
from harness.index.quantity import parse_quantity
from harness.project.references import References
from harness.rules.declared_model import DeclaredModel
from harness.rules.finding import Certainty, Finding
from harness.rules.unit import UNITS

NAME = "comment contradicts value"

# Only comments that are just an amount: others may be about a former value, or the paper's.
_AMOUNT = re.compile(
    r"(?:(?:about|approximately|approx\.?|circa|ca\.?|roughly|i\.e\.|or|[=≈~])\s*)*"
    r"(?P<number>[0-9][0-9_,]*(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]+|%)"
    r"(?:\s+(?:params|parameters|flops|macs|multiply-adds|bytes|weights|in total|top-[15]))?\.?",
    re.IGNORECASE,
)


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Numbers whose comment is an amount, in a unit of their kind, that does not round to them."""
    for model in models:
        for kind, value in model.values():
            if value.comment and _contradicts(kind, value):
                reason = f"The value is {value.raw}, its comment says {value.comment}: one of the two is wrong."
                claim = model.name, kind, value.where
                remedy = "correct the value or the comment"
                yield Finding(model.page, claim, NAME, reason, (value.where,), remedy, Certainty.SUSPICIOUS)


def _contradicts(kind: str, value: Value) -> bool:
    amount, declared = _AMOUNT.fullmatch(value.comment), value.quantity
    sizes = UNITS.get(kind, {}).get(amount["unit"].casefold()) if amount else None
    commented = parse_quantity(re.sub("[_,]", "", amount["number"])) if amount else None
    if not sizes or commented is None or declared is None:
        return False
    # Comments may be truncated instead of rounded: a difference of one step is no contradiction.
    return all(abs(commented.value * size - declared.value) > commented.step * size + declared.step for size in sizes)
