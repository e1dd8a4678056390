"""The flags that several verbs share, and what they name."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.project.project import Project
    from harness.project.resources import EarlyStopping, Resources

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _between(least: str, most: str) -> Callable[[click.Context, click.Parameter, str | None], Decimal | None]:
    """Reads a decimal number that is neither smaller nor larger."""

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


def on_pages(command: _Command) -> _Command:
    """Let a verb take pages, folders of them and patterns; without any, those that modelindex/verify.toml names."""
    path = click.Path(path_type=Path)
    return click.argument("pages", nargs=-1, type=path, metavar="[PAGE]...")(command)


def on_models(command: _Command) -> _Command:
    """Let a verb be restricted to some models."""
    text = "Only these models; 'page' for the page itself."
    return click.option("--model", "models", multiple=True, metavar="GLOB", help=text)(command)


def on_claims(command: _Command) -> _Command:
    """Let a verb be restricted to some models and kinds of claim."""
    text = "Only these kinds of claim."
    return on_models(click.option("--claim", "kinds", multiple=True, metavar="GLOB", help=text)(command))


def with_format(command: _Command) -> _Command:
    """Let a verb print verdicts in another form, or write them to a file, and be strict about them."""
    return with_form(click.option("--strict", is_flag=True, help="Also exit 1 for explained and not_run.")(command))


def with_form(command: _Command) -> _Command:
    """Let a verb print verdicts in another form, or write them to a file."""
    options = (
        click.option(
            "--format",
            "form",
            type=click.Choice(["rich", "json", "markdown", "junit", "sarif", "github"]),
            default="rich",
            show_default=True,
            help="How verdicts are printed.",
        ),
        click.option(
            "--output",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Write that format to FILE, and print the terminal view.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def with_files(command: _Command) -> _Command:
    """Let a verb be told what lies where on this machine, and how to evaluate images."""
    folder = click.Path(path_type=Path, exists=True, file_okay=False)
    weights = "Where weights files lie; torch hub's own folder by default."
    source = "A git checkout or bare repository of the models' source."
    images = (
        "ImageNet's validation images: a folder per class, the flat folder with its ground truth, the tar; or its URL."
    )
    workers = "So many batches at once on this machine; one on each GPU by default."
    address = "Of the Ray cluster."
    precisions = click.Choice(["fp32", "tf32", "bf16", "fp16"])
    options = (
        click.option("--weights", type=folder, metavar="DIR", help=weights),
        click.option("--source", type=folder, metavar="DIR", help=source),
        click.option("--imagenet", callback=_images, metavar="DIR", help=images),
        click.option(
            "--subset", type=click.IntRange(min=1), metavar="N", help="Evaluate only N images, drawn by a seed."
        ),
        click.option(
            "--until-sure",
            is_flag=True,
            help="Evaluate each model only until its accuracies are sure to be near the declared ones, or not.",
        ),
        click.option(
            "--alpha",
            callback=_between("1e-9", "0.5"),
            metavar="P",
            help="How probable it may be that --until-sure is wrong; 0.001 without it.",
        ),
        click.option(
            "--margin",
            callback=_between("0.001", "10"),
            metavar="POINTS",
            help="How many percentage points are near, for --until-sure; 0.5 without it.",
        ),
        click.option(
            "--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:1", help="What evaluates."
        ),
        click.option("--precision", type=precisions, default="fp32", show_default=True, help="Of weights and inputs."),
        click.option("--refresh", is_flag=True, help="Evaluate again what was evaluated before."),
        click.option(
            "--crop-cache",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Keep decoded crops there, so that later runs decode nothing.",
        ),
        click.option(
            "--executor",
            type=click.Choice(["local", "ray"]),
            default="local",
            show_default=True,
            help="Who evaluates: this machine, or a Ray cluster.",
        ),
        click.option("--workers", type=click.IntRange(1, 1024), metavar="N", help=workers),
        click.option("--address", default="auto", show_default=True, metavar="auto|HOST:PORT|ray://…", help=address),
    )
    for option in reversed(options):
        command = option(command)
    return command


def with_networks(command: _Command) -> _Command:
    """Let a verb be told how to build and count networks."""
    jobs = "How many processes judge models; as many as there are cores, where there are models enough, by default."
    check = "Count parameters and FLOPs with a second builder too, where there is one; both must agree. Wants timm."
    for option in (
        click.option("--cross-check", is_flag=True, help=check),
        click.option("--jobs", type=click.IntRange(min=1), metavar="N", help=jobs),
    ):
        command = option(command)
    return command


def _images(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Path | None:
    """Where images lie: a path, or a URL that fsspec opens, as an object that is used like one."""
    if value is None:
        return None
    try:
        place = _at_url(value) if "://" in value else Path(value)
        there = place.exists()
    except ImportError as error:
        told = f"{error}; a URL needs `pip install 'model-card-harness[ray]'` and fsspec's library for its kind"
        raise click.BadParameter(told) from None
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{value}: {error}") from None
    if not there:
        raise click.BadParameter(f"Path {value!r} does not exist.")
    return place


def _at_url(url: str) -> Any:
    from upath import UPath

    return UPath(url)


def find(pages: tuple[Path, ...]) -> "Project":
    """The project here, with these pages or its own; `torchvision:PATTERN` is a page too."""
    from harness.project.project import find_project
    from harness.zoo.library_pages import is_library_page, library_pages

    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise click.UsageError("The working folder is gone; change to one that exists.") from None
    project = find_project(here, [page for page in pages if not is_library_page(page)], library_pages(pages))
    if project.skipped:
        from harness.report.values import count_of

        told = f"{count_of(len(project.pages), 'page')}; no model-index in {count_of(project.skipped, 'other file')}."
        click.echo(told, err=True)
    return project


def resources(project: "Project", files: "Mapping[str, Any]") -> "Resources":
    """What the flags name, and what lies where torch hub keeps it, beside what the project has."""
    from harness.measure.checkpoint import torch_hub_folder
    from harness.project.resources import EvaluationOptions
    from harness.system.git import is_repository
    from harness.zoo.timm_models import timm_version

    if files.get("cross_check") and timm_version() is None:
        raise click.BadParameter("the second builder is timm, which is not installed", param_hint="--cross-check")
    source, imagenet = files["source"], files["imagenet"]
    if source and not is_repository(source):
        told = f"{source} is no git checkout or bare repository, or git is not installed"
        raise click.BadParameter(told, param_hint="--source")
    weights = files["weights"] or torch_hub_folder()
    if files["executor"] == "ray" and files["workers"]:
        raise click.UsageError("--workers is of --executor local; a Ray cluster has as many as GPUs, or else cores.")
    names = ("device", "precision", "subset", "refresh", "crop_cache", "executor", "workers", "address")
    return replace(
        project.resources,
        weights=weights if weights.is_dir() else None,
        source=source,
        images={**project.resources.images, **({"ImageNet-1k": imagenet} if imagenet else {})},
        timm=timm_version(),
        cross_check=files.get("cross_check", False),
        evaluation=EvaluationOptions(**{name: files[name] for name in names}, early_stopping=_early_stopping(files)),
    )


def _early_stopping(files: "Mapping[str, Any]") -> "EarlyStopping | None":
    from harness.project.resources import EarlyStopping

    given = {name: files[name] for name in ("alpha", "margin") if files[name] is not None}
    if files["until_sure"]:
        if files["subset"] is not None:
            raise click.UsageError("--until-sure decides itself how many images are enough; leave --subset away.")
        return EarlyStopping(**given)
    if given:
        raise click.UsageError(f"--{next(iter(given))} is for --until-sure; add that, or leave it away.")
    return None
