"""One architecture name stands for different numbers of parameters."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from harness.project.references import References
from harness.rules.declared_model import MOST_PLACES, DeclaredModel, agree, list_names
from harness.rules.finding import Finding

NAME = "one architecture, different parameters"


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Both of two models with the same `Name` or `ID` whose declared parameters do not round to each other.

    A model is compared with the first twenty others.
    """
    by_name: dict[str, list[DeclaredModel]] = defaultdict(list)
    for model in models:
        for name in model.names if "parameters" in model.quantities else ():
            by_name[name].append(model)
    reported = set()
    for same in by_name.values():
        for model in same:
            for other in islice((other for other in same if other is not model), MOST_PLACES):
                pair = model.claim("parameters"), other.claim("parameters")
                if pair not in reported and not agree(model.quantities["parameters"], other.quantities["parameters"]):
                    reported.add(pair)
                    yield _finding(model, other)


def _finding(model: DeclaredModel, other: DeclaredModel) -> Finding:
    own, others = model.entry.text("parameters"), other.entry.text("parameters")
    name = list_names([other], model.page)
    reason = f"Either {own} or the {others} of {name} is wrong: both are parameters of the same architecture."
    place, remedy = other.where("parameters"), "check both, or rename one of the two"
    return Finding(model.page, model.claim("parameters"), NAME, reason, (place,), remedy, to_blame=False)
