"""Claims to verdicts: every claim to the check of its kind, models in parallel."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.checks import CHECKS
from harness.checks.shared.subject import Evaluated, Evaluations, Need, Subject
from harness.errors import UserError
from harness.evaluate.run.progress import Progress
from harness.index.claim import Claim
from harness.index.entries import Index
from harness.project.references import References
from harness.project.resources import Resources
from harness.system.processes import cores, map_in_processes
from harness.verdict import NotHereError, Verdict, errored, facts, not_run, unchecked
from harness.zoo import BuilderError

# With fewer models, starting processes takes as long as they save.
_WORTH_PROCESSES = 16
_PRELOADED = ("torch", "harness.verify.judging")

AtHand = tuple[Resources, Evaluations]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all tasks draw on: it is large, so a process gets it once."""

    pages: tuple[Index, ...]
    references: References
    resources: tuple[Resources, ...]


@dataclass(frozen=True, slots=True)
class _Task:
    """The claims of one model, or of a page itself, judged by one process: it builds the network once for all.

    `page` is the page's number; `evaluations` are those of the model, for each of the resources.
    """

    page: int
    model: str | None
    claims: tuple[Claim, ...]
    evaluations: tuple[Evaluations, ...]


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
    shared = _Shared(tuple(pages), references, tuple(resources for resources, _ in at_hand))
    evaluations = [_by_model(found) for _, found in at_hand]
    tasks = [
        _Task(number, model, tuple(claims), tuple(found.get((index.page.name, model), {}) for found in evaluations))
        for number, index in enumerate(pages)
        for model, claims in _of_models(pages[index]).items()
    ]
    jobs = jobs or (cores() if len(tasks) > _WORTH_PROCESSES else 1)
    found: list[dict[Claim, Verdict]] = [{} for _ in at_hand]
    for done, (place, verdicts) in enumerate(map_in_processes(_judge_task, shared, tasks, jobs, _PRELOADED), start=1):
        for known, of_resources in zip(found, verdicts or _lost(tasks[place]), strict=True):
            known.update(zip(tasks[place].claims, of_resources, strict=True))
        progress.judged(done, len(tasks))
    return {index: tuple([known[claim] for claim in claims] for known in found) for index, claims in pages.items()}


def _of_models(claims: Sequence[Claim]) -> dict[str | None, list[Claim]]:
    models: dict[str | None, list[Claim]] = {}
    for claim in claims:
        models.setdefault(claim.model, []).append(claim)
    return models


def _by_model(evaluations: Evaluations) -> dict[tuple[str, str | None], Evaluations]:
    """The evaluations by page and model: a task is given its own of them, for they are large too."""
    models: dict[tuple[str, str | None], dict[tuple[str, str, str], Evaluated]] = {}
    for key, evaluation in evaluations.items():
        models.setdefault(key[:2], {})[key] = evaluation
    return {**models}


def _judge_task(shared: _Shared, task: _Task) -> tuple[tuple[Verdict, ...], ...]:
    index = shared.pages[task.page]
    subjects = [
        Subject(index, shared.references, resources, task.model, evaluations, shared.pages)
        for resources, evaluations in zip(shared.resources, task.evaluations, strict=True)
    ]
    return tuple(tuple(judge(claim, subject) for claim in task.claims) for subject in subjects)


def _lost(task: _Task) -> tuple[tuple[Verdict, ...], ...]:
    reason = "The check could not finish: its process died, as one does that runs out of memory."
    remedy = "run it with more memory, or with --jobs 1 to see where it ends"
    verdicts = tuple(errored(claim, reason=reason, remedy=remedy) for claim in task.claims)
    return (verdicts,) * len(task.evaluations)


def wants_images(claim: Claim) -> bool:
    """Whether the claim is judged by an evaluation of images, where one can be had."""
    check = CHECKS.get(claim.kind)
    return check is not None and Need.IMAGES in check.NEEDS


def judge(claim: Claim, subject: Subject) -> Verdict:
    """The verdict on one claim. An exception in a check becomes an `error` verdict with its traceback."""
    check = CHECKS.get(claim.kind)
    if check is None:
        return unchecked(claim, reason="No check exists for this field.")
    try:
        return check.check(claim, subject)
    except NotHereError as missing:
        reason = f"{missing.missing[:1].upper()}{missing.missing[1:]}."
        return not_run(claim, reason=reason, remedy=missing.supply)
    except BuilderError as error:
        return _unfinished(claim, error, str(error), "mend the builder that modelindex/verify.toml names")
    except UserError:  # wrong configuration ends the run
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - never hidden, never counted as anything else
        told = traceback.format_exception_only(error)[-1].strip()
        return _unfinished(claim, error, told, "report this as a fault of the harness")


def _unfinished(claim: Claim, error: BaseException, told: str, remedy: str) -> Verdict:
    frames = traceback.extract_tb((error.__cause__ or error).__traceback__)
    shown = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    reason = f"The check could not finish: {told}"
    return errored(claim, reason=reason, remedy=remedy, evidence=(facts("traceback", "traceback", shown),))
