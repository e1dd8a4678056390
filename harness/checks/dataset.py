"""Dataset: the declared accuracy is reproduced or published on this dataset, and its classes fit the network."""

from harness.checks.shared.lookup import result_of
from harness.checks.shared.reproduction import complete_evaluation, reproduces
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, fact, facts, failed, passed

KINDS = ("dataset",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE, Need.WEIGHTS, Need.IMAGES})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Look for an evaluation on the dataset, and compare its classes with the network's scores."""
    dataset = subject.references.find_dataset(claim.declared)
    published = sorted({evaluation["dataset"] for evaluation in subject.published_evaluations})
    result = result_of(claim, subject)
    evaluation = complete_evaluation(subject, result)
    reproduced = evaluation is not None and reproduces(subject, result, evaluation)
    if dataset is None or not (reproduced or dataset in published):
        missing = f"no published evaluation on {claim.declared} is known"
        if published:
            missing += f", only on {', '.join(published)}"
        raise NotHereError(missing, "add one, with its source, to modelindex/references/")
    output = subject.output
    if len(output) != 2:
        raise NotHereError("the network does not return one score per class", "name a network that classifies")
    classes, scores = subject.references.datasets[dataset]["classes"], output[1]
    method = "evaluated, forward pass" if reproduced else "published evaluations, forward pass"
    evidence = (
        facts("evaluated_datasets", "datasets of published evaluations", published),
        fact("classes", "classes", classes),
        fact("class_scores", "class scores", scores),
    )
    if classes != scores:
        reason = f"{dataset} has {classes} classes, but the network returns {scores} scores."
        remedy = "name the dataset whose classes the network distinguishes"
        return failed(claim, reason=reason, method=method, remedy=remedy, evidence=evidence)
    source = "The declared accuracy is reproduced on" if reproduced else "An evaluation was published on"
    reason = f"{source} this dataset, and the network returns one score for each of its {classes} classes."
    return passed(claim, reason=reason, measured=claim.declared, method=method, evidence=evidence)
