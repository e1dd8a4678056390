"""File size: the bytes that the network's tensors take in a named serialisation, and the real file's size."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness.checks.shared.difference import difference
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.quantity import Quantity
from harness.measure.serialization import (
    BY_NAME,
    SERIALIZATIONS,
    UNKNOWN_ARCHIVE_NAMES,
    Prediction,
    predictions,
    state_of,
)
from harness.verdict import NotHereError, Status, Verdict, failed, passed, typed

KINDS = ("file_size",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE, Need.WEIGHTS})
READS = ("weights", "in_collection")

_PROVES = "it proves their names' lengths, shapes and types, not their values."


def check(claim: Claim, subject: Subject) -> Verdict:
    """The real size where the very file is here; else the zoo's serialisation; else all that are named."""
    file = subject.genuine_checkpoint
    if file is not None:
        return _of_file(claim, subject, file)
    on_file = _on_file(subject)
    return _searched(claim, subject) if on_file is None else _of_zoo(claim, subject, on_file)


def _of_file(claim: Claim, subject: Subject, file: Path) -> Verdict:
    size, on_file = file.stat().st_size, None
    with suppress(NotHereError):  # a file that is here decides, also where nothing builds its network
        on_file = _on_file(subject)
    evidence = _evidence(on_file) | {"file": file.name} | ({"predicted": on_file.size} if on_file else {})
    reason = f"The file is here and has {'that' if _is_declared(claim.quantity, size) else 'another'} size."
    verdict = _judged(claim, size, reason, "size of the file", evidence)
    return replace(verdict, correction=(str(size),)) if verdict.status is Status.FAIL else verdict


def _of_zoo(claim: Claim, subject: Subject, on_file: Prediction) -> Verdict:
    zoo = f"torch's {subject.collection['serialization']} serialisation"
    reason = (
        f"The bytes that the network's tensors take in {zoo}; {_PROVES}"
        if _is_declared(claim.quantity, on_file.size)
        else f"The network's tensors take another number of bytes in {zoo}."
    )
    return _judged(claim, on_file.size, reason, f"prediction, {zoo}", _evidence(on_file))


def _judged(claim: Claim, size: int, reason: str, method: str, evidence: dict[str, object]) -> Verdict:
    if _is_declared(claim.quantity, size):
        return passed(claim, reason=reason, measured=str(size), method=method, evidence=typed(evidence))
    declared = claim.quantity.value
    remedy = f"declare {size}, or name the file that has {declared:f} bytes"
    return failed(
        claim,
        reason=reason,
        measured=str(size),
        difference=difference(declared, size),
        method=method,
        remedy=remedy,
        evidence=typed(evidence),
    )


def _is_declared(declared: Quantity, size: int) -> bool:
    """Whether a size is the declared one: to the byte, or with a unit to the digits that are written."""
    return declared.covers(size) if declared.unit else declared.value == size


def _on_file(subject: Subject) -> Prediction | None:
    """The prediction by the serialisation that is on file for the collection, None where none is."""
    name = subject.collection.get("serialization")
    if name is None:
        return None
    counters = subject.references.checkpoints.get(subject.weights.name, {}).get("counters")
    name = f"{name}, {counters} counters" if counters else name
    if name not in BY_NAME:
        raise NotHereError(f"a rule for the serialisation {name!r}", f"name one of: {'; '.join(BY_NAME)}")
    return next(predictions(state_of(subject.network), [BY_NAME[name]], _saved_as(subject)), None)


def _evidence(prediction: Prediction | None) -> dict[str, object]:
    if prediction is None:
        return {}
    counters = prediction.serialization.content.counters
    return {"bytes": {"tensors": prediction.tensors, **prediction.parts}, "batch norm counters": counters}


def _searched(claim: Claim, subject: Subject) -> Verdict:
    """Predict by each named serialisation; the first that gives exactly the declared bytes ends the search."""
    declared, state = claim.quantity, state_of(subject.network)
    tried: list[Prediction] = []
    for prediction in predictions(state, SERIALIZATIONS, _saved_as(subject)):
        tried.append(prediction)
        if prediction.size == declared.value:
            break
    matching = [prediction for prediction in tried if _is_declared(declared, prediction.size)]
    if matching:
        return _found(claim, matching, tried)
    if not declared.unit:
        for prediction in predictions(state, UNKNOWN_ARCHIVE_NAMES):
            if prediction.size == declared.value:
                return _found(claim, [prediction], [*tried, prediction])
    nearest = min(tried, key=lambda prediction: abs(prediction.size - declared.value))
    gap = nearest.size - declared.value
    missing = (
        f"the file is not here, and not one of {len(tried)} named serialisations of the network gives the declared "
        f"size: the nearest, {nearest.serialization.name!r}, gives {nearest.size}, {gap:+.0f}"
    )
    if nearest.serialization.has_addresses and gap % 2 == 0 and abs(gap) <= 2 * nearest.tensors:
        missing += ", as some storage keys of another length would make; they are addresses, and not predictable"
    raise NotHereError(missing, "--weights DIR with the file, or 'serialization' in modelindex/references/")


def _found(claim: Claim, matching: list[Prediction], tried: list[Prediction]) -> Verdict:
    found, declared = matching[-1], claim.quantity
    if found.size == declared.value:
        how = f"{found.serialization.name!r} ({found.serialization.about})"
        reason = f"Exactly the bytes that the network's tensors take if they are written as {how}; {_PROVES}"
    else:
        found = matching[0]
        reason = (
            f"{len(matching)} of {len(tried)} named ways to write the network's tensors come to the declared size "
            f"within its step of {declared.step:.0f} bytes, {found.serialization.name!r} the first; which of them made "
            "the file is not proven."
        )
    table = [
        {"serialisation": one.serialization.name, "about": one.serialization.about, "bytes": one.size} for one in tried
    ]
    method = f"prediction, {found.serialization.name}"
    evidence = _evidence(found) | {"serialisations": table}
    return passed(claim, reason=reason, measured=str(found.size), method=method, evidence=typed(evidence))


def _saved_as(subject: Subject) -> str:
    """The name that the weights file was saved under: without its extension, and the digest added later."""
    if not subject.record.text("weights"):
        return ""
    stem = Path(subject.weights.name).stem
    return stem.removesuffix(f"-{subject.weights.digest}")
