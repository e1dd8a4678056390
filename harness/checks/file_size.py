"""File size: the declared size is that of the weights file, or of the network's tensors in a known serialisation."""

from contextlib import suppress
from pathlib import Path

from harness.checks.shared.comparison import decide, difference
from harness.checks.shared.subject import Need, Subject
from harness.checks.shared.witnesses import require_described_network
from harness.index.claim import Claim
from harness.index.quantity import Quantity
from harness.measure.serialization.prediction import Prediction, predictions
from harness.measure.serialization.state import state_of
from harness.measure.serialization.table import BY_NAME, SERIALIZATIONS, UNKNOWN_ARCHIVE_NAMES
from harness.verdict import Cell, Details, Evidence, NotHereError, Verdict, fact, passed, properties, table

KINDS = ("file_size",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE, Need.WEIGHTS})

_PROVES = "it proves their names' lengths, shapes and types, not their values"


def check(claim: Claim, subject: Subject) -> Verdict:
    """Judge by the verified file, then by the zoo's known serialisation, then by all named ones."""
    file = subject.local_weights.verified
    if file is not None:
        return _from_file(claim, subject, file)
    prediction = _zoo_prediction(subject)
    return _from_all(claim, subject) if prediction is None else _from_zoo(claim, subject, prediction)


def _from_file(claim: Claim, subject: Subject, file: Path) -> Verdict:
    evidence: list[Evidence] = [fact("file", "file", file.name)]
    with suppress(NotHereError):  # the file decides, even if no builder knows its network
        if prediction := _zoo_prediction(subject):
            evidence += [*_parts(prediction), fact("predicted", "predicted", prediction.size)]
    size = file.stat().st_size
    match, mismatch = "The file on this machine has this size.", "The file on this machine has another size."
    details: Details = {"method": "size of the file", "evidence": evidence, "correction": (str(size),)}
    return _compare(claim, size, match, mismatch, details)


def _from_zoo(claim: Claim, subject: Subject, prediction: Prediction) -> Verdict:
    name = f"torch's {subject.collection['serialization']} serialisation"
    match = f"The network's tensors take this size in {name}; {_PROVES}."
    mismatch = f"The network's tensors take another size in {name}."
    details: Details = {"method": f"prediction, {name}", "evidence": _parts(prediction)}
    return _compare(claim, prediction.size, match, mismatch, details)


def _compare(claim: Claim, size: int, match: str, mismatch: str, details: Details) -> Verdict:
    declared = claim.quantity
    details["measured"], details["difference"] = str(size), difference(declared.value, size)
    remedy = f"declare {size}, or name the file that has {declared.value:f} bytes"
    return decide(claim, _is_declared(declared, size), match=match, mismatch=mismatch, remedy=remedy, **details)


def _is_declared(declared: Quantity, size: int) -> bool:
    """Whether a size is the declared one: to the byte, or with a unit to the last written digit."""
    return declared.covers(size) if declared.unit else declared.value == size


def _zoo_prediction(subject: Subject) -> Prediction | None:
    """The prediction by the collection's known serialisation; None if it is unknown."""
    name = subject.collection.get("serialization")
    if name is None:
        return None
    counters = subject.references.checkpoints.get(subject.weights.name, {}).get("counters")
    name = f"{name}, {counters} counters" if counters else name
    if name not in BY_NAME:
        raise NotHereError(f"the references name an unknown serialisation {name!r}", f"use one of {'; '.join(BY_NAME)}")
    return next(predictions(state_of(subject.network), [BY_NAME[name]], _saved_name(subject)), None)


def _parts(prediction: Prediction) -> tuple[Evidence, ...]:
    return (
        properties("bytes", "bytes", {"tensors": prediction.tensors, **prediction.parts}),
        fact("batch_norm_counters", "batch norm counters", prediction.serialization.content.counters or "none"),
    )


def _from_all(claim: Claim, subject: Subject) -> Verdict:
    """Predict by every named serialisation, until one gives exactly the declared bytes."""
    declared, state = claim.quantity, state_of(subject.network)
    tried: list[Prediction] = []
    for prediction in predictions(state, SERIALIZATIONS, _saved_name(subject)):
        tried.append(prediction)
        if prediction.size == declared.value:
            break
    matching = [prediction for prediction in tried if _is_declared(declared, prediction.size)]
    if not matching and not declared.unit:
        archives = predictions(state, UNKNOWN_ARCHIVE_NAMES)
        matching = [prediction for prediction in archives if prediction.size == declared.value][:1]
        tried += matching
    if not matching:
        require_described_network(subject)
        raise _no_match(declared, tried)
    exact = matching[-1].size == declared.value
    match = matching[-1] if exact else matching[0]
    serialization = match.serialization
    reason = (
        f"The network's tensors take exactly these bytes as {serialization.name!r} ({serialization.about}); {_PROVES}."
        if exact
        else f"{len(matching)} of {len(tried)} named serialisations of the network's tensors give the declared size "
        f"within its step of {declared.step:.0f} bytes (first: {serialization.name!r}); which one made the file is not "
        "proven."
    )
    rows: list[dict[str, Cell]] = [
        {"serialisation": item.serialization.name, "about": item.serialization.about, "bytes": item.size}
        for item in tried
    ]
    evidence = (*_parts(match), table("serialisations", "serialisations", rows))
    method = f"prediction, {serialization.name}"
    return passed(claim, reason=reason, measured=str(match.size), method=method, evidence=evidence)


def _no_match(declared: Quantity, tried: list[Prediction]) -> NotHereError:
    """The error that names the prediction closest to the declared size."""
    nearest = min(tried, key=lambda prediction: abs(prediction.size - declared.value))
    gap, name = nearest.size - declared.value, nearest.serialization.name
    missing = (
        f"the file is not here, and none of the {len(tried)} known serialisations of the network gives the declared "
        f"size; the nearest, {name!r}, gives {nearest.size}, {gap:+.0f}"
    )
    if nearest.serialization.has_addresses and gap % 2 == 0 and abs(gap) <= 2 * nearest.tensors:
        missing += "; its storage keys are memory addresses, whose unpredictable lengths may cause this gap"
    return NotHereError(
        missing, "--weights DIR with the file, or add 'serialization' to the collection in modelindex/references/"
    )


def _saved_name(subject: Subject) -> str:
    """The name that the weights file was saved under: without the extension and the digest added later."""
    return subject.weights.label if subject.entry.text("weights") else ""
