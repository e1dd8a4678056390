"""Weights: the file's SHA-256 matches its name or the lock, and its tensors fit; without it, a library loads it."""

from dataclasses import asdict
from pathlib import Path

from harness.checks.shared.library import is_of_other_network, library_table, library_weights, own_weights
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.checkpoint import inspect_checkpoint, sha256
from harness.measure.parameters import parameter_count
from harness.project.lock import Locked
from harness.verdict import (
    Evidence,
    NotHereError,
    Verdict,
    explained,
    fact,
    facts,
    failed,
    passed,
    properties,
    unchecked,
)
from harness.zoo import Blueprint, Network, UnknownModelError, build
from harness.zoo.library_weights import LibraryWeights, is_same_address

KINDS = ("weights",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE, Need.TIMM, Need.WEIGHTS})

_MOST_FAULTS = 20


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the file with its name, the lock and the network."""
    digits, locked, file = subject.weights.digest, subject.locked, subject.local_weights
    if locked and locked.weights != claim.declared:
        reason = "The page names another file than weights.lock has for this model."
        remedy = "run `verify lock` on a machine that has the new file, or name the locked file"
        evidence = (_locked(locked),)
        return failed(
            claim, reason=reason, measured=locked.weights, method="weights.lock", remedy=remedy, evidence=evidence
        )
    if file.path is not None:
        return _from_file(claim, subject, file.path)
    if not file.contested and (verdict := _from_library(claim, subject)):
        return verdict
    if digits is None and not file.contested:
        reason = "The file name has no SHA-256 digits, so nothing on the page identifies the file."
        return unchecked(claim, reason=reason, remedy="publish it as name-<8 hex digits>.pth")
    raise file.missing


def _from_file(claim: Claim, subject: Subject, path: Path) -> Verdict:
    digest, digits, locked = sha256(path), subject.weights.digest, subject.locked
    network = _network(subject)
    faults = inspect_checkpoint(path, network).problems if network else ()
    evidence: list[Evidence] = [
        fact("file", "file", path.name),
        fact("sha256", "SHA-256", digest),
        fact("bytes", "bytes", path.stat().st_size),
    ]
    if faults:
        evidence.append(facts("faults", "faults of the file", faults[:_MOST_FAULTS]))
    if digits and not digest.startswith(digits):
        fault = f" {faults[0]}" if faults else ""
        reason = f"The file's SHA-256 begins with {digest[: len(digits)]}, but its name says {digits}.{fault}"
        remedy = "download the file again (verify fetch), or name the right one"
        return failed(claim, reason=reason, measured=digest, method="SHA-256", remedy=remedy, evidence=evidence)
    if locked and locked.sha256 != digest:
        reason = "The file on this machine is not the one in weights.lock."
        remedy = "download the file again (verify fetch); if a new version was published, run `verify lock`"
        method, evidence = "SHA-256, weights.lock", [*evidence, _locked(locked)]
        return failed(claim, reason=reason, measured=digest, method=method, remedy=remedy, evidence=evidence)
    method = "SHA-256, tensors" if network else "SHA-256"
    if faults:
        others = f" It has {len(faults) - 1} more fault{'s' * (len(faults) > 2)}." if len(faults) > 1 else ""
        reason = f"The file does not fit this network: {faults[0]}{others}"
        remedy = "name the file that holds this model's weights"
        return failed(claim, reason=reason, method=method, remedy=remedy, evidence=evidence)
    if digits is None and locked is None:
        reason = "The file name has no SHA-256 digits, so nothing on the page says that this file is the right one."
        remedy = "publish it as name-<8 hex digits>.pth, or run `verify lock`"
        return unchecked(claim, reason=reason, remedy=remedy, evidence=evidence)
    match = f"The file's SHA-256 matches {'the digits in its name' if digits else 'weights.lock'}"
    tensors = "and its tensors fit the network" if network else "but no builder knows the network to load it into"
    reason = f"{match}, {tensors}."
    return passed(claim, reason=reason, measured=claim.declared, method=method, evidence=evidence)


def _from_library(claim: Claim, subject: Subject) -> Verdict | None:
    """Explain it if a library loads this very file for the model; fail if the file is of another network's weights.

    It does not pass, because nobody read the file here.
    """
    for weights in own_weights(subject):
        same_network = subject.name in weights.models or not _differs(subject, weights)
        if same_network and is_same_address(claim.declared, weights.url):
            source = f"{weights.library} {weights.version}"
            return explained(
                claim,
                reason=f"{source} downloads this very file for this model; it was not read here.",
                measured=claim.declared,
                method=weights.source,
                remedy="verify fetch downloads the file, and the next run compares it with its name and the network",
                evidence=(library_table([weights], subject),),
            )
    others = [weights for weights in library_weights(subject) if is_of_other_network(weights, subject)]
    if not others or next(own_weights(subject), None) or not _differs(subject, others[0]):
        return None
    other = others[0]
    return failed(
        claim,
        reason=f"{other.library} {other.version} loads this file for {other.models[0]}, which is another network.",
        measured=other.name,
        method=other.source,
        remedy=f"name the file of {subject.name}",
        evidence=(library_table(others, subject),),
    )


def _differs(subject: Subject, other: LibraryWeights) -> bool:
    """Whether the network that the weights belong to is here, and has another number of parameters than the page's."""
    network = _network(subject)
    try:
        owner = build(Blueprint(other.models[0], other.library))
    except UnknownModelError:
        return False
    return network is not None and parameter_count(network) != parameter_count(owner)


def _locked(locked: Locked) -> Evidence:
    return properties("locked", "locked", asdict(locked))


def _network(subject: Subject) -> Network | None:
    """The network to load the file into; None if no builder knows it."""
    try:
        return subject.network
    except NotHereError:
        return None
