"""One module a rule: all pages read together, to what speaks against a claim. A new rule is one file and one line."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from harness.index.entries import Index
from harness.project.references import References
from harness.rules import (
    bytes_per_parameter,
    chance,
    comment,
    factor,
    family_line,
    fractions,
    one_architecture,
    shared_weights,
    top_5,
    unit,
    weights_name,
)
from harness.rules.declared_model import DeclaredModel, entries
from harness.rules.finding import Finding


class Rule(Protocol):
    """What every rule of this package offers. Its docstring's first line says what it finds."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a constant of the module
        """What its findings call it."""

    def find(self, models: Sequence[DeclaredModel], references: References, /) -> Iterator[Finding]:
        """What it finds among all models of all pages."""


RULES: tuple[Rule, ...] = (
    bytes_per_parameter,
    chance,
    comment,
    factor,
    family_line,
    fractions,
    one_architecture,
    shared_weights,
    top_5,
    unit,
    weights_name,
)


def findings(indexes: Sequence[Index], references: References) -> tuple[Finding, ...]:
    """What all rules find on the pages, in the order of the rules."""
    models = entries(indexes)
    return tuple(finding for rule in RULES for finding in rule.find(models, references))
