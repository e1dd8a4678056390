"""The output of `verify list`: models, kinds of claim, and the check of each kind."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.index.claim import Claim
from harness.report.values import count_of

_NO_CHECK = "no check exists: unchecked"


def print_listing(console: Console, claims: Sequence[Claim], checks: Mapping[str, tuple[str, Sequence[str]]]) -> None:
    """Print the models of each page, then the kinds of claim. `checks` maps a kind to its description and needs."""
    for page in dict.fromkeys(claim.page for claim in claims):
        models = list(dict.fromkeys(claim.model for claim in claims if claim.page == page and claim.model))
        console.print(Text(page, style="bold"))
        console.print(Text(f"{count_of(len(models), 'model')}: {', '.join(models)}"), "")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for header, width in (("kinds", 24), ("claims", None), ("check", None), ("needs", 12)):
        table.add_column(header, max_width=width, justify="right" if header == "claims" else "left")
    counts = Counter(claim.kind for claim in claims)
    kinds_of: dict[tuple[str, str], list[str]] = {}
    for kind in counts:
        check, needs = checks.get(kind, (_NO_CHECK, ()))
        kinds_of.setdefault((check, ", ".join(needs)), []).append(kind)
    for (check, needs), kinds in kinds_of.items():
        table.add_row(*map(Text, (", ".join(kinds), str(sum(counts[kind] for kind in kinds)), check, needs)))
    console.print(table)
