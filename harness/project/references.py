"""Figures published elsewhere, kept as data with their sources in `modelindex/references/`."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.errors import UserError

# In a wheel the references lie inside the package, in a checkout beside it.
SHIPPED = Path(__file__).parents[1] / "references"
if not SHIPPED.is_dir():
    SHIPPED = Path(__file__).parents[2] / "modelindex" / "references"


class ReferenceFileError(UserError):
    """A file of references that cannot be read."""


@dataclass(frozen=True, slots=True)
class References:
    """All references, by what they are about. `sources` says where each part was published."""

    sources: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    collections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    datasets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    checkpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    drift: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    architectures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sample_images: tuple[Mapping[str, Any], ...] = ()
    digest: str = ""

    def dataset_called(self, name: str | None) -> str | None:
        """The dataset that a page may call by this name, or None where none is known by it."""
        return next((known for known, dataset in self.datasets.items() if name in dataset["names"]), None)

    def recipe_tagged(self, tag: str | None) -> str | None:
        """The training recipe that a weights file's tag names, or None where none is known by it."""
        return next((name for name, recipe in self.recipes.items() if recipe["tag"] == tag), None)

    def same_network(self, model: str) -> tuple[str, str] | None:
        """A library, and its name for the network that OpenMMLab calls so; None where none is on file.

        These names are `<architecture>_<training>_<dataset>`, and on other datasets there are other networks.
        """
        known = self.architectures.get(model.partition("_")[0]) if model.endswith("_in1k") else None
        return (known["library"], known["model"]) if known else None


def load_references(folders: Iterable[Path]) -> References:
    """The references in all `folders`; a later folder adds to what an earlier one says, field by field."""
    merged: dict[str, Any] = {"sample_images": []}
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            try:
                data = path.read_bytes()
            except OSError as error:
                raise ReferenceFileError(f"{path}: expected a readable file, got {error.strerror}") from None
            digest.update(data)
            _merge(merged, _parsed(data, path))
    known = {name: merged.get(name, {}) for name in References.__dataclass_fields__}
    images = tuple(merged["sample_images"])
    return References(**(known | {"sample_images": images, "digest": digest.hexdigest()}))


def _parsed(data: bytes, path: Path) -> dict[str, Any]:
    try:
        content = json.loads(data, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ReferenceFileError(f"{path}: expected JSON, got {error}; mend the file") from None
    if not isinstance(content, dict):
        raise ReferenceFileError(f"{path}: expected a mapping, got {type(content).__name__}; mend the file")
    for name, part in content.items():
        if not _is_formed(name, part):
            raise ReferenceFileError(f"{path}: expected {name!r} formed as in regnety.json; mend the file")
    return content


_LISTS = {"sample_images"}
_OF_TEXTS = {"sources", "units"}


def _is_formed(name: str, part: Any) -> bool:
    """Whether a part is a list of mappings, a mapping to texts, or a mapping to mappings, as its name asks."""
    if name in _LISTS:
        return isinstance(part, list) and all(isinstance(entry, dict) for entry in part)
    of = str if name in _OF_TEXTS else dict
    return isinstance(part, dict) and all(isinstance(entry, of) for entry in part.values())


def _merge(merged: dict[str, Any], content: dict[str, Any]) -> None:
    """Later files add to what earlier ones say of the same thing, and replace it field by field."""
    for name, part in content.items():
        if isinstance(part, list):
            known = merged.setdefault(name, [])
            known += [item for item in part if item not in known]
            continue
        entries = merged.setdefault(name, {})
        for key, entry in part.items():
            entries[key] = entries.get(key, {}) | entry if isinstance(entry, dict) else entry


def shown(entry: Mapping[str, Any]) -> dict[str, str]:
    """An entry of the references as evidence: exact numbers as text."""
    return {name: str(value) for name, value in entry.items()}
