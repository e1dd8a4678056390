"""Figures published elsewhere, kept as data with their sources in `modelindex/references/`."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

# In a wheel the references lie inside the package, in a checkout beside it.
SHIPPED = Path(__file__).parent / "references"
if not SHIPPED.is_dir():
    SHIPPED = Path(__file__).parents[1] / "modelindex" / "references"


class ReferenceFileError(Exception):
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
    sample_images: tuple[Mapping[str, Any], ...] = ()
    digest: str = ""

    def recipe_tagged(self, tag: str | None) -> str | None:
        """The training recipe that a weights file's tag names, or None where none is known by it."""
        return next((name for name, recipe in self.recipes.items() if recipe["tag"] == tag), None)


def load_references(folders: Iterable[Path]) -> References:
    """The references in all `folders`; what a later folder says of a model replaces what an earlier one said."""
    merged: dict[str, Any] = {"sample_images": []}
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            data = path.read_bytes()
            digest.update(data)
            _merge(merged, _parsed(data, path))
    known = {name: merged.get(name, {}) for name in References.__dataclass_fields__}
    images = tuple(merged["sample_images"])
    return References(**(known | {"sample_images": images, "digest": digest.hexdigest()}))


def _parsed(data: bytes, path: Path) -> dict[str, Any]:
    try:
        content = json.loads(data, parse_float=Decimal)
    except ValueError as error:
        raise ReferenceFileError(f"{path}: expected JSON, got {error}; mend the file") from None
    if not isinstance(content, dict):
        raise ReferenceFileError(f"{path}: expected a mapping, got {type(content).__name__}; mend the file")
    return content


def _merge(merged: dict[str, Any], content: dict[str, Any]) -> None:
    for name, part in content.items():
        if isinstance(part, dict):
            merged.setdefault(name, {}).update(part)
        else:
            known = merged.setdefault(name, [])
            known += [item for item in part if item not in known]


def shown(entry: Mapping[str, Any]) -> dict[str, str]:
    """An entry of the references as evidence: exact numbers as text."""
    return {name: str(value) for name, value in entry.items()}
