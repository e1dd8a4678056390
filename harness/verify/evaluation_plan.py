"""Which models are evaluated on which images, and what the others lack."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.shared.conditions import declared_conditions
from harness.checks.shared.subject import Evaluated, Evaluations, Subject
from harness.evaluate.data.conditions import Conditions
from harness.evaluate.statistics.scores import Failure
from harness.index.entries import Entry
from harness.measure.checkpoint import inspect_checkpoint, sha256
from harness.project.own_code import installed_code, project_code
from harness.verdict import NotHereError
from harness.zoo import BuilderError

if TYPE_CHECKING:
    from harness.evaluate.run.executor import EvaluationTask
    from harness.evaluate.statistics.stopping import StoppingRule

EvaluationKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class PlannedEvaluation:
    """A result that can be evaluated here: its model, dataset, weights file and declared conditions."""

    subject: Subject
    result: Entry
    dataset: str
    checkpoint: Path
    conditions: Conditions

    @property
    def key(self) -> EvaluationKey:
        """Page, model and dataset."""
        return self.subject.index.page.name, self.subject.name, self.dataset

    def task(self, conditions: Conditions, change: str = "", rule: "StoppingRule | None" = None) -> "EvaluationTask":
        """The model under these conditions. `change` names their difference from the declared ones, for progress."""
        from harness.evaluate.run.executor import EvaluationTask
        from harness.evaluate.run.network_loading import FileLoader

        network, digest = self.subject.network, sha256(self.checkpoint)
        custom_builders = {function for _, function in self.subject.resources.builders}
        code = None
        if network.builder in custom_builders:
            code = f"{project_code(self.subject.resources.root or Path())} {installed_code()}"
        load = FileLoader(network, self.checkpoint, digest)
        size = self.checkpoint.stat().st_size
        label = f"{self.subject.name} {change}".rstrip()
        return EvaluationTask(self.subject.name, digest, conditions, load, label, rule, size, code)


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """The planned evaluations by their folder of images, and the reasons why other results have none."""

    by_folder: Mapping[Path, Sequence[PlannedEvaluation]]
    unavailable: Evaluations


def plan_evaluations(subjects: Iterable[Subject]) -> EvaluationPlan:
    """Plan every result that the pages declare of the subjects and that can be evaluated here."""
    by_folder: dict[Path, list[PlannedEvaluation]] = {}
    unavailable: dict[EvaluationKey, Evaluated] = {}
    for subject in subjects:
        for result in subject.entry.results:
            try:
                planned = _plan(subject, result)
            except NotHereError as missing:
                unavailable[subject.evaluation_key(result)] = missing
            except BuilderError as error:
                unavailable[subject.evaluation_key(result)] = Failure(f"{error}.")
            else:
                by_folder.setdefault(subject.resources.images[planned.dataset], []).append(planned)
    return EvaluationPlan(by_folder, unavailable)


def _plan(subject: Subject, result: Entry) -> PlannedEvaluation:
    """Raises NotHereError with everything that is missing."""
    add = "add it, with its source, to modelindex/references/"
    dataset = subject.references.find_dataset(result.text("dataset"))
    if dataset is None:
        raise NotHereError(f"unknown dataset {result.text('dataset')}", add)
    absent = [name for name in ("classes", "images_per_class") if name not in subject.references.datasets[dataset]]
    if absent:
        raise NotHereError(f"the references do not state {' and '.join(absent)} of {dataset}", add)
    missing: list[NotHereError] = []
    if dataset not in subject.resources.images:
        supply = "--imagenet DIR" if dataset == "ImageNet-1k" else "name its folder under [datasets] in verify.toml"
        missing.append(NotHereError(f"the images of {dataset} are not on this machine", supply))
    try:
        checkpoint = subject.local_weights.usable
    except NotHereError as error:
        missing.append(error)
    if missing:
        reasons = "; ".join(error.missing for error in missing)
        raise NotHereError(reasons, "; ".join(error.supply for error in missing))
    problems = inspect_checkpoint(checkpoint, subject.network).problems
    if problems:
        reason = f"the weights file cannot be loaded: {problems[0].rstrip('.')}"
        raise NotHereError(reason, "see the verdict on weights")
    return PlannedEvaluation(subject, result, dataset, checkpoint, declared_conditions(subject))
