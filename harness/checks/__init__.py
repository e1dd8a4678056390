"""One module a rule: a claim and its subject to a verdict. A new check is one file and one line below."""

from collections.abc import Callable
from typing import Protocol

from harness.checks import (
    accuracy,
    architecture,
    block,
    code,
    collection,
    conditions,
    dataset,
    design_space,
    file_size,
    flops,
    identity,
    paper,
    parameters,
    tasks,
    text,
    training,
    weights,
)
from harness.checks.subject import Need, Subject
from harness.index.claims import Claim
from harness.verdict import Verdict


class Check(Protocol):
    """What every module of this package offers. Its docstring's first line says what decides."""

    __doc__: str | None
    KINDS: tuple[str, ...]
    NEEDS: frozenset[Need]
    check: Callable[[Claim, Subject], Verdict]


MODULES: tuple[Check, ...] = (
    accuracy,
    architecture,
    block,
    code,
    collection,
    conditions,
    dataset,
    design_space,
    file_size,
    flops,
    identity,
    paper,
    parameters,
    tasks,
    text,
    training,
    weights,
)

CHECKS: dict[str, Check] = {kind: module for module in MODULES for kind in module.KINDS}
