"""Claims that depend on values with faults, and images that are not square."""

import pytest

from harness.checks.shared.conditions import declared_conditions
from harness.checks.shared.subject import Subject
from harness.project.references import References
from harness.project.resources import Resources
from harness.verdict import NotHereError, Status
from tests.conftest import index_of, judged, page_text

PAGE = """<!--
Type: model-index
Models:
- Name: regnety_002
  Metadata:
    FLOPs: {flops}
    Parameters: {parameters}
    Image Size: {size}
    Crop Pct: 0.875
    Interpolation: bicubic
  Weights: https://example.org/regnety_002-e68ca334.pth
  Results:
  - Task: Image Classification
    Dataset: ImageNet
    Metrics: {{Top 1 Accuracy: 70.28%}}
-->
"""
MODEL = "regnety_002"


def _on(size: str, flops: str | None = "199514080", parameters: str = "3162996") -> dict[str, tuple[Status, str]]:
    verdicts = judged(PAGE.format(size=size, flops=flops, parameters=parameters))
    return {kind: (verdict.status, verdict.reason) for (model, kind), verdict in verdicts.items() if model == MODEL}


@pytest.mark.parametrize("size", ["224x224", "(3, 224, 224)", "[3, 224, 224]"])
def test_a_square_size_in_any_form(size: str) -> None:
    assert _on(size)["flops"][0] is Status.PASS
    assert _on(size)["top_1_accuracy"] == _on("224")["top_1_accuracy"]


def test_an_image_that_is_not_square() -> None:
    text = PAGE.format(size="224x320", flops=1, parameters=3162996)
    measured = judged(text, select=lambda claim: claim.kind == "flops")[MODEL, "flops"].measured
    verdicts = _on("224x320", flops=measured)
    assert verdicts["flops"] == (Status.PASS, "The multiply-adds of one image at 224×320.")
    assert verdicts["top_1_accuracy"][0] is Status.NOT_RUN
    with pytest.raises(NotHereError, match="images are evaluated as squares, and the page declares 224x320"):
        declared_conditions(Subject(index_of(text), References(), Resources(), MODEL))


@pytest.mark.parametrize("size", ["large", "0"])
def test_a_size_that_cannot_be_used_is_not_replaced_by_another(size: str) -> None:
    verdicts = _on(size)
    assert verdicts["image_size"][0] is (Status.FAIL if size == "0" else Status.ERROR)
    status, reason = verdicts["flops"]
    assert status is Status.NOT_RUN
    assert reason == f"The declared image size cannot be used: {size}."
    assert verdicts["parameters"][0] is Status.PASS


def test_a_number_that_cannot_be_is_false_and_its_check_knows_the_true_one() -> None:
    verdicts = judged(PAGE.format(size=224, flops="many", parameters="-5"))
    parameters = verdicts[MODEL, "parameters"]
    assert (parameters.status, parameters.measured) == (Status.FAIL, "3162996")
    assert verdicts[MODEL, "flops"].status is Status.ERROR
    unknown = PAGE.format(size=224, flops=1, parameters=1).replace("70.28", "170.28").replace(MODEL, "unknown")
    assert judged(unknown)["unknown", "top_1_accuracy"].status is Status.FAIL


def test_a_collection_may_belong_to_models_that_cannot_be_read() -> None:
    text = page_text()
    model = text.index("- Name: regnety_002")
    before = text[: text.index("Models:")]
    alone = judged(f"{before}-->\n")
    broken = judged(f"{before}Models:\n- Name: '../x'\n  In Collection: RegNetY\n-->\n")
    assert text[model:].count("In Collection: RegNetY") == 12
    for verdicts in (alone, broken):
        assert verdicts[None, "collection_name"].status is Status.NOT_RUN
