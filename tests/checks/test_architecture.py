"""A list of building blocks claims what it lists: false tags fail, omissions do not, goodwill explains."""

import pytest

from harness.verdict import Fact, Status, Table, Verdict
from tests.conftest import judged

PASS, EXPLAINED, FAIL, UNCHECKED = Status.PASS, Status.EXPLAINED, Status.FAIL, Status.UNCHECKED


def verdict(model: str, tags: str) -> Verdict:
    lines = ["<!--", "Type: model-index", "Models:", f"- Name: {model}", "  Metadata:", "    Architecture:"]
    lines += [f"    - {tag}" for tag in tags.split(", ")]
    text = "\n".join([*lines, "-->", ""])
    return judged(text, select=lambda claim: claim.kind == "architecture")[model, "architecture"]


@pytest.mark.parametrize(
    ("model", "tags", "status", "words"),
    [
        # A false tag, and the nearest true one.
        ("mobilenetv2_100", "Convolution, Max Pooling", FAIL, "Max Pooling (the maximum of"),
        ("resnet18", "Convolution, Max Pooling", PASS, ""),
        ("resnet18", "Bottleneck Residual Block", FAIL, "is listed and not in the network"),
        ("resnet18", "Residual Block, Residual Connection", PASS, ""),
        ("resnet26", "Residual Block, Bottleneck Residual Block", PASS, ""),
        ("dla34", "DLA Bottleneck Residual Block", FAIL, "deep layer aggregation"),
        ("dla46_c", "DLA Bottleneck Residual Block, DLA Residual Block", PASS, ""),
        ("resnet26", "ResNeXt Block", FAIL, "grouped convolution"),
        ("resnext50_32x4d", "ResNeXt Block", PASS, ""),
        ("efficientnet_lite0", "ResNeXt Block", UNCHECKED, "does not prove its absence"),
        ("resnet26", "DLA Bottleneck Residual Block", UNCHECKED, "does not prove its absence"),
        ("nf_resnet50", "Weight Standardization", PASS, ""),
        ("nf_resnet50", "Batch Normalization", UNCHECKED, "does not prove its absence"),
        ("efficientnet_lite0", "Squeeze-and-Excitation Block", FAIL, "channels scaled"),
        ("efficientnet_lite0", "Swish", FAIL, "Swish (a value times"),
        ("efficientnet_b0", "Squeeze-and-Excitation Block, Swish, Sigmoid Activation", PASS, ""),
        # Names of their own.
        ("cspresnet50", "ReLU", FAIL, "max(0, x)"),
        ("cspresnet50", "Leaky ReLU", PASS, ""),
        ("ecaresnetlight", "Efficient Channel Attention", PASS, ""),
        ("regnety_002", "Efficient Channel Attention", UNCHECKED, "does not prove its absence"),
        ("regnetx_002", "Efficient Channel Attention", FAIL, "one-dimensional"),
        # Tags in a wider sense.
        ("ecaresnetlight", "Squeeze-and-Excitation Block", EXPLAINED, "efficient channel attention"),
        ("mobilenetv2_100", "ReLU", EXPLAINED, "with maximum 6"),
        ("mobilenetv2_100", "RELU6", PASS, ""),
        ("mobilenetv2_100", "Average Pooling", PASS, ""),
        ("efficientnet_lite0", "Dropout", EXPLAINED, "acts in training only"),
        ("inception_v3", "Auxiliary Classifier, Inception-v3 Module", EXPLAINED, "acts in training only"),
        # A 1×1 convolution that classifies is a dense layer.
        ("dpn68", "Dense Connections, DPN Block", PASS, ""),
        ("vgg11", "Dense Connections, Dropout, Softmax", PASS, ""),
        ("vgg11", "Residual Connection", FAIL, "added to its output"),
        ("vgg11", "Weight Standardization", UNCHECKED, "does not prove its absence"),
        # Pages of OpenMMLab name the whole network.
        ("vgg11", "VGG", PASS, ""),
        ("vgg11", "ResNet", UNCHECKED, "not a list of building blocks"),
        ("vgg11", "Convolution, Quantum Layer", UNCHECKED, "No definition exists for Quantum Layer."),
    ],
)
def test_tags_as_the_field_uses_them(model: str, tags: str, status: Status, words: str) -> None:
    found = verdict(model, tags)
    assert found.status is status, found.reason
    assert words in found.reason


def test_an_omission_is_a_note_and_no_correction() -> None:
    found = verdict("regnetx_002", "Convolution, Depthwise Convolution, Batch Normalization")
    assert (found.status, found.difference) == (FAIL, "-Depthwise Convolution")
    assert found.correction == ("Convolution", "Batch Normalization")
    assert found.remedy == "remove Depthwise Convolution"
    note = found.find("not_listed")
    assert isinstance(note, Fact)
    assert {"ReLU", "Residual Connection", "Dense Connections"} <= set(note.values)
    listed = found.find("listed")
    assert isinstance(listed, Table)
    assert dict(zip(listed.column("component"), listed.column("times"), strict=True))["Depthwise Convolution"] == 0


def test_a_tag_includes_its_parts() -> None:
    """Squeeze-and-excitation has a sigmoid, and a residual block a residual connection: no note."""
    tags = "1x1 Convolution, Batch Normalization, Convolution, Dense Connections, Global Average Pooling, ReLU"
    found = verdict("regnety_002", f"{tags}, Squeeze-and-Excitation Block, ResNeXt Block")
    assert (found.status, found.find("not_listed")) == (PASS, None)


def test_the_list_of_a_collection_describes_the_family() -> None:
    """SparK's collection lists the GELU of its ConvNeXts (mmpretrain 1.2.0, configs/spark/metafile.yml)."""
    page = """<!--
Type: model-index
Collections:
- {Name: Family, Metadata: {Architecture: [GELU, Max Pooling, ReLU6, Convolution]}}
Models:
- {Name: vit_tiny_patch16_224, In Collection: Family, Metadata: {Architecture: [GELU, Hard Swish]}}
- {Name: resnet18, In Collection: Family}
-->
"""
    found = judged(page, select=lambda claim: claim.kind == "architecture")
    family, own = found["resnet18", "architecture"], found["vit_tiny_patch16_224", "architecture"]
    assert (family.status, family.difference) == (FAIL, "-ReLU6")
    assert "GELU is not in the network; the list is that of the collection" in family.reason
    assert (own.status, own.difference) == (FAIL, "-ReLU6, -Hard Swish")
    unbuilt = page.replace("vit_tiny_patch16_224", "spark_sparse_convnext")
    assert (
        judged(unbuilt, select=lambda claim: claim.model == "resnet18")["resnet18", "architecture"].status is UNCHECKED
    )
