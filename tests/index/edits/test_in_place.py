"""Values edited in place, in the page's own style; keys inserted in the style of their siblings."""

from pathlib import Path

import pytest

from harness.index.claims import claims
from harness.index.document import MappingNode
from harness.index.edits.in_place import EditError, apply, editable, edits_of, insert_key
from harness.index.edits.style import in_style
from harness.index.page import page_from_text
from harness.index.reading.index import read_index
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
        ("1.2 G", "830384", False, "830384"),
        ("1 M", "314", False, "314"),
        ("4.4 M", "4344144", False, "4.3 M"),
        ("60%", "0.004%", False, "0.004%"),
        ("bicubic", "bilinear", False, "bilinear"),
        ("0.9", "0.11111111111111111111111111111111111", True, "0.11111111111111111111111111111111111"),
        ("0.9", "1234567890123456789.1234567890123456", True, "1234567890123456789.1234567890123456"),
        ("0.12345678901234567890123456789012", "0.5", False, "0.50000000000000000000000000000000"),
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
def test_quotes_comments_and_line_endings_stay(metadata: str, value: str, edited: str) -> None:
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
        ("    Architecture: [B,\n      C]\n", ["A", "C"], "    Architecture: [A,\n      C]\n"),
        ("    Architecture: [B,\n      D]\n", ["B", "C", "D"], "    Architecture: [B,\n      C,\n      D]\n"),
        (
            "    Architecture: [\n      B, # why\n      C\n    ]\n",
            ["B", "C", "D"],
            "    Architecture: [\n      B, # why\n      C, D\n    ]\n",
        ),
        (
            "    Architecture:\n    - B\n      C\n    - E\n",
            ["B C", "D", "E"],
            "    Architecture:\n    - B\n      C\n    - D\n    - E\n",
        ),
        ("    Architecture:\n    - B\n      C\n    - E\n", ["E"], "    Architecture:\n    - E\n"),
        (
            "    Architecture:\n      - |\n        B\n      # why\n      - C\n",
            ["C", "D"],
            "    Architecture:\n      # why\n      - C\n      - D\n",
        ),
    ],
)
def test_lists_keep_items_and_order(metadata: str, values: list[str], edited: str) -> None:
    assert _edited(metadata, "architecture", *values) == edited


@pytest.mark.parametrize(
    ("metadata", "kind", "values", "reason"),
    [
        ("    ID: &x b\n", "id", ["a"], "an anchor"),
        ("    ID: !!str b\n", "id", ["a"], "a tag"),
        ("    ID: |\n      b\n", "id", ["a"], "several lines"),
        ("    Epochs: &x 1\n    Batch Size: *x\n", "batch_size", ["2"], "by an alias"),
        ("    Architecture: &x\n    - B\n    Tasks: *x\n", "architecture", ["A"], "by an alias"),
        ("    Architecture:\n    - B\n", "architecture", [], "none would be left"),
    ],
)
def test_values_written_in_other_ways_are_refused(metadata: str, kind: str, values: list[str], reason: str) -> None:
    with pytest.raises(EditError, match=reason):
        _edited(metadata, kind, *values)


def test_damaged_text() -> None:
    text = "# DollÃ¡r, é DollÃ¡r\n<!--\nType: model-index\nModels:\n- Name: a\n-->\n"
    page = editable(page_from_text(text, "page.md"))
    damages = [claim for claim in claims(index_of(text)) if claim.kind == "text"]
    edits = [edit for claim in damages for edit in edits_of(page, claim, ["Dollár"])]
    assert apply(text, edits) == text.replace("Ã¡", "á")


def _with_key(text: str, key: str, value: str | list[str], name: str = "page.yml") -> str:
    """A page after a key was added to the metadata of its first model."""
    source = editable(page_from_text(text, name))
    metadata = next(
        node for node in source.nodes.values() if isinstance(node, MappingNode) and node.where.path.endswith("Metadata")
    )
    return apply(text, [insert_key(source, metadata, key, value)])


@pytest.mark.parametrize(
    ("text", "value", "inserted"),
    [
        ("Models:\n- Name: a\n  Metadata:\n    ID: b  # why\n  Config: c\n", "224", "    New: 224\n"),
        ("Models:\n- Name: a\n  Metadata:\n    ID: b", "a: b", "\n    New: 'a: b'"),
        ("Models:\r\n- Name: a\r\n  Metadata:\r\n      ID: b\r\n", "yes", "      New: 'yes'\r\n"),
        ("Models:\n- Name: a\n  Metadata:\n    Tasks:\n      - A\n", ["B", "C"], "    New:\n      - B\n      - C\n"),
        ("Models:\n- Name: a\n  Metadata:\n    Tasks:\n    - A\n", ["B"], "    New:\n    - B\n"),
        ("Models:\n- Name: a\n  Metadata:\n    Tasks: [A]\n", ["B", "C"], "    New: [B, C]\n"),
        ("Models:\n- Name: a\n  Metadata:\n    ID: |\n      b\n    # end\n", "c", "    New: c\n"),
        ("Models:\n- {Name: a, Metadata: {ID: b}}\n", "c", ", New: c"),
        ("Models:\n- Name: a\n  Metadata: {ID: b,\n    LR: 1}\n", ["c", "d"], ",\n    New: [c, d]"),
        ("Models:\n- Name: a\n  Metadata:\n    ID:\n", "c", "    New: c\n"),
    ],
)
def test_a_key_is_inserted_in_the_style_of_its_siblings(text: str, value: str | list[str], inserted: str) -> None:
    after = _with_key(text, "New", value)
    assert len(after) == len(text) + len(inserted)
    assert inserted in after
    assert after.replace(inserted, "", 1) == text
    assert _declared(after, "page.yml", "new") == value


def test_a_key_is_inserted_into_json() -> None:
    text = '{"Models": [{"Name": "a", "Metadata": {\n  "ID": "b",\n  "LR": 1\n}}]}'
    assert _with_key(text, "New", "2", "page.json") == text.replace('"LR": 1', '"LR": 1,\n  "New": 2')


def test_a_key_is_inserted_before_the_comment_of_a_page_closes() -> None:
    text = "<!--\nType: model-index\nModels:\n- Name: a\n  Metadata:\n    ID: b -->\n"
    assert _with_key(text, "New", "c", "page.md") == text.replace("ID: b ", "ID: b \n    New: c")


def _declared(text: str, name: str, kind: str) -> str | list[str]:
    found = next(claim for claim in claims(read_index(page_from_text(text, name), Path("none"))) if claim.kind == kind)
    return list(found.items) or found.declared
