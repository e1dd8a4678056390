"""What there is to verify: models, kinds of claim, and what decides each."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.index.claims import Claim


def print_listing(
    console: Console, claims: Sequence[Claim], checks: Mapping[str, tuple[str, Sequence[str]]]
) -> None:
    """The models by page, then each kind of claim with its count, what decides it and what that needs."""
    for page in dict.fromkeys(claim.page for claim in claims):
        models = list(dict.fromkeys(claim.model for claim in claims if claim.page == page and claim.model))
        console.print(Text(page, style="bold"))
        console.print(Text(f"{len(models)} models: {', '.join(models)}"), "")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("claim", no_wrap=True)
    table.add_column("times", justify="right")
    table.add_column("what decides")
    table.add_column("needs")
    for kind, times in Counter(claim.kind for claim in claims).items():
        decides, needs = checks.get(kind, ("no check exists: unchecked", ()))
        table.add_row(Text(kind), str(times), Text(decides), Text(", ".join(needs)))
    console.print(table)
