"""Relations between named quantities, such as `12 ≤ d ≤ 28` or `u_j = w_0 + w_a·j`, parsed and compared by meaning."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose, prod

_MIRRORED = {">": "<", "≥": "≤"}


@dataclass(frozen=True, slots=True)
class Term:
    """A product of symbols and numbers, such as `w_a·j`; `sign` is 1 or -1."""

    factors: tuple[str, ...]
    sign: int = 1

    def value(self, values: Mapping[str, float]) -> float:
        """The product for these values. Raises KeyError for a symbol without a value."""
        return self.sign * prod(float(factor) if factor[0].isdigit() else values[factor] for factor in self.factors)


Side = tuple[Term, ...]
Comparison = tuple[Side, str, Side]


def parse_relation(text: str) -> tuple[Comparison, ...] | None:
    """The comparisons in a chain such as `12 ≤ d ≤ 28`, or None if the text is not a chain of sums of products."""
    parts = re.split(r"\s*([<≤=≥>])\s*", text.strip())
    sides = [_side(part) for part in parts[::2]]
    if len(parts) < 3 or not all(sides):
        return None
    return tuple(
        (right, _MIRRORED[sign], left) if sign in _MIRRORED else (left, sign, right)
        for left, sign, right in zip(sides[:-1], parts[1::2], sides[1:], strict=True)
    )


def same_relation(left: str, right: str) -> bool:
    """Whether two relations mean the same: `28 ≥ d ≥ 12` is `12 ≤ d ≤ 28`."""
    first, second = parse_relation(left), parse_relation(right)
    return first is not None and second is not None and set(map(_normal, first)) == set(map(_normal, second))


def holds(relation: tuple[Comparison, ...], values: Mapping[str, float]) -> bool:
    """Whether every comparison is true for these values. Raises KeyError for a symbol without a value."""

    def total(side: Side) -> float:
        return sum(term.value(values) for term in side)

    compared = [(total(left), sign, total(right)) for left, sign, right in relation]
    equal = [isclose(left, right, rel_tol=1e-9) for left, _, right in compared]
    return all(
        same if sign == "=" else (left < right and not same) or (sign == "≤" and same)
        for (left, sign, right), same in zip(compared, equal, strict=True)
    )


def _side(text: str) -> Side:
    """The terms of a sum; empty if the text is not a sum of products."""
    terms = []
    for sign, product in re.findall(r"([+-]?)\s*([^+-]+)", text):
        factors = tuple(sorted(factor.strip() for factor in product.replace(" ", "·").split("·") if factor.strip()))
        if not factors or not all(re.fullmatch(r"[A-Za-z](?:_\w+)?|\d+(?:\.\d+)?", factor) for factor in factors):
            return ()
        terms.append(Term(factors, -1 if sign == "-" else 1))
    return tuple(sorted(terms, key=lambda term: (term.factors, term.sign)))


def _normal(comparison: Comparison) -> tuple[frozenset[Side] | Side, str, Side]:
    left, sign, right = comparison
    return (frozenset({left, right}), sign, ()) if sign == "=" else comparison
