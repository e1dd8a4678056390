"""Declared FLOPs of published pages are explained by a named convention or fail.

The declared numbers are those of huggingface/pytorch-image-models, hfdocs/source/models/*.mdx, and of
open-mmlab/mmpretrain, configs/*/metafile.yml.
"""

import pytest

from harness.verdict import Status, Verdict
from tests.conftest import judged


def verdict(model: str, flops: int, size: int | None = 224) -> Verdict:
    lines = ["<!--", "Type: model-index", "Models:", f"- Name: {model}", "  Metadata:", f"    FLOPs: {flops}"]
    lines += [f"    Image Size: {size}"] if size else []
    return judged("\n".join([*lines, "-->", ""]), select=lambda claim: claim.kind == "flops")[model, "flops"]


@pytest.mark.parametrize(
    ("model", "flops", "size", "method"),
    [
        # Its batch norms were timm's own class, and its average poolings torch's.
        ("densenet121", 3641843200, 224, "thop@224x285"),
        # It takes no image of an odd width, and its classifier is a convolution.
        ("dla34", 3070105576, 224, "thop+bn@224x224"),
        ("efficientnet_b1", 909691920, 240, "thop+bn@240x305"),
        ("regnetx_002", 255276032, 224, "thop@224x285"),
        # Same-padded convolutions are of a subclass, and count nothing.
        ("tf_mobilenetv3_small_075", 48457664, 224, "thop+bn@224x285"),
        # Some of its batch norms are torch's.
        ("skresnet34", 4711849952, 224, "thop+torch-bn@224x285"),
        ("resnet50", 4109464576, 224, "fvcore-head@224x224"),
    ],
)
def test_a_convention_gives_the_declared_number_to_the_digit(model: str, flops: int, size: int, method: str) -> None:
    found = verdict(model, flops, size)
    assert found.status is Status.EXPLAINED
    assert f"exactly {method}:" in found.reason
    off_by_one = verdict(model, flops + 1, size)
    assert off_by_one.status is Status.FAIL
    assert off_by_one.measured == found.measured == found.correction[0]


@pytest.mark.parametrize(
    ("model", "flops", "method"),
    [
        ("vgg11_8xb32_in1k", 7630000000, "mmcv@224x224"),
        ("vgg19bn_8xb32_in1k", 19700000000, "mmcv@224x224"),
        ("mobilenet-v2_8xb32_in1k", 319000000, "mmcv-head@224x224"),
    ],
)
def test_a_rounded_number_is_explained_by_conventions_that_round(model: str, flops: int, method: str) -> None:
    found = verdict(model, flops, None)
    assert found.status is Status.EXPLAINED
    assert method in found.reason
    assert "224×224 (assumed: the page declares no image size)" in found.reason
    # With an assumed size, no number fails.
    false = flops * 2 + 10**9
    assert (verdict(model, false, None).status, verdict(model, false, 224).status) == (Status.NOT_RUN, Status.FAIL)


def test_an_undeclared_size_explains_and_does_not_pass() -> None:
    declared = verdict("regnetx_002", 198671872 + 368000)
    assumed = verdict("regnetx_002", 198671872 + 368000, None)
    assert (declared.status, assumed.status) == (Status.PASS, Status.EXPLAINED)
    assert "224×224 (assumed: the page declares no image size)" in assumed.reason


def test_an_image_size_that_the_network_does_not_take_is_not_counted() -> None:
    found = verdict("vit_tiny_patch16_224", 1000, 100)
    assert found.status is Status.NOT_RUN
    assert "takes no image of 100×100" in found.reason
    assert verdict("vit_tiny_patch16_224", 1000, None).status is Status.FAIL
