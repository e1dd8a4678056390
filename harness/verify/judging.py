"""Claims to verdicts: each claim goes to the check of its kind; models are judged in parallel processes."""

import traceback
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from harness.checks import CHECKS
from harness.checks.shared.subject import Evaluated, Evaluations, Need, Subject
from harness.errors import UserError
from harness.evaluate.run.progress import Progress
from harness.index.claim import Claim
from harness.index.entries import Index
from harness.project.references import References
from harness.project.resources import Resources
from harness.system.processes import cores, map_in_processes
from harness.verdict import NotHereError, Status, Verdict, errored, facts, faulty, not_run, unchecked
from harness.verify.scopes import Scopes
from harness.zoo import BuilderError

# With fewer models, starting processes takes longer than it saves.
_WORTH_PROCESSES = 16
_PRELOADED = ("torch", "harness.verify.judging")


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all tasks need. It is large, so each process gets it once."""

    pages: tuple[Index, ...]
    references: References
    resources: Scopes[Resources]


@dataclass(frozen=True, slots=True)
class _Task:
    """The claims of one model, or of a page itself. One process judges all of them and builds the network once.

    `page` is the position of the page in `_Shared.pages`; `evaluations` are those of the model.
    """

    page: int
    model: str | None
    claims: tuple[Claim, ...]
    evaluations: Scopes[Evaluations]


def judge_pages(  # noqa: PLR0913, PLR0917 - the run's own parameters
    pages: tuple[Index, ...],
    selected: Mapping[Index, Sequence[Claim]],
    references: References,
    resources: Scopes[Resources],
    evaluations: Scopes[Evaluations],
    jobs: int | None,
    progress: Progress,
) -> dict[Index, Scopes[list[Verdict]]]:
    """The verdicts on the selected claims of each page, in their order. `pages` are all pages of the run.

    `jobs` is the number of processes; None for one per core if there are enough models.
    Raises UserError if the project's configuration turns out to be wrong.
    """
    shared = _Shared(pages, references, resources)
    of_models = evaluations.map(_evaluations_by_model)
    claims_by_task: defaultdict[tuple[int, str | None], list[Claim]] = defaultdict(list)
    for number, index in enumerate(pages):
        for claim in selected.get(index, ()):
            claims_by_task[number, claim.model].append(claim)
    tasks = [
        _Task(number, model, tuple(claims), of_models.map(itemgetter((pages[number].page.name, model))))
        for (number, model), claims in claims_by_task.items()
    ]
    jobs = jobs or (cores() if len(tasks) > _WORTH_PROCESSES else 1)
    verdicts: Scopes[dict[Claim, Verdict]] = resources.map(lambda _: {})
    for done, (number, judged) in enumerate(map_in_processes(_judge_task, shared, tasks, jobs, _PRELOADED), start=1):
        task = tasks[number]
        for known, of_task in zip(verdicts, judged or _died(task), strict=True):
            known.update(zip(task.claims, of_task, strict=True))
        progress.judged(done, len(tasks))

    def of_page(claims: Sequence[Claim]) -> Scopes[list[Verdict]]:
        return verdicts.map(lambda known: [known[claim] for claim in claims])

    return {index: of_page(claims) for index, claims in selected.items()}


def _evaluations_by_model(evaluations: Evaluations) -> Mapping[tuple[str, str | None], Evaluations]:
    """The evaluations by page and model; none for any other key. They are large, so a task gets only its own."""
    models: defaultdict[tuple[str, str | None], dict[tuple[str, str, str], Evaluated]] = defaultdict(dict)
    for key, evaluation in evaluations.items():
        models[key[:2]][key] = evaluation
    return models


def _judge_task(shared: _Shared, task: _Task) -> Scopes[list[Verdict]]:
    index = shared.pages[task.page]
    subjects = (
        Subject(index, shared.references, resources, task.model, evaluations, shared.pages)
        for resources, evaluations in zip(shared.resources, task.evaluations, strict=True)
    )
    return Scopes(*([judge(claim, subject) for claim in task.claims] for subject in subjects))


def _died(task: _Task) -> Scopes[list[Verdict]]:
    reason = "The check could not finish: its process died, probably out of memory."
    remedy = "use more memory, or --jobs 1 to find the model"
    verdicts = [errored(claim, reason=reason, remedy=remedy) for claim in task.claims]
    return task.evaluations.map(lambda _: verdicts)


def wants_images(claim: Claim) -> bool:
    """Whether the claim's check uses evaluations of images."""
    check = CHECKS.get(claim.kind)
    return check is not None and Need.IMAGES in check.NEEDS and claim.fault is None


def judge(claim: Claim, subject: Subject) -> Verdict:
    """The verdict on one claim. An exception in its check becomes an `error` verdict with the traceback.

    A value that its field cannot have is false; its check may know the true one. Raises UserError if the project's
    configuration is wrong: no claim can be judged until it is corrected.
    """
    if claim.fault is None:
        return _check(claim, subject)
    verdict = _check(claim, subject) if claim.fault.is_false else None
    return verdict if verdict and verdict.status is Status.FAIL else faulty(claim, claim.fault)


def _check(claim: Claim, subject: Subject) -> Verdict:
    check = CHECKS.get(claim.kind)
    if check is None:
        return unchecked(claim, reason="No check exists for this field.")
    try:
        return check.check(claim, subject)
    except UserError:
        raise
    except NotHereError as missing:
        return not_run(claim, reason=missing.reason, remedy=missing.supply)
    except BuilderError as error:
        return _could_not_finish(claim, error, str(error), "correct the builder that modelindex/verify.toml names")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an error verdict shows the exception
        message = traceback.format_exception_only(error)[-1].strip()
        return _could_not_finish(claim, error, message, "report this as a bug of the harness")


def _could_not_finish(claim: Claim, error: BaseException, message: str, remedy: str) -> Verdict:
    frames = traceback.extract_tb((error.__cause__ or error).__traceback__)
    shown = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    reason = f"The check could not finish: {message}"
    return errored(claim, reason=reason, remedy=remedy, evidence=[facts("traceback", "traceback", shown)])
