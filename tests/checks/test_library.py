"""What timm and torchvision know about a page's weights, and what their own evaluations decide."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.project import references
from harness.project.resources import Resources
from harness.project.timm_tables import old_weights, timm_evaluations
from harness.verdict import Status, Verdict
from harness.zoo.library_weights import shipped_weights
from harness.zoo.timm_models import timm_version
from harness.zoo.torchvision_models import torchvision_version
from tests.conftest import Key, judged

RELEASES = "https://github.com/rwightman/pytorch-image-models/releases/download"
INCEPTION = f"{RELEASES}/v0.1-cadene/inceptionv4-8e4777a0.pth"
CSP = f"{RELEASES}/v0.1-weights/cspresnext50_ra_224-648b4713.pth"
CONDITIONS = ("image_size", "crop_pct", "interpolation")


def page(  # noqa: PLR0913, PLR0917 - what a page declares
    model: str = "inception_v4",
    weights: str = INCEPTION,
    conditions: tuple[str, str, str] = ("299", "0.875", "bicubic"),
    data: str = "ImageNet",
    accuracy: tuple[str, str] = ("80.15%", "94.98%"),
    dataset: str = "ImageNet",
) -> str:
    size, crop, interpolation = conditions
    return f"""<!--
Type: model-index
Models:
- Name: {model}
  Metadata:
    Training Data: [{data}]
    Image Size: '{size}'
    Crop Pct: '{crop}'
    Interpolation: {interpolation}
  Weights: {weights}
  Results:
  - Task: Image Classification
    Dataset: {dataset}
    Metrics:
      Top 1 Accuracy: {accuracy[0]}
      Top 5 Accuracy: {accuracy[1]}
-->
"""


def verdicts(text: str, *kinds: str, resources: Resources | None = None) -> dict[Key, Verdict]:
    return judged(text, resources, select=lambda claim: claim.kind in kinds)


def statuses(text: str, *kinds: str, resources: Resources | None = None) -> list[Status]:
    return [verdict.status for verdict in verdicts(text, *kinds, resources=resources).values()]


def test_the_tables_are_complete() -> None:
    assert len(timm_evaluations()["inception_v4.tf_in1k"]) == 1
    assert sum(map(len, timm_evaluations().values())) == 1556
    assert len({row.url for row in old_weights()}) > 700


def test_conditions_pass_if_the_library_has_them_for_these_weights() -> None:
    found = verdicts(page(), *CONDITIONS)
    assert {verdict.status for verdict in found.values()} == {Status.PASS}
    assert {verdict.method for verdict in found.values()} == {"timm 0.3.4, inception_v4.tf_in1k"}


@pytest.mark.parametrize("weights", ["https://example.org/inception_v4.pth", "https://example.org/other-01234567.pth"])
def test_the_name_of_a_model_does_not_identify_weights(weights: str) -> None:
    assert set(statuses(page(weights=weights), *CONDITIONS, "training_data")) == {Status.NOT_RUN}


def test_weights_are_identified_by_their_digits_and_the_new_address() -> None:
    assert shipped_weights("https://example.org/mirror/copy-8e4777a0.pth")[0].match("x/copy-8e4777a0.pth")
    assert shipped_weights(INCEPTION.replace("rwightman", "huggingface"))[0].name == "inception_v4.tf_in1k"
    assert not shipped_weights("https://example.org/mirror/copy-8e4777a1.pth")


def test_a_rounded_crop_agrees_only_to_three_decimals() -> None:
    weights = f"{RELEASES}/v0.1-weights/inception_resnet_v2-940b1cd6.pth"
    for crop, status in [("0.897", Status.PASS), ("0.898", Status.PASS), ("0.9", Status.NOT_RUN)]:
        text = page("inception_resnet_v2", weights, ("299", crop, "bicubic"), accuracy=("80.4%", "95.3%"))
        assert statuses(text, "crop_pct") == [status], crop


def test_other_conditions_fail_only_if_the_accuracy_is_that_of_the_librarys() -> None:
    """80.144% and 94.982% were published with crop 0.875."""
    wrong = verdicts(page(conditions=("299", "0.9", "bicubic"), accuracy=("80.14%", "94.98%")), *CONDITIONS)
    assert [wrong["inception_v4", kind].status for kind in CONDITIONS] == [Status.PASS, Status.FAIL, Status.PASS]
    assert wrong["inception_v4", "crop_pct"].correction == ("0.875",)
    other = page(conditions=("299", "0.9", "bicubic"), accuracy=("80.20%", "95.03%"))
    assert statuses(other, "crop_pct") == [Status.NOT_RUN]
    rounded = page(conditions=("299", "0.9", "bicubic"), accuracy=("80%", "95%"))
    assert statuses(rounded, "crop_pct") == [Status.NOT_RUN]


@pytest.mark.parametrize(
    ("accuracy", "status"),
    [("80.44%", Status.NOT_RUN), ("80.46%", Status.FAIL), ("79.83%", Status.FAIL), ("1.01%", Status.FAIL)],
)
def test_accuracy_farther_from_the_published_one_than_reruns(accuracy: str, status: Status) -> None:
    assert statuses(page(accuracy=(accuracy, "94.98%")), "top_1_accuracy") == [status]


@pytest.mark.parametrize(("accuracy", "status"), [("77.28%", Status.NOT_RUN), ("77.62%", Status.FAIL)])
def test_tensorflows_preprocessing_is_no_declared_condition(accuracy: str, status: Status) -> None:
    weights = f"{RELEASES}/v0.1-weights/tf_efficientnet_es-ca1afbfe.pth"
    text = page("tf_efficientnet_es", weights, ("224", "0.875", "bicubic"), accuracy=(accuracy, "93.6%"))
    assert statuses(text, "top_1_accuracy") == [status]


@pytest.mark.parametrize(
    ("size", "accuracy", "status"),
    [("320", "70.2%", Status.NOT_RUN), ("320", "69%", Status.FAIL), ("128", "20%", Status.NOT_RUN)],
)
def test_accuracy_under_other_conditions(size: str, accuracy: str, status: Status) -> None:
    text = page(conditions=(size, "0.875", "bicubic"), accuracy=(accuracy, "89.4%"))
    assert statuses(text, "top_1_accuracy") == [status]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ("ImageNet, JFT-300M", Status.FAIL),  # the released weights are BiT-M: ImageNet-21k
        ("ImageNet-21k, ImageNet", Status.PASS),
        ("ImageNet", Status.PASS),  # incomplete, not false
        ("ImageNet, some photographs", Status.NOT_RUN),
    ],
)
def test_training_data_of_weights_with_several_datasets(data: str, status: Status) -> None:
    weights = "https://storage.googleapis.com/bit_models/BiT-M-R50x1-ILSVRC2012.npz"
    assert statuses(page("resnetv2_50x1_bitm", weights, data=data), "training_data") == [status]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ("ImageNet, some photographs", Status.NOT_RUN),  # the name may leave out the first of several
        ("CIFAR-10", Status.FAIL),
        ("ImageNet-1k", Status.PASS),
        ("ILSVRC 2012", Status.PASS),
    ],
)
def test_training_data_of_weights_with_one_dataset(data: str, status: Status) -> None:
    assert statuses(page(data=data), "training_data") == [status]


def test_sets_of_images_from_instagram_share_names() -> None:
    weights = "https://dl.fbaipublicfiles.com/semiweaksupervision/model_files/semi_weakly_supervised_resnext50_32x4-72679e44.pth"
    text = page("swsl_resnext50_32x4d", weights, data="IG-3.5B-17k, ImageNet")
    assert statuses(text, "training_data") == [Status.NOT_RUN]


def test_weights_pass_only_at_the_librarys_own_address() -> None:
    assert statuses(page(), "weights") == [Status.EXPLAINED]
    assert statuses(page(weights=INCEPTION.replace("rwightman", "huggingface")), "weights") == [Status.EXPLAINED]
    assert statuses(page(weights="https://example.org/inceptionv4-8e4777a0.pth"), "weights") == [Status.NOT_RUN]


def test_weights_of_another_network() -> None:
    pytest.importorskip("timm")
    file = f"{RELEASES}/v0.1-weights/efficientnet_b3_ra2-cf984f9c.pth"
    wrong = page("efficientnet_b2a", file, ("288", "1.0", "bicubic"), accuracy=("80.61%", "95.32%"))
    found = verdicts(wrong, "weights", *CONDITIONS)
    assert found["efficientnet_b2a", "weights"].status is Status.FAIL
    assert {found["efficientnet_b2a", kind].status for kind in CONDITIONS} == {Status.NOT_RUN}
    assert statuses(wrong.replace("efficientnet_b2a", "efficientnet_b3a"), "weights") == [Status.EXPLAINED]
    # Other weights of the same network fit it.
    same = page("efficientnet_b0", f"{RELEASES}/v0.1-weights/tf_efficientnet_b0_ns-c0e6a31c.pth")
    assert statuses(same, "weights") == [Status.NOT_RUN]


@pytest.mark.parametrize(
    ("model", "file", "status"),
    [
        ("resnet34", "resnet34-b627a593.pth", Status.EXPLAINED),
        ("resnet34", "resnet18-f37072fd.pth", Status.FAIL),
        ("convnext_small", "convnext_tiny-983f1562.pth", Status.FAIL),
        # timm's name of the same network, and a name that says nothing of torchvision's.
        ("tv_resnet34", "resnet34-b627a593.pth", Status.EXPLAINED),
        ("tv_resnet34", "resnet18-f37072fd.pth", Status.NOT_RUN),
    ],
)
def test_weights_of_another_network_of_torchvision(model: str, file: str, status: Status) -> None:
    text = page(model, f"https://download.pytorch.org/models/{file}")
    resources = Resources(torchvision=torchvision_version())
    assert statuses(text, "weights", resources=resources) == [status]


@pytest.mark.parametrize(
    ("top_1", "status"), [("81.474%", Status.NOT_RUN), ("80.9%", Status.NOT_RUN), ("18.474%", Status.FAIL)]
)
def test_torchvisions_own_accuracy(top_1: str, status: Status) -> None:
    text = page("swin_t", "https://download.pytorch.org/models/swin_t-704ceda3.pth", accuracy=(top_1, "95.776%"))
    text = text.replace("    Image Size: '299'\n", "    Image Size: '224'\n")
    found = verdicts(text, "top_1_accuracy", "top_5_accuracy", resources=Resources(torchvision=torchvision_version()))
    assert found["swin_t", "top_1_accuracy"].status is status
    assert found["swin_t", "top_5_accuracy"].status is Status.NOT_RUN
    if status is Status.FAIL:
        assert found["swin_t", "top_1_accuracy"].method == "published evaluation, torchvision, swin_t.IMAGENET1K_V1"


def test_dataset_of_a_published_accuracy() -> None:
    pytest.importorskip("timm")
    assert statuses(page(), "dataset") == [Status.PASS]
    assert statuses(page(dataset="CIFAR-10", accuracy=("80.14%", "94.98%")), "dataset") == [Status.FAIL]
    assert statuses(page(dataset="CIFAR-10", accuracy=("97.1%", "99.9%")), "dataset") == [Status.NOT_RUN]


def test_the_installed_timm_knows_weights_of_later_releases() -> None:
    pytest.importorskip("timm")
    weights = "https://huggingface.co/timm/convnextv2_atto.fcmae_ft_in1k"
    text = page("convnextv2_atto.fcmae_ft_in1k", weights, ("224", "0.875", "bicubic"))
    assert set(statuses(text, *CONDITIONS)) == {Status.NOT_RUN}
    found = verdicts(text, *CONDITIONS, "training_data", resources=Resources(timm=timm_version()))
    assert {verdict.status for verdict in found.values()} == {Status.PASS}
    assert found["convnextv2_atto.fcmae_ft_in1k", "crop_pct"].method == (
        f"timm {timm_version()}, convnextv2_atto.fcmae_ft_in1k"
    )


def test_create_model_compares_the_names_of_the_weights() -> None:
    pytest.importorskip("timm")
    resources = Resources(timm=timm_version())
    code = "```python\nmodel = timm.create_model('NAME', pretrained=True)\n```\n"
    file = f"{RELEASES}/v0.1-hrnet/hrnetv2_w18-8cb57bb9.pth"
    for model, weights, status in [("inception_v4", INCEPTION, Status.PASS), ("hrnet_w18", file, Status.FAIL)]:
        text = code.replace("NAME", model) + page(model, weights)
        assert statuses(text, "create_model", resources=resources) == [status]


def test_torchvisions_metadata() -> None:
    weights = "https://download.pytorch.org/models/vgg11-8a719046.pth"
    text = page("vgg11", weights, ("224", "0.875", "bilinear"))
    resources = Resources(torchvision=torchvision_version())
    found = verdicts(text, *CONDITIONS, "dataset", "weights", resources=resources)
    assert found.pop(("vgg11", "weights")).status is Status.EXPLAINED
    assert {verdict.status for verdict in found.values()} == {Status.PASS}
    source = f"torchvision {torchvision_version()}, vgg11.IMAGENET1K_V1"
    assert {verdict.method for verdict in found.values()} == {source, "published evaluations, forward pass"}
    assert set(statuses(text, *CONDITIONS)) == {Status.NOT_RUN}


def test_known_weights_import_no_library() -> None:
    program = f"""
import json, sys
from harness.zoo.library_weights import shipped_weights
assert shipped_weights({INCEPTION!r})
print(json.dumps(sorted({{"timm", "torch", "torchvision"}} & set(sys.modules))))
"""
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert json.loads(output) == []


def test_conditions_of_two_configurations_are_not_mixed() -> None:
    """timm has 224 crop 0.875 and 288 crop 1.0 for these weights: either the size or the crop is another."""
    weights = f"{RELEASES}/v0.1-regnet/regnety_032_ra-7f2439f9.pth"
    text = page("regnety_032", weights, ("224", "1.0", "bicubic"), accuracy=("81.0%", "95.0%"))
    assert statuses(text, *CONDITIONS) == [Status.NOT_RUN, Status.NOT_RUN, Status.PASS]


def test_the_digest_of_the_references_covers_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cached verdicts depend on it."""
    monkeypatch.setattr(references, "SHIPPED", tmp_path)
    before = references.load_references([]).digest
    (tmp_path / "table.csv").write_text("url,model\n")
    assert references.load_references([]).digest != before
