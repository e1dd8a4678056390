"""Dataset: the declared accuracy is reproduced or published on this dataset, and its classes fit the network."""

from dataclasses import asdict

from harness.checks.shared.conditions import evaluations_table, published_for_result
from harness.checks.shared.library import declares_accuracy_of, evaluations_of_weights, own_weights
from harness.checks.shared.lookup import result_of
from harness.checks.shared.reproduction import complete_evaluation, reproduces
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.entries import Entry
from harness.project.timm_tables import PublishedEvaluation
from harness.verdict import NotHereError, Verdict, fact, facts, failed, passed
from harness.zoo.library_weights import LibraryWeights
from harness.zoo.training_datasets import dataset_named

KINDS = ("dataset",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE, Need.TIMM, Need.WEIGHTS, Need.IMAGES})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Look for an evaluation on the dataset, and compare its classes with the network's scores."""
    dataset = subject.references.find_dataset(claim.declared)
    result = result_of(claim, subject)
    evaluations = (*subject.published_evaluations, *published_for_result(subject, result))
    published = sorted({evaluation["dataset"] for evaluation in evaluations})
    evaluation = complete_evaluation(subject, result)
    reproduced = evaluation is not None and reproduces(subject, result, evaluation)
    if (of_timm := _evaluation_elsewhere(claim, subject, result)) and not reproduced:
        return failed(
            claim,
            reason="The declared accuracies are those that timm published for these weights on another dataset.",
            measured=of_timm.dataset,
            method=f"published evaluation, timm, {of_timm.name}",
            remedy=f"declare {of_timm.dataset}",
            evidence=(evaluations_table([asdict(of_timm)]),),
            correction=(of_timm.dataset,),
        )
    known = reproduced or dataset in published
    weights = None if known else _weights_for(dataset, subject)
    if dataset is None or not (known or weights):
        missing = f"no published evaluation on {claim.declared} is known"
        if published:
            missing += f", only on {', '.join(published)}"
        raise NotHereError(missing, "add one, with its source, to modelindex/references/")
    output = subject.output
    if len(output) != 2:
        raise NotHereError("the network does not return one score per class", "name a network that classifies")
    classes, scores = subject.references.datasets[dataset]["classes"], output[1]
    source, method = "An evaluation was published on", "published evaluations"
    if reproduced:
        source, method = "The declared accuracy is reproduced on", "evaluated"
    elif weights is not None:
        source, method = f"{weights.library} has these weights for", weights.source
    method = f"{method}, forward pass"
    evidence = (
        facts("evaluated_datasets", "datasets of published evaluations", published),
        fact("classes", "classes", classes),
        fact("class_scores", "class scores", scores),
    )
    if classes != scores:
        reason = f"{dataset} has {classes} classes, but the network returns {scores} scores."
        remedy = "name the dataset whose classes the network distinguishes"
        return failed(claim, reason=reason, method=method, remedy=remedy, evidence=evidence)
    reason = f"{source} this dataset, and the network returns one score for each of its {classes} classes."
    return passed(claim, reason=reason, measured=claim.declared, method=method, evidence=evidence)


def _weights_for(dataset: str | None, subject: Subject) -> LibraryWeights | None:
    """A library's configuration of the page's weights, if they were last trained on the dataset."""
    return next((weights for weights in own_weights(subject) if dataset in weights.datasets[-1:]), None)


def _evaluation_elsewhere(claim: Claim, subject: Subject, result: Entry) -> PublishedEvaluation | None:
    """timm's evaluation of the weights that gives both declared accuracies, if the page names another known dataset."""
    declared = subject.references.find_dataset(claim.declared) or dataset_named(claim.declared)
    evaluations = (item for item in evaluations_of_weights(subject) if declared not in {None, item.dataset})
    return next((item for item in evaluations if declares_accuracy_of(item, result)), None)
