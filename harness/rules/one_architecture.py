"""One architecture name stands for different numbers of parameters."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations

from harness.project.references import References
from harness.rules.declared_model import DeclaredModel, agree, shown
from harness.rules.finding import Finding

NAME = "one architecture, different parameters"


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against both of two models of one `Name` or `ID` whose declared parameters do not round to each other."""
    by_name: dict[str, list[DeclaredModel]] = defaultdict(list)
    for entry in models:
        for name in entry.names if entry.quantity("parameters") else ():
            by_name[name].append(entry)
    told = set()
    for same in by_name.values():
        for one, other in permutations(same, 2):
            pair = one.claim("parameters"), other.claim("parameters")
            if pair not in told and not agree(one.quantity("parameters"), other.quantity("parameters")):
                told.add(pair)
                yield _finding(one, other)


def _finding(entry: DeclaredModel, other: DeclaredModel) -> Finding:
    declared = other.record.text("parameters")
    reason = f"Either this or the {declared} of {shown([other], entry.page)} is wrong: it is the same architecture."
    place, remedy = other.where("parameters"), "check both, or call one of the two by another name"
    return Finding(entry.page, entry.claim("parameters"), NAME, reason, (place,), remedy, to_blame=False)
