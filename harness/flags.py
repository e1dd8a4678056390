"""The flags that several verbs share, and what they name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.project import Project
    from harness.resources import Resources

_Command = TypeVar("_Command", bound=Callable[..., Any])


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
    images = "ImageNet's validation images: a folder per class, the flat folder with its ground truth, or the tar."
    precisions = click.Choice(["fp32", "tf32", "bf16", "fp16"])
    options = (
        click.option("--weights", type=folder, metavar="DIR", help=weights),
        click.option("--source", type=folder, metavar="DIR", help=source),
        click.option("--imagenet", type=click.Path(path_type=Path, exists=True), metavar="DIR", help=images),
        click.option(
            "--subset", type=click.IntRange(min=1), metavar="N", help="Evaluate only N images, drawn by a seed."
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


def find(pages: tuple[Path, ...]) -> "Project":
    """The project here, with these pages or its own; `torchvision:PATTERN` is a page too."""
    from harness.project import find_project
    from harness.published import is_published, published_pages

    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise click.UsageError("The working folder is gone; change to one that exists.") from None
    project = find_project(here, [page for page in pages if not is_published(page)], published_pages(pages))
    if project.others:
        from harness.report.values import counted

        told = f"{counted(len(project.pages), 'page')}; no model-index in {counted(project.others, 'other file')}."
        click.echo(told, err=True)
    return project


def resources(project: "Project", files: "Mapping[str, Any]") -> "Resources":
    """What the flags name, and what lies where torch hub keeps it, beside what the project has."""
    from harness.measure.checkpoint import torch_hub_folder
    from harness.repository import is_repository
    from harness.resources import EvaluationOptions
    from harness.zoo.timm_models import timm_version

    if files.get("cross_check") and timm_version() is None:
        raise click.BadParameter("the second builder is timm, which is not installed", param_hint="--cross-check")
    source, imagenet = files["source"], files["imagenet"]
    if source and not is_repository(source):
        told = f"{source} is no git checkout or bare repository, or git is not installed"
        raise click.BadParameter(told, param_hint="--source")
    weights = files["weights"] or torch_hub_folder()
    names = ("device", "precision", "subset", "refresh", "crop_cache")
    return replace(
        project.resources,
        weights=weights if weights.is_dir() else None,
        source=source,
        images={**project.resources.images, **({"ImageNet-1k": imagenet} if imagenet else {})},
        timm=timm_version(),
        cross_check=files.get("cross_check", False),
        evaluation=EvaluationOptions(**{name: files[name] for name in names}),
    )
