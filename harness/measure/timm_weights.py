"""The weights that timm loads for a model name. Imports timm when called."""

from dataclasses import dataclass

from harness.zoo.timm_models import build


@dataclass(frozen=True, slots=True)
class LoadedWeights:
    """The weights that `timm.create_model(name, pretrained=True)` loads: their name, its tag, and where they come from.

    `source` is their repository or URL. `tags` are the tags of all weights that timm has for the model.
    """

    name: str
    tag: str
    source: str
    tags: tuple[str, ...]


def loaded_weights(name: str) -> LoadedWeights | None:
    """The weights that timm loads for `name`; None if timm has no such model, or no weights for it."""
    import timm

    if not timm.is_model(name):
        return None
    known = timm.get_pretrained_cfg(name)
    # timm resolves former names only when it builds the network.
    config = known.to_dict() if known else build(name).module.pretrained_cfg
    url, repository = config.get("url"), config.get("hf_hub_id")
    if not (url or repository):
        return None
    architecture = config["architecture"]
    tags = tuple(full_name.partition(".")[2] for full_name in timm.list_pretrained(f"{architecture}.*"))
    # If both are known, timm loads from the repository.
    return LoadedWeights(f"{architecture}.{config['tag']}", config["tag"], repository or url, tags)
