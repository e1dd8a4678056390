"""Who builds a model: by its library, its own name there or the one it had, the project's builders first."""

from pathlib import Path

import pytest
import timm
import torch
import torchvision

from harness.measure.parameters import parameter_count
from harness.project.references import SHIPPED, load_references
from harness.zoo import Blueprint, UnknownModelError, build, regnet, second, timm_models
from harness.zoo.regnet import REGNETX

REFERENCES = load_references([SHIPPED])


@pytest.mark.parametrize("model", REGNETX)
def test_regnetx_is_timms(model: str) -> None:
    with torch.device("meta"):
        theirs = timm.create_model(model).state_dict()
    network = regnet.build(model)
    ours = {network.published_name(name): tensor.shape for name, tensor in network.module.state_dict().items()}
    assert ours == {name: tensor.shape for name, tensor in theirs.items()}


@pytest.mark.parametrize(
    ("model", "library", "builder"),
    [
        ("regnety_002", None, regnet.BUILDER),
        ("densenet121", None, f"timm {timm.__version__}"),
        ("timm/resnet18.a1_in1k", None, f"timm {timm.__version__}"),
        ("densenet121", "torchvision", "torchvision"),
        ("regnet_y_400mf.IMAGENET1K_V2", None, "torchvision"),
        ("vgg13bn_8xb32_in1k", None, "torchvision"),
    ],
)
def test_who_builds(model: str, library: str | None, builder: str) -> None:
    network = build(Blueprint(model, library, REFERENCES.find_architecture(model)))
    assert network.builder == builder
    assert all(tensor.is_meta for tensor in network.module.state_dict().values())


@pytest.mark.parametrize(
    ("old", "new"),
    [("efficientnet_b2a", "efficientnet_b2"), ("tv_densenet121", "densenet121"), ("vit_base_patch16_224", None)],
)
def test_a_name_that_timm_had_is_the_same_network_with_a_note(old: str, new: str | None) -> None:
    network = build(Blueprint(old))
    assert network.note == (f"timm has renamed {old} to {new}" if new else "")
    assert parameter_count(network) == parameter_count(build(Blueprint(new or old)))
    assert network.image_size == timm.create_model(new or old).pretrained_cfg["input_size"][-1]


@pytest.mark.parametrize("model", ["googlenet", "mobilenet_v2", "swin_t", "vit_b_16", "inception_v3"])
def test_torchvisions_parameters_are_those_of_its_own_metadata(model: str) -> None:
    for weights in torchvision.models.get_model_weights(model):
        network = build(Blueprint(f"{model}.{weights.name}", "torchvision"))
        assert parameter_count(network) == weights.meta["num_params"]


@pytest.mark.parametrize(
    ("blueprint", "told"),
    [
        (Blueprint("no_such_model"), "nothing here builds no_such_model: timm and torchvision have no such model"),
        (Blueprint("resnet50.no_such_tag"), "nothing here builds resnet50.no_such_tag"),
        (Blueprint("swin_t", "timm"), "nothing here builds swin_t: timm has no such model"),
        (Blueprint("bert-base", "transformers"), "the page names the library transformers, and there are builders for"),
        (Blueprint("hf-hub:timm/resnet50"), "nothing here builds hf-hub:timm/resnet50"),
        (Blueprint("fasterrcnn_resnet50_fpn"), "nothing here builds fasterrcnn_resnet50_fpn"),
        (
            Blueprint("resnet18_8xb16_cifar10", None, REFERENCES.find_architecture("resnet18_8xb16_cifar10")),
            "nothing here",
        ),
    ],
)
def test_what_nobody_knows_is_told(blueprint: Blueprint, told: str) -> None:
    with pytest.raises(UnknownModelError, match=told):
        build(blueprint)


def test_without_timm_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm_models, "timm_version", lambda: None)
    build.cache_clear()
    with pytest.raises(UnknownModelError, match=r"dla34, and the package timm is not installed; pip install timm"):
        build(Blueprint("dla34"))
    assert build(Blueprint("densenet161")).builder == "torchvision"


def test_a_second_builder_counts_the_published_designs() -> None:
    other = second(Blueprint("regnety_008"))
    assert other is not None
    assert other.builder.startswith("timm")
    assert second(Blueprint("regnety_canary")) is None
    assert second(Blueprint("densenet161", "timm")) is None


def test_a_projects_builder_comes_first(tmp_path: Path) -> None:
    (tmp_path / "own_nets.py").write_text("from torch import nn\n\n\ndef build(name):\n    return nn.Linear(3, 4)\n")
    own = (("regnety_*", "own_nets:build"), ("broken", "own_nets:name"), ("lost", "no_such_module:build"))
    network = build(Blueprint("regnety_002", own=own, root=tmp_path))
    assert (network.builder, parameter_count(network)) == ("own_nets:build", 16)
    for model in ("broken", "lost"):
        with pytest.raises(UnknownModelError, match="cannot be imported"):
            build(Blueprint(model, own=own, root=tmp_path))
