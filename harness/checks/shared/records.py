"""Records of evaluations on other machines that are about a model, and whether they are still valid."""

from harness.checks.shared.conditions import declared_conditions
from harness.checks.shared.subject import Subject
from harness.index.entries import Entry
from harness.measure.checkpoint import sha256
from harness.project.records import Record
from harness.verdict import NotHereError


def records_of(subject: Subject, result: Entry) -> list[Record]:
    """The records of a model on a result's dataset, the best precision first: the requested one, then fp32."""
    dataset = subject.references.find_dataset(result.text("dataset"))
    preferred = (subject.resources.evaluation.precision, "fp32")
    records = [item for item in subject.resources.records if (item.model, item.dataset) == (subject.name, dataset)]
    return sorted(records, key=lambda item: (*preferred, item.precision).index(item.precision))


def valid_record(subject: Subject, result: Entry) -> Record | None:
    """The best record of exactly these weights, conditions and images; None if there is none."""
    return next((record for record in records_of(subject, result) if _is_valid(record, subject)), None)


def _is_valid(record: Record, subject: Subject) -> bool:
    """Whether the page still declares, and this machine still has, everything that the record depended on."""
    dataset = subject.references.datasets[record.dataset]
    if record.images != dataset["classes"] * dataset.get("images_per_class", 0):
        return False
    try:
        if record.conditions != declared_conditions(subject).as_json() or record.file != subject.weights.name:
            return False
    except NotHereError:
        return False
    path, digest = subject.local_weights.path, subject.weights.digest
    if path is not None:
        return sha256(path) == record.sha256
    return digest is not None and record.sha256.startswith(digest)
