"""Layers: any usual count passes; only an impossible number fails."""

import pytest

from harness.verdict import Status
from tests.conftest import verdicts_on


@pytest.mark.parametrize(
    ("model", "layers", "status"),
    [
        ("resnet18", "18", Status.PASS),
        ("densenet121", "121", Status.PASS),
        # Without the classifier.
        ("resnet18", "17", Status.PASS),
        # All convolutions and linear layers, with those of the shortcuts.
        ("resnet18", "21", Status.PASS),
        # Eight blocks, or anything else that is countable: unknown is not false.
        ("resnet18", "8", Status.NOT_RUN),
        ("resnet18", "1800", Status.FAIL),
    ],
)
def test_counts_of_layers(model: str, layers: str, status: Status) -> None:
    text = f"<!--\nType: model-index\nModels:\n- Name: {model}\n  Metadata:\n    Layers: {layers}\n-->\n"
    (verdict,) = verdicts_on(text, select=lambda claim: claim.kind == "layers")
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    ("model", "layers", "status"),
    [
        ("resnet50d", "50", Status.PASS),  # a stem of three convolutions
        ("seresnet50", "50", Status.PASS),  # two small layers in each squeeze-and-excitation
        ("dla34", "34", Status.PASS),
        ("dla34", "32", Status.NOT_RUN),  # pooling after three layers, but no deep stem
        ("hrnet_w18_small", "18", Status.NOT_RUN),  # its width
    ],
)
def test_counts_of_layers_of_timm(model: str, layers: str, status: Status) -> None:
    pytest.importorskip("timm")
    test_counts_of_layers(model, layers, status)
