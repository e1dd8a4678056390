"""The settings of a project: `modelindex/verify.toml`."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.index.faults import Location
from harness.project.resources import TOLERANCES, Tolerance
from harness.project.waivers import Waiver

_SHOWN = "modelindex/verify.toml"
_KNOWN = {"pages", "datasets", "tolerances", "waivers", "builders"}
_WIDEST = 5  # percentage points; wider, and a tolerance hides what it should show


class ProjectError(UserError):
    """The project's files cannot be used; the message names the place, what was expected, and the mend."""


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What `verify.toml` says.

    The pages (files, folders or patterns), the folders of the datasets that travel with the project, the tolerances by
    precision, the waivers. `builders` are patterns of models' names, each with the `module:function` that builds them.
    """

    pages: list[Path]
    datasets: Mapping[str, Path]
    tolerances: Mapping[str, Tolerance]
    waivers: tuple[Waiver, ...]
    builders: tuple[tuple[str, str], ...] = ()


def read_settings(path: Path) -> ProjectSettings:
    """The settings in a verify.toml, whose paths are relative to it. Raises ProjectError."""
    try:
        text = path.read_text("utf-8-sig")
        settings = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, OSError) as error:
        raise ProjectError(f"{_SHOWN}: expected TOML, got {error}; mend the file") from None
    unknown = sorted(settings.keys() - _KNOWN)
    if unknown:
        known = ", ".join(sorted(_KNOWN))
        raise ProjectError(f"{_SHOWN}: expected the keys {known}, got {', '.join(unknown)}; remove or rename them")
    names = settings.get("pages")
    if not isinstance(names, list) or not names or not all(map(_is_name, names)):
        raise ProjectError(f'{_SHOWN}: expected pages = ["page.md", …], got {names!r}; name at least one page')
    return ProjectSettings(
        [path.parent / name for name in names],
        _datasets(settings.get("datasets", {}), path.parent),
        _tolerances(settings.get("tolerances", {})),
        _waivers(settings.get("waivers", []), text),
        _builders(settings.get("builders", {})),
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


_FUNCTION = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*")


def _builders(table: Any) -> tuple[tuple[str, str], ...]:
    for pattern, function in table.items() if isinstance(table, dict) else [("", table)]:
        if not isinstance(function, str) or not _FUNCTION.fullmatch(function):
            form = '[builders] with lines such as "mynet_*" = "mynets:build", a module and a function in it'
            raise ProjectError(f"{_SHOWN}: expected {form}, got {pattern} = {function!r}; correct the line")
    return tuple(table.items())


_WAIVER_KEYS = {"model", "claim", "reason", "expires"}


def _waivers(table: Any, text: str) -> tuple[Waiver, ...]:
    """The waivers, each with the line of its `[[waivers]]`."""
    lines = [text.count("\n", 0, match.start(1)) + 1 for match in re.finditer(r"(?m)^\s*(\[\[\s*waivers)\b", text)]
    found: dict[tuple[str, str], Waiver] = {}
    for number, entry in enumerate(table if isinstance(table, list) else [table]):
        line = lines[number] if number < len(lines) else 1
        place = f"{_SHOWN}:{line}"
        form = 'model = "…", claim = "…", reason = "…" and a day such as expires = 2030-01-31'
        if not isinstance(entry, dict) or entry.keys() != _WAIVER_KEYS:
            told = ", ".join(entry) or "nothing" if isinstance(entry, dict) else repr(entry)
            raise ProjectError(f"{place}: expected [[waivers]] with {form}, got {told}; correct the waiver")
        model, claim, reason = texts = [entry[name] for name in ("model", "claim", "reason")]
        if not all(_is_name(one) and one.strip() for one in texts) or type(entry["expires"]) is not date:
            raise ProjectError(f"{place}: expected [[waivers]] with {form}, got {_told(entry)}; correct the waiver")
        waiver = Waiver(model, claim, reason, entry["expires"], Location(_SHOWN, line, 1))
        if (waiver.model, waiver.claim) in found:
            told = f"{waiver.claim} of {waiver.model} again"
            raise ProjectError(f"{place}: expected one waiver for each claim, got {told}; keep one of the two")
        found[waiver.model, waiver.claim] = waiver
    return tuple(found.values())
