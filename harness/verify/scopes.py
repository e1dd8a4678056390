"""A run judges for two scopes: this machine, and every machine that has the project."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

_Value = TypeVar("_Value")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Scopes(Generic[_Value]):
    """One value for each scope: resources, evaluations or verdicts.

    `here` is for this machine, with the weights, images and repositories that flags name. `portable` is for every
    machine that has the project and nothing else; committed reports are made from it. It is None if the run does not
    need it or if it would be the same as `here`.
    """

    here: _Value
    portable: _Value | None = None

    def __iter__(self) -> Iterator[_Value]:
        yield self.here
        if self.portable is not None:
            yield self.portable

    def map(self, function: Callable[[_Value], _Result]) -> "Scopes[_Result]":
        """The function's result for each value."""
        return Scopes(function(self.here), None if self.portable is None else function(self.portable))

    @property
    def for_reports(self) -> _Value:
        """The value that reports are made from."""
        return self.here if self.portable is None else self.portable
