"""Locations of values, and the faults of a page that cannot be read."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import UserError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Control characters, characters that change the direction of text or break lines, and lone surrogates.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_MAX_SHOWN_FAULTS = 50


def escape_controls(text: str) -> str:
    """The text with characters that would act on a terminal written as Python escapes."""
    return _CONTROLS.sub(lambda character: repr(character[0])[1:-1], text)


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. Line and column count from 1; `path` leads to the value inside the document."""

    file: str
    line: int
    column: int
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One reason why a page cannot be read, and how to fix it."""

    where: Location
    expected: str
    found: str
    fix: str

    def __str__(self) -> str:
        path = f" at {self.where.path}" if self.where.path else ""
        message = f"{self.where}: expected {self.expected}, got {self.found}{path}"
        return f"{escape_controls(message)}\n    fix: {escape_controls(self.fix)}"


class PageError(UserError):
    """A page that cannot be read. Holds all faults in the order of the page; the message shows the first fifty."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        lines = [str(fault) for fault in self.faults[:_MAX_SHOWN_FAULTS]]
        if len(self.faults) > _MAX_SHOWN_FAULTS:
            lines.append(f"and {len(self.faults) - _MAX_SHOWN_FAULTS} more faults")
        super().__init__("\n".join(lines))


def collect(items: Iterable[_Item], read: Callable[[_Item], _Result]) -> list[_Result]:
    """Read every item. Raises PageError with the faults of all items that cannot be read."""
    results: list[_Result] = []
    faults: list[Fault] = []
    for item in items:
        try:
            results.append(read(item))
        except PageError as error:
            faults += error.faults
    if faults:
        raise PageError(faults)
    return results
