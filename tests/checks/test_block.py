"""Blocks that the prose names: false only if the text says that the models have them and none has."""

import pytest

from harness.verdict import Status
from tests.conftest import judged

SQUEEZE = "[squeeze-and-excitation blocks](https://example.org/method/squeeze-and-excitation-block)"
RESNEXT = "[building block](https://example.org/method/resnext-block)"


@pytest.mark.parametrize(
    ("sentence", "models", "status"),
    [
        (f"A net that employs {SQUEEZE}.", ("regnety_002", "regnety_004"), Status.PASS),
        (f"A net that employs {SQUEEZE}.", ("regnety_002", "regnetx_002"), Status.EXPLAINED),
        (f"A **RegNet** is a net that employs {SQUEEZE}.", ("regnetx_002", "regnetx_004"), Status.FAIL),
        (f"A regnetx_002 employs {SQUEEZE}, which were removed later.", ("regnetx_002",), Status.UNCHECKED),
        (f"A **SENet** is a net that employs {SQUEEZE}.", ("regnetx_002", "regnetx_004"), Status.UNCHECKED),
        (f"It is more suitable by introducing ReLU6 and removing {SQUEEZE}.", ("regnetx_002",), None),
        (f"A unit based on {SQUEEZE} that reduces complexity.", ("regnetx_002",), Status.UNCHECKED),
        (f"Another net has {SQUEEZE}.", ("regnetx_002",), Status.UNCHECKED),
        (f"It repeats a {RESNEXT}.", ("regnetx_002",), Status.PASS),
        (f"A VGG11 repeats a {RESNEXT}.", ("vgg11",), Status.FAIL),
        ("It repeats a [building block](https://example.org/x).", ("vgg11",), None),
        ("regnetx_002 stacks [MBConv blocks](https://example.org).", ("regnetx_002",), Status.FAIL),
        ("It stacks [MBConv blocks](https://example.org).", ("mobilenetv2_100",), Status.PASS),
        ("It stacks Split-Attention blocks.", ("regnety_002",), Status.UNCHECKED),
        ("It stacks [Quantum blocks](https://example.org).", ("vgg11",), Status.UNCHECKED),
    ],
)
def test_a_named_block(sentence: str, models: tuple[str, ...], status: Status | None) -> None:
    entries = "\n".join(f"- Name: {model}" for model in models)
    text = f"# Nets\n\nNo other text. {sentence}\n\n<!--\nType: model-index\nModels:\n{entries}\n-->\n"
    found = judged(text, select=lambda claim: claim.kind == "block").get((None, "block"))
    assert (found.status if found else None) is status, found


def test_the_models_without_the_block_are_evidence() -> None:
    text = f"It uses {SQUEEZE}.\n<!--\nType: model-index\nModels:\n- Name: regnety_002\n- Name: regnetx_002\n-->\n"
    found = judged(text, select=lambda claim: claim.kind == "block")[None, "block"]
    assert found.reason == "1 of 2 networks has one. Without one: regnetx_002."
