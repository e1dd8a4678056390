"""The FLOPs are fewer than the parameters."""

from collections.abc import Iterator, Sequence

from harness.project.references import References
from harness.rules.declared_model import DeclaredModel
from harness.rules.finding import Certainty, Finding

NAME = "fewer FLOPs than parameters"


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Both values. Suspicious only: some tools skip layers, and tables of embeddings are looked up."""
    for model in models:
        flops, parameters = (model.quantities.get(kind) for kind in ("flops", "parameters"))
        if flops and parameters and flops.value + flops.step / 2 < parameters.value - parameters.step / 2:
            reason = (
                f"{flops.value:.0f} FLOPs are fewer than {parameters.value:.0f} parameters, although a network uses "
                "each weight of a convolution or linear layer at least once: the count skips layers, or one of the two "
                "is wrong."
            )
            for kind, other in (("flops", "parameters"), ("parameters", "flops")):
                places, remedy = (model.where(other),), "check both, and how the FLOPs were counted"
                yield Finding(model.page, model.claim(kind), NAME, reason, places, remedy, Certainty.SUSPICIOUS)
