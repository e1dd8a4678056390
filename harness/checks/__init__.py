"""The checks: each module judges some kinds of claim. A new check is one file and one line in `MODULES`."""

from typing import Protocol

from harness.checks import (
    accuracy,
    architecture,
    block,
    code,
    collection,
    conditions,
    create_model,
    dataset,
    design_space,
    file_size,
    flops,
    identity,
    include,
    layers,
    paper,
    parameters,
    readme,
    tasks,
    text,
    training,
    training_data,
    weights,
)
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import Verdict


class Check(Protocol):
    """The interface of every check module. Its docstring begins with `Topic: rule.`, which `verify list` shows."""

    @property
    def KINDS(self) -> tuple[str, ...]:  # noqa: N802 - a constant of the module
        """The kinds of claim that it judges."""

    @property
    def NEEDS(self) -> frozenset[Need]:  # noqa: N802
        """What it needs from the subject."""

    def check(self, claim: Claim, subject: Subject) -> Verdict:
        """The verdict on one claim."""


MODULES: tuple[Check, ...] = (
    accuracy,
    architecture,
    block,
    code,
    collection,
    conditions,
    create_model,
    dataset,
    design_space,
    file_size,
    flops,
    identity,
    include,
    layers,
    paper,
    parameters,
    readme,
    tasks,
    text,
    training,
    training_data,
    weights,
)

CHECKS: dict[str, Check] = {kind: module for module in MODULES for kind in module.KINDS}
