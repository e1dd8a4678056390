"""The collection of a model is judged by its own name and by similarly named models."""

import pytest

from harness.verdict import Status
from tests.conftest import judged

_COLLECTIONS = ("RegNet", "RegNetY", "ResNet", "EVA", "BEiT", "LeViT", "CSPNet", "Mixup")


def _statuses(*models: tuple[str, str]) -> list[Status]:
    text = "".join(f"- Name: {name}\n" for name in _COLLECTIONS)
    text = f"<!--\nType: model-index\nCollections:\n{text}Models:\n"
    text += "".join(f"- Name: {name}\n  In Collection: {collection}\n" for name, collection in models) + "-->\n"
    found = judged(text, select=lambda claim: claim.kind == "in_collection")
    return [found[name, "in_collection"].status for name, _ in models]


@pytest.mark.parametrize(
    ("name", "collection", "status"),
    [
        ("regnety_002", "RegNetY", Status.PASS),
        ("beit-l-p14_eva-pre_in1k", "EVA", Status.PASS),
        ("resnet50_mixup", "[ResNet, Mixup]", Status.PASS),
        # `levit` in `mae-style_vit` and `resnet` in `cspresnet` are not the family of these models.
        ("mae-style_vit-base-p16", "EVA", Status.UNCHECKED),
        ("cspresnet50_8xb32_in1k", "CSPNet", Status.UNCHECKED),
        ("regnety_002", "RegNet", Status.UNCHECKED),
    ],
)
def test_a_name_alone_proves_no_collection_wrong(name: str, collection: str, status: Status) -> None:
    assert _statuses((name, collection)) == [status]


def test_models_belong_to_the_only_collection_of_their_page() -> None:
    text = "Type: model-index\nCollections: [{Name: FBNet}]\nModels: [{Name: spnasnet_100, In Collection: FBNet}]\n"
    verdict = judged(f"<!--\n{text}-->\n", select=lambda claim: claim.kind == "in_collection")
    assert verdict["spnasnet_100", "in_collection"].status is Status.PASS


def test_a_collection_that_similarly_named_models_contradict_fails() -> None:
    found = _statuses(("regnety_002", "RegNetY"), ("regnety_004", "RegNetY"), ("regnety_006", "RegNet"))
    assert found == [Status.PASS, Status.PASS, Status.FAIL]


def test_a_collection_contains_models_that_also_name_others() -> None:
    text = "Type: model-index\nCollections: [{Name: A}, {Name: B}]\nModels: [{Name: c, In Collection: [A, B]}]\n"
    verdict = judged(f"<!--\n{text}-->\n", select=lambda claim: claim.kind == "collection_name")
    assert verdict[None, "collection_name"].status is Status.PASS
