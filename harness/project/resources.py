"""What verdicts may draw on beside a page and the references: files here, project settings, and how to evaluate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from harness.errors import UserError
from harness.project.lock import Locked
from harness.project.records import Record


class DeviceError(UserError):
    """A device or precision that is not to be had here; the message says what is, and the mend."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far, in percentage points, a measured accuracy may be from the declared one to pass, or to be explained."""

    passing: Decimal
    explained: Decimal


# Re-runs of unchanged published models over five years moved by at most 0.134 in top-1 (modelindex/references,
# `drift`), so beyond 0.15 it is another model or another evaluation; 0.05 covers all but four of 137 such runs.
# What fewer bits of precision do was not measured: those tolerances are twice and four times as wide.
TOLERANCES: Mapping[str, Tolerance] = {
    "fp32": Tolerance(Decimal("0.05"), Decimal("0.15")),
    "tf32": Tolerance(Decimal("0.05"), Decimal("0.15")),
    "fp16": Tolerance(Decimal("0.1"), Decimal("0.3")),
    "bf16": Tolerance(Decimal("0.2"), Decimal("0.6")),
}


@dataclass(frozen=True, slots=True)
class UntilSure:
    """Evaluate a model only until its accuracies are sure to be within, or farther than, `margin` percentage points.

    `alpha` is the probability of being wrong about any of them.
    """

    alpha: Decimal = Decimal("0.001")
    margin: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """How to evaluate images: on which device, in which precision, how many of them (None for all).

    `refresh` measures again what is kept; `crop_cache` is a folder for decoded crops. `executor` is `local`, with so
    many `workers` (None for one a GPU), or `ray`, with the cluster's `address`; verdicts do not depend on those.
    """

    device: str = "auto"
    precision: str = "fp32"
    subset: int | None = None
    until_sure: UntilSure | None = None
    refresh: bool = False
    crop_cache: Path | None = None
    executor: str = field(default="local", repr=False)
    workers: int | None = field(default=None, repr=False)
    address: str = field(default="auto", repr=False)


@dataclass(frozen=True, slots=True)
class Resources:
    """What is to be had: a folder of weights files, a git repository of the source, folders of images by dataset.

    `root` is the project's folder, to which pages are relative; `lock` holds what weights files were when they were
    seen, by page and model; `timm` the version of timm that is asked what it loads, None where it is not to be asked.
    `builders` are the project's own, as patterns of models' names with a `module:function` each; with `cross_check`
    networks are counted by a second builder too.
    """

    root: Path | None = None
    weights: Path | None = None
    source: Path | None = None
    images: Mapping[str, Path] = field(default_factory=dict)
    tolerances: Mapping[str, Tolerance] = field(default_factory=lambda: TOLERANCES)
    records: tuple[Record, ...] = ()
    lock: Mapping[tuple[str, str], Locked] = field(default_factory=dict)
    timm: str | None = None
    builders: tuple[tuple[str, str], ...] = ()
    cross_check: bool = False
    evaluation: EvaluationOptions = field(default_factory=EvaluationOptions)
