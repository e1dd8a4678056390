"""Draw reports/terminal.svg: the first lines of what `verify all` prints, from reports/verdicts.json."""

import io
import json
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.report.terminal import print_verdicts
from harness.verdict import verdict_from_json

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "reports" / "terminal.svg"
LINES = 58


def draw() -> str:
    """The picture as SVG, the same bytes for the same verdicts."""
    document = json.loads((ROOT / "reports" / "verdicts.json").read_text("utf-8"))
    verdicts = [verdict_from_json(verdict) for verdict in document["verdicts"]]
    printed = io.StringIO()
    whole = Console(file=printed, force_terminal=True, color_system="truecolor", width=80, legacy_windows=False)
    print_verdicts(whole, verdicts)
    lines = printed.getvalue().splitlines()
    shown = Console(file=io.StringIO(), record=True, width=80, force_terminal=True, legacy_windows=False)
    shown.print(Text("$ verify all\n", style="bold"))
    for line in [*lines[:LINES], "…", lines[-1]]:
        shown.print(Text.from_ansi(line), no_wrap=True)
    return shown.export_svg(title="verify all", unique_id="verify-all")


if __name__ == "__main__":
    PICTURE.write_text(draw(), "utf-8")
