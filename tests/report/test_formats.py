"""Reports for CI systems: valid against the published schemas, on the right line, and safe for hostile values."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from harness.report.github import MOST_BYTES, annotations, step_summary
from harness.report.junit import junit
from harness.report.sarif import sarif
from harness.verdict import Status, Verdict
from tests.conftest import page_text, page_verdicts

SCHEMAS = Path(__file__).parents[1] / "schemas"
HOSTILE = "\x1b[31m\x00 ::error::x%0A%\r\n<b>&'\"]]>,:\u202e\ufffe\uffff😀"


def _all_statuses() -> list[Verdict]:
    """The page's verdicts, and one of every status with hostile values."""
    verdicts = list(page_verdicts().values())
    claim = replace(verdicts[0].claim, declared=HOSTILE, model=HOSTILE, kind="flops")
    values = dict.fromkeys(("reason", "measured", "difference", "method", "remedy"), HOSTILE)
    return verdicts + [Verdict(claim=claim, status=status, **values) for status in Status]


@pytest.mark.parametrize("strict", [False, True])
def test_junit_is_valid_and_counts(*, strict: bool) -> None:
    verdicts = _all_statuses()
    document = etree.fromstring(junit(verdicts, strict=strict).encode())
    etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd")).assertValid(document)
    (suite,) = document
    count = {status: sum(verdict.status is status for verdict in verdicts) for status in Status}
    unproven = count[Status.EXPLAINED] + count[Status.NOT_RUN]
    assert int(suite.get("tests")) == len(suite) == len(verdicts)
    assert int(suite.get("failures")) == count[Status.FAIL] + (unproven if strict else 0)
    assert int(suite.get("errors")) == count[Status.ERROR]
    skipped = count[Status.UNCHECKED] + count[Status.WAIVED] + (0 if strict else count[Status.NOT_RUN])
    assert int(suite.get("skipped")) == skipped
    passed = [case for case in suite if len(case) == 0]
    assert len(passed) == count[Status.PASS]
    flops = next(case for case in suite if case.get("name") == "flops")
    assert "at: page.md:41:12" in "".join(flops.itertext())


@pytest.mark.parametrize("strict", [False, True])
def test_sarif_is_valid_and_names_the_line(*, strict: bool) -> None:
    verdicts = _all_statuses()
    log = json.loads(sarif(verdicts, "docs/a b\udcff/", {"flops": "the check"}, strict=strict))
    schema = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text())
    jsonschema.Draft4Validator(schema).validate(log)
    (run,) = log["runs"]
    notifications = run["invocations"][0]["toolExecutionNotifications"]
    passing = sum(verdict.status is Status.PASS for verdict in verdicts)
    assert len(run["results"]) + len(notifications) == len(verdicts) - passing
    assert not run["invocations"][0]["executionSuccessful"]
    batch = next(result for result in run["results"] if "batch_size of regnety_160" in result["message"]["text"])
    place = batch["locations"][0]["physicalLocation"]
    line = next(
        number for number, text in enumerate(page_text().split("\n"), 1) if number > 430 and "Batch Size" in text
    )
    assert place["artifactLocation"]["uri"] == "docs/a%20b%FF/page.md"
    assert place["region"] == {"startLine": line, "startColumn": 17}
    assert batch["level"] == "error"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {verdict.claim.kind for verdict in verdicts}
    suppressed = [result for result in run["results"] if "suppressions" in result]
    assert len(suppressed) == 1
    of_page = [result for result in run["results"] if "😀" not in result["message"]["text"]]
    fingerprints = {result["partialFingerprints"]["claim/v1"] for result in of_page}
    assert len(fingerprints) == len(of_page)


def test_annotations_name_the_line() -> None:
    lines = annotations(list(page_verdicts().values()), "docs/", strict=False).splitlines()
    assert lines[0].startswith("::error file=docs/page.md,line=22,col=101,title=fail%3A text of page.md::")
    batch = [line for line in lines if "batch_size of regnety_160" in line]
    assert batch == [
        "::error file=docs/page.md,line=455,col=17,title=fail%3A batch_size of regnety_160::"
        "Declared 512, measured 256. The recipe published for these weights states another value. Remedy: declare 256."
    ]
    levels = [line.removeprefix("::").partition(" ")[0] for line in lines[:-1]]
    assert levels == sorted(levels, key=["error", "warning", "notice"].index)
    assert lines[-1].startswith("::notice::313 claims: ")


def test_strict_annotations_include_claims_that_are_not_proven() -> None:
    verdicts = list(page_verdicts().values())
    lines = annotations(verdicts, "", strict=True).splitlines()
    unproven = {Status.FAIL, Status.EXPLAINED, Status.NOT_RUN}
    assert sum(line.startswith("::error") for line in lines) == sum(verdict.status in unproven for verdict in verdicts)


def test_hostile_values_are_not_commands() -> None:
    for line in annotations(_all_statuses()[-7:], "", strict=True).split("\n")[:-1]:
        assert line.startswith(("::error", "::warning", "::notice"))
        assert "\x1b" not in line
        assert "\r" not in line
        properties, _, message = line[2:].partition("::")
        assert properties.count(",") <= 3
        assert "%0A" not in message.replace("%250A", "")


def test_a_step_summary_that_is_too_long_is_cut_with_a_note() -> None:
    assert step_summary("short\n") == "short\n"
    cut = step_summary("é" * 50 + "\n" + "line\n" * MOST_BYTES)
    assert len(cut.encode()) <= MOST_BYTES
    assert "exceeds GitHub's limit" in cut
