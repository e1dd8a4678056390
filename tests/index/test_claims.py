"""Every field of a page becomes a claim with the field's location."""

import codecs
from pathlib import Path

import pytest
import yaml

from harness.index.claims import claims
from harness.index.page import page_from_text, read_page
from harness.index.reading.index import read_index
from tests.conftest import MODELS, index_of, judged, page_text, page_verdicts


def _fields(node: object) -> int:
    """The number of fields in a block, counted independently: a scalar or a list of scalars is one field."""
    if isinstance(node, dict):
        return sum(map(_fields, node.values()))
    if isinstance(node, list) and any(isinstance(item, dict) for item in node):
        return sum(map(_fields, node))
    return 1


def test_every_field_is_one_claim_with_one_verdict() -> None:
    block = page_text().partition("<!--")[2].partition("-->")[0]
    index = index_of(page_text())
    of_block = [claim for claim in claims(index) if claim.where.path not in {"prose", "text", "template"}]
    declared = {key: value for key, value in yaml.safe_load(block).items() if key != "Type"}
    assert len(of_block) == _fields(declared) == 291
    assert len({claim.where for claim in of_block}) == 291
    assert len(page_verdicts()) == len(claims(index)) == 313


@pytest.mark.parametrize("head", ["Type: model-index\n", "TYPE: ModelIndex\n", ""])
def test_the_type_of_the_page_is_not_a_claim(head: str) -> None:
    index = read_index(page_from_text(f"{head}Models: [{{Name: a}}]\n", "page.yml"), Path("none"))
    assert [claim.kind for claim in claims(index)] == ["text", "name"]


def test_claims_have_the_location_of_their_value() -> None:
    lines = page_text().split("\n")
    for claim in claims(index_of(page_text())):
        rest = lines[claim.where.line - 1][claim.where.column - 1 :]
        if claim.where.path == "template":
            assert rest == "{% include 'code_snippets.md' %}"
        elif claim.where.path == "prose" and claim.kind not in {"block", "text"}:
            assert rest.replace("\\_", "_").replace("{", "")[0] == claim.declared[0]
        elif claim.items:
            assert rest == f"- {claim.items[0]}"
        else:
            assert rest.strip("'").startswith(claim.declared)


def test_paths_lead_to_the_value() -> None:
    flops = page_verdicts()["regnety_002", "flops"].claim
    assert (flops.where.line, flops.where.column, flops.where.path) == (41, 12, "Models[0].Metadata.FLOPs")
    top_5 = page_verdicts()[MODELS[-1], "top_5_accuracy"].claim
    assert top_5.where.path == "Models[11].Results[0].Metrics.Top 5 Accuracy"


def test_windows_line_endings_and_a_byte_order_mark_do_not_change_locations(tmp_path: Path) -> None:
    def places(text: str) -> list[tuple[int, int]]:
        return [(claim.where.line, claim.where.column) for claim in claims(index_of(text))]

    assert places(page_text().replace("\n", "\r\n")) == places(page_text())
    path = tmp_path / "marked.md"
    path.write_bytes(codecs.BOM_UTF8 + page_text().encode())
    assert places(read_page(path, "page.md").text) == places(page_text())


def test_a_known_field_without_a_check_is_unchecked() -> None:
    text = page_text().replace("    Epochs: 100\n", "    Epochs: 100\n    Training Time: 2 days\n", 1)
    verdict = judged(text, select=lambda claim: claim.kind == "training_time")["regnety_002", "training_time"]
    assert verdict.status == "unchecked"
    assert verdict.reason == "No check exists for this field."


CALL = ">>> m = timm.create_model('regnety_002', pretrained=True)\n"
SENTENCE = "Replace the model name with the variant you want to use, e.g. `regnety_002`.\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"{CALL}{CALL}", {"regnety_002": 1}),
        (f"{CALL}\n{SENTENCE}", {"regnety_002": 1, "regnety_004": 3}),
        (SENTENCE, {}),
        (CALL.replace("regnety_002", "another"), {}),
    ],
)
def test_calls_of_create_model_are_claims_about_their_models(text: str, lines: dict[str, int]) -> None:
    page = f"{text}<!--\nType: model-index\nModels: [{{Name: regnety_002}}, {{Name: regnety_004}}]\n-->\n"
    found = [claim for claim in claims(index_of(page)) if claim.kind == "create_model"]
    assert {claim.model: claim.where.line for claim in found} == lines
