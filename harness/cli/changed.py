"""`verify changed`: the claims that a change can affect."""

import json
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options as opt
from harness.cli.options import local_resources, open_project
from harness.cli.output import (
    OutputSettings,
    exit_code,
    output_verdicts,
    refuse_to_overwrite_pages,
    require_selected,
    write_file,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.commands.changed import AffectedClaim
    from harness.project.project import Project
    from harness.verdict import Verdict


@click.command()
@opt.pages_argument
@click.option(
    "--base",
    envvar="PRE_COMMIT_FROM_REF",
    default="HEAD",
    show_default=True,
    metavar="REF",
    help="Commit, branch or tag to compare with.",
)
@opt.selection_options
@click.option("--dry-run", is_flag=True, help="List the affected claims and the reasons; verify nothing.")
@opt.resource_options
@opt.network_options
@opt.output_options
@opt.strict_option
def changed(  # noqa: PLR0913 - a parameter for each option
    *,
    pages: tuple[Path, ...],
    base: str,
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    dry_run: bool,
    report_format: str,
    output: Path | None,
    strict: bool,
    **options: Any,
) -> int:
    """Verify the claims that a change since REF can affect.

    Pages are compared by meaning: moved text, comments and the order of keys affect nothing. If anything in a model's
    entry changed, all its claims are verified; its accuracies only if an input of their evaluation changed. Without
    --allow-builders, the builders are those that REF names.

    With --format json, the output is {"models": […], "claims": […]} on one line, for the matrix of a workflow. No
    reports are written.
    """
    from harness.commands.changed import changes_since
    from harness.report.progress import ProgressOnStderr
    from harness.verify.run import Verification, verify
    from harness.verify.selection import ClaimSet, Selection

    if dry_run and report_format not in {"rich", "json"}:
        raise click.UsageError(f"--dry-run has no verdicts to show as {report_format}; remove one of the two options.")
    started = time.monotonic()
    project = open_project(pages, allow_builders=options["allow_builders"])
    if not options["allow_builders"]:
        project = _with_builders_of(project, base)
    refuse_to_overwrite_pages(project, output)
    resources = local_resources(project, options)
    changes = changes_since(project, base)
    selection = Selection(models, kinds)
    require_selected((claim for claim in changes.claims if claim in selection), changes.claims, models, kinds)
    affected = [item for item in changes.affected if item.claim in selection]
    verification = Verification(cached=True)
    if affected and not dry_run:
        claims = ClaimSet(frozenset(item.claim.key for item in affected))
        verification = verify(project, claims, resources, ProgressOnStderr(), options["jobs"])
    verdicts = verification.verdicts
    if report_format == "json" and output is None:
        click.echo(_as_json(affected, verdicts), nl=False)
        return exit_code(verdicts, strict=strict)
    if report_format == "json" and output is not None:
        write_file(output, _as_json(affected, verdicts))
        report_format, output = "rich", None
    if verdicts or report_format != "rich":
        settings = OutputSettings(report_format, output, strict, started, overview=False)
        output_verdicts(verification, project, settings)
    _print_reasons(affected, verdicts, base, unselected=len(changes.affected) - len(affected))
    return exit_code(verdicts, strict=strict)


def _with_builders_of(project: "Project", base: str) -> "Project":
    from harness.commands.changed import with_builders_of

    before = with_builders_of(project, base)
    if before.resources.builders != project.resources.builders:
        click.echo(f"[builders] is taken from {base}, since it changed; --allow-builders uses the new one.", err=True)
    return before


def _print_reasons(
    affected: "Sequence[AffectedClaim]", verdicts: "Sequence[Verdict]", base: str, *, unselected: int
) -> None:
    """Print on stderr which claims are affected and why, with their statuses if they were verified."""
    from harness.report.overview import status_label

    if not affected:
        which = f"None of the {unselected} affected claims is selected" if unselected else "No claim is affected"
        click.echo(f"{which} (changes since {base}).", err=True)
    statuses = {verdict.claim.key: status_label(verdict.status) for verdict in verdicts}
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for item in affected:
        claim = item.claim
        shown = f"{claim.kind} {statuses[claim.key]}" if claim.key in statuses else claim.kind
        groups.setdefault((claim.model or claim.page, item.why), []).append(shown)
    for (subject, why), claims in groups.items():
        _print_wrapped(f"{subject}: {'; '.join(why)}", "  ")
        _print_wrapped(f"    {', '.join(claims)}", "    ")


def _print_wrapped(text: str, indent: str) -> None:
    from harness.index.faults import escape_controls

    click.echo(textwrap.fill(escape_controls(text), 80, subsequent_indent=indent, break_on_hyphens=False), err=True)


def _as_json(affected: "Sequence[AffectedClaim]", verdicts: "Sequence[Verdict]") -> str:
    """One line; `status` is null for claims that were not verified."""
    statuses = {verdict.claim.key: verdict.status.value for verdict in verdicts}
    claims = [
        {
            "page": item.claim.page,
            "model": item.claim.model,
            "claim": item.claim.kind,
            "status": statuses.get(item.claim.key),
            "line": item.claim.where.line,
            "why": list(item.why),
        }
        for item in affected
    ]
    models = list(dict.fromkeys(item.claim.model for item in affected if item.claim.model))
    return json.dumps({"models": models, "claims": claims}, ensure_ascii=False) + "\n"
