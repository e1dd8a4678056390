"""Progress of a run on stderr: bars on a terminal, otherwise a line every ten seconds."""

import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.evaluate.run.progress import Progress
from harness.index.faults import escape_controls
from harness.system.stdout import trusted

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_SECONDS_BETWEEN_LINES = 10
_MOST_MODELS = 12
_MANY_MODELS = 16
_WIDTH = 80


class ProgressOnStderr(Progress):
    """Shows images, images per second, time left, and each model's top-1 accuracy so far."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._images = self._done = 0
        self._started = self._printed = time.monotonic()
        self._correct: dict[str, tuple[int, int]] = {}

    def start(self, images: int, models: Sequence[str], each: int) -> None:
        """Start an evaluation of `images` images in total, `each` for every model."""
        self._images, self._done, self._correct = images, 0, {}
        self._started = self._printed = time.monotonic()
        if sys.stderr.isatty():
            self._start_bars(models, each)

    def _start_bars(self, models: Sequence[str], each: int) -> None:
        # Imported late: answers from the cache need no bars.
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        from harness.report.terminal import EscapingConsole

        detail, left = TextColumn("{task.fields[detail]}"), TimeRemainingColumn(compact=True)
        # A name is no markup, which could be a link.
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), detail, left)
        self._bars = Bars(*columns, console=EscapingConsole(file=trusted(sys.stderr), highlight=False), transient=True)
        self._tasks = {"": self._bars.add_task("images", total=self._images, detail="")}
        for model in models[:_MOST_MODELS]:
            self._tasks[model] = self._bars.add_task(model, total=each, detail="")
        self._bars.start()

    def advance(self, images: int, correct: Mapping[str, tuple[int, int]]) -> None:
        """Report `images` more images as done. `correct` has top-1 hits and images by model."""
        self._done += images
        self._correct |= correct
        if self._bars is not None:
            self._bars.update(self._tasks[""], completed=self._done, detail=f"{self._rate():.0f} per second")
            for model, (hits, seen) in correct.items():
                if model in self._tasks and seen:
                    self._bars.update(self._tasks[model], completed=seen, detail=f"top-1 {100 * hits / seen:.2f}%")
        elif time.monotonic() - self._printed > _SECONDS_BETWEEN_LINES and self._done < self._images:
            self._printed = time.monotonic()
            self._print_line(f", {(self._images - self._done) / self._rate():.0f} s left")

    def judged(self, done: int, of: int) -> None:
        """Report how many of the models are verified, if there are many."""
        terminal, now = sys.stderr.isatty(), time.monotonic()
        line = f"{done} of {of} models verified"
        if of < _MANY_MODELS or now - self._printed < (0 if terminal else _SECONDS_BETWEEN_LINES):
            return
        self._printed = now
        if terminal:
            line = "\r\x1b[K" + (line if done < of else "")
        print(line, end="" if terminal else "\n", file=trusted(sys.stderr), flush=True)

    def note(self, text: str) -> None:
        """Print a message at once."""
        print(escape_controls(text), file=sys.stderr, flush=True)

    def stop(self) -> None:
        """End the evaluation."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
        if self._done:
            self._print_line("")

    def _rate(self) -> float:
        return self._done / max(time.monotonic() - self._started, 1e-9)

    def _print_line(self, time_left: str) -> None:
        shown = [f"{model} {100 * hits / seen:.2f}%" for model, (hits, seen) in self._correct.items() if seen]
        running = f"; top-1 {', '.join(shown)}" if 0 < len(shown) <= _MOST_MODELS else ""
        line = f"{self._done} of {self._images} images, {self._rate():.0f} per second{time_left}{running}"
        print(textwrap.fill(line, _WIDTH, subsequent_indent="  "), file=sys.stderr, flush=True)
