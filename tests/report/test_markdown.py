"""Cards and pages: diffs where values differ, and nothing of a page's values read as Markdown or HTML."""

from harness.index.claim import Claim
from harness.index.faults import Location
from harness.report.markdown import card, family
from harness.verdict import Status, Verdict
from tests.conftest import page_verdicts


def _verdict(
    declared: str, measured: str | None, status: Status = Status.FAIL, file: str = "modelindex/p.md"
) -> Verdict:
    return Verdict(Claim(file, "m", "id", declared, Location(file, 3, 5)), status, "why", measured, None, "how", "do")


def test_a_card_shows_the_difference_as_a_diff() -> None:
    flops = card("regnety_002", [page_verdicts()["regnety_002", "flops"]])
    assert "```diff\n- 255754236\n+ 199514080\n```" in flops
    tags = card("regnety_002", [page_verdicts()["regnety_002", "architecture"]])
    assert "  ReLU\n  Squeeze-and-Excitation Block\n+ Residual Connection\n```" in tags


def test_what_passes_has_no_diff() -> None:
    assert "```" not in card("m", [_verdict("5.0", "5", Status.PASS)])


def test_values_are_text() -> None:
    text = card("m", [_verdict("<script>alert(1)</script> | `x` **b** [l](u) $x$", "a\nb ```` c")])
    outside = text.split("`````diff")[0]
    assert "<script>" not in outside
    assert "&#124; \\`x\\` \\*\\*b\\*\\* \\[l\\](u) &#36;x&#36;" in outside
    assert "`````diff" in text
    assert "+ a\\nb ```` c" in text


def test_places_link_to_the_line_of_pages_in_the_project_only() -> None:
    assert "(../../modelindex/p.md?plain=1#L3)" in card("m", [_verdict("a", "b")])
    for outside in ("/elsewhere/p.md", "../p.md"):
        assert "](../../" not in card("m", [_verdict("a", "b", file=outside)])


def test_a_page_without_findings_says_only_its_overview() -> None:
    text = family("modelindex/p.md", [_verdict("a", "a", Status.PASS)])
    assert "1 claim: 1 pass." in text
    assert "not pass" not in text
