"""What changed since a commit, verified and nothing else."""

import json
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import find, on_claims, on_pages, resources, with_files, with_format, with_networks
from harness.cli.output import View, exit_code, nothing_selected, refuse_output, show, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.commands.changed import Affected
    from harness.verdict import Verdict


@click.command()
@on_pages
@click.option(
    "--base",
    envvar="PRE_COMMIT_FROM_REF",
    default="HEAD",
    show_default=True,
    metavar="REF",
    help="The commit, branch or tag to compare with.",
)
@on_claims
@click.option("--dry-run", is_flag=True, help="Say which claims, and why; verify nothing.")
@with_files
@with_networks
@with_format
def changed(  # noqa: PLR0913 - a parameter for each flag
    *,
    pages: tuple[Path, ...],
    base: str,
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    dry_run: bool,
    form: str,
    output: Path | None,
    strict: bool,
    **files: Any,
) -> int:
    """Verify the claims that a change can affect, and no others.

    The pages are compared with what they were at REF by meaning: text moved, comments and the order of keys affect
    nothing. With --format json, what is printed is {"models": […], "claims": […]}, on one line, for the matrix of
    a workflow. No reports are written.
    """
    from harness.commands.changed import changes_since
    from harness.report.progress import ProgressOnStderr
    from harness.verify.run import Answer, Named, Selection, verify

    if dry_run and form not in {"rich", "json"}:
        raise click.UsageError(f"--dry-run has no verdicts to show as {form}; leave one of the two away.")
    started = time.monotonic()
    project = find(pages)
    refuse_output(project, output)
    found = resources(project, files)
    changes = changes_since(project, found, base)
    selection = Selection(models, kinds)
    if not any(claim in selection for claim in changes.claims):
        raise click.UsageError(nothing_selected(changes.claims, models, kinds))
    affected = [one for one in changes.affected if one.claim in selection]
    answer = Answer((), (), (), cached=True)
    if affected and not dry_run:
        named = Named(frozenset(one.claim.key for one in affected))
        answer = verify(project, named, found, ProgressOnStderr(), files["jobs"])
    if form == "json" and output is None:
        click.echo(_as_json(affected, answer.verdicts), nl=False)
        return exit_code(answer.verdicts, strict=strict)
    if form == "json" and output is not None:
        write(output, _as_json(affected, answer.verdicts))
        form, output = "rich", None
    if answer.verdicts or form != "rich":
        show(answer, project, View(form, output, strict, started, overview=False))
    _tell(affected, answer.verdicts, base, left_out=len(changes.affected) - len(affected))
    return exit_code(answer.verdicts, strict=strict)


def _tell(affected: "Sequence[Affected]", verdicts: "Sequence[Verdict]", base: str, *, left_out: int) -> None:
    """Say on stderr which claims are affected, by what, and how they fared."""
    if not affected:
        which = f"None of the {left_out} claims that are" if left_out else "No claim is"
        click.echo(f"{which} affected by what changed since {base}{' is selected' if left_out else ''}.", err=True)
    from harness.report.overview import status_label

    fared = {verdict.claim.key: status_label(verdict.status) for verdict in verdicts}
    causes: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in affected:
        told = f"{one.claim.kind} {fared[one.claim.key]}" if one.claim.key in fared else one.claim.kind
        causes.setdefault((one.claim.model or one.claim.page, one.why), []).append(told)
    for (about, why), claims in causes.items():
        _echo(f"{about}: {'; '.join(why)}", "  ")
        _echo(f"    {', '.join(claims)}", "    ")


def _echo(text: str, indent: str) -> None:
    from harness.index.faults import escape_controls

    click.echo(textwrap.fill(escape_controls(text), 80, subsequent_indent=indent, break_on_hyphens=False), err=True)


def _as_json(affected: "Sequence[Affected]", verdicts: "Sequence[Verdict]") -> str:
    """One line; each claim with its status, where it was verified."""
    status = {verdict.claim.key: verdict.status.value for verdict in verdicts}
    told = [
        {
            "page": one.claim.page,
            "model": one.claim.model,
            "claim": one.claim.kind,
            "status": status.get(one.claim.key),
            "line": one.claim.where.line,
            "why": list(one.why),
        }
        for one in affected
    ]
    models = list(dict.fromkeys(one.claim.model for one in affected if one.claim.model))
    return json.dumps({"models": models, "claims": told}, ensure_ascii=False) + "\n"
