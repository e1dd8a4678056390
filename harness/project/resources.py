"""What a run may use beside pages and references: local files, settings of the project, evaluation options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from harness.errors import UserError
from harness.project.lock import Locked
from harness.project.records import Record

# ImageNet's labels: Kaggle's table, and the files of the devkit.
LABEL_TABLE, DEVKIT = "LOC_val_solution.csv", "ILSVRC2012_devkit_t12"
GROUND_TRUTH, CLASS_TABLE = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"


def label_files(folder: Path) -> list[Path]:
    """Every path that may hold the labels of the images in `folder`, in it or beside it."""
    names = (LABEL_TABLE, GROUND_TRUTH, CLASS_TABLE, DEVKIT, f"{DEVKIT}.tar.gz")
    return [place / name for place in (folder, folder.absolute().parent) for name in names]


class DeviceError(UserError):
    """The device or precision is not available; the message names those that are, and the fix."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Largest differences, in percentage points, between measured and declared accuracy to pass, or be explained."""

    passing: Decimal
    explained: Decimal


# Published re-runs of unchanged models over five years differ by at most 0.134 in top-1 (modelindex/references,
# `drift`): beyond 0.15 the model or the evaluation differs. 0.05 covers all but four of 137 such runs.
# The effect of half precision was not measured: those tolerances are two and four times as wide.
TOLERANCES: Mapping[str, Tolerance] = {
    "fp32": Tolerance(Decimal("0.05"), Decimal("0.15")),
    "tf32": Tolerance(Decimal("0.05"), Decimal("0.15")),
    "fp16": Tolerance(Decimal("0.1"), Decimal("0.3")),
    "bf16": Tolerance(Decimal("0.2"), Decimal("0.6")),
}


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """Stop once each accuracy is known to be within `margin` percentage points of the declared one, or not to be.

    `alpha` is the probability of an error for any of a model's accuracies.
    """

    alpha: Decimal = Decimal("0.001")
    margin: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """How to evaluate: device, precision, number of images (None for all), and when to stop early.

    `refresh` ignores stored results; `crop_cache` is a folder for decoded crops. `executor` is `local`, with a number
    of `workers` (None for one per GPU), or `ray`, with the cluster's `address`; verdicts do not depend on these.
    """

    device: str = "auto"
    precision: str = "fp32"
    subset: int | None = None
    early_stopping: EarlyStopping | None = None
    refresh: bool = False
    crop_cache: Path | None = None
    executor: str = field(default="local", repr=False)
    workers: int | None = field(default=None, repr=False)
    address: str = field(default="auto", repr=False)


@dataclass(frozen=True, slots=True)
class Resources:
    """A folder of weights files, a git repository of the source code, and folders of images by dataset.

    `root` is the project's folder; pages are relative to it. `records` are by model and dataset. `lock` holds the
    locked weights files by page and model. `timm` is the version of timm to ask which weights it loads; None to ask
    nothing. `builders` are those of the project: glob patterns of model names, each with a `module:function`. They run
    only with `run_builders`: somebody trusts the project. With `cross_check`, a second builder counts every network
    too.
    """

    root: Path | None = None
    weights: Path | None = None
    source: Path | None = None
    images: Mapping[str, Path] = field(default_factory=dict)
    tolerances: Mapping[str, Tolerance] = field(default_factory=lambda: TOLERANCES)
    records: Mapping[tuple[str, str], Sequence[Record]] = field(default_factory=dict)
    lock: Mapping[tuple[str, str], Locked] = field(default_factory=dict)
    timm: str | None = None
    builders: tuple[tuple[str, str], ...] = ()
    run_builders: bool = False
    cross_check: bool = False
    evaluation: EvaluationOptions = field(default_factory=EvaluationOptions)
