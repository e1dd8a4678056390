"""Verdicts, diffs and files as output."""

import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.echo import echo
from harness.cli.exit_codes import NOT_FINISHED, NOTHING_FALSE, exit_code
from harness.cli.formats import Report, render
from harness.cli.options import local_resources, refuse_links_out
from harness.system.stdout import trusted, without_workflow_commands

if TYPE_CHECKING:
    from harness.index.claim import Claim
    from harness.project.project import Project
    from harness.verify.run import Verification
    from harness.verify.selection import Selection

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def verify_selected(project: "Project", selection: "Selection", given: Mapping[str, Any]) -> "Verification":
    """Verify the selected claims. Raises click.UsageError if there are none."""
    from harness.report.progress import ProgressOnStderr
    from harness.verify.run import verify

    resources = local_resources(project, given)
    verification = verify(project, selection, resources, ProgressOnStderr(), given.get("jobs"))
    require_selected((claim for claim in verification.claims if claim in selection), verification.claims, selection)
    return verification


def require_selected(selected: "Iterable[object]", claims: "Iterable[Claim]", selection: "Selection") -> None:
    """Raises click.UsageError, which names the models and kinds that there are, if nothing is selected."""
    if any(True for _ in selected):
        return
    from difflib import get_close_matches

    lines = ["Nothing was checked: no claim matches."]
    pairs = [(claim.model or "page", claim.kind) for claim in claims]
    models, kinds = list(dict.fromkeys(model for model, _ in pairs)), sorted({kind for _, kind in pairs})
    for label, globs, names in (("model", selection.models, models), ("claim of kind", selection.kinds, kinds)):
        for glob in globs:
            if not any(fnmatchcase(name, glob) for name in names):
                near = get_close_matches(glob, names, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names)}."
                lines.append(f"No {label} {glob!r}. {hint}")
    raise click.UsageError(" ".join(lines))


def report_unread(claims: "Iterable[Claim]") -> int:
    """Print on stderr what of the pages cannot be read, for verbs without verdicts. Returns the exit code."""
    faults = [claim.fault for claim in claims if claim.hides_others]
    for line in (line for fault in faults for line in str(fault).splitlines()):
        echo(line, err=True)
    return NOT_FINISHED if faults else NOTHING_FALSE


def output_verdicts(
    verification: "Verification", project: "Project", given: Mapping[str, Any], *, overview: bool = True
) -> int:
    """Print the verdicts in the chosen format; or write them to the file, and print the terminal view.

    Returns the exit code.
    """
    form, path, strict = given["report_format"], given["output"], given.get("strict", False)
    report = Report(verification, project, strict, overview)
    if path is not None:
        write_file(path, render(form, report))
    if path is None and form != "rich":
        # Annotations are commands.
        (trusted(sys.stdout) if form == "github" else sys.stdout).write(render(form, report))
    else:
        from harness.report.terminal import console, print_verdicts

        print_verdicts(console(), verification.verdicts, overview=overview)
    return exit_code(verification.verdicts, strict=strict)


def write_file(path: Path, text: str) -> None:
    """Write the file, and say so on stderr. Non-regular files such as devices are written to directly.

    Raises click.UsageError if that fails.
    """
    from harness.system.files import write_atomically

    try:
        if path.exists() and not path.is_file():
            path.write_text(text, "utf-8")
        else:
            write_atomically(path.resolve(), text.encode())
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror or error}.") from None
    echo(f"Wrote {path}.", err=True)


def refuse_to_overwrite_pages(project: "Project", output: Path | None) -> None:
    """Raises click.UsageError if the file to write is a page, in modelindex/, or behind a link out of the checkout."""
    if output:
        refuse_links_out(output)
    real = output.resolve() if output else None
    own = (project.root / "modelindex").resolve()
    if real and (real.is_relative_to(own) or real in {path.resolve() for _, path in project.pages}):
        message = f"Refusing to overwrite {output}: it is a page or inside modelindex/. Choose another file."
        raise click.UsageError(message)


def print_diff(lines: "Iterable[str]") -> None:
    """Print a unified diff: coloured on a terminal, otherwise unchanged, so that `git apply` accepts it."""
    from harness.index.faults import escape_controls

    terminal = sys.stdout.isatty()
    with without_workflow_commands(sys.stdout):
        for line in lines:
            if terminal:
                styled = click.style(escape_controls(line.removesuffix("\r")), fg=_COLOURS.get(line[:1]))
                print(styled, file=trusted(sys.stdout))
            else:
                sys.stdout.buffer.write(f"{line}\n".encode())
    sys.stdout.flush()
