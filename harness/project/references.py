"""Figures published elsewhere, kept as data with their sources in `modelindex/references/`."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.index.files import is_hidden
from harness.project.documents import MOST_BYTES, ProjectError, read_document

# A wheel has the references inside the package, a checkout beside it.
SHIPPED = Path(__file__).parents[1] / "references"
if not SHIPPED.is_dir():
    SHIPPED = Path(__file__).parents[2] / "modelindex" / "references"

# Fields that an entry must have once all files are merged; JSON Schema describes each file alone.
_REQUIRED = {"datasets": ("names", "classes"), "recipes": ("tag",), "architectures": ("library", "model")}
_FIX = "correct the file"
_MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class References:
    """All references by subject. `sources` says where each part was published."""

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
    _dataset_by_name: Mapping[str | None, str] = field(init=False, repr=False, compare=False)
    _recipe_by_tag: Mapping[str | None, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Of several with one name, the first counts.
        names: dict[str | None, str] = {}
        for known, dataset in self.datasets.items():
            for name in dataset["names"]:
                names.setdefault(name, known)
        tags: dict[str | None, str] = {}
        for known, recipe in self.recipes.items():
            tags.setdefault(recipe["tag"], known)
        object.__setattr__(self, "_dataset_by_name", names)
        object.__setattr__(self, "_recipe_by_tag", tags)

    def find_dataset(self, name: str | None) -> str | None:
        """The dataset that pages may call by this name; None if unknown."""
        return self._dataset_by_name.get(name)

    def find_recipe(self, tag: str | None) -> str | None:
        """The training recipe with the tag that a weights file's name ends with; None if unknown."""
        return self._recipe_by_tag.get(tag)

    def find_architecture(self, model: str) -> tuple[str, str] | None:
        """The library and its name for the network of an OpenMMLab model; None if unknown.

        OpenMMLab's names are `<architecture>_<training>_<dataset>`; for other datasets the networks differ.
        """
        known = self.architectures.get(model.partition("_")[0]) if model.endswith("_in1k") else None
        return (known["library"], known["model"]) if known else None


def load_references(folders: Iterable[Path]) -> References:
    """The references in all `folders`; later files add to earlier ones field by field. Raises ProjectError."""
    merged: dict[str, Any] = {}
    files: dict[tuple[str, str], Path] = {}
    for path in (path for folder in folders for path in _files_in(folder)):
        try:
            content = read_document(path, "references", _FIX)
        except FileNotFoundError:
            raise ProjectError(f"{path}: expected a file, got a link to nothing; remove it") from None
        for part in filter(content.get, References.__dataclass_fields__):
            _add(merged.setdefault(part, {}), content[part])
            files |= dict.fromkeys(((part, name) for name in content[part]), path) if part in _REQUIRED else {}
    for (part, name), path in files.items():
        missing = ", ".join(field for field in _REQUIRED[part] if field not in merged[part][name])
        if missing:
            fields = " and ".join(_REQUIRED[part])
            raise ProjectError(f"{path}: expected {fields}, got no {missing} at {part}.{name}; add them to the file")
    digest = hashlib.sha256(repr(merged).encode()).hexdigest()
    return References(**merged | {"sample_images": tuple(merged.get("sample_images", {}).values()), "digest": digest})


def _files_in(folder: Path) -> list[Path]:
    paths = [path for path in sorted(folder.glob("*.json")) if not is_hidden(path.name)]
    # Reading a single file of more bytes is an error of that file.
    size = sum(size for path in paths if path.exists() and (size := path.stat().st_size) <= MOST_BYTES)
    if len(paths) > _MOST_FILES or size > MOST_BYTES:
        expected = f"expected at most {_MOST_FILES} files of together {MOST_BYTES} bytes"
        raise ProjectError(f"{folder}: {expected}, got {len(paths)} of {size}; remove what no page needs")
    return paths


def _add(known: dict[Any, Any], new: Any) -> None:
    """Add the items of a list, each once, or the entries of an object; an entry that is known gets the new fields.

    Changes `known`: copying it for each of many files would take quadratic time.
    """
    if isinstance(new, list):
        # Items by their text: comparing each with all others would take quadratic time too.
        known |= {repr(item): item for item in new}
        return
    for key, entry in new.items():
        if isinstance(entry, dict):
            known.setdefault(key, {}).update(entry)
        else:
            known[key] = entry


def as_evidence(entry: Mapping[str, Any]) -> dict[str, str]:
    """An entry of the references as texts, so that its numbers stay exact in JSON."""
    return {name: str(value) for name, value in entry.items()}
