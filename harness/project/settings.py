"""The settings of a project: `modelindex/verify.toml`."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.index.faults import Location
from harness.project.documents import ProjectError, read_document
from harness.project.files import links_below
from harness.project.resources import TOLERANCES, Tolerance, label_files
from harness.project.waivers import Waiver
from harness.system.files import leads_inside

SETTINGS_FILE = "modelindex/verify.toml"


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The content of `verify.toml`.

    The pages (files, folders or patterns), the image folders by dataset, the tolerances by precision, the waivers.
    `builders` are glob patterns of model names, each with the `module:function` that builds these models.
    """

    pages: list[Path]
    datasets: Mapping[str, Path]
    tolerances: Mapping[str, Tolerance]
    waivers: tuple[Waiver, ...]
    builders: tuple[tuple[str, str], ...] = ()


def read_settings(path: Path) -> ProjectSettings:
    """The settings in a verify.toml; its paths are relative to its folder. Raises ProjectError."""
    settings = read_document(path, "verify", "correct the file", SETTINGS_FILE, _finite_decimal)
    return ProjectSettings(
        [path.parent / name for name in settings["pages"]],
        _datasets(settings.get("datasets", {}), path.parent),
        _tolerances(settings.get("tolerances", {})),
        _waivers(settings.get("waivers", []), path),
        tuple(settings.get("builders", {}).items()),
    )


def _finite_decimal(text: str) -> Decimal | str:
    """TOML's `inf` and `nan` stay texts, which the schema rejects."""
    number = Decimal(text)
    return number if number.is_finite() else text


def _datasets(table: Mapping[str, str], folder: Path) -> dict[str, Path]:
    for dataset, name in table.items():
        expected, found = "", repr(name)
        path, root = folder / name, folder.parent
        # Labels may lie beside the folder.
        if not leads_inside(path, root) or not leads_inside(path.absolute().parent, root):
            expected = "a folder inside the project"
            fix = "pass a folder outside the project on the command line, with --imagenet"
        elif not path.is_dir():
            expected, fix = "a folder", "correct the path, which is relative to verify.toml"
        elif link := next(_refused_links(path, root), None):
            expected, found = "no links but those to files of the project", str(link.relative_to(folder))
            fix = "replace it by what it names"
        if expected:
            raise ProjectError(f"{SETTINGS_FILE}: expected {expected}, got {found} at datasets.{dataset}; {fix}")
    return {dataset: folder / name for dataset, name in table.items()}


def _refused_links(images: Path, root: Path) -> Iterator[Path]:
    """The links among images and their labels that lead out of the project, or to a folder: some lead in circles."""
    for place in (images, *label_files(images)):
        links = [place] if place.is_symlink() and place != images else links_below(place, hidden=True)
        yield from (link for link in links if link.is_dir() or not leads_inside(link, root))


def _tolerances(table: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Tolerance]:
    """The default tolerances, replaced by those of the table."""
    tolerances = dict(TOLERANCES)
    for precision, points in table.items():
        tolerance = Tolerance(Decimal(points["pass"]), Decimal(points["explained"]))
        if tolerance.passing > tolerance.explained:
            found = f"pass {tolerance.passing}, explained {tolerance.explained} at tolerances.{precision}"
            raise ProjectError(f"{SETTINGS_FILE}: expected pass ≤ explained, got {found}; correct the file")
        tolerances[precision] = tolerance
    return tolerances


def _waivers(table: Sequence[Mapping[str, Any]], path: Path) -> tuple[Waiver, ...]:
    """The waivers, each with the line of its `[[waivers]]`."""
    text = path.read_text("utf-8-sig") if table else ""  # `read_document` has read it
    lines = [number for number, line in enumerate(text.split("\n"), 1) if re.match(r"\s*\[\[\s*waivers\b", line)]
    waivers: dict[tuple[str, str], Waiver] = {}
    for index, entry in enumerate(table):
        line = lines[index] if index < len(lines) else 1
        waiver = Waiver(**entry, where=Location(SETTINGS_FILE, line, 1))
        if type(waiver.expires) is not date:
            found = f"{json.dumps(waiver.expires, default=str)} at waivers[{index}].expires"
            raise ProjectError(f"{SETTINGS_FILE}:{line}: expected a date without quotes, got {found}; correct it")
        if (waiver.model, waiver.claim) in waivers:
            found = f"a second one for {waiver.claim} of {waiver.model}"
            raise ProjectError(f"{SETTINGS_FILE}:{line}: expected one waiver for each claim, got {found}; remove one")
        waivers[waiver.model, waiver.claim] = waiver
    return tuple(waivers.values())
