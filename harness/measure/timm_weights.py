"""The weights that timm loads for a model name. Imports timm when called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoadedWeights:
    """The weights that `timm.create_model(name, pretrained=True)` loads: their tag, and their repository or URL.

    `tags` are the tags of all weights that timm has for the name.
    """

    tag: str
    source: str
    tags: tuple[str, ...]


def loaded_weights(name: str) -> LoadedWeights | None:
    """The weights that timm loads for `name`; None if timm has no such model, or no weights for it."""
    import timm

    if not timm.is_model(name):
        return None
    config = timm.get_pretrained_cfg(name)
    if config is None or not (config.url or config.hf_hub_id):
        return None
    tags = tuple(full_name.partition(".")[2] for full_name in timm.list_pretrained(f"{name}.*"))
    # If both are known, timm loads from the repository.
    return LoadedWeights(config.tag, config.hf_hub_id or config.url, tags)
