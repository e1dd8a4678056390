"""A network that the page does not describe is not what its claims are judged by.

timm 1.0.31 builds resnext101_32x8d for `ig_resnext101_32x16d`. The figures are those of
huggingface/pytorch-image-models, hfdocs/source/models/ig-resnext.mdx.
"""

import pytest

from harness.project.resources import Resources
from harness.verdict import Status, Verdict
from tests.conftest import judged

FIGURES = {"FLOPs": 46623691776, "Parameters": 194030000, "File Size": 777518664}
KINDS = ("name", "parameters", "flops", "file_size", "create_model", "architecture", "layers")


def verdicts(model: str = "ig_resnext101_32x16d", **changed: int | str | None) -> dict[str, Verdict]:
    figures = FIGURES | {name.replace("_", " "): value for name, value in changed.items()}
    page = [f">>> timm.create_model('{model}', pretrained=True)", "<!--", "Type: model-index", "Models:"]
    page += [f"- Name: {model}", "  Metadata:", "    Image Size: 224"]
    page += [f"    {name}: {value}" for name, value in figures.items() if value]
    found = judged("\n".join([*page, "-->", ""]), Resources(timm="1.0.31"), lambda claim: claim.kind in KINDS)
    return {kind: verdict for (_, kind), verdict in found.items()}


def test_the_figures_of_a_page_agree_against_the_network() -> None:
    found = verdicts()
    assert {kind: verdict.status for kind, verdict in found.items()} == {
        "name": Status.NOT_RUN,
        "parameters": Status.NOT_RUN,
        "flops": Status.NOT_RUN,
        "file_size": Status.NOT_RUN,
        "create_model": Status.FAIL,
    }
    for verdict in found.values():
        assert "timm has renamed ig_resnext101_32x16d to resnext101_32x8d" in verdict.reason
        assert "it has 88791336 parameters" in verdict.reason
        assert verdict.reason.startswith("The network that timm ")


def test_a_name_that_timm_gave_to_another_network() -> None:
    """Until 2021, timm's `vit_small_patch16_224` was 768 wide and 8 blocks deep (hfdocs: vision-transformer.mdx)."""
    found = verdicts("vit_small_patch16_224", FLOPs=28236450816, Parameters=48750000, File_Size=195031454)
    assert found.pop("create_model").status is Status.FAIL
    assert {verdict.status for verdict in found.values()} == {Status.NOT_RUN}
    assert "is another one" in found["parameters"].reason


def test_tags_and_layers_are_not_judged_by_another_network() -> None:
    found = verdicts(Architecture="[Tanh Activation]", Layers=5000)
    assert {found["architecture"].status, found["layers"].status} == {Status.NOT_RUN}
    assert "is another one" in found["architecture"].reason
    alone = verdicts(Architecture="[Tanh Activation]", Layers=5000, FLOPs=None, File_Size=None)
    assert {alone["architecture"].status, alone["layers"].status} == {Status.FAIL}


@pytest.mark.parametrize(
    "changed",
    [
        # The file is that of the network.
        {"File_Size": 356056638},
        # The FLOPs are those of the network.
        {"FLOPs": 21180417024},
        # Nothing supports the number of parameters.
        {"FLOPs": None, "File_Size": None},
    ],
)
def test_figures_that_do_not_agree_leave_the_network_alone(changed: dict[str, int | None]) -> None:
    found = verdicts(**changed)
    assert found["parameters"].status is Status.FAIL
    assert found["name"].status is Status.PASS


def test_a_second_library_confirms_the_network() -> None:
    """Both timm and torchvision have a resnet50, so its figures on the page are wrong, even if they agree."""
    found = verdicts("resnet50")
    assert found["parameters"].status is Status.FAIL
    assert found["name"].status is Status.PASS


@pytest.mark.parametrize(
    ("declared", "status", "correction"),
    [
        (8199999, Status.EXPLAINED, "8200000"),  # int(8.2 * 1e6)
        (8200000, Status.PASS, None),
        (8299999, Status.FAIL, "8197096"),
        (8199998, Status.FAIL, "8197096"),
    ],
)
def test_a_number_cut_by_binary_floating_point(declared: int, status: Status, correction: str | None) -> None:
    found = verdicts("tf_efficientnet_lite3", Parameters=declared, FLOPs=None, File_Size=None)["parameters"]
    assert found.status is status
    assert found.correction == ((correction,) if correction else ())
