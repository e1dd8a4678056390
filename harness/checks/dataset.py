"""Dataset: the one that gives the declared accuracy, or of the published evaluations, with the network's classes."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.checks.shared.reproduction import reproduced
from harness.checks.shared.subject import Need, Subject
from harness.evaluate.evaluation import Evaluation
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, failed, passed, typed

KINDS = ("dataset",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE, Need.WEIGHTS, Need.IMAGES})
READS = ()


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the dataset with an evaluation here or published ones, and its classes with the network's scores."""
    named = subject.references.find_dataset(claim.declared)
    published = {evaluation["dataset"] for evaluation in _published(subject)}
    evaluated = _reproduced(claim, subject)
    if named is None or not (evaluated or named in published):
        known = ", ".join(sorted(published)) or "none"
        missing = f"no evaluation on {claim.declared} is on file; published are those on: {known}"
        raise NotHereError(missing, "add one, with its source, to modelindex/references/")
    output = subject.structure.output
    if len(output) != 2:
        raise NotHereError("the network does not return a row of class scores", "name a network that classifies")
    classes, scores = subject.references.datasets[named]["classes"], output[1]
    evidence = {"published evaluations": sorted(published), "classes": classes, "class scores": scores}
    method = "evaluated, forward pass" if evaluated else "published evaluations, forward pass"
    if classes == scores:
        which = "that gives the declared accuracy" if evaluated else "of the published evaluations"
        reason = f"The dataset {which}; its {classes} classes are the network's scores."
        return passed(claim, reason=reason, measured=claim.declared, method=method, evidence=typed(evidence))
    reason = f"{named} has {classes} classes, and the network returns {scores} scores."
    remedy = "name the dataset that the network classifies"
    return failed(claim, reason=reason, method=method, remedy=remedy, evidence=typed(evidence))


def _published(subject: Subject) -> Sequence[Mapping[str, Any]]:
    evaluations: Sequence[Mapping[str, Any]] = subject.references.models.get(subject.name, {}).get("evaluations", ())
    return evaluations


def _reproduced(claim: Claim, subject: Subject) -> bool:
    """Whether the accuracies declared on this dataset came out of an evaluation here."""
    result = subject.result_of(claim)
    try:
        found = subject.evaluation(result)
    except NotHereError:
        return False
    return isinstance(found, Evaluation) and reproduced(subject, result, found)
