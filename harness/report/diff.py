"""The difference between two texts, as `git diff` shows it."""

from collections.abc import Iterator
from difflib import SequenceMatcher

# Above that, comparing every repeated line with every other takes longer than a reader waits.
_LONG = 5000


def unified_diff(name: str, before: str, after: str) -> Iterator[str]:
    """The lines of the difference; none where the texts are the same.

    Not difflib's own, which takes lines that a page often repeats for noise, and shows them as changed.
    """
    old, new = before.split("\n"), after.split("\n")
    groups = SequenceMatcher(None, old, new, autojunk=len(old) > _LONG).get_grouped_opcodes()
    for number, group in enumerate(groups):
        if number == 0:
            yield from (f"--- a/{name}", f"+++ b/{name}")
        (_, old_start, _, new_start, _), (_, _, old_end, _, new_end) = group[0], group[-1]
        yield f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[i:j])
            else:
                yield from (f"-{line}" for line in old[i:j])
                yield from (f"+{line}" for line in new[k:m])


def _range(start: int, end: int) -> str:
    """Lines counted from 1, and how many; the line before where there are none."""
    return f"{start + 1},{end - start}" if end > start else f"{start},0"
