"""torchvision's image classifiers."""

from functools import cache
from importlib.metadata import version
from typing import Any

from harness.zoo.network import Network, build_on_meta
from harness.zoo.torchvision_import import import_torchvision

# Without these, two constructors draw initial values one by one, and one adds a part that its weights lack.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "googlenet": {"init_weights": False, "aux_logits": False},
    "inception_v3": {"init_weights": False},
}

# Modules of torchvision.models whose models are not built.
_OTHER_KINDS = {
    "segmentation": "a segmentation model",
    "detection": "an object detection model",
    "video": "a video model",
    "optical_flow": "an optical flow model",
    "quantization": "a quantized model",
}


@cache
def torchvision_version() -> str:
    """The version of torchvision, without importing it."""
    return version("torchvision")


def classifiers() -> list[str]:
    """The names of torchvision's image classifiers."""
    models = import_torchvision("models")
    names: list[str] = models.list_models(module=models)
    return names


def other_models() -> dict[str, str]:
    """The names of torchvision's other models, each with its kind, such as "a segmentation model"."""
    models = import_torchvision("models")
    modules = {getattr(models, module): kind for module, kind in _OTHER_KINDS.items()}
    return {name: kind for module, kind in modules.items() for name in models.list_models(module=module)}


def other_kind(model: str) -> str | None:
    """The kind of a model of torchvision that is not an image classifier; None for all other names."""
    return other_models().get(model.partition(".")[0])


def knows(model: str) -> bool:
    """Whether torchvision has a classifier of this name, or weights of it, as in `resnet50.IMAGENET1K_V2`."""
    name, _, weights = model.partition(".")
    if name not in classifiers():
        return False
    return not weights or weights in import_torchvision("models").get_model_weights(name).__members__


def build(model: str) -> Network:
    """The network that torchvision builds by this name, on the `meta` device, in evaluation mode."""
    name, _, weights = model.partition(".")
    models = import_torchvision("models")
    arguments = _ARGUMENTS.get(name, {})
    if name.startswith("vit_") and weights:
        # A vision transformer has a position per patch: weights for larger images need a larger network.
        arguments = {"image_size": models.get_model_weights(name)[weights].meta["min_size"][0]}

    def make() -> Any:
        return models.get_model(name, weights=None, **arguments)

    return Network(build_on_meta(make), builder="torchvision", image_size=arguments.get("image_size"), make=make)
