"""What a person sees: at 80 columns, without colour, whatever a page's values hold."""

import io
from pathlib import Path

from rich.console import Console

from harness.index.claim import Claim
from harness.index.faults import Location
from harness.report.terminal import print_verdict, print_verdicts
from harness.verdict import Status, Verdict
from tests.conftest import page_verdicts

GOLDEN = Path(__file__).parents[1] / "golden"


def _printed(*verdicts: Verdict, width: int = 80) -> str:
    printed = io.StringIO()
    print_verdicts(Console(file=printed, width=width, highlight=False), verdicts)
    return printed.getvalue()


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


def test_the_page_at_eighty_columns() -> None:
    assert _lines(_printed(*page_verdicts().values())) == (GOLDEN / "terminal.txt").read_text("utf-8")


def test_every_status_is_told_with_its_place_values_and_remedy() -> None:
    for status in Status:
        claim = Claim("p.md", "a", "flops", "12", Location("p.md", 7, 3, "Models[0].Metadata.FLOPs"))
        text = _printed(Verdict(claim, status, "The reason.", "13", "+8.3%", "macs@1x1", "do this"))
        assert status.value.replace("_", " ") in text
        shown = [part in text for part in ("p.md:7", "12", "13", "+8.3%", "macs@1x1", "The reason.", "do this")]
        assert all(shown) == (status is not Status.PASS)


def test_markup_and_control_characters_of_a_page_do_nothing() -> None:
    claim = Claim("p.md", "a", "id", "[red]x[/red] [link=file:///]", Location("p.md", 1, 1))
    text = _printed(Verdict(claim, Status.FAIL, "[bold]why[/bold]", "[/nothing]"))
    assert "[red]x[/red] [link=file:///]" in text
    assert "[/nothing]" in text
    assert "[bold]why[/bold]" in text
    claim = Claim("p.md", "a", "id", "\x1b[31mred\x1b]0;title\x07", Location("p.md", 1, 1))
    assert "\x1b" not in _printed(Verdict(claim, Status.FAIL, "why", "other"))


def test_an_explanation_shows_all_evidence() -> None:
    printed = io.StringIO()
    print_verdict(Console(file=printed, width=80, highlight=False), page_verdicts()["regnety_002", "flops"])
    text = printed.getvalue()
    for part in ("thop@224x285", "255 754 236", "multiply-adds by stage", "stem", "10 838 016", "remedy"):
        assert part in text
