"""The table of rules. A new rule is one file and one line in `RULES`."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from harness.index.entries import Index
from harness.project.references import References
from harness.rules import (
    accuracy_range,
    bytes_per_parameter,
    chance,
    comment,
    factor,
    family_line,
    fractions,
    image_count,
    multiply_adds,
    one_architecture,
    one_file,
    shared_weights,
    top_5,
    unit,
    weights_name,
)
from harness.rules.declared_model import DeclaredModel, declared_models
from harness.rules.finding import Finding


class Rule(Protocol):
    """A module of this package. The first line of its docstring says what it finds."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a constant of the module
        """The name of the rule in findings."""

    def find(self, models: Sequence[DeclaredModel], references: References, /) -> Iterator[Finding]:
        """The findings among all models of all pages."""


RULES: tuple[Rule, ...] = (
    accuracy_range,
    bytes_per_parameter,
    chance,
    comment,
    factor,
    family_line,
    fractions,
    image_count,
    multiply_adds,
    one_architecture,
    one_file,
    shared_weights,
    top_5,
    unit,
    weights_name,
)


def findings(indexes: Sequence[Index], references: References) -> tuple[Finding, ...]:
    """The findings of all rules on the pages, in the order of the rules."""
    models = declared_models(indexes)
    return tuple(finding for rule in RULES for finding in rule.find(models, references))
