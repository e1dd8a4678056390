"""Design space: every network of the page satisfies the stated relation, and the paper states the same one."""

import math
from collections.abc import Callable

from harness.checks.shared.lookup import of_structure
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.prose import SYMBOLS
from harness.index.relation import Comparison, Term, holds, parse_relation, same_relation
from harness.measure.components import block_widths, bottleneck_ratios
from harness.verdict import Cell, Evidence, NotHereError, Verdict, failed, passed, properties, table, unchecked
from harness.zoo.regnet import DESIGNS, WIDTH_STEP, Design

KINDS = tuple(SYMBOLS.values())
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE})

Relation = tuple[Comparison, ...]
Row = dict[str, Cell]

# A network shows only the effect of these: the parameters that it was built from are compared.
_PARAMETERS = {"initial_width", "slope", "width_multiplier"}


def check(claim: Claim, subject: Subject) -> Verdict:
    """Measure the relation's symbols in every network, and compare the relation with the paper's."""
    method = "design parameters" if claim.kind in _PARAMETERS else "forward pass"
    relation = parse_relation(claim.declared)
    if relation is None:
        return unchecked(claim, reason="No check understands this relation.")
    try:
        rows, widths = _measure(relation, claim.kind, subject)
    except KeyError as symbol:
        return unchecked(claim, reason=f"No check knows the meaning of {symbol.args[0]} in this relation.")
    evidence = (table("networks", "networks", rows), *widths)
    violating = list(dict.fromkeys(str(row["model"]) for row in rows if not row["holds"]))
    if violating:
        reason = f"These networks do not satisfy it: {', '.join(violating)}."
        remedy = "correct the relation, or move these models to another page"
        return failed(claim, reason=reason, method=method, remedy=remedy, evidence=evidence)
    published = published_relation(claim.kind, subject)
    count = len(subject.models)
    all_satisfy = f"All {count} networks of the page satisfy it" if count > 1 else "The page's network satisfies it"
    if published is None:
        reason = f"{all_satisfy}; no paper in the references states it."
        return passed(claim, reason=reason, measured=claim.declared, method=method, evidence=evidence)
    if same_relation(claim.declared, published):
        reason = f"{all_satisfy}, and the paper states it."
        return passed(claim, reason=reason, measured=published, method=f"{method}, paper", evidence=evidence)
    reason = f"{all_satisfy}, but the paper states another relation."
    remedy = f"write {published}"
    return failed(claim, reason=reason, measured=published, method="paper", remedy=remedy, evidence=evidence)


def published_relation(kind: str, subject: Subject) -> str | None:
    """The relation in the paper of one of the page's collections; None if the references have none."""
    collections = (subject.references.collections.get(name, {}) for name in subject.index.collections)
    relations = (collection.get("design_space", {}) for collection in collections)
    return next((by_kind[kind] for by_kind in relations if kind in by_kind), None)


def _measure(relation: Relation, kind: str, subject: Subject) -> tuple[list[Row], tuple[Evidence, ...]]:
    """A row per comparison of a network; for block widths also the linear rule and the widths of each network."""
    if kind != "block_width":
        rows: list[Row] = [
            {"model": model.name, **values, "holds": holds(relation, values)}
            for model in subject.models
            for values in _VALUES[kind](model)
        ]
        return rows, ()
    widths = {model.name: of_structure(block_widths, model) for model in subject.models}
    linear = {name: [_linear_width(relation, _design(name), j) for j in range(len(widths[name]))] for name in widths}
    rounded: dict[str, Cell] = {name: tuple(round(width, 2) for width in series) for name, series in linear.items()}
    return [_on_the_line(name, linear[name], widths[name]) for name in widths], (
        properties("linear_widths", "linear widths", rounded),
        properties("block_widths", "block widths", {name: tuple(series) for name, series in widths.items()}),
    )


def _design(model: str) -> Design:
    design = DESIGNS.get(model)
    if design is None:
        missing = f"the design parameters of {model} are unknown"
        raise NotHereError(missing, "the relation is about families built from them, such as RegNet")
    return design


def _depth(model: Subject) -> int:
    return len(of_structure(block_widths, model))


# The values of each symbol in a model: measured in the network, or the parameter that the network was built from.
_VALUES: dict[str, Callable[[Subject], list[dict[str, float]]]] = {
    "depth": lambda model: [{"d": _depth(model)}],
    "block_index": lambda model: [{"j": j, "d": _depth(model)} for j in (0, _depth(model) - 1)],
    "bottleneck_ratio": lambda model: [{"b": ratio} for ratio in sorted(set(of_structure(bottleneck_ratios, model)))],
    "initial_width": lambda model: [{"w_0": _design(model.name).w_0}],
    "slope": lambda model: [{"w_a": _design(model.name).w_a}],
    "width_multiplier": lambda model: [{"w_m": _design(model.name).w_m}],
}


def _on_the_line(model: str, linear: list[float], widths: tuple[int, ...]) -> Row:
    """Whether each block is as wide as u_j, to within half a quantisation step and the two roundings after it."""
    design = _design(model)
    half_step = math.sqrt(design.w_m)
    rounding = (WIDTH_STEP + design.group_width) / 2
    on_line = [
        u / half_step - rounding <= width <= u * half_step + rounding for u, width in zip(linear, widths, strict=True)
    ]
    return {
        "model": model,
        "blocks on the line": f"{sum(on_line)} of {design.depth}",
        "holds": all(on_line) and len(widths) == design.depth,
    }


def _linear_width(relation: Relation, design: Design, block: int) -> float:
    """The value of u_j for a block by the declared relation. Raises KeyError if it is not an equation for u_j."""
    values = {"w_0": design.w_0, "w_a": design.w_a, "w_m": design.w_m, "d": design.depth, "j": block}
    equations = [(left, right) for left, sign, right in relation if sign == "="]
    for sides in equations:
        for side, other in (sides, sides[::-1]):
            if side == (Term(("u_j",)),):
                return sum(term.value(values) for term in other)
    raise KeyError("u_j")
