"""Figures: marks are at the right places, and any input gives a valid drawing or none."""

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.index.claim import claim_of_text
from harness.index.faults import Location
from harness.report.figures.accuracy import accuracy_figure
from harness.report.figures.labels import common_prefix, place_labels
from harness.report.figures.scale import from_zero, linear, logarithmic, positions, short_count
from harness.report.figures.stages import stages_figure
from harness.report.figures.svg import Area, Figure
from harness.report.figures.widths import widths_figure
from harness.verdict import Evidence, Status, Table, Verdict, fact, properties, table


def _verdict(model: str | None, kind: str, declared: str, measured: str | None = None, *evidence: Evidence) -> Verdict:
    claim = claim_of_text("p.md", model, kind, declared, Location("p.md", 1, 1))
    status = Status.PASS if measured else Status.NOT_RUN
    return Verdict(claim=claim, status=status, reason="why", measured=measured, evidence=evidence)


def _model(model: str, flops: str | None, declared: str, measured: str | None = None, *published: str) -> list[Verdict]:
    evaluations = [table("published_evaluations", "published", [{"top_1": top_1} for top_1 in published])]
    return [
        _verdict(model, "flops", "1", flops),
        _verdict(model, "top_1_accuracy", declared, measured, *(evaluations if published else [])),
    ]


def _drawn(figure: Figure | None) -> ElementTree.Element:
    assert figure is not None
    assert not re.search(r"nan|inf", figure.drawing, re.IGNORECASE)
    return ElementTree.fromstring(figure.drawing)  # noqa: S314 - made by the harness


def _marks(root: ElementTree.Element, kind: str) -> list[tuple[float, float]]:
    """The centres of the marks of a kind, without those of the legend."""
    marks = [mark for group in root.findall("g") for mark in group if mark.get("class") == kind]
    return [(float(mark.get("cx", "nan")), float(mark.get("cy", "nan"))) for mark in marks]


def test_higher_accuracy_is_higher_and_more_multiply_adds_further_right_by_their_ratio() -> None:
    verdicts = [*_model("m_a", "1000", "70%"), *_model("m_b", "10000", "80%"), *_model("m_c", "100000", "75%")]
    (a, b, c) = _marks(_drawn(accuracy_figure("f", verdicts)), "declared")
    assert b[0] - a[0] == pytest.approx(c[0] - b[0], abs=0.2)
    assert a[0] < b[0]
    assert a[1] - c[1] == pytest.approx(c[1] - b[1], abs=0.2)
    assert a[1] > b[1]


def test_the_caption_counts_missing_measurements_and_published_values_are_rings() -> None:
    verdicts = [*_model("m_a", "1000", "70%", None, "70.5", "71"), *_model("m_b", "2000", "80%", "80.0%")]
    figure = accuracy_figure("f", verdicts)
    root = _drawn(figure)
    assert figure is not None
    assert "Not measured here: 1 of 2." in figure.caption
    assert "Published elsewhere: 2 evaluations" in figure.caption
    assert "omit the common prefix m_." in figure.caption
    assert len(_marks(root, "published")) == 2
    assert len(root.findall("g/path[@class='measured']")) == 1
    assert [text.text for text in root.findall("text[@class='label']")] == ["a", "b"]
    description = "m_a: 1 k, declared 70%, not measured here, published 70.5%, published 71%"
    assert root.findtext("g/title") == description
    assert (root.findtext("desc") or "").startswith(description)


def test_models_that_cannot_be_drawn_are_named() -> None:
    verdicts = [
        *_model("a", "1000", "70%"),
        *_model("b", None, "80%"),
        *_model("c", "0", "80%"),
        *_model("d", "9", "no"),
    ]
    figure = accuracy_figure("f", verdicts)
    assert figure is not None
    assert "Not drawn, because multiply-adds or accuracy are unknown: b, c, d." in figure.caption


def test_no_model_one_model_and_equal_values() -> None:
    assert accuracy_figure("f", []) is None
    assert accuracy_figure("f", _model("a", None, "70%")) is None
    for number in (1, 5):
        models = [verdict for name in "abcde"[:number] for verdict in _model(name, "7", "70%", "70%", "70")]
        ((x, y), *others) = _marks(_drawn(accuracy_figure("f", models)), "declared")
        assert others == [(x, y)] * (number - 1)
        assert 100 < x < 300
        assert 100 < y < 250


@given(st.lists(st.tuples(st.integers(1, 10**30), st.decimals(0, 100, places=3)), min_size=1, max_size=20))
def test_any_numbers_are_inside_the_drawing(values: list[tuple[int, object]]) -> None:
    verdicts = [verdict for flops, top_1 in values for verdict in _model(f"m{flops}", str(flops), f"{top_1}%")]
    for x, y in _marks(_drawn(accuracy_figure("f", verdicts)), "declared"):
        assert 0 < x < 360
        assert 0 < y < 306


def test_names_have_no_effect_as_markup() -> None:
    verdicts = _model("</svg><script>\x07", "1000", "70%")
    figure = accuracy_figure("f", verdicts)
    assert figure is not None
    assert "<script>" not in figure.drawing
    assert "</svg><script>\\x07" in (_drawn(figure).findtext("desc") or "")


def test_labels_overlap_neither_marks_nor_each_other() -> None:
    marks = [(20 + 6.0 * number, 100 + 3.0 * number) for number in range(40)]
    placed = place_labels([(f"{number:03}", x, y) for number, (x, y) in enumerate(marks)], marks, Area(0, 0, 300, 300))
    boxes = [Area(x, y - 7, x + 17, y + 1) for _, x, y in placed]
    assert len(boxes) > 5
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])
        assert not any(box.left < x < box.right and box.top < y < box.bottom for x, y in marks)


@pytest.mark.parametrize(
    ("names", "prefix"),
    [
        (["regnety_002", "regnety_004"], "regnety_"),
        (["a-b_1", "a-b_12", "a-c"], "a-"),
        (["a_", "a_b"], ""),
        (["regnet"], ""),
        (["ab", "ac"], ""),
    ],
)
def test_the_common_prefix_ends_at_a_separator(names: list[str], prefix: str) -> None:
    assert common_prefix(names) == prefix


def _rule(rule: tuple[float, ...], widths: tuple[float, ...]) -> Verdict:
    series = {"linear_widths": rule, "block_widths": widths}
    evidence = [table(name, name, [{"model": "m", "series": numbers}]) for name, numbers in series.items()]
    return _verdict(None, "block_width", "u_j = w_0 + w_a·j", "same", *evidence)


def test_block_widths_are_dots_over_one_step_per_stage() -> None:
    root = _drawn(widths_figure("f", "m", [_rule((24.0, 60.5, 97.0, 133.0), (24, 56, 56, 152))]))
    dots = root.findall("circle")[1:]
    xs, ys = ([float(dot.get(name, "nan")) for dot in dots] for name in ("cx", "cy"))
    assert [later - x for x, later in pairwise(xs)] == pytest.approx([xs[1] - xs[0]] * 3, abs=0.2)
    assert ys == sorted(ys, reverse=True)
    steps = root.findall("line[@class='width']")[1:]
    assert len(steps) == 3
    assert float(steps[0].get("y1", "nan")) == pytest.approx(ys[0], abs=0.1)


@pytest.mark.parametrize(
    "verdict",
    [
        _verdict(None, "block_width", "x", "x"),
        _rule((1.0,), (1, 2)),
        _rule((), ()),
        _verdict(None, "block_width", "x", "x", fact("linear_widths", "", 1), fact("block_widths", "", 1)),
        replace(_rule((1.0,), (1,)), evidence=[properties("linear_widths", "", {"m": "12"})]),
    ],
)
def test_no_figure_without_evidence_of_widths(verdict: Verdict) -> None:
    assert widths_figure("f", "m", [verdict]) is None


@pytest.mark.parametrize("width", [0, 1, 10**9])
def test_one_block_is_drawn(width: int) -> None:
    assert len(_drawn(widths_figure("f", "m", [_rule((float(width),), (width,))])).findall("circle")) == 2


def _bars(*rows: tuple[str, int, str]) -> Figure | None:
    stages = Table("multiply_adds_by_stage", "", ("part", "multiply-adds", "share"), rows)
    return stages_figure("f", "m", [_verdict("m", "flops", "4", "4", stages)])


def test_bars_have_the_length_and_the_label_of_their_count() -> None:
    root = _drawn(_bars(("stem", 1_000_000, "25%"), ("s1", 3_000_000, "")))
    short_bar, long_bar = (float(bar.get("width", "nan")) for bar in root.findall("rect"))
    assert long_bar == pytest.approx(3 * short_bar, abs=0.2)
    assert [text.text for text in root.findall("text")] == ["stem", "1 M, 25%", "s1", "3 M"]


def test_no_bars_without_counts() -> None:
    assert _bars() is None
    assert stages_figure("f", "m", [_verdict("m", "flops", "4", "4", fact("multiply_adds_by_stage", "", 4))]) is None
    assert stages_figure("f", "m", [_verdict("m", "flops", "4", "4")]) is None


def test_a_count_of_zero_is_a_visible_bar() -> None:
    assert _drawn(_bars(("stem", 0, ""))).find("rect[@width='1']") is not None


def test_ticks_are_round_and_few() -> None:
    assert [label for _, label in linear([70.28, 82.7], 0, 1).ticks] == ["70", "75", "80"]
    decades = logarithmic([2e8, 3.2e10], 0, 1).ticks
    assert [label for _, label in decades] == ["200 M", "500 M", "1 G", "2 G", "5 G", "10 G", "20 G"]
    assert [label for _, label in from_zero(888, 0, 1).ticks] == ["0", "200", "400", "600", "800"]
    assert [label for _, label in positions(27, 0, 1).ticks] == ["0", "5", "10", "15", "20", "25"]
    assert 1 <= len(logarithmic([6.0e8, 6.1e8], 0, 1).ticks) <= 3
    assert len(logarithmic([1, 1e30], 0, 1).ticks) <= 8


def test_counts_have_unit_prefixes() -> None:
    assert [short_count(count) for count in (0, 999, 1000, 199514080, 32279552832, 2e12)] == [
        "0", "999", "1 k", "199.5 M", "32.28 G", "2 T",
    ]  # fmt: skip
