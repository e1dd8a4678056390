"""File size: the bytes that the network's tensors take in the published serialisation, and the real file's size."""

from dataclasses import asdict

from harness.checks.difference import difference
from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.quantity import Quantity
from harness.measure.legacy_file import predict_legacy_file
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("file_size",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE, Need.WEIGHTS})
READS = ("weights", "in_collection")


def check(claim: Claim, subject: Subject) -> Verdict:
    """Predict the file's size; where the very file is here, its real size decides."""
    quantity = claim.quantity
    declared = round(quantity.value)
    predicted, evidence = _predicted(subject)
    file = subject.genuine_checkpoint if subject.record.text("weights") else None
    if file is not None:
        size, method = file.stat().st_size, "size of the file"
        evidence |= {"file": subject.weights.name, "predicted": predicted or "not possible"}
        fits = _fits(quantity, size)
        reason = f"The file is here and has {'that' if fits else 'another'} size."
    elif predicted is not None:
        size, method = predicted, "prediction, torch's legacy serialisation"
        fits = _fits(quantity, size)
        reason = (
            "The bytes that the network's tensors take in torch's legacy serialisation; it proves their names' "
            "lengths, shapes and types, not their values."
            if fits
            else "The network's tensors take another number of bytes in torch's legacy serialisation."
        )
    else:
        missing = "neither the file is here, nor is on file how the zoo serialises it"
        raise NotHereError(missing, "--weights DIR with the file, or 'serialization' in modelindex/references/")
    if fits:
        return Verdict(claim, Status.PASS, reason, str(size), None, method, evidence=evidence)
    gap, remedy = difference(declared, size), f"declare {size}, or name the file that has {declared} bytes"
    return Verdict(
        claim, Status.FAIL, reason, str(size), gap, method, remedy, evidence, correction=(str(size),) if file else ()
    )


def _fits(declared: Quantity, size: int) -> bool:
    """Whether a file of this size is the declared one: to the byte, or with a unit to the digits that are written."""
    return declared.covers(size) if declared.unit else size == declared.value


def _predicted(subject: Subject) -> tuple[int | None, dict[str, object]]:
    if subject.collection.get("serialization") != "legacy":
        return None, {}
    counters = subject.references.checkpoints.get(subject.weights.name, {}).get("counters", "int64")
    parts = predict_legacy_file(subject.network, counters)
    return parts.size, {"bytes": asdict(parts), "batch norm counters": counters}
