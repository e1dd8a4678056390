"""Training claims: a recipe decides only about its own weights, and a number may be one by another convention."""

import pytest

from harness.verdict import Status, Verdict
from tests.conftest import judged, page_text, shipped_references, verdicts_on

RELEASES = "https://github.com/rwightman/pytorch-image-models/releases/download"
LEGACY_SE = f"{RELEASES}/v0.1-cadene/se_resnet50-ce0d4300.pth"
MOBILENET_RA = f"{RELEASES}/v0.1-weights/mobilenetv3_large_100_ra-f55367f5.pth"
TORCHVISION = "https://download.pytorch.org/models/resnet50-19c8e357.pth"
TV_RESNEXT = "https://download.pytorch.org/models/resnext50_32x4d-7cdf4587.pth"
TV_DENSENET = "https://download.pytorch.org/models/densenet121-a639ec97.pth"
RESNEST = f"{RELEASES}/v0.1-resnest/resnest50-528c19ca.pth"
BIT_M = "https://storage.googleapis.com/bit_models/BiT-M-R50x1-ILSVRC2012.npz"
IG = "https://download.pytorch.org/models/ig_resnext101_32x8-c38310e5.pth"
RANDAUGMENT = f"{RELEASES}/v0.1-weights/tf_efficientnet_b5_ra-9a3e5369.pth"
REGNETX = f"{RELEASES}/v0.1-regnet/regnetx_320-8ea38b93.pth"


def _judged(weights: str, field: str, value: str) -> Verdict:
    """The verdict on one training field of a model with these weights."""
    model = f"- Name: some_model\n  Weights: {weights}\n  Metadata:\n    {field}: {value}\n"
    text = f"<!--\nType: model-index\nModels:\n{model}-->\n"
    kind = field.lower().replace(" ", "_")
    (verdict,) = verdicts_on(text, select=lambda claim: claim.kind == kind)
    return verdict


@pytest.mark.parametrize(
    ("weights", "field", "value", "status"),
    [
        (LEGACY_SE, "LR", "0.1", Status.PASS),
        (LEGACY_SE, "LR", "0.6", Status.FAIL),
        (RANDAUGMENT, "RMSProp Decay", "about 0.9", Status.NOT_RUN),
        (LEGACY_SE, "Batch Size", "1024", Status.FAIL),
        (LEGACY_SE, "Minibatch Size", "1024", Status.FAIL),
        # 256 images on 8 GPUs.
        (LEGACY_SE, "Batch Size", "32", Status.EXPLAINED),
        (LEGACY_SE, "Batch Size", "64", Status.FAIL),
        (LEGACY_SE, "Epochs", "100", Status.NOT_RUN),
        (TORCHVISION, "Epochs", "90", Status.PASS),
        (TV_RESNEXT, "Epochs", "90", Status.FAIL),
        (TV_RESNEXT, "Epochs", "100", Status.PASS),
        # 256 images on an unknown number of GPUs.
        (TV_DENSENET, "Batch Size", "32", Status.NOT_RUN),
        (TV_DENSENET, "Batch Size", "96", Status.FAIL),
        (TV_DENSENET, "Dropout", "0.2", Status.FAIL),
        # Dropout of 0.2 keeps 0.8.
        (MOBILENET_RA, "Dropout", "0.8", Status.EXPLAINED),
        (MOBILENET_RA, "Dropout", "0.5", Status.FAIL),
        # 0.064 for 1024 images is 0.016 for 256.
        (MOBILENET_RA, "LR", "0.016", Status.EXPLAINED),
        (MOBILENET_RA, "LR", "0.1", Status.FAIL),
        (BIT_M, "Batch Size", "4096", Status.PASS),
        (BIT_M, "Batch Size", "512", Status.PASS),
        (BIT_M, "Batch Size", "1000", Status.FAIL),
        (REGNETX, "Batch Size", "256", Status.PASS),
        (REGNETX, "Batch Size", "512", Status.FAIL),
        (BIT_M, "Training Data", "[ImageNet, ImageNet-21K]", Status.PASS),
        (BIT_M, "Training Data", "[ImageNet, JFT-300M]", Status.FAIL),
        (BIT_M, "Training Data", "[ImageNet, Our Own Photographs]", Status.NOT_RUN),
        (IG, "Training Data", "[IG-3.5B-17k, ImageNet]", Status.FAIL),
        (IG, "Training Data", "[IG-940M-1.5k, ImageNet]", Status.PASS),
        (RANDAUGMENT, "Training Techniques", "[RandAugment, RMSProp]", Status.PASS),
        (RANDAUGMENT, "Training Techniques", "[AutoAugment, RMSProp]", Status.FAIL),
        (RANDAUGMENT, "Training Techniques", "[Gradient Clipping, RMSProp]", Status.NOT_RUN),
        (REGNETX, "Training Techniques", "[Gradient Clipping]", Status.FAIL),
        (TORCHVISION, "Training Resources", "8x NVIDIA V100 GPUs", Status.PASS),
        (TORCHVISION, "Training Resources", "8x GPUs", Status.PASS),
        (TORCHVISION, "Training Resources", "8x Volta GPUs", Status.NOT_RUN),
        (TORCHVISION, "Training Resources", "8x NVIDIA A100 GPUs", Status.FAIL),
        (TORCHVISION, "Training Resources", "4x NVIDIA V100 GPUs", Status.FAIL),
        (RESNEST, "Training Resources", "64x NVIDIA V100 GPUs", Status.NOT_RUN),
    ],
)
def test_a_claim_against_the_published_recipe(weights: str, field: str, value: str, status: Status) -> None:
    verdict = _judged(weights, field, value)
    assert verdict.status is status, verdict.reason


@pytest.mark.parametrize(
    "weights",
    [
        # The folder and the file name decide, not the absent tag alone.
        f"{RELEASES}/v0.1-weights/some_model-12345678.pth",
        "https://example.org/v0.1-regnet/regnety_002-e68ca334.pth",
        f"{RELEASES}/v0.1-regnet/regnety_002_ra-e68ca334.pth",
        "regnety_002-e68ca334.pth",
        f"{RELEASES}/v0.1-weights/se_resnet50-ce0d4300.pth",
        f"{RELEASES}/v0.1-weights/tf_mobilenetv3_small_minimal_100-922a7843.pth",
    ],
)
def test_a_recipe_of_other_weights_decides_nothing(weights: str) -> None:
    verdict = _judged(weights, "Epochs", "100")
    assert verdict.status is Status.NOT_RUN
    assert verdict.reason == "The address of the weights file matches no training recipe in the references."


def test_weights_of_another_model_decide_no_condition() -> None:
    text = page_text().replace(f"{RELEASES}/v0.1-regnet/regnety_002-e68ca334.pth", LEGACY_SE)
    verdict = judged(text, select=lambda claim: claim.kind == "crop_pct")["regnety_002", "crop_pct"]
    assert verdict.reason == "The page names the weights of legacy_seresnet50 (timm 0.3.4, legacy_seresnet50.in1k)."


def test_every_recipe_says_where_it_was_published() -> None:
    references = shipped_references()
    for name, recipe in references.recipes.items():
        assert recipe["sources"], name
        assert set(recipe["sources"]) <= set(references.sources), name
