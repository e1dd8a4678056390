"""The weights file is named after another model of the pages."""

from collections.abc import Iterator, Sequence

from harness.project.references import References
from harness.rules.declared_model import DeclaredModel, by_name, holds, may_be_one_network, named_after, shown
from harness.rules.finding import Finding

NAME = "weights named after another model"


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against every file whose name begins with another model's, the longest that fits, and does not hold its own.

    Not where the entry says so, or the two may be one network.
    """
    names = by_name(models)
    for entry in models:
        meant = named_after(entry.weights, names)
        if meant is None or holds(entry.weights.label, entry.name) or entry.mentions(meant):
            continue
        if not may_be_one_network(entry, meant):
            reason = f"The file is named after {shown([meant], entry.page)}, another model."
            places = (meant.where("name"),)
            remedy = "name this model's file"
            yield Finding(entry.page, entry.claim("weights"), NAME, reason, places, remedy, to_blame=True)
