"""The arguments and options that several verbs share, and the project and resources that they name."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli.echo import echo
from harness.cli.formats import FORMATS

if TYPE_CHECKING:
    from harness.project.project import Project
    from harness.project.resources import EarlyStopping, Resources
    from harness.verify.selection import Selection

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Decorator = Callable[[_Command], _Command]
_FOLDER = click.Path(path_type=Path, file_okay=False)
_EXISTING_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


def _number_between(least: str, most: str) -> Callable[[click.Context, click.Parameter, str | None], Decimal | None]:
    def read(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Decimal | None:
        if value is None:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_nan() or not Decimal(least) <= number <= Decimal(most):
            raise click.BadParameter(f"expected a number from {least} to {most}, got {value!r}")
        return number

    return read


def _existing_images(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Path | None:
    """A path, or for a URL an object that is used like one and that fsspec opens."""
    if value is None:
        return None
    try:
        if "://" in value:
            from upath import UPath

            place: Path = UPath(value)
        else:
            place = Path(value)
        exists = place.exists()
    except ImportError as error:
        needed = "a URL needs `pip install 'model-card-harness[ray]'` and fsspec's library for its protocol"
        raise click.BadParameter(f"{error}; {needed}") from None
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{value}: {error}") from None
    if not exists:
        raise click.BadParameter(f"Path {value!r} does not exist.")
    return place


def _all_of(*options: _Decorator[Any]) -> _Decorator[Any]:
    """One decorator for several options, which --help shows in this order."""
    return lambda command: reduce(lambda decorated, option: option(decorated), reversed(options), command)


def pages_argument(command: _Command) -> _Command:
    """The argument PAGE, which the last paragraph of the verb's help describes."""
    pages = "PAGE is a file, folder, quoted pattern or torchvision:PATTERN; default: all."
    command.__doc__ = f"{command.__doc__}\n\n    {pages}"
    return click.argument("pages", nargs=-1, type=click.Path(path_type=Path), metavar="[PAGE]...")(command)


def _option(name: str, metavar: str, help: str, *names: str, **settings: Any) -> _Decorator[Any]:  # noqa: A002
    return click.option(name, *names, metavar=metavar, help=help, **settings)


model_option = _option(
    "--model",
    "GLOB",
    "Select models by name; 'page' selects claims of the page itself. May be repeated.",
    "models",
    multiple=True,
)
selection_options = _all_of(
    model_option,
    _option("--claim", "GLOB", "Select claims by kind, such as flops. May be repeated.", "kinds", multiple=True),
)
output_options = _all_of(
    click.option("--format", "report_format", type=click.Choice(list(FORMATS)), default="rich", help="Output format."),
    _option(
        "--output",
        "FILE",
        "Write the output to FILE, and show the terminal view.",
        type=click.Path(path_type=Path, dir_okay=False),
    ),
)
strict_option = click.option("--strict", is_flag=True, help="Also exit with 1 for explained and not_run.")
weights_option = _option(
    "--weights", "DIR", "Folder of weights files.  [default: torch hub's checkpoints folder]", type=_EXISTING_FOLDER
)
builders_option = click.option(
    "--allow-builders",
    is_flag=True,
    envvar="VERIFY_ALLOW_BUILDERS",
    show_envvar=True,
    help="Run the builders that modelindex/verify.toml names, which are code of the project.",
)
resource_options = _all_of(
    weights_option,
    builders_option,
    _option(
        "--source",
        "DIR",
        "Git repository of the models' source code: a checkout or a bare repository.",
        type=_EXISTING_FOLDER,
    ),
    _option(
        "--imagenet",
        "DIR",
        "ImageNet validation images, as a path or URL: one folder per class, a flat folder with its ground-truth file, "
        "or the tar file.",
        callback=_existing_images,
    ),
    _option("--subset", "N", "Evaluate a random sample of N images (fixed seed).", type=click.IntRange(min=1)),
    click.option(
        "--until-sure",
        is_flag=True,
        help="Stop evaluating a model once it is statistically certain whether its accuracies are within --margin of "
        "the declared ones.",
    ),
    _option(
        "--alpha", "P", "Error probability of --until-sure.  [default: 0.001]", callback=_number_between("1e-9", "0.5")
    ),
    _option(
        "--margin",
        "POINTS",
        "Percentage points that count as close for --until-sure.  [default: 0.5]",
        callback=_number_between("0.001", "10"),
    ),
    _option("--device", "NAME", "Device to evaluate on: auto, cpu, cuda or, for example, cuda:1.", default="auto"),
    click.option(
        "--precision",
        type=click.Choice(["fp32", "tf32", "bf16", "fp16"]),
        default="fp32",
        help="Precision of weights and inputs.",
    ),
    click.option("--refresh", is_flag=True, help="Ignore stored evaluations and evaluate again."),
    _option("--crop-cache", "DIR", "Store decoded crops in DIR, so that later runs are faster.", type=_FOLDER),
    click.option(
        "--executor",
        type=click.Choice(["local", "ray"]),
        default="local",
        help="Evaluate on this machine, or on a Ray cluster.",
    ),
    _option(
        "--workers",
        "N",
        "Number of batches to evaluate in parallel on this machine.  [default: one per GPU]",
        type=click.IntRange(1, 1024),
    ),
    _option("--address", "ADDRESS", "Address of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.", default="auto"),
)
network_options = _all_of(
    _option(
        "--jobs",
        "N",
        "Number of processes that judge models.  [default: one per core if there are many models]",
        type=click.IntRange(min=1),
    ),
    click.option(
        "--cross-check",
        is_flag=True,
        help="Build each network also with timm, and compare parameters and FLOPs. Needs timm.",
    ),
)


def open_project(pages: tuple[Path, ...], *, allow_builders: bool = False) -> "Project":
    """The project at or above the working folder, with these pages; without any, with the configured ones.

    Its own builders may run if the option allows it, or if the user has trusted them.
    """
    from harness.project.project import find_project, find_root
    from harness.zoo.library_pages import is_library_page, library_pages

    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise click.UsageError("The working folder does not exist any more; change to one that does.") from None
    files = [page for page in pages if not is_library_page(page)]
    warn_about_cache(find_root(here) or here, *files)
    project = find_project(here, files, library_pages(pages), allow_builders=allow_builders)
    if project.skipped:
        from harness.report.values import count_of

        found = f"{count_of(len(project.pages), 'page')}; no model-index in {count_of(project.skipped, 'other file')}."
        echo(found, err=True)
    return project


def warn_about_cache(*verified: Path) -> None:
    """Refuse a cache in the checkouts of the files to verify, and say so once."""
    from harness.system.cache_folder import cache_problem, keep_cache_outside

    keep_cache_outside(verified)
    if problem := cache_problem():
        echo(problem, err=True)


def refuse_links_out(place: Path) -> None:
    """Raises click.UsageError if a link in the checkout, which anybody may have committed, leads writes out of it."""
    from harness.system.cache_folder import checkout_around
    from harness.system.files import leads_inside

    checkout = checkout_around(place)
    if checkout and not leads_inside(place, Path(checkout)):
        real = os.path.realpath(place)
        raise click.UsageError(
            f"Refusing to write to {place}: a link in {checkout} leads out of it. Name {real} itself."
        )


def selection_of(given: Mapping[str, Any]) -> "Selection":
    """The claims that the selection options select."""
    from harness.verify.selection import Selection

    return Selection(given["models"], given["kinds"])


def local_resources(project: "Project", given: Mapping[str, Any]) -> "Resources":
    """The project's resources, with those that the options name and torch hub's weights files."""
    from harness.project.resources import EvaluationOptions
    from harness.system.git import is_repository
    from harness.zoo.timm_models import timm_version

    if given.get("cross_check") and timm_version() is None:
        raise click.BadParameter("needs timm, which is not installed: pip install timm", param_hint="--cross-check")
    source, imagenet = given["source"], given["imagenet"]
    if source and not is_repository(source):
        message = f"{source} is not a git checkout or bare repository, or git is not installed"
        raise click.BadParameter(message, param_hint="--source")
    weights = weights_folder(given["weights"])
    if given["executor"] == "ray" and given["workers"]:
        cluster = "--executor ray, which uses every GPU (or every core) of the cluster"
        raise click.UsageError(f"--workers cannot be used with {cluster}.")
    names = ("device", "precision", "subset", "refresh", "executor", "workers", "address")
    return replace(
        project.resources,
        weights=weights if weights and weights.is_dir() else None,
        source=source,
        images={**project.resources.images, **({"ImageNet-1k": imagenet} if imagenet else {})},
        timm=timm_version(),
        cross_check=given.get("cross_check", False),
        evaluation=EvaluationOptions(
            **{name: given[name] for name in names},
            crop_cache=_crop_cache(given["crop_cache"]),
            early_stopping=_early_stopping(given),
        ),
    )


def weights_folder(given: Path | None) -> Path | None:
    """The folder that --weights names, or torch hub's; None if a commit could bring that one."""
    from harness.measure.checkpoint import torch_hub_folder
    from harness.system.cache_folder import checkout_around

    folder = given or torch_hub_folder()
    checkout = None if given else checkout_around(folder)
    if checkout and folder.exists():
        found = f"{folder} is not used: a commit to {checkout} could bring its files"
        echo(f"{found}; set TORCH_HOME to a folder outside of it, or pass --weights.", err=True)
    return None if checkout else folder


def _crop_cache(folder: Path | None) -> Path | None:
    from harness.system.cache_folder import checkout_around

    checkout = folder and checkout_around(folder)
    if checkout:
        found = f"{folder} is not used: a commit to {checkout} could forge its crops"
        echo(f"--crop-cache: {found}; name a folder outside of it.", err=True)
    return None if checkout else folder


def _early_stopping(given: Mapping[str, Any]) -> "EarlyStopping | None":
    from harness.project.resources import EarlyStopping

    thresholds = {name: given[name] for name in ("alpha", "margin") if given[name] is not None}
    if not given["until_sure"]:
        if thresholds:
            raise click.UsageError(f"--{next(iter(thresholds))} requires --until-sure.")
        return None
    if given["subset"] is not None:
        raise click.UsageError("--until-sure chooses the number of images itself; remove --subset.")
    return EarlyStopping(**thresholds)
