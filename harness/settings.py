"""The settings of a project: `modelindex/verify.toml`."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.resources import TOLERANCES, Tolerance

_SHOWN = "modelindex/verify.toml"
_KNOWN = {"pages", "datasets", "tolerances"}
_WIDEST = 5  # percentage points; wider, and a tolerance hides what it should show


class ProjectError(Exception):
    """The project's files cannot be used; the message names the place, what was expected, and the mend."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The pages, the folders of the datasets that travel with the project, and the tolerances by precision."""

    pages: list[Path]
    datasets: Mapping[str, Path]
    tolerances: Mapping[str, Tolerance]


def read_settings(path: Path) -> Settings:
    """The settings in a verify.toml, whose paths are relative to it. Raises ProjectError."""
    try:
        settings = tomllib.loads(path.read_text("utf-8-sig"), parse_float=Decimal)
    except (ValueError, RecursionError, OSError) as error:
        raise ProjectError(f"{_SHOWN}: expected TOML, got {error}; mend the file") from None
    unknown = sorted(settings.keys() - _KNOWN)
    if unknown:
        known = ", ".join(sorted(_KNOWN))
        raise ProjectError(f"{_SHOWN}: expected the keys {known}, got {', '.join(unknown)}; remove or rename them")
    names = settings.get("pages")
    if not isinstance(names, list) or not names or not all(map(_is_name, names)):
        raise ProjectError(f'{_SHOWN}: expected pages = ["page.md", …], got {names!r}; name at least one page')
    return Settings(
        [path.parent / name for name in names],
        _datasets(settings.get("datasets", {}), path.parent),
        _tolerances(settings.get("tolerances", {})),
    )


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name.isprintable()


def _datasets(table: Any, beside: Path) -> dict[str, Path]:
    if not isinstance(table, dict) or not all(map(_is_name, table.values())):
        raise ProjectError(f'{_SHOWN}: expected [datasets] with lines such as Digits = "canary/images", got {table!r}')
    project = Path(os.path.realpath(beside.parent))
    for name, folder in table.items():
        if not Path(os.path.realpath(beside / folder)).is_relative_to(project):
            mend = "images that lie elsewhere are named on the command line, with --imagenet"
            raise ProjectError(f"{_SHOWN}: expected a folder inside the project for {name}, got {folder!r}; {mend}")
        if not (beside / folder).is_dir():
            mend = "correct the path, which is relative to verify.toml"
            raise ProjectError(f"{_SHOWN}: expected a folder for the dataset {name}, got {folder!r}; {mend}")
    return {name: beside / folder for name, folder in table.items()}


def _tolerances(table: Any) -> Mapping[str, Tolerance]:
    """The tolerances there are, with those of the table in their place."""
    tolerances = dict(TOLERANCES)
    form = f"[tolerances.fp32] with pass = 0.05 and explained = 0.15, in percentage points up to {_WIDEST}"
    for precision, points in table.items() if isinstance(table, dict) else [("", table)]:
        formed = isinstance(points, dict) and points.keys() == {"pass", "explained"}
        values = [value for value in points.values() if _is_points(value)] if formed else []
        if precision not in TOLERANCES or len(values) != 2 or points["pass"] > points["explained"]:
            known = ", ".join(TOLERANCES)
            raise ProjectError(f"{_SHOWN}: expected {form}, for one of {known}, got {precision} = {_told(points)}")
        tolerances[precision] = Tolerance(Decimal(points["pass"]), Decimal(points["explained"]))
    return tolerances


def _is_points(value: object) -> bool:
    """Whether it is a number of percentage points that leaves a check able to fail."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        return False
    return Decimal(value).is_finite() and 0 <= value <= _WIDEST


def _told(points: object) -> str:
    return ", ".join(f"{name} {value}" for name, value in points.items()) if isinstance(points, dict) else repr(points)
