"""Which collection a model is in: a name convicts nobody, the models named alike do."""

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
        # `levit` of `mae-style_vit`, and `resnet` of `cspresnet`, name no family of theirs.
        ("mae-style_vit-base-p16", "EVA", Status.UNCHECKED),
        ("cspresnet50_8xb32_in1k", "CSPNet", Status.UNCHECKED),
        ("regnety_002", "RegNet", Status.UNCHECKED),
    ],
)
def test_a_name_alone_calls_no_collection_false(name: str, collection: str, status: Status) -> None:
    assert _statuses((name, collection)) == [status]


def test_a_model_that_is_not_where_those_named_alike_are_is_called_false() -> None:
    astray = ("regnety_006", "RegNet")
    found = _statuses(("regnety_002", "RegNetY"), ("regnety_004", "RegNetY"), astray)
    assert found == [Status.PASS, Status.PASS, Status.FAIL]


def test_a_collection_has_the_models_that_name_it_among_others() -> None:
    text = "Type: model-index\nCollections: [{Name: A}, {Name: B}]\nModels: [{Name: c, In Collection: [A, B]}]\n"
    verdict = judged(f"<!--\n{text}-->\n", select=lambda claim: claim.kind == "collection_name")
    assert verdict[None, "collection_name"].status is Status.PASS
