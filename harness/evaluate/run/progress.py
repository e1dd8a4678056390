"""Progress of an evaluation."""

from collections.abc import Mapping, Sequence


class Progress:
    """Receives the progress of an evaluation. This base class ignores it. Models are named by their labels."""

    def start(self, images: int, models: Sequence[str], each: int) -> None:
        """An evaluation of `images` images begins; with stored results, each model will have `each` images."""

    def advance(self, images: int, correct: Mapping[str, tuple[int, int]]) -> None:
        """`images` more images are done. `correct` holds, by model, how many are correct so far, and of how many.

        Models without new results are left out.
        """

    def judged(self, done: int, of: int) -> None:
        """`done` of the models are judged, out of `of`."""

    def note(self, text: str) -> None:
        """A message to show immediately."""

    def stop(self) -> None:
        """The evaluation has ended."""
