"""File size: the declared size is that of the weights file, or of the network's tensors in a known serialisation.

Where a serialisation depends on what nobody knows any more, such as memory addresses, the size is explained by a range.
"""

from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from harness.checks.shared.comparison import decide, difference
from harness.checks.shared.subject import Need, Subject
from harness.checks.shared.witnesses import require_described_network
from harness.index.claim import Claim
from harness.index.quantity import Quantity
from harness.measure.parameters import parameter_count
from harness.measure.serialization.bounds import Bounds, bounds_of
from harness.measure.serialization.other_layers import OtherState, other_states
from harness.measure.serialization.prediction import Prediction, predictions
from harness.measure.serialization.state import State, state_of
from harness.measure.serialization.table import BY_NAME, SERIALIZATIONS, UNKNOWN_ARCHIVE_NAMES
from harness.verdict import (
    Cell,
    Details,
    Evidence,
    NotHereError,
    Verdict,
    explained,
    fact,
    failed,
    not_run,
    passed,
    properties,
    table,
)

KINDS = ("file_size",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE, Need.WEIGHTS})

# A wider range, relative to the size, explains nothing.
_WIDEST = Decimal("0.01")
# How many predictions to show if none is right.
_NEAREST = 5
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
    remedy = f"declare {size}, or name the file that has {declared.value:.0f} bytes"
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
    """Predict by every named serialisation, until one gives exactly the declared bytes; then by ranges."""
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
    if matching:
        return _matched(claim, matching, tried)
    states = [OtherState("", state), *other_states(subject.network)]
    for other in states[1:]:
        for prediction in predictions(other.state, SERIALIZATIONS, _saved_name(subject)):
            if prediction.size == declared.value:
                return _matched(claim, [prediction], [prediction], other.difference)
    ranges = [(other.difference, bounds) for other in states for bounds in bounds_of(other.state)]
    explaining = [(layers, bounds) for layers, bounds in ranges if _is_explained_by(bounds, declared)]
    others = _models_of_the_same_size(subject, declared) if explaining else []
    if explaining and not any(_is_another_of_the_size(other, state, declared) for other in others):
        return _in_range(claim, *explaining[0])
    return _without_match(claim, subject, tried, ranges)


def _matched(claim: Claim, matching: list[Prediction], tried: list[Prediction], layers: str = "") -> Verdict:
    declared = claim.quantity
    exact = matching[-1].size == declared.value
    match = matching[-1] if exact else matching[0]
    serialization = match.serialization
    if exact:
        tensors = f"The network's tensors{f', {layers},' if layers else ''}"
        reason = f"{tensors} take exactly these bytes as {serialization.name!r} ({serialization.about}); {_PROVES}."
    else:
        reason = (
            f"{len(matching)} of {len(tried)} named serialisations of the network's tensors "
            f"{'gives' if len(matching) == 1 else 'give'} the declared size within its step of {declared.step:.0f} "
            f"bytes (first: {serialization.name!r}); which one made the file is not proven."
        )
    evidence = (*_parts(match), _tried_table(tried))
    method = f"prediction, {serialization.name}"
    return passed(claim, reason=reason, measured=str(match.size), method=method, evidence=evidence)


def _tried_table(tried: list[Prediction]) -> Evidence:
    rows: list[dict[str, Cell]] = [
        {"serialisation": item.serialization.name, "about": item.serialization.about, "bytes": item.size}
        for item in tried
    ]
    return table("serialisations", "serialisations", rows)


def _is_explained_by(bounds: Bounds, declared: Quantity) -> bool:
    """Whether the size lies in the range, and the range is narrow enough to mean anything."""
    return bounds.holds(declared.value) and bounds.width <= _WIDEST * declared.value


def _in_range(claim: Claim, layers: str, bounds: Bounds) -> Verdict:
    size = int(claim.quantity.value)
    reason = (
        f"The tensors{f', {layers},' if layers else ''} take {bounds.data} bytes of data. In the {bounds.format} "
        f"format, names and structure take between {bounds.smallest - bounds.data} and "
        f"{bounds.largest - bounds.data} bytes, and the declared size leaves {size - bounds.data}. The exact number is "
        "unknown: it depends on memory addresses and on what was saved beside the tensors. The range is "
        f"{bounds.width / size:.2%} of the size; a tensor of more than {bounds.width} bytes cannot be missing."
    )
    method = f"range, {bounds.format}"
    return explained(claim, reason=reason, method=method, evidence=(_ranges_table([(layers, bounds)]),))


def _ranges_table(ranges: list[tuple[str, Bounds]]) -> Evidence:
    rows: list[dict[str, Cell]] = [
        {
            "format": bounds.format,
            "layers": layers or "those of the network",
            "data": bounds.data,
            "smallest": bounds.smallest,
            "smallest is": bounds.smallest_is,
            "largest": bounds.largest,
            "largest is": bounds.largest_is,
        }
        for layers, bounds in ranges
    ]
    return table("ranges", "ranges of sizes", rows)


def _without_match(
    claim: Claim, subject: Subject, tried: list[Prediction], ranges: list[tuple[str, Bounds]]
) -> Verdict:
    """Fail if the bytes cannot hold the network's parameters; otherwise `not_run` with the nearest candidates."""
    require_described_network(subject)
    declared = claim.quantity
    nearest = sorted(tried, key=lambda prediction: abs(prediction.size - declared.value))[:_NEAREST]
    evidence = (_tried_table(nearest), _ranges_table(ranges))
    others = _models_of_the_same_size(subject, declared)
    same = f" The page declares the same size for {', '.join(other.name for other in others)}." if others else ""
    count = parameter_count(subject.network)
    # A file of another type of numbers has not the size of a sibling's file by chance.
    width, type_name = (2, "half precision") if others else (1, "8 bits")
    if declared.value + declared.step / 2 < width * count and _agrees_on_parameters(subject, count):
        return failed(
            claim,
            reason=f"{declared.raw} bytes cannot hold the network's {count} parameters, which take at least "
            f"{width * count} bytes in {type_name}; the page's own number of parameters agrees with the network.{same}",
            remedy="declare the size of this model's file",
            method=f"at least {width} byte{'s' * (width > 1)} per parameter",
            difference=difference(declared.value, width * count),
            evidence=evidence,
        )
    gap = nearest[0].size - declared.value
    return not_run(
        claim,
        reason=f"The file is not here, and none of the {len(tried)} known serialisations of the network gives the "
        f"declared size, {_what_ranges_say(declared, ranges)}. The nearest, "
        f"{nearest[0].serialization.name!r}, gives {nearest[0].size}, {gap:+.0f}.{same}",
        remedy="--weights DIR with the file, or add 'serialization' to the collection in modelindex/references/",
        evidence=evidence,
    )


def _what_ranges_say(declared: Quantity, ranges: list[tuple[str, Bounds]]) -> str:
    """The end of a sentence that says why no range explains the size."""
    holding = [bounds for _, bounds in ranges if bounds.holds(declared.value)]
    if not holding:
        return "nor does it lie in the range of the formats that cannot be predicted exactly"
    if not any(_is_explained_by(bounds, declared) for bounds in holding):
        return f"and a range of {holding[0].width} bytes for formats that cannot be predicted is too wide to explain it"
    return "and the range of the formats that cannot be predicted exactly does not distinguish these networks"


def _is_another_of_the_size(other: Subject, state: State, declared: Quantity) -> bool:
    """Whether a model has another network than that of the state, and the size lies in a range of it too."""
    with suppress(NotHereError):
        other_state = state_of(other.network)
        own, others = ({(item.name, item.shape) for item in each.tensors} for each in (state, other_state))
        return own != others and any(bounds.holds(declared.value) for bounds in bounds_of(other_state))
    return False


def _models_of_the_same_size(subject: Subject, declared: Quantity) -> list[Subject]:
    """The other models of the page that declare the same size and have other parameters."""
    own = subject.entry.quantity("parameters")
    return [
        other
        for other in subject.models
        if other.name != subject.name
        and (size := other.entry.quantity("file_size")) is not None
        and size.value == declared.value
        and own is not None
        and (parameters := other.entry.quantity("parameters")) is not None
        and parameters.value != own.value
    ]


def _agrees_on_parameters(subject: Subject, count: int) -> bool:
    """Whether the page's number of parameters is the network's: two witnesses that it is the right network."""
    parameters = subject.entry.quantity("parameters")
    return parameters is not None and parameters.covers(count)


def _saved_name(subject: Subject) -> str:
    """The name that the weights file was saved under: without the extension and the digest added later."""
    return subject.weights.label if subject.entry.text("weights") else ""
