"""Pages whose claims are costly to judge: the work, counted in calls, grows no faster than the page."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.checks.shared import subject as subject_module
from harness.checks.shared.subject import Subject
from harness.index.claims import claims
from harness.index.page import page_from_text
from harness.index.reading.index import read_index
from harness.measure.tracing import trace
from harness.project.records import Record, by_model_and_dataset
from harness.project.references import SHIPPED, load_references
from harness.project.resources import Resources
from harness.verdict import Status
from harness.verify.judging import judge
from tests.conftest import faults_of, verdicts_on

REFERENCES = load_references([SHIPPED])


def _page(number: int, model: Callable[[int], str], collections: str = "") -> str:
    found = f"Collections:\n{collections}" if collections else ""
    return f"Type: model-index\n{found}Models:\n" + "".join(f"- Name: m{i}\n{model(i)}" for i in range(number))


def _result(number: int) -> str:
    return f"  - Task: a\n    Dataset: d{number}\n    Metrics:\n      Top 1 Accuracy: 70%\n"


def _collections(number: int) -> str:
    return "".join(
        f"- Name: c{i}\n  README: r{i}.md\n  Paper: {{Title: t, URL: 'https://e.org/{i}'}}\n" for i in range(number)
    )


PAGES: dict[str, Callable[[int], str]] = {
    "collections": lambda n: _page(n, lambda i: f"  In Collection: c{i}\n", _collections(n)),
    "models of one collection": lambda n: _page(n, lambda _: "  In Collection: c0\n", _collections(1)),
    "results": lambda n: _page(1, lambda _: "  Results:\n" + "".join(map(_result, range(n)))),
    "READMEs": lambda n: _page(n, lambda i: f"  README: r{i}.md\n"),
    "models with results": lambda n: _page(n, lambda i: f"  Weights: w{i}.pth\n  Results:\n{_result(i)}"),
    "models with weights": lambda n: _page(n, lambda i: f"  Weights: 'https://e.org/{i}/w.pth'\n"),
}


def _calls(number: int, text: str) -> int:
    """The calls of functions that judging all claims of a page takes."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    index = read_index(page_from_text(text, "page.yml"), Path("none"))
    record = Record("r", "f", "s", "d", "f", {}, "fp32", 1, 1, 1, {}, "")
    resources = Resources(Path("none"), records=by_model_and_dataset([record] * number))
    subjects = [(claim, Subject(index, REFERENCES, resources, claim.model)) for claim in claims(index)]
    for claim, subject in subjects[:20] + subjects[-20:]:
        judge(claim, subject)  # imports what the checks need
    sys.setprofile(count)
    try:
        verdicts = [judge(claim, subject) for claim, subject in subjects]
    finally:
        sys.setprofile(None)
    assert all(verdict.status is not Status.ERROR for verdict in verdicts)
    return calls


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_judging_grows_no_faster_than_the_page(page: Callable[[int], str]) -> None:
    assert _calls(100, page(100)) < 2.5 * _calls(50, page(50))


def test_many_collections_are_a_fault() -> None:
    text = _page(1, lambda _: "", "".join(f"- Name: c{i}\n" for i in range(1001)))
    faults = faults_of(read_index(page_from_text(text, "page.yml"), Path("none")))
    assert "page.yml:1003:3: expected at most 1000 collections, got more" in faults


def test_a_network_is_measured_once_for_all_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = []
    monkeypatch.setattr(
        subject_module, "trace", lambda network, *sides: traced.append(network) or trace(network, *sides)
    )
    statements = "".join(f"$d ≥ {number}$ Squeeze-and-Excitation blocks. " for number in range(1, 300))
    text = f"<!--\nType: model-index\nModels: [{{Name: regnety_002}}]\n-->\n{statements}\n"
    verdicts = verdicts_on(text, select=lambda claim: claim.model is None)
    found = Counter((verdict.claim.kind, verdict.status) for verdict in verdicts)
    assert found["depth", Status.PASS] + found["depth", Status.FAIL] == found["block", Status.PASS] == 200
    assert found["formula", Status.UNCHECKED] == found["further_block", Status.UNCHECKED] == 99
    assert len(traced) <= 4
