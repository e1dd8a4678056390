"""Lock entries for the weights files on this machine."""

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
class LockResult:
    """A model's weights file, and its new entry in the lock.

    `status` is `pass` if the file exists and matches the digest in its name; `fail` if it does not match, or if it is
    missing and the page names another file than the lock; `not_run` if it is missing otherwise.
    """

    page: str
    model: str
    status: Status
    message: str
    entry: Locked | None


def lock_weights(indexes: Sequence[Index], resources: Resources) -> list[LockResult]:
    """Entries for every weights file that the pages name. A file that is missing on this machine keeps its entry."""
    return [
        _lock(Subject(index, References(), resources, model, pages=tuple(indexes)), address)
        for index in indexes
        for model, entry in index.models.items()
        if (address := entry.text("weights"))
    ]


def _lock(subject: Subject, address: str) -> LockResult:
    before, page = subject.locked, subject.index.page.name
    path, digits = subject.local_weights.path, subject.weights.digest
    if path is None:
        message = f"{subject.weights.name}{f'; {before.weights} stays locked' if before else ''}"
        replaced = before is not None and before.weights != address
        return LockResult(page, subject.name, Status.FAIL if replaced else Status.NOT_RUN, message, before)
    digest = sha256(path)
    if digits and not digest.startswith(digits):
        message = f"{path}: its SHA-256 begins with {digest[: len(digits)]}, its name says {digits}"
        return LockResult(page, subject.name, Status.FAIL, message, before)
    entry = Locked(page, subject.name, address, digest, path.stat().st_size)
    replaces = f", replaces {before.weights} of {before.bytes} bytes" if before and before != entry else ""
    return LockResult(page, subject.name, Status.PASS, f"{digest}, {entry.bytes} bytes{replaces}", entry)
