"""Predictions for a shard, collected part by part."""

from collections.abc import Sequence

from harness.evaluate.data.shards import Shard
from harness.evaluate.run.executor import ExecutorError, TopClasses
from harness.evaluate.statistics.scores import Prediction


class ShardPredictions:
    """One task's predictions for a shard's images, added in any parts and order, each image once."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._by_index: dict[int, Prediction] = {}

    @property
    def images(self) -> int:
        """The number of images predicted so far."""
        return len(self._by_index)

    def add(self, part: slice, top_classes: Sequence[TopClasses]) -> list[Prediction]:
        """Add a part and return its predictions. Raises ExecutorError if images are missing or repeated."""
        indices = range(*part.indices(len(self._shard.images)))
        if len(top_classes) != len(indices) or not self._by_index.keys().isdisjoint(indices):
            raise ExecutorError(
                f"shard {self._shard.number}: expected {len(indices)} new images from index {part.start}, each once, "
                f"got {len(top_classes)} or some that were counted before"
            )
        images = [self._shard.images[index] for index in indices]
        added = [Prediction(image.name, image.label, top) for image, top in zip(images, top_classes, strict=True)]
        self._by_index |= zip(indices, added, strict=True)
        return added

    def complete(self) -> tuple[Prediction, ...] | None:
        """All predictions in the order of the shard; None while some are missing."""
        if self.images < len(self._shard.images):
            return None
        return tuple(self._by_index[index] for index in range(self.images))
