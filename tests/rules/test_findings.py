"""Findings combined with verdicts, in the output of `verify check`, and in the cache."""

import json
import re
import resource
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from harness.evaluate.run.progress import Progress
from harness.index.claim import Claim
from harness.index.faults import Location
from harness.project.project import find_project
from harness.project.waivers import Waiver, apply_waivers
from harness.rules.application import apply_findings, contradicted_claims
from harness.rules.finding import Certainty, Finding, finding_from_json
from harness.verdict import Status, Table, Verdict, fact
from harness.verify.run import verify
from harness.verify.selection import Selection
from tests.rules.test_rules import PAGE

Run = Callable[..., subprocess.CompletedProcess[str]]

PUBLISHED = Path(__file__).parent / "published.md"
HERE, THERE = Location("page.md", 3, 1, "a"), Location("page.md", 9, 1, "b")
CLAIM = Claim("page.md", "net_18", "weights", "net_18.pth", HERE)
SEEN = fact("seen", "seen", 1)


def _finding(certainty: Certainty, reason: str = "It is odd.") -> Finding:
    return Finding("page.md", CLAIM.key, "a rule", reason, (THERE, HERE), "fix it", certainty)


def _apply(status: Status, *findings: Finding) -> Verdict:
    judged = Verdict(claim=CLAIM, status=status, reason="So it is.", evidence=(SEEN,))
    (verdict,) = apply_findings([judged], findings)
    return verdict


@pytest.mark.parametrize("status", Status)
def test_a_finding_decides_only_undecided_claims(status: Status) -> None:
    verdict = _apply(status, _finding(Certainty.FALSE))
    undecided = status in {Status.NOT_RUN, Status.UNCHECKED}
    assert verdict.status is (Status.FAIL if undecided else status)
    reason = "It is odd. See page.md:9:1."
    assert verdict.reason == (reason if undecided else f"So it is. {reason}")
    assert verdict.remedy == ("fix it" if undecided else None)
    seen, findings = verdict.evidence
    assert seen == SEEN
    assert isinstance(findings, Table)
    assert findings.rows == (("a rule", "It is odd.", "page.md:9:1, page.md:3:1"),)


@pytest.mark.parametrize("status", Status)
def test_a_suspicion_decides_nothing(status: Status) -> None:
    verdict = _apply(status, _finding(Certainty.SUSPICIOUS))
    assert verdict.status is status
    reasons = ["So it is.", "It is odd. See page.md:9:1."]
    undecided = status in {Status.NOT_RUN, Status.UNCHECKED}
    assert verdict.reason == " ".join(reversed(reasons) if undecided else reasons)


def test_the_reason_of_a_false_claim_is_the_finding_that_proves_it() -> None:
    doubt = _finding(Certainty.SUSPICIOUS, "Doubtful.")
    verdict = _apply(Status.NOT_RUN, doubt, _finding(Certainty.FALSE))
    assert (verdict.status, verdict.reason) == (Status.FAIL, "It is odd. See page.md:9:1.")
    findings = verdict.find("findings")
    assert isinstance(findings, Table)
    assert findings.column("finding") == ["Doubtful.", "It is odd."]


def test_check_fails_only_claims_that_are_proven_false() -> None:
    doubt = _finding(Certainty.SUSPICIOUS, "Doubtful.")
    (verdict,) = contradicted_claims([CLAIM], [doubt])
    assert (verdict.status, verdict.reason) == (Status.NOT_RUN, "Doubtful. See page.md:9:1.")
    assert verdict.remedy == "fix it"
    (verdict,) = contradicted_claims([CLAIM], [doubt, _finding(Certainty.FALSE)])
    assert verdict.status is Status.FAIL
    other = Claim("page.md", "net_18", "weights", "net_18.pth", THERE)
    assert contradicted_claims([other], [doubt]) == ()


@pytest.mark.parametrize("status", Status)
def test_of_two_claims_that_contradict_each_other_one_is_false(status: Status) -> None:
    """If another check proves one of them false, the other is not."""
    other = Claim("page.md", "net_18", "parameters", "12", THERE)
    one = replace(_finding(Certainty.ONE_OF_TWO), places=(THERE,))
    verdicts = [
        Verdict(claim=CLAIM, status=Status.NOT_RUN, reason="So it is."),
        Verdict(claim=other, status=status, reason=""),
    ]
    first, second = apply_findings(verdicts, [one, replace(one, claim=other.key, places=(HERE,))])
    undecided = status in {Status.NOT_RUN, Status.UNCHECKED}
    assert first.status is (Status.NOT_RUN if status is Status.FAIL else Status.FAIL)
    assert second.status is (Status.FAIL if undecided else status)


def test_of_two_claims_that_contradict_each_other_a_rule_proves_one_false() -> None:
    other = Claim("page.md", "net_18", "parameters", "12", THERE)
    one = replace(_finding(Certainty.ONE_OF_TWO), places=(THERE,))
    proof = replace(_finding(Certainty.FALSE), claim=other.key, places=())
    verdicts = contradicted_claims([CLAIM, other], [one, replace(one, claim=other.key, places=(HERE,)), proof])
    assert [verdict.status for verdict in verdicts] == [Status.NOT_RUN, Status.FAIL]


def test_a_finding_can_be_waived() -> None:
    waiver = Waiver("net_18", "weights", "we know", date(2030, 1, 1), HERE)
    (waived,) = apply_waivers(
        [_apply(Status.NOT_RUN, _finding(Certainty.FALSE))], [waiver], date(2030, 1, 1), everything=True
    )
    assert waived.status is Status.WAIVED


def test_a_finding_survives_json() -> None:
    finding = _finding(Certainty.FALSE)
    assert finding_from_json(json.loads(json.dumps(finding.as_json()))) == finding


def test_a_change_of_one_page_shows_on_another(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the verdicts on the unchanged page come from the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "cache"))
    folder = project / "modelindex"
    (folder / "verify.toml").write_text('pages = ["first.md", "second.md"]')
    for name in ("first.md", "second.md"):
        (folder / name).write_text(f"{PAGE}-->\n")

    def reason() -> str:
        found = find_project(project, ())
        answer = verify(found, Selection(["net_18"], ["parameters"]), found.resources, Progress())
        return next(verdict.reason for verdict in answer.verdicts if verdict.claim.page.endswith("first.md"))

    assert "wrong" not in reason()
    (folder / "second.md").write_text(f"{PAGE}-->\n".replace("11690000", "11960000"))
    for _ in range(2):
        assert "11960000 of net_18 (modelindex/second.md) is wrong" in reason()


@pytest.mark.parametrize("form", ["rich", "json", "markdown", "junit", "sarif", "github"])
def test_check_shows_suspicious_claims(verify: Run, form: str) -> None:
    run = verify("check", str(PUBLISHED), "--format", form, PYTHONPROFILEIMPORTTIME="1")
    assert run.returncode == 1
    assert "1 page, 15 models, 162 claims read." in run.stderr.split("\n")
    if form == "rich":
        assert run.stdout.endswith("\n12 claims: 4 fail, 8 not run\n")
    assert run.stdout.count("is that of") >= 2
    for heavy in ("torch", "numpy"):
        assert f" {heavy}\n" not in run.stderr


def test_check_without_findings(verify: Run, project: Path) -> None:
    run = verify("check", cwd=project)
    assert (run.returncode, run.stdout, run.stderr) == (0, "1 page, 12 models, 313 claims read; no finding.\n", "")
    assert not (project / "reports").exists()
    selected = verify("check", "--model", "regnety_002", "--claim", "flops", "--format", "json", cwd=project)
    assert (selected.returncode, json.loads(selected.stdout)["verdicts"]) == (0, [])


def test_check_with_wrong_arguments(verify: Run, project: Path) -> None:
    assert verify("check", "nowhere.md", cwd=project).returncode == 2
    nothing = verify("check", "--claim", "flop", cwd=project)
    assert nothing.returncode == 2
    assert "No claim of kind 'flop'. Did you mean 'flops'?" in nothing.stderr


def test_sixty_pages_are_checked_in_two_seconds(verify: Run, tmp_path: Path) -> None:
    pages = [tmp_path / f"{number}.md" for number in range(60)]
    four_models = PAGE[: PAGE.index("- Name: net_50d")]
    for number, page in enumerate(pages):
        # Each page has its own families and weights files.
        text = four_models.replace("net_", f"net{number}_").replace(" Net\n", f" Net{number}\n")
        page.write_text(re.sub(r"-([0-9a-f]{6})[0-9a-f]{2}\.pth", rf"-\g<1>{number:02x}.pth", text) + "-->\n")

    def seconds() -> float:
        """CPU time. Other processes slow it down too, so that a second attempt may pass."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = verify("check", *map(str, pages))
        assert run.stdout == "60 pages, 240 models, 3240 claims read; no finding.\n"
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert seconds() < 2 or seconds() < 2
