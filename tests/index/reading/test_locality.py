"""One bad value costs its claim, a bad entry its model, a bad block or page that page. The rest is read as before."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.index.claim import Claim
from harness.index.claims import claims
from harness.index.entries import Index
from harness.index.image_size import ImageSize, parse_image_size
from harness.index.page import page_from_text
from harness.index.reading.index import read_index
from tests.conftest import faults_of, index_of

MODELS = 5
ENTRY = """- Name: net_{n}
  In Collection: Net
  Metadata:
    FLOPs: 25575423{n}
    Parameters: 3.16 M
    Image Size: '224'
    Crop Pct: 0.875
    Architecture:
    - Convolution
    - "ReLU"
  Weights: https://example.org/net_{n}-1a2b3c4d.pth
  Results:
  - Task: Image Classification
    Dataset: ImageNet
    Metrics:
      Top 1 Accuracy: 70.2{n}%
"""
HEAD = "Type: model-index\nCollections:\n- Name: Net\n  Metadata:\n    Epochs: 100\nModels:\n"
BLOCK = HEAD + "".join(ENTRY.format(n=n) for n in range(MODELS)) + "Library: timm\n"
PAGE = f"Text.\n\n<!--\n{BLOCK}-->\n\nIt's more text.\n"
# Every scalar value of the models: after a key, or an item of a list.
VALUES = list(
    re.compile(r"(?<=: )[^\n]+|(?<=    - )[^\n:]+").finditer(PAGE, PAGE.index("- Name: net_"), PAGE.index("Library"))
)
BAD = [
    *("a: b", "a: b: c", "[1", "{a: [}", '"open', "'open", '"\\ud800"', "*nothing", "&a", "!!python/none x", "\t- x"),
    *("- x", "|", ">", "? x", "%", "@", "`", "\x07", "\x00", "\u2028", "[[a], {b: c}]", "{}", "[]", "null", "~"),
    *("-1", "0", "1e999", "9" * 50, "yes", "many", "170%", "3 MB", "2020-01-01", "../x.yml", "none/*.yml", "x" * 300),
    *("<!--", "#", "-->", "{{ x }}", "[" * 50, "&x [*x]", "<<: *a", "---", "...", "Net", "🙂", "''"),
]


def _of_model(index: Index, number: int) -> list[Claim]:
    return [claim for claim in claims(index) if claim.model == f"net_{number}"]


BEFORE = index_of(PAGE)
CLAIMS = [_of_model(BEFORE, number) for number in range(MODELS)]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(VALUES), st.sampled_from(BAD) | st.text(max_size=5).filter(lambda text: "\n" not in text))
def test_a_bad_value_silences_no_other_model(value: re.Match[str], bad: str) -> None:
    index = index_of(PAGE[: value.start()] + bad + PAGE[value.end() :])
    if "-->" in bad:  # the rest of the page is no comment any more, which is an error
        assert "expected a model-index up to the last '-->', got '-->' inside it" in faults_of(index)
        return
    hit = PAGE[: value.start()].count("- Name: ") - 2  # the first is the collection
    for number in set(range(MODELS)) - {hit}:
        assert _of_model(index, number) == CLAIMS[number]
    names = {claim.model for claim in claims(index)} | {claim.declared for claim in claims(index) if claim.fault}
    assert len(names - {None}) >= MODELS, "no model disappears without a claim"


def test_a_broken_block_costs_that_block() -> None:
    broken = "<!--\nType: model-index\n{Models: [\n-->\n"
    index = index_of(f"{broken}{PAGE}<!--\nType: model-index\n")
    assert list(index.models) == [f"net_{number}" for number in range(MODELS)]
    assert [claim.hides_others for claim in claims(index) if claim.fault] == [True, True]


def test_broken_fields_of_the_page_and_of_a_single_model_cost_those_fields() -> None:
    index = index_of("<!--\nType: model-index\nName: a\nMetadata: {Epochs: 3\nWeights: https://e.org/a.pth\n-->\n")
    assert index.models["a"].text("weights") == "https://e.org/a.pth"
    assert [claim.kind for claim in claims(index) if claim.fault] == ["metadata"]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("224", (224, 224)),
        ("224x224", (224, 224)),
        ("224×224", (224, 224)),
        ("224 X 320", (224, 320)),
        ("3x224x224", (224, 224)),
        ("(3, 224, 320)", (224, 320)),
        ("(224, 224)", (224, 224)),
        ("[3, 224, 224]", (224, 224)),
        ("224, 224, 3", (224, 224)),
        ("1,024", (1024, 1024)),
        ("224 px", None),
        ("5x224x224", None),
        ("224x", None),
        ("(224", None),
        ("1.5", None),
        ("large", None),
    ],
)
def test_image_sizes(text: str, size: tuple[int, int] | None) -> None:
    assert parse_image_size(text) == (size and ImageSize(*size))


@pytest.mark.parametrize(
    "size", ["224", "'224'", "224x224", "224×224", "3x224x224", "(3, 224, 224)", "[3, 224, 224]", "[224, 224]"]
)
def test_image_sizes_of_pages(size: str) -> None:
    index = _of_size(size)
    assert faults_of(index) == ""
    assert index.models["a"].image_size == ImageSize(224, 224)
    (claim,) = (claim for claim in claims(index) if claim.kind == "image_size")
    assert claim.quantity.value == 224


@pytest.mark.parametrize(
    ("size", "is_false"), [("0", True), ("224x0", True), ("99999", True), ("[1, 2, 3, 4]", False), ("224 px", False)]
)
def test_image_sizes_that_cannot_be(size: str, *, is_false: bool) -> None:
    index = _of_size(size)
    assert "expected a size in pixels, 1 to 16384" in faults_of(index)
    assert index.models["a"].image_size is None
    assert [claim.fault.is_false for claim in claims(index) if claim.fault] == [is_false]


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ("Params: many", {"parameters": True}),
        ("MACs: unknown yet", {"flops": True}),
        ("Params: 3.16 M", {"parameters": False}),
        # The field has its own value.
        ("MACs: 0.3 G (measured)\n    FLOPs: 0.6 G", {"macs": False, "flops": False}),
    ],
)
def test_other_names_of_a_field_with_values_that_cannot_be_read(fields: str, kinds: dict[str, bool]) -> None:
    text = f"Models:\n- Name: a\n  Metadata:\n    {fields}\n"
    model = read_index(page_from_text(text, "page.yml"), Path("none")).models["a"]
    assert {kind: bool(value.fault) for kind, value in model.values.items() if kind != "name"} == kinds


def _of_size(size: str) -> Index:
    text = f"Models:\n- Name: a\n  Metadata:\n    Image Size: {size}\n"
    return read_index(page_from_text(text, "page.yml"), Path("none"))
