"""Locations of values, and the faults of what cannot be read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import UserError

# Control characters, characters that change the direction of text or break lines, and lone surrogates.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# Commands of the GitHub Actions runner: `::` at the start of a line, and `##[` anywhere. The runner skips white space,
# and its comparison ignores characters of no width.
_COMMANDS = re.compile(r"^(?P<start>[^!-~\n]*):(?=[^ -~\n]*:)|#(?=[^ -~\n]*#[^ -~\n]*\[)", re.MULTILINE)

_MAX_SHOWN_FAULTS = 50


def escape_controls(text: str) -> str:
    """The text with characters that would act on a terminal written as Python escapes."""
    return _CONTROLS.sub(lambda character: repr(character[0])[1:-1], text)


def escape_controls_in_lines(text: str) -> str:
    """As escape_controls, but line feeds stay."""
    return "\n".join(map(escape_controls, text.split("\n")))


def escape_commands(text: str) -> str:
    """The text with the first character of each workflow command of GitHub Actions written as a Python escape."""
    return _COMMANDS.sub(lambda found: f"{found['start']}\\x3a" if found["start"] is not None else r"\x23", text)


def escape_json(document: str) -> str:
    """The JSON document with the same values, and without controls or workflow commands in its text."""
    escaped = _CONTROLS.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", document)
    return _COMMANDS.sub(lambda found: found[0] if found["start"] is not None else r"\u0023", escaped)


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
    """One reason why a value, an entry or a page cannot be read, and how to fix it.

    `is_false` is true for a number that was read, and that its field cannot have, such as 170 %.
    """

    where: Location
    expected: str
    found: str
    fix: str
    is_false: bool = False

    def __str__(self) -> str:
        path = f" at {self.where.path}" if self.where.path else ""
        message = f"{self.where}: expected {self.expected}, got {self.found}{path}"
        return f"{escape_controls(message)}\n    fix: {escape_controls(self.fix)}"


class PageError(UserError):
    """A page that cannot be read. Holds all faults in the order of the page; the message shows the first fifty."""

    has_lines = True

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        lines = [str(fault) for fault in self.faults[:_MAX_SHOWN_FAULTS]]
        if len(self.faults) > _MAX_SHOWN_FAULTS:
            lines.append(f"and {len(self.faults) - _MAX_SHOWN_FAULTS} more faults")
        super().__init__("\n".join(lines))
