"""An accuracy is far outside those of all published models of its size."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import DeclaredModel, declared_accuracies
from harness.rules.finding import Certainty, Finding

NAME = "accuracy far outside the published ones"

# Of models with at least a quarter of the parameters, none comes near a quarter of the lowest accuracy: the worst that
# is reported for trained networks, zero-shot classifiers and binary networks among them, is above. Nor has any a
# quarter of the lowest error: more of ImageNet's labels are wrong (5.8%: Northcutt et al., arXiv 2103.14749).
_QUARTER = Decimal("0.25")


def find(models: Sequence[DeclaredModel], references: References) -> Iterator[Finding]:
    """Accuracies below a quarter of the lowest published one, or with less than a quarter of the lowest error."""
    for accuracy in declared_accuracies(models):
        dataset = references.find_dataset(accuracy.dataset)
        published = references.datasets[dataset].get("published") if dataset else None
        if published is None or accuracy.kind == "accuracy" or accuracy.may_be_fraction:
            continue
        parameters = accuracy.model.quantities.get("parameters")
        fewest = parameters.value * _QUARTER if parameters else 0
        row = max(
            (row for row in published["accuracies"] if row["parameters"] <= fewest), key=lambda r: r["parameters"]
        )
        lowest, highest = row[accuracy.kind]
        if accuracy.percentage + accuracy.half_step < lowest * _QUARTER:
            reason = f"{accuracy.declared} is less than a quarter of the lowest, {lowest}%, that is published for"
        elif 100 - accuracy.percentage + accuracy.half_step < (100 - highest) * _QUARTER:
            reason = (
                f"{accuracy.declared} has less than a quarter of the errors of the highest, {highest}%, published for"
            )
        else:
            continue
        size = f" with {row['parameters']} parameters or more" if row["parameters"] else ""
        reason += f" this dataset by any of {row['models']} models{size} ({published['source']})."
        place = accuracy.result.values["dataset"].where
        remedy = "check the accuracy, and that it is in percent"
        yield Finding(accuracy.model.page, accuracy.claim, NAME, reason, (place,), remedy, Certainty.FALSE)
