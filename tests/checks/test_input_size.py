"""A network that takes images of the declared size only."""

from pathlib import Path

import pytest
from torch import nn

from harness.project.resources import Resources
from harness.verdict import Status
from tests.conftest import judged

PAGE = """<!--
Type: model-index
Models:
- Name: net_32
  Metadata:
    Image Size: {size}
    Parameters: 30730
    FLOPs: 30720
    Tasks: [Image Classification]
  Results:
  - Task: Image Classification
    Dataset: CIFAR-10
    Metrics: {{Top 1 Accuracy: 50%}}
-->
"""


def build(_: str) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))


@pytest.mark.parametrize("kind", ["parameters", "flops", "tasks", "task"])
def test_the_declared_size_is_used_first(kind: str) -> None:
    builders = (("net_*", f"{__name__}:build"),)
    resources = Resources(builders=builders, run_builders=True, root=Path(__file__).parents[2])
    verdict = judged(PAGE.format(size=32), resources, lambda claim: claim.kind == kind)["net_32", kind]
    assert verdict.status is Status.PASS, verdict.reason
    other = judged(PAGE.format(size=64), resources, lambda claim: claim.kind == "task")["net_32", "task"]
    assert other.reason.startswith("The network takes no image of 64×64")


def test_the_networks_own_size_is_used_next() -> None:
    """What a network returns does not depend on a declared size that it does not take."""
    text = PAGE.format(size=100).replace("net_32", "vit_tiny_patch16_224")
    verdicts = judged(text, select=lambda claim: claim.kind in {"flops", "tasks"})
    statuses = [verdict.status for verdict in verdicts.values()]
    assert statuses == [Status.NOT_RUN, Status.PASS]
