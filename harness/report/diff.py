"""The difference between two texts as a patch that `git apply` accepts."""

import difflib
import io
import os
import re
from collections.abc import Iterator


def unified_diff(name: str, before: str, after: str) -> Iterator[str]:
    """The lines of the patch, without their line ends; none if the texts are equal."""
    # Only `\n` ends a line of a patch; str.splitlines() knows more line ends.
    old, new = (io.StringIO(text, newline="\n").readlines() for text in (before, after))
    for line in difflib.unified_diff(old, new, _quote(f"a/{name}"), _quote(f"b/{name}")):
        yield line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"


def _quote(name: str) -> str:
    """The name as git quotes it (`core.quotePath`): a line end in a name would be a header for another file."""
    if re.fullmatch(r"[ -~]*", name) and not re.search(r'["\\]', name):
        return name
    parts = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}" for byte in os.fsencode(name))
    return f'"{"".join(parts)}"'
