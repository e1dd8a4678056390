"""Waivers: known false claims, accepted until their expiry date and only if needed."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from harness.index.faults import Location
from harness.project import waivers
from harness.project.settings import read_settings
from harness.project.waivers import Waiver, apply_waivers
from harness.verdict import Status, Verdict
from tests.conftest import page_verdicts

Verify = Callable[..., subprocess.CompletedProcess[str]]

TODAY = date(2026, 6, 1)
YESTERDAY = date(2026, 5, 31)


def _waiver(model: str, claim: str, expires: date = TODAY) -> Waiver:
    return Waiver(model, claim, "is being retrained", expires, Location("modelindex/verify.toml", 7, 1))


def _applied(*waivers: Waiver, everything: bool = True, today: date | None = TODAY) -> tuple[Verdict, ...]:
    return apply_waivers(list(page_verdicts().values()), waivers, today, everything=everything)


def _failing(verdicts: Sequence[Verdict]) -> set[tuple[str | None, str]]:
    return {(verdict.claim.model, verdict.claim.kind) for verdict in verdicts if verdict.status is Status.FAIL}


BEFORE = _failing(list(page_verdicts().values()))


def test_a_waived_claim_does_not_fail_and_says_why() -> None:
    verdicts = _applied(_waiver("regnety_160", "batch_size"))
    assert _failing(verdicts) == BEFORE - {("regnety_160", "batch_size")}
    (waived,) = [verdict for verdict in verdicts if verdict.status is Status.WAIVED]
    assert waived.measured == "256"
    assert waived.reason.endswith("Waived until 2026-06-01: is being retrained")


def test_a_claim_of_the_page_itself() -> None:
    assert _failing(_applied(_waiver("page", "text"))) == BEFORE - {(None, "text")}


@pytest.mark.parametrize(
    ("waiver", "reason"),
    [
        (_waiver("regnety_160", "batch_size", YESTERDAY), "The waiver has expired: is being retrained"),
        (_waiver("regnety_160", "epochs"), "No claim that it covers is false any more."),
        (_waiver("regnety_160", "flops"), "No claim that it covers is false any more."),
        (_waiver("regnety_16", "batch_size"), "No page has a claim batch_size of regnety_16."),
        (_waiver("regnety_160", "beauty"), "No page has a claim beauty of regnety_160."),
    ],
)
def test_a_waiver_that_expired_or_is_not_needed_fails(waiver: Waiver, reason: str) -> None:
    verdicts = _applied(waiver)
    assert {verdict.claim.kind for verdict in verdicts if verdict.status is Status.WAIVED} == set()
    (added,) = verdicts[len(page_verdicts()) :]
    assert (added.status, added.reason) == (Status.FAIL, reason)
    assert str(added.claim.where) == "modelindex/verify.toml:7:1"
    assert added.remedy


def test_without_a_date_no_waiver_has_expired() -> None:
    waiver = _waiver("regnety_160", "batch_size", YESTERDAY)
    assert _applied(waiver, today=None) == _applied(waiver, today=YESTERDAY)


def test_a_waiver_of_a_claim_that_was_not_run_may_be_needed_elsewhere() -> None:
    assert len(_applied(_waiver("regnety_160", "top_1_accuracy"))) == len(page_verdicts())


def test_a_waiver_of_a_claim_that_was_not_selected_is_ignored() -> None:
    assert len(_applied(_waiver("another_model", "flops"), everything=False)) == len(page_verdicts())


FORM = '[[waivers]]\nmodel = "regnety_160"\nclaim = "batch_size"\nreason = "known"\nexpires = {}\n'


@pytest.mark.parametrize(
    ("waivers", "message"),
    [
        ('[[waivers]]\nmodel = "a"', "expected the keys 'claim', 'reason' and 'expires', got none at waivers[0]"),
        (FORM.format("2030-01-31") + "until = 3", "claim, expires, model, reason, got until at waivers[0]"),
        (FORM.format('"2030-01-31"'), 'verify.toml:2: expected a date without quotes, got "2030-01-31" at waivers[0]'),
        (FORM.format("2030-01-31T00:00:00"), "verify.toml:2: expected a date without quotes"),
        (FORM.format("2030-01-31").replace('"known"', '" "'), 'in quotes, got " " at waivers[0].reason'),
        (FORM.format("2030-01-31").replace('"known"', '"a\\nb"'), "expected a text of one line"),
        (FORM.format("2030-01-31") * 2, "verify.toml:7: expected one waiver for each claim"),
        ('waivers = "all"', 'expected tables that begin with [[waivers]], got "all" at waivers'),
        ("waivers = [1]", "expected [[waivers]] with model, claim, reason and a date such as expires = 2030-01-31"),
    ],
)
def test_faulty_waivers(project: Path, waivers: str, message: str) -> None:
    from harness.project.documents import ProjectError
    from harness.project.settings import read_settings

    path = project / "modelindex" / "verify.toml"
    path.write_text(f'pages = ["regnety.md"]\n{waivers}')
    with pytest.raises(ProjectError) as raised:
        read_settings(path)
    assert message in str(raised.value)


def test_a_waiver_in_the_settings(verify: Verify, project: Path) -> None:
    path = project / "modelindex" / "verify.toml"
    path.write_text('pages = ["regnety.md"]\n' + FORM.format("9999-12-31"))
    arguments = ("all", "--model", "regnety_160", "--claim", "batch_size")
    run = verify(*arguments, cwd=project)
    assert run.returncode == 0
    assert "WAIVED batch_size" in run.stdout
    assert "Waived until 9999-12-31: known" in " ".join(run.stdout.split())
    # The cache has the verdicts without waivers.
    path.write_text('pages = ["regnety.md"]\n' + FORM.format("2020-01-01"))
    run = verify(*arguments, cwd=project)
    assert run.returncode == 1
    assert "FAIL waiver" in run.stdout
    assert run.stdout.endswith("2 claims: 2 fail\n")


def test_dates_are_utc_in_every_time_zone(verify: Verify, project: Path) -> None:
    """Of the zones 14 hours ahead and 12 behind, one has another date than UTC at any time."""
    while datetime.now(UTC) + timedelta(seconds=30) > datetime.combine(
        today := datetime.now(UTC).date(), datetime.max.time(), UTC
    ):
        time.sleep(1)  # the date must not change during the test
    path = project / "modelindex" / "verify.toml"
    for expires, code in ((today, 0), (today - timedelta(days=1), 1)):
        path.write_text('pages = ["regnety.md"]\n' + FORM.format(expires))
        for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
            run = verify("all", "--model", "regnety_160", "--claim", "batch_size", cwd=project, TZ=zone)
            assert (expires, zone, run.returncode) == (expires, zone, code)


def test_reports_do_not_depend_on_the_date(verify: Verify, project: Path) -> None:
    """The run fails after the expiry date, but committed reports stay the same."""
    page = project / "modelindex" / "page.yml"
    page.write_text("Models: [{Name: regnety_002, Metadata: {Parameters: 1}}]\n")
    settings = 'pages = ["page.yml"]\n' + FORM.format("2020-01-01")
    settings = settings.replace("batch_size", "parameters").replace("regnety_160", "regnety_002")
    (project / "modelindex" / "verify.toml").write_text(settings)
    run = verify("all", cwd=project)
    assert (run.returncode, "FAIL waiver" in run.stdout) == (1, True)
    reported = json.loads((project / "reports" / "verdicts.json").read_text())["verdicts"]
    statuses = {verdict["claim"]: (verdict["status"], verdict["reason"]) for verdict in reported}
    assert statuses["parameters"][0] == "waived"
    assert statuses["parameters"][1].endswith("Waived until 2020-01-01: known")
    assert "waiver" not in statuses


def test_each_verdict_is_compared_once_with_all_waivers(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts, compared = list(page_verdicts().values()), []
    covered = waivers._covered
    monkeypatch.setattr(waivers, "_covered", lambda verdict: compared.append(verdict) or covered(verdict))
    apply_waivers(verdicts, [_waiver(f"m{number}", "flops") for number in range(100)], TODAY, everything=True)
    assert len(compared) <= 2 * len(verdicts)


class _Text(str):
    __slots__ = ()

    def count(self, *_: object) -> int:  # type: ignore[override]
        """Counting lines from the start for each waiver takes time quadratic in the file."""
        pytest.fail("counted")


def test_lines_are_not_counted_for_each_waiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "modelindex" / "verify.toml"
    path.parent.mkdir()
    waiver = '\n [[ waivers]]\nmodel = "m{}"\nclaim = "c"\nreason = "r"\nexpires = 2030-01-01\n'
    text = 'pages = ["a.md"]\n' + "".join(map(waiver.format, range(3)))
    path.write_text(text)
    monkeypatch.setattr(Path, "read_text", lambda *_: _Text(text))
    assert [item.where.line for item in read_settings(path).waivers] == [3, 9, 15]
