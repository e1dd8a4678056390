"""The difference between two texts as a patch that `git apply` accepts."""

import difflib
import io
from collections.abc import Iterator


def unified_diff(name: str, before: str, after: str) -> Iterator[str]:
    """The lines of the patch, without their line ends; none if the texts are equal."""
    # Only `\n` ends a line of a patch; str.splitlines() knows more line ends.
    old, new = (io.StringIO(text, newline="\n").readlines() for text in (before, after))
    for line in difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"):
        yield line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"
