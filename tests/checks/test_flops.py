"""Declared FLOPs of published pages are explained by a named convention; others fail only if that is proven.

The declared numbers are those of huggingface/pytorch-image-models, hfdocs/source/models/*.mdx, and of
open-mmlab/mmpretrain, configs/*/metafile.yml.
"""

from pathlib import Path

import pytest
from torch import nn

from harness.checks.shared.sibling_counts import mistyped
from harness.project.resources import Resources
from harness.verdict import Status, Table, Verdict
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
        # Its leaky ReLUs are layers, or part of its batch norms.
        ("cspresnet50", 5924992000, 256, "thop+leaky-relu@256x326"),
        ("tresnet_m", 5733048064, 224, "thop@224x224"),
        # Of its convolutions, thop knows only the classifier; it counts twice, after a failed pass.
        ("resnetv2_50x1_bitm", 5330896, 480, "2*thop@480x611"),
        ("vit_base_patch16_224", 67394605056, 224, "4*thop+bn+linear@224x224"),
        # The weights of its experts' mixtures come from linear layers.
        ("tf_efficientnet_cc_b0_8e", 224158524, 224, "thop+bn@224x285"),
    ],
)
def test_a_convention_gives_the_declared_number_to_the_digit(model: str, flops: int, size: int, method: str) -> None:
    found = verdict(model, flops, size)
    assert found.status is Status.EXPLAINED
    assert f"exactly {method}:" in found.reason
    off_by_one = verdict(model, flops + 1, size)
    assert off_by_one.status is Status.NOT_RUN
    nearest = off_by_one.find("nearest")
    assert isinstance(nearest, Table)
    assert nearest.rows[0] == (method, flops, "-1")


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
    # With an assumed size, no number is impossible.
    false = flops * 20
    assert (verdict(model, false, None).status, verdict(model, false, 224).status) == (Status.NOT_RUN, Status.FAIL)


REGNETX = {"regnetx_002": 255276032, "regnetx_004": 510619136, "regnetx_006": 771659136}
DENSENETS = {"densenet121": 3641843200, "densenet169": 4316945792, "densenetblur121d": 3947812864}


def on_page(declared: dict[str, int], model: str, more: str = "") -> Verdict:
    """The verdict on the FLOPs of one model of a page with these models; `more` is metadata of that model."""
    lines = ["<!--", "Type: model-index", "Models:"]
    for name, flops in declared.items():
        lines += [f"- Name: {name}", "  Metadata:", f"    FLOPs: {flops}"]
        lines += [f"    {more if name == model and more else 'Image Size: 224'}"]
    verdicts = judged("\n".join([*lines, "-->", ""]), select=lambda claim: claim.model == model)
    return verdicts[model, "flops"]


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param(255276033, id="one digit"),
        pytest.param(255276023, id="two digits exchanged"),
        pytest.param(25527032, id="a digit missing"),
        pytest.param(268039833, id="5% more"),
        pytest.param(510619136, id="the number of another model"),
    ],
)
def test_a_number_that_breaks_the_rule_of_the_other_models_fails(declared: int) -> None:
    found = on_page(REGNETX | {"regnetx_002": declared}, "regnetx_002")
    assert (found.status, found.correction, found.method) == (Status.FAIL, ("255276032",), "thop@224x285")
    assert found.reason.startswith("thop for the sample image dog.jpg explains 2 other models of the page")


def test_mistyped_multiply_adds_are_corrected_to_themselves() -> None:
    found = on_page(REGNETX | {"regnetx_002": 199039873}, "regnetx_002")
    assert (found.status, found.correction, found.measured) == (Status.FAIL, ("199039872",), "255276032")


@pytest.mark.parametrize(
    ("page", "model"),
    [
        pytest.param({"regnetx_004": 510619136, "regnetx_002": 255276033}, "regnetx_002", id="one sibling"),
        pytest.param(
            {"densenet121": 3641843200, "tv_densenet121": 3641843200, "densenet169": 4316945892},
            "densenet169",
            id="siblings with one number",
        ),
        pytest.param(REGNETX | {"regnetx_004": 400134144, "regnetx_002": 255276033}, "regnetx_002", id="two rules"),
        pytest.param(REGNETX | {"regnetx_002": 255000000}, "regnetx_002", id="rounded"),
        pytest.param(DENSENETS | {"densenetblur121d": 4145203507}, "densenetblur121d", id="a layer of its own"),
    ],
)
def test_an_unknown_number_that_other_models_do_not_disprove_is_not_false(page: dict[str, int], model: str) -> None:
    found = on_page(page, model)
    assert found.status is Status.NOT_RUN
    assert found.reason.startswith("Not reproduced by any of ")
    assert found.find("nearest")


def test_a_mistyped_digit_fails_whatever_layers_the_network_has() -> None:
    found = on_page(DENSENETS | {"densenetblur121d": 3947813864}, "densenetblur121d")
    assert (found.status, found.correction) == (Status.FAIL, ("3947812864",))


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        pytest.param(255776032, Status.FAIL, id="one digit"),
        pytest.param(255276132, Status.NOT_RUN, id="a digit that a detail can explain"),
        # A linear layer of 368 inputs takes 368000 multiply-adds: not one digit.
        pytest.param(255276032 + 368000, Status.NOT_RUN, id="a layer"),
        pytest.param(265286032, Status.NOT_RUN, id="two digits"),
    ],
)
def test_a_mistyped_digit_of_a_model_alone_on_its_page(declared: int, status: Status) -> None:
    found = on_page({"regnetx_002": declared}, "regnetx_002")
    assert (found.status, found.correction) == (status, ("255276032",) if status is Status.FAIL else ())


def build(_: str) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 300, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(300, 1000))


@pytest.mark.parametrize(("more", "status"), [(600000, Status.NOT_RUN), (500000, Status.FAIL)])
def test_a_digit_that_one_operation_takes_is_no_typing_error(more: int, status: Status) -> None:
    """The classifier takes 300000 multiply-adds, which a convention may count as 600000."""
    declared = 222 * 222 * 300 * (27 + 1) + (222 * 222 + 1) * 300 + more
    text = f"Models: [{{Name: net, Metadata: {{FLOPs: {declared}, Image Size: 224}}}}]"
    resources = Resources(builders=(("net", f"{__name__}:build"),), run_builders=True, root=Path(__file__).parents[2])
    assert judged(f"<!--\nType: model-index\n{text}\n-->\n", resources)["net", "flops"].status is status


def test_a_mistyped_digit_among_repeated_counts_fails() -> None:
    """thop counts more than once after failed passes: here three, four and two times."""
    declared = {"vit_tiny_patch16_224": 3 * 1074888960, "vit_base_patch16_224": 67394605056}
    found = on_page(declared | {"vit_small_patch16_224": 2 * 4241293824 + 1}, "vit_small_patch16_224")
    assert (found.status, found.correction) == (Status.FAIL, (str(2 * 4241293824),))
    unknown = on_page(declared | {"vit_small_patch16_224": 2 * 4241293824 + 123}, "vit_small_patch16_224")
    assert unknown.status is Status.NOT_RUN


def test_the_flops_of_another_network_prove_nothing() -> None:
    """A library can build another network than the page describes."""
    wrong = REGNETX | {"regnetx_002": 255276033}
    described = on_page(wrong, "regnetx_002", "Parameters: 2684792\n    Image Size: 224")
    another = on_page(wrong, "regnetx_002", "Parameters: 19340000\n    Image Size: 224")
    assert (described.status, another.status) == (Status.FAIL, Status.NOT_RUN)


def test_flops_of_another_image_size_name_both_claims() -> None:
    found = on_page(REGNETX, "regnetx_002", "Image Size: 256")
    assert (found.status, found.correction) == (Status.FAIL, ())
    assert found.reason.endswith("thop@224x285 does: the FLOPs or the Image Size, 256x256, is false.")


@pytest.mark.parametrize(
    ("declared", "status"),
    [(399028160 // 6, Status.FAIL), (199514080 * 12, Status.FAIL), (299000001, Status.NOT_RUN)],
)
def test_a_number_that_no_convention_can_give_fails(declared: int, status: Status) -> None:
    """regnety_002 takes 199514080 multiply-adds."""
    found = verdict("regnety_002", declared)
    assert found.status is status
    assert found.correction == (("199514080",) if status is Status.FAIL else ())


@pytest.mark.parametrize(
    ("wrong", "right", "expected"),
    [
        (255754237, 255754236, True),
        (255754263, 255754236, True),
        (25575423, 255754236, True),
        (2557542366, 255754236, True),
        (255754236, 255754236, False),
        (255755336, 255754236, False),
        (255, 255754236, False),
    ],
)
def test_mistyped_numbers(wrong: int, right: int, *, expected: bool) -> None:
    assert mistyped(wrong, right) is expected


def test_an_undeclared_size_explains_and_does_not_pass() -> None:
    declared = verdict("regnetx_002", 198671872 + 368000)
    assumed = verdict("regnetx_002", 198671872 + 368000, None)
    assert (declared.status, assumed.status) == (Status.PASS, Status.EXPLAINED)
    assert "224×224 (assumed: the page declares no image size)" in assumed.reason


def test_an_image_size_that_the_network_does_not_take_is_not_counted() -> None:
    found = verdict("vit_tiny_patch16_224", 1000, 100)
    assert found.status is Status.NOT_RUN
    assert "takes no image of 100×100" in found.reason
    # The network's own size is known.
    assert verdict("vit_tiny_patch16_224", 1000, None).status is Status.FAIL
