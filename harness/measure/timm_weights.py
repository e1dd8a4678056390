"""Which weights timm loads for a model's name today. Needs timm, which is imported when it is asked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoadedWeights:
    """The weights behind `timm.create_model(name, pretrained=True)`: their tag, and their file or repository.

    `tags` are those of all weights that timm has for the name.
    """

    tag: str
    source: str
    tags: tuple[str, ...]


def loaded_weights(name: str) -> LoadedWeights | None:
    """What timm loads for `name`; None where it knows no such model, or has no weights for it."""
    import timm

    if not timm.is_model(name):
        return None
    known = timm.get_pretrained_cfg(name)
    if known is None or not (known.url or known.hf_hub_id):
        return None
    tags = tuple(full.partition(".")[2] for full in timm.list_pretrained(f"{name}.*"))
    # Of a repository and an address timm takes the repository.
    return LoadedWeights(known.tag, known.hf_hub_id or known.url, tags)
