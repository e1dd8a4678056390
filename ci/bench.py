"""Time and memory of whole processes: `verify all`, cold and cached, and a script with timm and fvcore."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
ROUNDS = 5
IMPORTS = "import torch, torchvision"
# The script that a user would write without the harness.
COMPARISON_SCRIPT = """
import torch, timm
from fvcore.nn import FlopCountAnalysis
for size in "002 004 006 008 016 032 040 064 080 120 160 320".split():
    model = timm.create_model(f"regnety_{size}").eval()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    flops = FlopCountAnalysis(model, torch.zeros(1, 3, 224, 224))
    flops.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    print(size, parameters, flops.total())
"""


def main() -> None:
    """Print medians and ratios. Exit with 1 if a ratio misses its bound."""
    with tempfile.TemporaryDirectory() as folder:
        python, scratch = sys.executable, Path(folder)
        # Only the page with the twelve models of the script, which does not evaluate images as the canary page would.
        page = "modelindex/regnety.md"
        verify = [python, "-m", "harness", "all", page, "--reports", str(scratch / "reports")]

        # Without the claim that imports timm: timm is installed for the script and takes longer to import than torch.
        kinds = [flag for kind in sorted(CHECKS.keys() - {"create_model"}) for flag in ("--claim", kind)]

        def cold() -> tuple[float, float]:
            return _measured([*verify, *kinds], scratch / f"cache-{time.monotonic_ns()}")

        project = _edited_project(scratch / "project")
        changed = [python, "-m", "harness", "changed", "--base", "HEAD", "--format", "json"]
        one_model = [python, "-m", "harness", "all", "--model", "regnety_002", "--claim", "flops"]

        runs: dict[str, Callable[[], tuple[float, float]]] = {
            "script: timm and fvcore": lambda: _measured([python, "-c", COMPARISON_SCRIPT], scratch),
            "import torch, torchvision": lambda: _measured([python, "-c", IMPORTS], scratch),
            "verify all, cold": cold,
            "verify all, cached": lambda: _measured(verify, scratch / "cached"),
            "verify --help": lambda: _measured([python, "-m", "harness", "--help"], scratch),
            "usage error": lambda: _measured([python, "-m", "harness", "all", "--nonsense"], scratch),
            "unknown model": lambda: _measured([*verify, "--model", "unknown"], scratch / "cached"),
            "changed, one claim, cold": lambda: _measured(changed, scratch / f"cache-{time.monotonic_ns()}", project),
            "that claim alone, cold": lambda: _measured(one_model, scratch / f"cache-{time.monotonic_ns()}", project),
            "changed, one claim, cached": lambda: _measured(changed, scratch / "cached", project),
        }
        for run in runs.values():
            run()
        # Alternate the runs, so that a drift of the machine affects all of them.
        rounds = [{name: run() for name, run in runs.items()} for _ in range(ROUNDS)]
    seconds = {name: statistics.median(measured[name][0] for measured in rounds) for name in runs}
    mebibytes = {name: statistics.median(measured[name][1] for measured in rounds) for name in runs}
    for name in runs:
        print(f"{name:28} {seconds[name]:7.2f} s {mebibytes[name]:8.0f} MiB")
    script, imports, cold_run = (
        seconds["script: timm and fvcore"],
        seconds["import torch, torchvision"],
        seconds["verify all, cold"],
    )
    memory = mebibytes["verify all, cold"] / mebibytes["import torch, torchvision"]
    changed_ratio = seconds["changed, one claim, cold"] / seconds["that claim alone, cold"]
    bounds = [
        ("script / cold, at least", script / cold_run, 6.0, False),
        ("cold memory / imports, at most", memory, 1.3, True),
        ("cached seconds, at most", seconds["verify all, cached"], 0.5, True),
        ("--help seconds, below", seconds["verify --help"], 0.3, True),
        ("usage error seconds, below", seconds["usage error"], 0.3, True),
        ("unknown model seconds, below", seconds["unknown model"], 0.3, True),
        ("changed / that claim alone, at most", changed_ratio, 1.2, True),
        ("changed, cached seconds, below", seconds["changed, one claim, cached"], 1.0, True),
    ]
    print(f"\ncold / imports alone: {cold_run / imports:.2f}")
    print(f"script / imports alone (an upper bound for a tool that imports both): {script / imports:.2f}")
    missed = False
    for label, value, bound, at_most in bounds:
        holds = value <= bound if at_most else value >= bound
        missed |= not holds
        print(f"{label:36} {bound:5.2f}: {value:6.2f} {'holds' if holds else 'MISSED'}")
    sys.exit(missed)


def _edited_project(folder: Path) -> Path:
    """A repository with the page; one claim is edited since the last commit."""
    page = folder / "modelindex" / "regnety.md"
    page.parent.mkdir(parents=True)
    text = (ROOT / "modelindex" / "regnety.md").read_text("utf-8")
    page.write_text(text, "utf-8")
    (page.parent / "verify.toml").write_text('pages = ["regnety.md"]\n', "utf-8")
    git = ["git", "-C", str(folder), "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "base"]):
        subprocess.run([*git, *arguments], check=True)
    page.write_text(text.replace("FLOPs: 255754236", "FLOPs: 255754237"), "utf-8")
    return folder


def _measured(command: list[str], cache: Path, folder: Path = ROOT) -> tuple[float, float]:
    """Seconds and peak MiB of one process."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    return time.monotonic() - started, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
