"""Design space: every network of the page satisfies the prose's relation, and the paper states the same one."""

import math
from collections.abc import Callable
from typing import Any

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.prose import SYMBOLS
from harness.index.relation import Comparison, Term, holds, parse_relation, same_relation
from harness.measure.components import block_widths, bottleneck_ratios
from harness.verdict import NotHereError, Verdict, failed, passed, typed, unchecked
from harness.zoo.regnet import DESIGNS, WIDTH_STEP, Design

KINDS = tuple(SYMBOLS.values())
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE})
READS = ("models", "relation of the paper")

# Of these, the network shows only what follows from them: the parameter it was built from is compared.
_PARAMETERS = {"initial_width", "slope", "width_multiplier"}


def check(claim: Claim, subject: Subject) -> Verdict:
    """Measure what the relation is about in every network, and compare the relation with the paper's."""
    method = "design parameters" if claim.kind in _PARAMETERS else "forward pass"
    relation = parse_relation(claim.declared)
    if relation is None:
        return unchecked(claim, reason="No check reads this relation.")
    judge = _on_the_line if claim.kind == "block_width" else _satisfying
    try:
        rows = [row for model in subject.models for row in judge(relation, claim.kind, model)]
    except KeyError as symbol:
        return unchecked(claim, reason=f"No check knows what {symbol.args[0]} is in this relation.")
    violating = list(dict.fromkeys(row["model"] for row in rows if not row["holds"]))
    evidence: dict[str, Any] = {"networks": rows}
    if claim.kind == "block_width":
        evidence |= _widths(relation, subject)
    if violating:
        reason = f"Not so for {', '.join(violating)}."
        remedy = "correct the relation, or move these models to another page"
        return failed(claim, reason=reason, method=method, remedy=remedy, evidence=typed(evidence))
    published = published_relation(claim.kind, subject)
    if published is None:
        reason = f"All {len(subject.models)} networks of the page satisfy it; no paper on file states it."
        return passed(claim, reason=reason, measured=claim.declared, method=method, evidence=typed(evidence))
    if not same_relation(claim.declared, published):
        reason = "Every network of the page satisfies it, but the paper states another relation."
        return failed(
            claim,
            reason=reason,
            measured=published,
            method="paper",
            remedy=f"write {published}",
            evidence=typed(evidence),
        )
    reason = f"All {len(subject.models)} networks of the page satisfy it, and the paper states it."
    return passed(claim, reason=reason, measured=published, method=f"{method}, paper", evidence=typed(evidence))


def published_relation(kind: str, subject: Subject) -> str | None:
    """What the paper of the page's collections states; None where none on file states it."""
    known = (subject.references.collections.get(name, {}) for name in subject.index.collections)
    return next((entry["design_space"][kind] for entry in known if kind in entry.get("design_space", {})), None)


def _design(model: Subject) -> Design:
    design = DESIGNS.get(model.name)
    if design is None:
        missing = f"no design parameters are on file for {model.name}"
        raise NotHereError(missing, "the relation is about families built from them, such as RegNet")
    return design


def _depth(model: Subject) -> int:
    return len(block_widths(model.structure))


# What each symbol is in a model: measured in the network, or the parameter that the network was built from.
_VALUES: dict[str, Callable[[Subject], list[dict[str, float]]]] = {
    "depth": lambda model: [{"d": _depth(model)}],
    "block_index": lambda model: [{"j": j, "d": _depth(model)} for j in (0, _depth(model) - 1)],
    "bottleneck_ratio": lambda model: [{"b": ratio} for ratio in sorted(set(bottleneck_ratios(model.structure)))],
    "initial_width": lambda model: [{"w_0": _design(model).w_0}],
    "slope": lambda model: [{"w_a": _design(model).w_a}],
    "width_multiplier": lambda model: [{"w_m": _design(model).w_m}],
}


def _satisfying(relation: tuple[Comparison, ...], kind: str, model: Subject) -> list[dict[str, Any]]:
    return [{"model": model.name, **values, "holds": holds(relation, values)} for values in _VALUES[kind](model)]


def _on_the_line(relation: tuple[Comparison, ...], _: str, model: Subject) -> list[dict[str, Any]]:
    """Each block is as wide as the declared u_j, to within half a quantisation step and the two roundings after it."""
    design, widths = _design(model), block_widths(model.structure)
    half_step = math.sqrt(design.w_m)
    rounding = (WIDTH_STEP + design.group_width) / 2
    linear = [_linear_width(relation, design, block) for block in range(len(widths))]
    on_it = [
        u / half_step - rounding <= width <= u * half_step + rounding for u, width in zip(linear, widths, strict=True)
    ]
    return [
        {
            "model": model.name,
            "blocks on the line": f"{sum(on_it)} of {design.depth}",
            "holds": all(on_it) and len(widths) == design.depth,
        }
    ]


def _widths(relation: tuple[Comparison, ...], subject: Subject) -> dict[str, dict[str, list[Any]]]:
    """The line and the network, block by block, for each model of the page."""
    widths = {model.name: list(block_widths(model.structure)) for model in subject.models}
    linear = {
        model.name: [round(_linear_width(relation, _design(model), j), 2) for j in range(len(widths[model.name]))]
        for model in subject.models
    }
    return {"linear widths": linear, "block widths": widths}


def _linear_width(relation: tuple[Comparison, ...], design: Design, block: int) -> float:
    """What the declared relation makes of u_j for a block. Raises KeyError where it is no equation for u_j."""
    values = {"w_0": design.w_0, "w_a": design.w_a, "w_m": design.w_m, "d": design.depth, "j": block}
    equations = [(left, right) for left, sign, right in relation if sign == "="]
    for sides in equations:
        for side, other in (sides, sides[::-1]):
            if side == (Term(("u_j",)),):
                return sum(term.value(values) for term in other)
    raise KeyError("u_j")
