"""Markdown reports: values that differ are shown as diffs, and values have no effect as Markdown or HTML."""

from harness.index.claim import Claim
from harness.index.faults import Location
from harness.report.markdown import card, page_report
from harness.verdict import Status, Verdict
from tests.conftest import judged, page_text, page_verdicts


def _verdict(
    declared: str, measured: str | None, status: Status = Status.FAIL, file: str = "modelindex/p.md"
) -> Verdict:
    claim = Claim(file, "m", "id", declared, Location(file, 3, 5))
    return Verdict(claim=claim, status=status, reason="why", measured=measured, method="how", remedy="do")


def test_a_card_shows_the_difference_as_a_diff() -> None:
    flops = card("regnety_002", [page_verdicts()["regnety_002", "flops"]])
    assert "```diff\n- 255754236\n+ 199514080\n```" in flops
    text = page_text().replace("    - ReLU\n", "    - ReLU\n    - Mish\n", 1)
    tags = judged(text, select=lambda claim: claim.kind == "architecture")["regnety_002", "architecture"]
    assert "  ReLU\n- Mish\n  Squeeze-and-Excitation Block\n```" in card("regnety_002", [tags])


def test_a_claim_that_passes_has_no_diff() -> None:
    assert "```" not in card("m", [_verdict("5.0", "5", Status.PASS)])


def test_values_have_no_effect_as_markdown() -> None:
    text = card("m", [_verdict("<script>alert(1)</script> | `x` **b** [l](u) $x$", "a\nb ```` c")])
    outside = text.split("`````diff")[0]
    assert "<script>" not in outside
    assert "&#124; \\`x\\` \\*\\*b\\*\\* \\[l\\](u) &#36;x&#36;" in outside
    assert "`````diff" in text
    assert "+ a\\nb ```` c" in text


def test_only_pages_in_the_project_are_linked() -> None:
    assert "(../../modelindex/p.md?plain=1#L3)" in card("m", [_verdict("a", "b")])
    for outside in ("/elsewhere/p.md", "../p.md"):
        assert "](../../" not in card("m", [_verdict("a", "b", file=outside)])


def test_a_page_where_all_passes_has_only_an_overview() -> None:
    text = page_report("modelindex/p.md", [_verdict("a", "a", Status.PASS)])
    assert "1 claim: 1 pass." in text
    assert "except pass" not in text
