"""Weights files that are here to entries of the lock."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.checks.shared.subject import Subject
from harness.index.entries import Index
from harness.measure.checkpoint import sha256
from harness.project.lock import Locked
from harness.project.references import References
from harness.project.resources import Resources
from harness.verdict import Status


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a model's weights, and the entry that the lock holds of them from now on.

    `pass` where they are here, `fail` where they are not those that their name says, or the lock is of others that the
    page does not name any more, `not_run` where they are not here.
    """

    model: str
    status: Status
    told: str
    entry: Locked | None


def see_weights(indexes: Sequence[Index], resources: Resources) -> list[Seen]:
    """Every weights file that the pages name. What is not here keeps its entry, even one that is of another file."""
    return [
        _seen(Subject(index, References(), resources, model, pages=tuple(indexes)), address)
        for index in indexes
        for model, record in index.models.items()
        if (address := record.text("weights"))
    ]


def _seen(subject: Subject, address: str) -> Seen:
    before = subject.locked
    path, digits = subject.local_weights.path, subject.weights.digest
    if path is None:
        told = f"{subject.weights.name} is not here{f'; {before.weights} stays locked' if before else ''}"
        replaced = before is not None and before.weights != address
        return Seen(subject.name, Status.FAIL if replaced else Status.NOT_RUN, told, before)
    digest = sha256(path)
    if digits and not digest.startswith(digits):
        told = f"{path}: its SHA-256 begins with {digest[: len(digits)]}, its name says {digits}"
        return Seen(subject.name, Status.FAIL, told, before)
    entry = Locked(subject.index.page.name, subject.name, address, digest, path.stat().st_size)
    anew = f", in place of {before.weights} of {before.bytes} bytes" if before and before != entry else ""
    return Seen(subject.name, Status.PASS, f"{digest}, {entry.bytes} bytes{anew}", entry)
