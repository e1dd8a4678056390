"""The weights file is named after another model of the pages."""

from collections.abc import Iterator, Sequence

from harness.project.references import References
from harness.rules.declared_model import (
    DeclaredModel,
    by_name,
    contains_name,
    list_names,
    may_be_one_network,
    named_after,
)
from harness.rules.finding import Certainty, Finding

NAME = "weights named after another model"


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Files whose name begins with another model's name and does not contain that of their own.

    Not if the entry mentions the other model, or the two may be one network.
    """
    names = by_name(models)
    for model in models:
        other = named_after(model.weights, names)
        if other is None or contains_name(model.weights.label, model.name) or model.mentions(other):
            continue
        if not may_be_one_network(model, other):
            reason = f"The file {model.weights.name} is named after another model, {list_names([other], model.page)}."
            places = (other.where("name"),)
            remedy = "name this model's file"
            yield Finding(model.page, model.claim("weights"), NAME, reason, places, remedy, Certainty.SUSPICIOUS)
