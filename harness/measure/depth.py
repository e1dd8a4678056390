"""The number of layers of a network, by the usual ways to count them. Loads torch only when a network is run."""

from dataclasses import dataclass
from functools import lru_cache

from harness.measure.tracing import trace
from harness.zoo import Network

_WEIGHTED = {"convolution", "transposed convolution", "linear"}


@dataclass(frozen=True, slots=True)
class Depth:
    """Numbers of layers with weights: of convolutions and linear layers.

    `path` are the convolutions on the longest path from image to scores, without those that act on one position, as in
    squeeze-and-excitation; `pointwise_path` are those of the longest path if depthwise convolutions do not count.
    `stem` are those before a maximum pooling of 3×3 at the beginning, 0 without one. `weighted` are all layers with
    weights, `operations` all operations of any kind.
    """

    path: int
    pointwise_path: int
    stem: int
    weighted: int
    operations: int

    @property
    def counts(self) -> dict[str, int]:
        """The number of layers by each usual way to count them; the classifier is one layer."""
        # A stem of three convolutions takes the place of one: ResNet-50-D has two more layers than its name says.
        one_stem = self.path - max(self.stem - 1, 0)
        return {
            "longest path": self.path + 1,
            "longest path without the classifier": self.path,
            "longest path, the stem as one layer": one_stem + 1,
            "longest path without depthwise convolutions": self.pointwise_path + 1,
            "all convolutions and linear layers": self.weighted,
        }


@lru_cache(maxsize=64)
def depth(network: Network, side: int) -> Depth:
    """The layers of one pass of a square image. Raises ForwardError and StorageLimitError as `trace` does."""
    from harness.measure.path_tracer import longest_path

    operations = trace(network, side, side).operations
    path, pointwise_path, stem = longest_path(network, (1, 3, side, side))
    weighted = sum(operation.kind in _WEIGHTED for operation in operations)
    return Depth(path, pointwise_path, stem, weighted, len(operations))
