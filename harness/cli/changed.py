"""`verify changed`: the claims that a change can affect."""

import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import exit_code
from harness.cli.output import output_verdicts, refuse_to_overwrite_pages, require_selected, write_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.commands.changed import AffectedClaim, Changes
    from harness.index.claim import ClaimKey
    from harness.project.project import Project
    from harness.project.resources import Resources
    from harness.verdict import Status, Verdict


@click.command()
@options.pages_argument
@click.option(
    "--base", envvar="PRE_COMMIT_FROM_REF", default="HEAD", metavar="REF", help="Commit, branch or tag to compare with."
)
@options.selection_options
@click.option("--dry-run", is_flag=True, help="List the affected claims and the reasons; verify nothing.")
@options.resource_options
@options.network_options
@options.output_options
@options.strict_option
def changed(*, pages: tuple[Path, ...], base: str, dry_run: bool, **given: Any) -> int:
    """Verify the claims that a change since REF can affect.

    Pages are compared by meaning: moved text, comments and the order of keys do not count as changes. If anything in a
    model's entry changed, all its claims are verified; its accuracies only if an input of their evaluation changed.
    Without --allow-builders, the builders are those that REF names.

    With --format json, the output is {"models": […], "claims": […]} on one line, for the matrix of a workflow. No
    reports are written. A claim that is not_run now says what it was at REF, if it was reproduced there.
    """
    from harness.commands.changed import changes_since
    from harness.report.progress import ProgressOnStderr
    from harness.verify.run import Verification, verify
    from harness.verify.selection import ClaimSet

    form, output = given["report_format"], given["output"]
    if dry_run and form not in {"rich", "json"}:
        raise click.UsageError(f"--dry-run has no verdicts to show as {form}; remove one of the two options.")
    project, selection = (
        options.open_project(pages, allow_builders=given["allow_builders"]),
        options.selection_of(given),
    )
    if not given["allow_builders"]:
        project = _with_builders_of(project, base)
    refuse_to_overwrite_pages(project, output)
    resources = options.local_resources(project, given)
    changes = changes_since(project, base)
    require_selected((claim for claim in changes.claims if claim in selection), changes.claims, selection)
    affected = [item for item in changes.affected if item.claim in selection]
    verification = Verification(cached=True)
    if affected and not dry_run:
        claims = ClaimSet(frozenset(item.claim.key for item in affected))
        verification = verify(project, claims, resources, ProgressOnStderr(), given["jobs"])
    verdicts = verification.verdicts
    before = _decided_before(changes, verdicts, project, resources)
    code = exit_code(verdicts, strict=given["strict"])
    if form == "json":
        document = _as_json(affected, verdicts, before)
        if output is None:
            sys.stdout.write(document)
            return code
        write_file(output, document)
        given |= {"report_format": "rich", "output": None}
    if verdicts or given["report_format"] != "rich":
        output_verdicts(verification.without_structure(), project, given, overview=False)
    _print_reasons(affected, verdicts, before, base, unselected=len(changes.affected) - len(affected))
    return code


def _with_builders_of(project: "Project", base: str) -> "Project":
    from harness.commands.base_settings import with_builders_of

    before = with_builders_of(project, base)
    if before.resources.builders != project.resources.builders:
        echo(f"[builders] is taken from {base}, since it changed; --allow-builders uses the new one.", err=True)
    return before


def _decided_before(
    changes: "Changes", verdicts: "Sequence[Verdict]", project: "Project", resources: "Resources"
) -> "Mapping[ClaimKey, Status]":
    """The statuses at the commit of claims that are `not_run` now, if they were `pass` or `explained`."""
    from harness.verdict import Status

    if not any(verdict.status is Status.NOT_RUN for verdict in verdicts):
        return {}
    from harness.commands.decided_before import decided_before

    return decided_before(changes, verdicts, project, resources)


def _print_reasons(
    affected: "Sequence[AffectedClaim]",
    verdicts: "Sequence[Verdict]",
    before: "Mapping[ClaimKey, Status]",
    base: str,
    *,
    unselected: int,
) -> None:
    """Print on stderr which claims are affected and why, with their statuses if they were verified."""
    from harness.report.overview import status_label

    if not affected:
        which = "No claim is affected"
        if unselected == 1:
            which = "The affected claim is not selected"
        elif unselected:
            which = f"None of the {unselected} affected claims is selected"
        echo(f"{which} (changes since {base}).", err=True)
    statuses = {verdict.claim.key: f" {status_label(verdict.status)}" for verdict in verdicts}
    for key, status in before.items():
        statuses[key] += f" ({status_label(status)} at {base})"
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for item in affected:
        claim = item.claim
        group = groups.setdefault((claim.model or claim.page, item.why), [])
        group.append(f"{claim.kind}{statuses.get(claim.key, '')}")
    for (subject, why), claims in groups.items():
        _print_wrapped(f"{subject}: {'; '.join(why)}", "  ")
        _print_wrapped(f"    {', '.join(claims)}", "    ")


def _print_wrapped(text: str, indent: str) -> None:
    for line in textwrap.wrap(text, 80, subsequent_indent=indent, break_on_hyphens=False):
        echo(line, err=True)


def _as_json(
    affected: "Sequence[AffectedClaim]", verdicts: "Sequence[Verdict]", before: "Mapping[ClaimKey, Status]"
) -> str:
    """One line; `status` is null for claims that were not verified, `before` unless the change undid a decision."""
    from harness.index.faults import escape_json

    statuses = {verdict.claim.key: verdict.status.value for verdict in verdicts}
    claims = [
        {
            "page": item.claim.page,
            "model": item.claim.model,
            "claim": item.claim.kind,
            "status": statuses.get(item.claim.key),
            "before": before.get(item.claim.key),
            "line": item.claim.where.line,
            "why": item.why,
        }
        for item in affected
    ]
    models = list(dict.fromkeys(item.claim.model for item in affected if item.claim.model))
    return escape_json(json.dumps({"models": models, "claims": claims}, ensure_ascii=False)) + "\n"
