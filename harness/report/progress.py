"""A run while it lasts: bars on a terminal, a line now and then elsewhere; always on stderr."""

import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.evaluate.run.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_SECONDS_BETWEEN_LINES = 10
_MOST_MODELS = 12
_MANY_MODELS = 16
_WIDTH = 80


class ProgressOnStderr(Progress):
    """Images, images a second, time left, and each model's running top-1."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._images = self._done = 0
        self._started = self._told = time.monotonic()
        self._right: dict[str, tuple[int, int]] = {}

    def start(self, images: int, models: Sequence[str], each: int) -> None:
        """Begin an evaluation of so many images; each model's bar is full with `each`."""
        self._images, self._done, self._right = images, 0, {}
        self._started = self._told = time.monotonic()
        if sys.stderr.isatty():
            self._start_bars(models, each)

    def _start_bars(self, models: Sequence[str], each: int) -> None:
        # Loaded only for an evaluation: an answer from the cache does without.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        told, left = TextColumn("{task.fields[told]}"), TimeRemainingColumn(compact=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), told, left)
        self._bars = Bars(*columns, console=Console(stderr=True, highlight=False), transient=True)
        self._tasks = {"": self._bars.add_task("images", total=self._images, told="")}
        for model in models[:_MOST_MODELS]:
            self._tasks[model] = self._bars.add_task(model, total=each, told="")
        self._bars.start()

    def advance(self, images: int, right: Mapping[str, tuple[int, int]]) -> None:
        """Tell that so many more images are done."""
        self._done += images
        self._right |= right
        if self._bars is not None:
            self._bars.update(self._tasks[""], completed=self._done, told=f"{self._rate():.0f} a second")
            for model, (first, seen) in right.items():
                if model in self._tasks and seen:
                    self._bars.update(self._tasks[model], completed=seen, told=f"top-1 {100 * first / seen:.2f}%")
        elif time.monotonic() - self._told > _SECONDS_BETWEEN_LINES and self._done < self._images:
            self._told = time.monotonic()
            self._line(f", {(self._images - self._done) / self._rate():.0f} s left")

    def judged(self, done: int, of: int) -> None:
        """Tell that so many of the models are verified, where there are many."""
        terminal, now = sys.stderr.isatty(), time.monotonic()
        told = f"{done} of {of} models verified"
        if of < _MANY_MODELS or now - self._told < (0 if terminal else _SECONDS_BETWEEN_LINES):
            return
        self._told = now
        if terminal:
            told = "\r\x1b[K" + (told if done < of else "")
        print(told, end="" if terminal else "\n", file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """Tell something at once."""
        print(text, file=sys.stderr, flush=True)

    def stop(self) -> None:
        """End the evaluation."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
        if self._done:
            self._line("")

    def _rate(self) -> float:
        return self._done / max(time.monotonic() - self._started, 1e-9)

    def _line(self, more: str) -> None:
        shown = [f"{model} {100 * first / seen:.2f}%" for model, (first, seen) in self._right.items() if seen]
        running = f"; top-1 {', '.join(shown)}" if 0 < len(shown) <= _MOST_MODELS else ""
        told = f"{self._done} of {self._images} images, {self._rate():.0f} a second{more}{running}"
        print(textwrap.fill(told, _WIDTH, subsequent_indent="  "), file=sys.stderr, flush=True)
