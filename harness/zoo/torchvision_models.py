"""torchvision's own models that classify images."""

from typing import Any

from harness.zoo.network import Network, without_storage
from harness.zoo.torchvision_import import import_torchvision

# Built otherwise, two of them draw their initial values one by one, and one has a part that its weights lack.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "googlenet": {"init_weights": False, "aux_logits": False},
    "inception_v3": {"init_weights": False},
}


def knows(model: str) -> bool:
    """Whether torchvision has a model of this name, or has weights of it as in `resnet50.IMAGENET1K_V2`."""
    name, _, weights = model.partition(".")
    models = import_torchvision("models")
    if name not in models.list_models(module=models):
        return False
    return not weights or weights in models.get_model_weights(name).__members__


def build(model: str) -> Network:
    """The network that torchvision builds by this name, on the `meta` device, in evaluation mode."""
    name, _, weights = model.partition(".")
    models = import_torchvision("models")
    arguments = _ARGUMENTS.get(name, {})
    if name.startswith("vit_") and weights:
        # A transformer has a position for each patch, so weights for larger images are of a larger network.
        arguments = {"image_size": models.get_model_weights(name)[weights].meta["min_size"][0]}

    def make() -> Any:
        return models.get_model(name, weights=None, **arguments)

    return Network(without_storage(make), builder="torchvision", image_size=arguments.get("image_size"), make=make)
