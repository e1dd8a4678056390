"""timm's models, under their current and former names."""

import warnings
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from typing import Any

from harness.zoo.network import Network, build_on_meta


@cache
def timm_version() -> str | None:
    """The version of timm; None if it is not installed. Does not import timm."""
    try:
        return version("timm")
    except PackageNotFoundError:
        return None


def knows(model: str) -> bool:
    """Whether timm builds a model of this name without downloading anything."""
    if timm_version() is None:
        return False
    import timm

    name = _timm_name(model)
    if not timm.is_model(name):
        return False
    try:
        timm.get_pretrained_cfg(name)
    except RuntimeError:
        # No weights have this tag.
        return False
    return True


def _timm_name(model: str) -> str:
    """timm's own name of a model: cards on the hub add the organization, as in `timm/resnet50.a1_in1k`."""
    return model.removeprefix("timm/")


def build(model: str) -> Network:
    """The network that timm builds by this name, on the `meta` device, in evaluation mode."""
    import timm

    model = _timm_name(model)

    def make(**options: bool) -> Any:
        with warnings.catch_warnings():
            # timm warns about former names; the note reports them.
            warnings.simplefilter("ignore")
            return timm.create_model(model, pretrained=False, **options)

    module = build_on_meta(make)
    config = module.pretrained_cfg
    requested, current = model.partition(".")[0], config.get("architecture", model)
    note = f"timm has renamed {requested} to {current}" if current != requested else ""
    *_, side = config.get("input_size", (None,))
    has_option = "aux_logits" in signature(type(module)).parameters
    return Network(
        module,
        builder=f"timm {timm_version()}",
        note=note,
        image_size=side,
        make=make,
        make_with_auxiliary_classifier=partial(make, aux_logits=True) if has_option else None,
    )
