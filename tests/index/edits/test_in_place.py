"""Values rewritten where they stand, in the page's own style."""

import pytest

from harness.index.claims import claims
from harness.index.edits.in_place import EditError, apply, editable, edits_of, in_style
from harness.index.page import page_from_text
from tests.conftest import index_of


@pytest.mark.parametrize(
    ("declared", "value", "exact", "written"),
    [
        ("255754236", "199514080", False, "199514080"),
        ("3200000", "3162996", False, "3200000"),
        ("3170000", "3162996", False, "3160000"),
        ("3170000", "3162996", True, "3162996"),
        ("70.28%", "71.3%", False, "71.30%"),
        ("70.28 %", "71.3%", False, "71.30 %"),
        ("80.8", "80.912%", False, "80.9"),
        ("80.8", "80.912%", True, "80.912"),
        ("81%", "80.412%", True, "80.412%"),
        ("7.0e-05", "0.00005", False, "5.0e-05"),
        ("7.0E-5", "0.00005", False, "5.0E-5"),
        ("3.2e6", "3962996", False, "4.0e6"),
        ("3.2e+6", "3962996", False, "4.0e+6"),
        ("9.9e6", "9960000", False, "1.0e7"),
        ("0.95", "0.9", False, "0.90"),
        ("1000", "1024", True, "1024"),
        ("bicubic", "bilinear", False, "bilinear"),
    ],
)
def test_style(declared: str, value: str, *, exact: bool, written: str) -> None:
    assert in_style(declared, value, exact=exact) == written


def _edited(metadata: str, kind: str, *values: str, more: str = "") -> str:
    """The metadata of a page after a claim of it declares other values."""
    start, end = "<!--\nType: model-index\nModels:\n- Name: a\n  Metadata:\n", f"{more}-->\nText\n"
    text = f"{start}{metadata}{end}"
    claim = next(claim for claim in claims(index_of(text)) if claim.kind == kind)
    after = apply(text, edits_of(editable(page_from_text(text, "page.md")), claim, values))
    assert after.startswith(start)
    assert after.endswith(end)
    return after[len(start) : -len(end)]


@pytest.mark.parametrize(
    ("metadata", "value", "edited"),
    [
        ("    ID: b\n", "a", "    ID: a\n"),
        ("    ID:   'b'  # why\n", "it's", "    ID:   'it''s'  # why\n"),
        ('    ID: "b"\r\n', 'a"\\', '    ID: "a\\"\\\\"\r\n'),
        ("    ID: b\n", "a: b # c", "    ID: 'a: b # c'\n"),
        ("    ID: b\n", "", "    ID: ''\n"),
        ("    ID: é b\n    FLOPs: 1\n", "a", "    ID: a\n    FLOPs: 1\n"),
    ],
)
def test_quotes_comments_and_line_ends_stay(metadata: str, value: str, edited: str) -> None:
    assert _edited(metadata, "id", value) == edited


LIST = "    Architecture:\n    - B  # why\n    - 'D'\n    Epochs: 1\n"


@pytest.mark.parametrize(
    ("metadata", "values", "edited"),
    [
        (LIST, ["B", "C", "D"], LIST.replace("    - 'D'", "    - C\n    - 'D'")),
        (LIST, ["A", "D", "E"], "    Architecture:\n    - A\n    - 'D'\n    - E\n    Epochs: 1\n"),
        (LIST.replace("\n", "\r\n"), ["B", "D", "E"], LIST.replace("'D'\n", "'D'\n    - E\n").replace("\n", "\r\n")),
        ("    Architecture: [B, 'D'] # why\n", ["A", "D", "E"], "    Architecture: [A, 'D', E] # why\n"),
        ("    Architecture:\n    - Z\n    - B\n", ["Z", "B", "A"], "    Architecture:\n    - Z\n    - B\n    - A\n"),
    ],
)
def test_lists_keep_their_items_and_their_order(metadata: str, values: list[str], edited: str) -> None:
    assert _edited(metadata, "architecture", *values) == edited


@pytest.mark.parametrize(
    ("metadata", "kind", "values", "told"),
    [
        ("    ID: &x b\n", "id", ["a"], "an anchor"),
        ("    ID: !!str b\n", "id", ["a"], "a tag"),
        ("    ID: |\n      b\n", "id", ["a"], "several lines"),
        ("    Epochs: &x 1\n    Batch Size: *x\n", "batch_size", ["2"], "by an alias"),
        ("    Architecture: &x\n    - B\n    Tasks: *x\n", "architecture", ["A"], "by an alias"),
        ("    Architecture:\n    - B\n", "architecture", [], "none would be left"),
        ("    Architecture: [B,\n      C]\n", "architecture", ["A"], "several lines"),
        ("    Architecture:\n    - B\n      C\n", "architecture", ["A"], "several lines"),
    ],
)
def test_what_is_written_in_another_way_is_left_alone(metadata: str, kind: str, values: list[str], told: str) -> None:
    with pytest.raises(EditError, match=told):
        _edited(metadata, kind, *values)


def test_damaged_text() -> None:
    text = "# DollÃ¡r, é DollÃ¡r\n<!--\nType: model-index\nModels:\n- Name: a\n-->\n"
    page = editable(page_from_text(text, "page.md"))
    damages = [claim for claim in claims(index_of(text)) if claim.kind == "text"]
    edits = [edit for claim in damages for edit in edits_of(page, claim, ["Dollár"])]
    assert apply(text, edits) == text.replace("Ã¡", "á")
