"""Which builder builds a model: the project's own first, then by library and by current or former name."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import timm
import torch
import torchvision

from harness.measure.parameters import parameter_count
from harness.project.references import SHIPPED, load_references
from harness.zoo import (
    Blueprint,
    BuilderError,
    BuilderSettingsError,
    UnknownModelError,
    _build_once,
    build,
    build_for_cross_check,
    regnet,
    timm_models,
)
from harness.zoo.regnet import REGNETX

REFERENCES = load_references([SHIPPED])


@pytest.mark.parametrize("model", REGNETX)
def test_regnetx_matches_timm(model: str) -> None:
    with torch.device("meta"):
        timm_state = timm.create_model(model).state_dict()
    network = regnet.build(model)
    state = {network.checkpoint_name(name): tensor.shape for name, tensor in network.module.state_dict().items()}
    assert state == {name: tensor.shape for name, tensor in timm_state.items()}


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
def test_which_builder_builds(model: str, library: str | None, builder: str) -> None:
    network = build(Blueprint(model, library, REFERENCES.find_architecture(model)))
    assert network.builder == builder
    assert all(tensor.is_meta for tensor in network.module.state_dict().values())


@pytest.mark.parametrize(
    ("old", "new"),
    [("efficientnet_b2a", "efficientnet_b2"), ("tv_densenet121", "densenet121"), ("vit_base_patch16_224", None)],
)
def test_a_former_timm_name_is_the_same_network_with_a_note(old: str, new: str | None) -> None:
    network = build(Blueprint(old))
    assert network.note == (f"timm has renamed {old} to {new}" if new else "")
    assert parameter_count(network) == parameter_count(build(Blueprint(new or old)))
    assert network.image_size == timm.create_model(new or old).pretrained_cfg["input_size"][-1]


@pytest.mark.parametrize("model", ["googlenet", "mobilenet_v2", "swin_t", "vit_b_16", "inception_v3"])
def test_torchvision_parameters_match_its_metadata(model: str) -> None:
    for weights in torchvision.models.get_model_weights(model):
        network = build(Blueprint(f"{model}.{weights.name}", "torchvision"))
        assert parameter_count(network) == weights.meta["num_params"]


@pytest.mark.parametrize(
    ("blueprint", "message"),
    [
        (Blueprint("no_such_model"), "no builder for no_such_model: timm and torchvision have no such model"),
        (Blueprint("resnet50.no_such_tag"), "no builder for resnet50.no_such_tag"),
        (Blueprint("swin_t", "timm"), "no builder for swin_t: timm has no such model"),
        (
            Blueprint("bert-base", "transformers"),
            "library transformers; builders exist for timm and torchvision",
        ),
        (Blueprint("hf-hub:timm/resnet50"), "no builder for hf-hub:timm/resnet50"),
        (Blueprint("fasterrcnn_resnet50_fpn"), "the model fasterrcnn_resnet50_fpn of torchvision is an object"),
        (
            Blueprint("fcn_resnet50", "torchvision"),
            "fcn_resnet50 of torchvision is a segmentation model; only image classifiers are",
        ),
        (Blueprint("raft_large.C_T_V2"), "raft_large.C_T_V2 of torchvision is an optical flow model"),
        (Blueprint("fcn_resnet50", "timm"), "no builder for fcn_resnet50: timm has no such model"),
        (
            Blueprint("resnet18_8xb16_cifar10", None, REFERENCES.find_architecture("resnet18_8xb16_cifar10")),
            "no builder for",
        ),
    ],
)
def test_unknown_models(blueprint: Blueprint, message: str) -> None:
    with pytest.raises(UnknownModelError, match=message):
        build(blueprint)


def test_without_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm_models, "timm_version", lambda: None)
    _build_once.cache_clear()
    with pytest.raises(UnknownModelError, match=r"no builder for dla34: timm is not installed; pip install timm"):
        build(Blueprint("dla34"))
    assert build(Blueprint("densenet161")).builder == "torchvision"


def test_published_designs_are_cross_checked_with_timm() -> None:
    other = build_for_cross_check(Blueprint("regnety_008"))
    assert other is not None
    assert other.builder.startswith("timm")
    assert build_for_cross_check(Blueprint("regnety_canary")) is None
    assert build_for_cross_check(Blueprint("densenet161", "timm")) is None


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a module `own_nets`, in the folder that builders are searched in."""
    monkeypatch.setattr("sys.path", list(sys.path))
    path = tmp_path / "project" / "own_nets.py"
    path.parent.mkdir()
    path.write_text("from torch import nn\nname = 1\n\n\ndef build(name):\n    return nn.Linear(3, 4)\n")
    before = set(sys.modules)
    yield path
    for name in set(sys.modules) - before:
        if str(tmp_path) in repr(sys.modules[name]):
            del sys.modules[name]


def test_a_projects_builder_comes_first(nets: Path) -> None:
    network = build(
        Blueprint("regnety_002", builders=(("regnety_*", "own_nets:build"),), root=nets.parent, run_builders=True)
    )
    assert (network.builder, parameter_count(network)) == ("own_nets:build", 16)


def test_a_projects_builder_runs_only_with_consent(nets: Path) -> None:
    blueprint = Blueprint("regnety_002", builders=(("regnety_*", "own_nets:build"),), root=nets.parent)
    nets.write_text("raise SystemExit")
    with pytest.raises(UnknownModelError) as caught:
        build(blueprint)
    for way in ("`verify trust`", "--allow-builders", "VERIFY_ALLOW_BUILDERS=1"):
        assert way in caught.value.supply


@pytest.mark.parametrize("name", ["this", "wave", "os", "packaging", "own_nets"])
def test_files_of_the_project_hide_no_installed_module(nets: Path, name: str) -> None:
    """Also if a builder has the name of an installed module, imported or not; its neighbours can be imported."""
    package = nets.parent / name
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "layer.py").write_text("from torch import nn\nLayer = nn.Linear\n")
    (package / "nets.py").write_text(
        "import beside\nfrom .layer import Layer\n\n\ndef build(name):\n    return Layer(*beside.SIZES)\n"
    )
    (nets.parent / "beside.py").write_text("SIZES = 3, 4\n")
    blueprint = Blueprint("mynet", builders=(("*", f"{name}.nets:build"),), root=nets.parent, run_builders=True)
    assert parameter_count(build(blueprint)) == 16
    if name != "own_nets":
        (package / "__init__.py").write_text("raise SystemExit")
        assert str(nets.parent) not in str(importlib.import_module(name).__file__)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("own_nets:built", "expected a function built in the module own_nets, found none; correct"),
        ("own_nets:name", "expected a function name in the module own_nets, found a value of type int; correct"),
        ("no_such_module:build", "expected a module no_such_module in the project's folder, found none"),
        ("own_nets.more:build", "expected a module own_nets.more in"),
        ("os:system", "expected a module os in the project's folder, found none"),
        ("linked:build", "expected a module linked in the project's folder, found none"),
        ("folder.nets:build", "expected a module folder.nets in the project's folder, found none"),
    ],
)
def test_a_builder_that_does_not_exist_is_wrong_configuration(nets: Path, function: str, message: str) -> None:
    outside = nets.parents[1] / "outside"
    outside.mkdir()
    (outside / "nets.py").write_text(nets.read_text())
    (nets.parent / "linked.py").symlink_to(outside / "nets.py")
    (nets.parent / "folder").symlink_to(outside)
    blueprint = Blueprint("mynet", builders=(("my*", function),), root=nets.parent, run_builders=True)
    with pytest.raises(BuilderSettingsError, match=re.escape(message)) as caught:
        build(blueprint)
    assert str(caught.value).startswith(f'modelindex/verify.toml: [builders] "my*" = "{function}": expected')


@pytest.mark.parametrize("code", ["import no_such_package\n", "from torch import no_such_name\n"])
def test_a_builder_that_lacks_what_it_imports_is_not_available(nets: Path, code: str) -> None:
    nets.write_text(code)
    with pytest.raises(UnknownModelError, match=r"the builder own_nets:build cannot be imported: .*no_such"):
        build(Blueprint("mynet", builders=(("*", "own_nets:build"),), root=nets.parent, run_builders=True))


def test_a_failing_builder_runs_once(nets: Path) -> None:
    nets.write_text("calls = []\n\n\ndef build(name):\n    calls.append(name)\n    raise ValueError(name)\n")
    blueprint = Blueprint("mynet", builders=(("*", "own_nets:build"),), root=nets.parent, run_builders=True)
    depths = []
    for _ in range(3):
        with pytest.raises(BuilderError, match="own_nets:build raised ValueError: mynet") as caught:
            build(blueprint)
        depths.append(len(caught.traceback))
    assert sys.modules["own_nets"].calls == ["mynet"]
    assert len(set(depths)) == 1, "a kept traceback does not grow"


def test_a_failing_library_builder_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(timm, "create_model", lambda name, **_: calls.append(name) or 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            build(Blueprint("resnet26", "timm"))
    assert calls == ["resnet26"]
    _build_once.cache_clear()
