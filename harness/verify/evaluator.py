"""One pass over the images of each dataset, for all models that are evaluated on it."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.shared.early_decision import stopping_rule
from harness.checks.shared.subject import Evaluated
from harness.errors import UserError
from harness.evaluate.data.dataset import Dataset, DatasetSpec, open_dataset
from harness.evaluate.data.ground_truth import DatasetError
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.run.progress import Progress
from harness.evaluate.statistics.scores import Failure, Scores
from harness.measure.checkpoint import sha256
from harness.project.resources import EvaluationOptions
from harness.verify.evaluation_plan import EvaluationKey, EvaluationPlan, PlannedEvaluation

if TYPE_CHECKING:
    from harness.evaluate.run.engine import Outcome
    from harness.evaluate.run.executor import EvaluationSettings, EvaluationTask, Executor


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Evaluates models on an executor, with the same settings for all."""

    executor: "Executor"
    settings: "EvaluationSettings"
    progress: Progress

    def scores(
        self, images: Dataset, tasks: Sequence["EvaluationTask"], first: int | None
    ) -> "Mapping[EvaluationTask, Outcome]":
        """The scores of each task on the `first` images in the seeded order; None for all images."""
        from harness.evaluate.run.engine import evaluate

        return evaluate(images, tuple(tasks), replace(self.settings, first=first), self.progress, self.executor)

    def run(self, plan: EvaluationPlan) -> dict[EvaluationKey, Evaluated]:
        """Everything that the plan names: evaluations, failures, and what is missing for the others."""
        evaluations = dict(plan.unavailable)
        for folder, models in plan.by_folder.items():
            try:
                images = self._open(folder, models[0])
            except DatasetError as error:
                evaluations |= {model.key: Failure(f"{error}.") for model in models}
            except OSError as error:
                evaluations |= {model.key: Failure(f"{error.filename}: {error.strerror}.") for model in models}
            else:
                evaluations |= self._evaluate(images, models)
        return evaluations

    def _open(self, folder: Path, model: PlannedEvaluation) -> Dataset:
        known = model.subject.references.datasets[model.dataset]
        spec = DatasetSpec(known["classes"], known["images_per_class"], tuple(known.get("ids", ())))
        images = open_dataset(folder, spec)
        self.progress.note(f"{model.dataset}: {images}, {folder}")
        if images.missing:
            self.progress.note(f"{model.dataset} is not complete: {images.missing}.")
        return images

    def _evaluate(self, images: Dataset, models: Sequence[PlannedEvaluation]) -> dict[EvaluationKey, Evaluated]:
        # A model may stop early only if the images are complete.
        rules = [None if images.missing else stopping_rule(model.subject, model.result) for model in models]
        tasks = [model.task(model.conditions, rule=rule) for model, rule in zip(models, rules, strict=True)]
        outcomes = self.scores(images, tasks, self.settings.first)
        evaluations: dict[EvaluationKey, Evaluated] = {}
        for model, task in zip(models, tasks, strict=True):
            outcome, file = outcomes[task], model.checkpoint
            if isinstance(outcome, Scores):
                precision = self.settings.precision
                evaluations[model.key] = Evaluation(
                    model.dataset, images, file.name, sha256(file), model.conditions, precision, outcome
                )
            else:
                evaluations[model.key] = outcome
        return evaluations


@contextmanager
def open_evaluator(options: EvaluationOptions, progress: Progress, code: Path | None) -> Iterator[Evaluator]:
    """An evaluator with an executor and device of its own. Raises DeviceError if the device cannot be used.

    `code` is the folder of the project's own builders, if they may run.
    """
    from harness.evaluate.run.executor import EvaluationSettings

    # An evaluation may take hours; cli/process.py turns collection off for runs of seconds.
    gc.enable()
    with _open_executor(options, code) as executor:
        device = executor.find_device(options.device, options.precision)
        settings = EvaluationSettings(device, options.precision, options.subset, options.refresh, options.crop_cache)
        yield Evaluator(executor, settings, progress)


def _open_executor(options: EvaluationOptions, code: Path | None) -> "AbstractContextManager[Executor]":
    if options.executor == "ray":
        try:
            from harness.evaluate.run.ray_executor import ray_executor
        except ModuleNotFoundError as error:
            fix = "pip install 'model-card-harness[ray]'"
            raise UserError(f"--executor ray: {error.name} is not installed; {fix}") from None
        return ray_executor(options.address, code)
    from harness.evaluate.run.local_executor import LocalExecutor

    return nullcontext(LocalExecutor(options.workers))
