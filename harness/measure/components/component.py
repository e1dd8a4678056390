"""A building block: its name, its definition, and how a forward pass shows its presence or absence."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from harness.measure.operations import Trace

Counter = Callable[[Trace], int]


class Presence(Enum):
    """What a forward pass says about a component."""

    SEEN = auto()
    WIDER = auto()  # only in the wider sense that the component's `wider` describes
    UNKNOWN = auto()
    ABSENT = auto()


@dataclass(frozen=True, slots=True)
class Wider:
    """A wider sense of a tag, which a reader may have meant: its description, and how often it occurs."""

    description: str
    count: Counter


@dataclass(frozen=True, slots=True)
class Component:
    """A building block: its tag on pages, its definition, and a function that counts it in a forward pass.

    `needs` counts the operations that can be, or be part of, any form of the component: absence is proven only if there
    are none. None if `count` misses no form. `implied_by` names the tags that include this component; with None, the
    component is too special to note where a page does not list it.
    """

    tag: str
    definition: str
    count: Counter
    needs: Counter | None = None
    wider: Wider | None = None
    implied_by: tuple[str, ...] | None = None

    def presence(self, trace: Trace) -> Presence:
        """Whether the network contains the component."""
        if self.count(trace):
            return Presence.SEEN
        if self.wider and self.wider.count(trace):
            return Presence.WIDER
        possible = self.needs is not None and self.needs(trace)
        return Presence.UNKNOWN if possible or trace.unknown_calls else Presence.ABSENT
