"""What there is to verify: models, kinds of claim, and what decides each."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.index.claim import Claim
from harness.report.values import count_of

NO_CHECK = "no check exists: unchecked"


def print_listing(console: Console, claims: Sequence[Claim], checks: Mapping[str, tuple[str, Sequence[str]]]) -> None:
    """The models by page, then each kind of claim with its count, what decides it and what that needs."""
    for page in dict.fromkeys(claim.page for claim in claims):
        models = list(dict.fromkeys(claim.model for claim in claims if claim.page == page and claim.model))
        console.print(Text(page, style="bold"))
        console.print(Text(f"{count_of(len(models), 'model')}: {', '.join(models)}"), "")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for header, width in (("claims", 24), ("times", None), ("what decides", None), ("needs", 12)):
        table.add_column(header, max_width=width, justify="right" if header == "times" else "left")
    times = Counter(claim.kind for claim in claims)
    rules: dict[tuple[str, str], list[str]] = {}
    for kind in times:
        decides, needs = checks.get(kind, (NO_CHECK, ()))
        rules.setdefault((decides, ", ".join(needs)), []).append(kind)
    for (decides, needs), kinds in rules.items():
        table.add_row(*map(Text, (", ".join(kinds), str(sum(times[kind] for kind in kinds)), decides, needs)))
    console.print(table)
