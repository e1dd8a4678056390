"""Who is told how far an evaluation is."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Progress(Protocol):
    """What shows an evaluation while it runs. Models are called by their labels."""

    def start(self, images: int, models: Sequence[str], each: int) -> None:
        """An evaluation of so many images begins; with those that were evaluated before, each model has `each`."""

    def advance(self, images: int, right: Mapping[str, tuple[int, int]]) -> None:
        """So many more images are done; `right` says how many a model got right so far, of how many.

        Models that nothing is new of are left out.
        """

    def judged(self, done: int, of: int) -> None:
        """So many of the models are judged."""

    def note(self, text: str) -> None:
        """Something that a reader should know at once."""

    def stop(self) -> None:
        """The evaluation ended."""


class Silent:
    """Nobody is told."""

    def start(self, images: int, models: Sequence[str], each: int) -> None:
        """Say nothing."""

    def advance(self, images: int, right: Mapping[str, tuple[int, int]]) -> None:
        """Say nothing."""

    def judged(self, done: int, of: int) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def stop(self) -> None:
        """Say nothing."""
