"""The terminal view: at 80 columns, without colour, whatever the values of a page contain."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.index.claim import Claim
from harness.index.faults import Location
from harness.report.markdown import card
from harness.report.terminal import console, print_verdict, print_verdicts
from harness.verdict import Status, Verdict, fact, failed, not_run, passed, table
from tests.conftest import page_verdicts

GOLDEN = Path(__file__).parents[1] / "golden"


def _printed(*verdicts: Verdict, width: int = 80) -> str:
    output = io.StringIO()
    print_verdicts(Console(file=output, width=width, highlight=False), verdicts)
    return output.getvalue()


def _explained(verdict: Verdict, width: int = 80) -> str:
    output = io.StringIO()
    print_verdict(Console(file=output, width=width, highlight=False), verdict)
    return output.getvalue()


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


def test_the_page_at_eighty_columns() -> None:
    assert _lines(_printed(*page_verdicts().values())) == (GOLDEN / "terminal.txt").read_text("utf-8")


def test_every_status_but_pass_is_shown_with_place_values_and_remedy() -> None:
    for status in Status:
        claim = Claim("p.md", "a", "flops", "12", Location("p.md", 7, 3, "Models[0].Metadata.FLOPs"))
        values = {"measured": "13", "difference": "+8.3%", "method": "macs@1x1", "remedy": "do this"}
        text = _printed(Verdict(claim=claim, status=status, reason="The reason.", **values))
        assert status.value.replace("_", " ") in text
        shown = [part in text for part in ("p.md:7", "12", "The reason.", *values.values())]
        assert all(shown) == (status is not Status.PASS)


def test_markup_and_control_characters_of_a_page_have_no_effect() -> None:
    claim = Claim("p.md", "a", "id", "[red]x[/red] [link=file:///]", Location("p.md", 1, 1))
    text = _printed(failed(claim, reason="[bold]why[/bold]", measured="[/nothing]", remedy="fix"))
    assert "[red]x[/red] [link=file:///]" in text
    assert "[/nothing]" in text
    assert "[bold]why[/bold]" in text
    claim = Claim("p.md", "a", "id", "\x1b[31mred\x1b]0;title\x07", Location("p.md", 1, 1))
    assert "\x1b" not in _printed(failed(claim, reason="why", measured="other", remedy="fix"))


def test_a_claim_that_was_not_run_shows_no_method() -> None:
    claim = Claim("p.md", "a", "id", "x", Location("p.md", 1, 1))
    verdict = not_run(claim, reason="why", remedy="fix")
    assert all("method" not in text for text in (_printed(verdict), _explained(verdict), card("a", [verdict])))


def test_explain_shows_all_evidence() -> None:
    text = _explained(page_verdicts()["regnety_002", "flops"])
    for part in ("thop@224x285", "255 754 236", "multiply-adds by stage", "stem", "10 838 016", "remedy"):
        assert part in text


@pytest.mark.parametrize("width", [80, 100, 140])
def test_headers_wrap_only_at_spaces_and_numbers_not_at_all(width: int) -> None:
    columns = ["recipe", "image_size", "crop_pct", "interpolation", "top_1", "number of images", "dataset"]
    row = {name: "50000000" if name == "number of images" else "a value, " * 3 for name in columns}
    claim = Claim("p.md", "a", "id", "x", Location("p.md", 1, 1))
    text = _explained(passed(claim, reason="why", evidence=[table("t", "t", [row])]), width)
    words = text.split()
    assert all(word in words for name in columns for word in name.split())
    assert "50000000" in words
    assert max(map(len, text.splitlines())) <= width


def test_markup_in_evidence_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"[/c]": "[bold]y[/z]", "d": ":smile:"}]
    evidence = [fact("a", "[/label]", "[/value]"), table("b", "[/t]", rows)]
    claim = Claim("page.md", "[/model]", "id", "[/declared]", Location("page.md", 1, 1))
    verdict = failed(claim, reason="[/reason]", remedy="[/remedy]", evidence=evidence)
    print_verdict(console(), verdict)
    print_verdicts(console(), [verdict])
    printed = capsys.readouterr().out
    for text in ("[/label]", "[/value]", "[/t]", "[/c]", "[bold]y[/z]", ":smile:", "[/model]", "[/reason]"):
        assert text in printed
