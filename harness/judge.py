"""Claims to verdicts: every claim to the check of its kind, models in parallel."""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from harness.checks import CHECKS
from harness.checks.subject import Evaluations, Need, Subject
from harness.evaluate.progress import Progress
from harness.index.claim import Claim
from harness.index.records import Index
from harness.references import References
from harness.resources import Resources
from harness.verdict import NotHereError, Status, Verdict
from harness.workers import cores, spread

# With fewer models, starting processes takes as long as they save.
_WORTH_PROCESSES = 16
_PRELOADED = ("torch", "harness.judge")

AtHand = tuple[Resources, Evaluations]


@dataclass(frozen=True, slots=True)
class _Task:
    """The claims of one model, or of a page itself, judged by one process: it builds the network once for all.

    `page` is the number of the index among those of the run. There are evaluations for each of what may be at hand.
    """

    claims: tuple[Claim, ...]
    page: int
    evaluations: tuple[Evaluations, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """What all tasks draw on."""

    indexes: tuple[Index, ...]
    references: References
    resources: tuple[Resources, ...]


def judge_pages(
    pages: Mapping[Index, Sequence[Claim]],
    references: References,
    at_hand: Sequence[AtHand],
    jobs: int | None,
    progress: Progress,
) -> dict[Index, tuple[list[Verdict], ...]]:
    """The verdicts on each page's claims, in their order, once for each of what may be at hand.

    `jobs` is the number of processes; None for as many as there are cores, where there are models enough.
    """
    run = _Run(tuple(pages), references, tuple(resources for resources, _ in at_hand))
    all_evaluations = [evaluations for _, evaluations in at_hand]
    numbered = enumerate(pages.items())
    tasks = [task for number, (index, claims) in numbered for task in _tasks(number, index, claims, all_evaluations)]
    jobs = jobs or (cores() if len(tasks) > _WORTH_PROCESSES else 1)
    found: list[dict[Claim, Verdict]] = [{} for _ in at_hand]
    # What all tasks draw on goes to each process once: with each of 500 models, the index of all takes minutes.
    judge_task = partial(_judge_task, run)
    judged = enumerate(map(judge_task, tasks)) if jobs == 1 else spread(judge_task, tasks, jobs, _PRELOADED)
    for done, (place, verdicts) in enumerate(judged, start=1):
        for known, of_subject in zip(found, verdicts or _lost(tasks[place]), strict=True):
            known.update(zip(tasks[place].claims, of_subject, strict=True))
        progress.judged(done, len(tasks))
    return {index: tuple([known[claim] for claim in claims] for known in found) for index, claims in pages.items()}


def _tasks(
    number: int, index: Index, claims: Sequence[Claim], all_evaluations: Sequence[Evaluations]
) -> Iterator[_Task]:
    by_model: dict[str | None, list[Claim]] = {}
    for claim in claims:
        by_model.setdefault(claim.model, []).append(claim)
    for model, of_model in by_model.items():
        found = tuple(_of_model(evaluations, index, model) for evaluations in all_evaluations)
        yield _Task(tuple(of_model), number, found)


def _of_model(evaluations: Evaluations, index: Index, model: str | None) -> Evaluations:
    """What a task is given of all evaluations: they are large, and it may go to another process."""
    return {key: found for key, found in evaluations.items() if key[:2] == (index.page.name, model)}


def _judge_task(run: _Run, task: _Task) -> tuple[tuple[Verdict, ...], ...]:
    subjects = [
        Subject(run.indexes[task.page], run.references, resources, task.claims[0].model, evaluations)
        for resources, evaluations in zip(run.resources, task.evaluations, strict=True)
    ]
    return tuple(tuple(judge(claim, subject) for claim in task.claims) for subject in subjects)


def _lost(task: _Task) -> tuple[tuple[Verdict, ...], ...]:
    reason = "The check could not finish: its process died, as one does that runs out of memory."
    remedy = "run it with more memory, or with --jobs 1 to see where it ends"
    verdicts = tuple(Verdict(claim, Status.ERROR, reason, remedy=remedy) for claim in task.claims)
    return (verdicts,) * len(task.evaluations)


def wants_images(claim: Claim) -> bool:
    """Whether the claim is judged by an evaluation of images, where one can be had."""
    check = CHECKS.get(claim.kind)
    return check is not None and Need.IMAGES in check.NEEDS


def judge(claim: Claim, subject: Subject) -> Verdict:
    """The verdict on one claim. An exception in a check becomes an `error` verdict with its traceback."""
    check = CHECKS.get(claim.kind)
    if check is None:
        return Verdict(claim, Status.UNCHECKED, "No check exists for this field.")
    try:
        return check.check(claim, subject)
    except NotHereError as missing:
        reason = f"{missing.missing[:1].upper()}{missing.missing[1:]}."
        return Verdict(claim, Status.NOT_RUN, reason, remedy=missing.supply)
    except Exception as error:  # noqa: BLE001 - never hidden, never counted as anything else
        frames = traceback.extract_tb(error.__traceback__)
        shown = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        reason = f"The check could not finish: {type(error).__name__}: {error}"
        remedy = "report this as a fault of the harness"
        return Verdict(claim, Status.ERROR, reason, remedy=remedy, evidence={"traceback": shown})
