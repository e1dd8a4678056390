"""Waivers: false claims put up with until a day, and never longer or for nothing."""

import subprocess
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from harness.index.faults import Location
from harness.project.waivers import Waiver, apply_waivers
from harness.verdict import Status, Verdict
from tests.conftest import page_verdicts

TODAY = date(2026, 6, 1)


def _waiver(model: str, claim: str, expires: date = TODAY) -> Waiver:
    return Waiver(model, claim, "is being retrained", expires, Location("modelindex/verify.toml", 7, 1))


def _applied(*waivers: Waiver, everything: bool = True) -> tuple[Verdict, ...]:
    return apply_waivers(list(page_verdicts().values()), waivers, TODAY, everything=everything)


def _failing(verdicts: Sequence[Verdict]) -> set[tuple[str | None, str]]:
    return {(one.claim.model, one.claim.kind) for one in verdicts if one.status is Status.FAIL}


BEFORE = _failing(list(page_verdicts().values()))


def test_a_waived_claim_is_no_failure_and_says_why() -> None:
    verdicts = _applied(_waiver("regnety_160", "batch_size"))
    assert _failing(verdicts) == BEFORE - {("regnety_160", "batch_size")}
    (waived,) = [one for one in verdicts if one.status is Status.WAIVED]
    assert waived.measured == "256"
    assert waived.reason.endswith("Waived until 2026-06-01: is being retrained")


def test_a_claim_of_the_page_itself() -> None:
    assert _failing(_applied(_waiver("page", "text"))) == BEFORE - {(None, "text")}


@pytest.mark.parametrize(
    ("waiver", "told"),
    [
        (_waiver("regnety_160", "batch_size", date(2026, 5, 31)), "The waiver has expired: is being retrained"),
        (_waiver("regnety_160", "epochs"), "Nothing that it waives is false any more."),
        (_waiver("regnety_160", "flops"), "Nothing that it waives is false any more."),
        (_waiver("regnety_16", "batch_size"), "No page has a claim batch_size of regnety_16."),
        (_waiver("regnety_160", "beauty"), "No page has a claim beauty of regnety_160."),
    ],
)
def test_a_waiver_that_expired_or_is_not_needed_fails(waiver: Waiver, told: str) -> None:
    verdicts = _applied(waiver)
    assert {one.claim.kind for one in verdicts if one.status is Status.WAIVED} == set()
    (added,) = verdicts[len(page_verdicts()) :]
    assert (added.status, added.reason) == (Status.FAIL, told)
    assert str(added.claim.where) == "modelindex/verify.toml:7:1"
    assert added.remedy


def test_a_waiver_of_what_was_not_run_may_be_needed_elsewhere() -> None:
    assert len(_applied(_waiver("regnety_160", "top_1_accuracy"))) == len(page_verdicts())


def test_a_waiver_of_what_was_not_asked_for_is_left_alone() -> None:
    assert len(_applied(_waiver("another_model", "flops"), everything=False)) == len(page_verdicts())


FORM = '[[waivers]]\nmodel = "regnety_160"\nclaim = "batch_size"\nreason = "known"\nexpires = {}\n'


@pytest.mark.parametrize(
    ("waivers", "told"),
    [
        ('[[waivers]]\nmodel = "a"', "verify.toml:2: expected [[waivers]] with model"),
        (FORM.format("2030-01-31") + "until = 3", "verify.toml:2: expected [[waivers]]"),
        (FORM.format('"2030-01-31"'), "verify.toml:2: expected [[waivers]]"),
        (FORM.format("2030-01-31T00:00:00"), "verify.toml:2: expected [[waivers]]"),
        (FORM.format("2030-01-31").replace('"known"', '" "'), "verify.toml:2: expected [[waivers]]"),
        (FORM.format("2030-01-31") * 2, "verify.toml:7: expected one waiver for each claim"),
        ('waivers = "all"', "expected [[waivers]]"),
        ("waivers = [1]", "expected [[waivers]]"),
    ],
)
def test_faulty_waivers(project: Path, waivers: str, told: str) -> None:
    from harness.project.settings import ProjectError, read_settings

    path = project / "modelindex" / "verify.toml"
    path.write_text(f'pages = ["regnety.md"]\n{waivers}')
    with pytest.raises(ProjectError) as raised:
        read_settings(path)
    assert told in str(raised.value)


def test_a_waiver_in_the_settings(verify: Callable[..., subprocess.CompletedProcess[str]], project: Path) -> None:
    path = project / "modelindex" / "verify.toml"
    path.write_text('pages = ["regnety.md"]\n' + FORM.format("9999-12-31"))
    arguments = ("all", "--model", "regnety_160", "--claim", "batch_size")
    run = verify(*arguments, cwd=project)
    assert run.returncode == 0
    assert "WAIVED batch_size" in run.stdout
    assert "Waived until 9999-12-31: known" in " ".join(run.stdout.split())
    # What is kept of the verdicts is kept without waivers.
    path.write_text('pages = ["regnety.md"]\n' + FORM.format("2020-01-01"))
    run = verify(*arguments, cwd=project)
    assert run.returncode == 1
    assert "FAIL waiver" in run.stdout
    assert run.stdout.endswith("2 claims: 2 fail\n")
