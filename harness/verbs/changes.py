"""What changed since a commit, verified and nothing else."""

import json
import textwrap
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.exit_codes import NOTHING_FALSE
from harness.flags import find, on_claims, on_pages, resources, with_files, with_format
from harness.verbs.outcome import View, exit_code, show, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.changes import Affected
    from harness.index.claim import ClaimKey
    from harness.verdict import Verdict


@click.command()
@on_pages
@click.option("--base", required=True, metavar="REF", help="The commit, branch or tag to compare with.")
@on_claims
@click.option("--dry-run", is_flag=True, help="Say which claims, and why; verify nothing.")
@with_files
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
    from harness.changes import changes_since

    started = time.monotonic()
    project = find(pages)
    found = resources(project, files)
    changes = changes_since(project, found, base)
    affected = [one for one in changes.affected if _wanted(one, models, kinds)]
    for name in changes.beside:
        click.echo(f"{name} changed too; what that affects, only `verify all` tells.", err=True)
    verdicts: tuple[Verdict, ...] = ()
    if affected and not dry_run:
        from harness.report.progress import ProgressOnStderr
        from harness.verify import Named, verify

        named = Named(frozenset(one.claim.key for one in affected))
        answer = verify(project, named, found, ProgressOnStderr())
        verdicts = answer.verdicts
        if form != "json":
            show(answer, project, View(form, output, strict, started, overview=False))
    if form != "json":
        _tell(affected, verdicts, base)
    elif output:
        write(output, _as_json(affected, verdicts))
        _tell(affected, verdicts, base)
    else:
        click.echo(_as_json(affected, verdicts), nl=False)
    return exit_code(verdicts, strict=strict) if verdicts else NOTHING_FALSE


def _wanted(one: "Affected", models: "Sequence[str]", kinds: "Sequence[str]") -> bool:
    wanted = ((one.claim.model or "page", models), (one.claim.kind, kinds))
    return all(not globs or any(fnmatchcase(name, glob) for glob in globs) for name, globs in wanted)


def _tell(affected: "Sequence[Affected]", verdicts: "Sequence[Verdict]", base: str) -> None:
    """Say on stderr which claims are affected, by what, and how they fared."""
    from harness.index.faults import visible

    if not affected:
        click.echo(f"No claim is affected by what changed since {visible(base)}.", err=True)
    fared = _fared(verdicts)
    causes: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in affected:
        told = f"{one.claim.kind} {fared[one.claim.key]}" if one.claim.key in fared else one.claim.kind
        causes.setdefault((one.claim.model or one.claim.page, one.why), []).append(told)
    for (about, why), claims in causes.items():
        click.echo(visible(f"{about}: {'; '.join(why)}"), err=True)
        click.echo(
            textwrap.fill(visible(", ".join(claims)), 80, initial_indent="    ", subsequent_indent="    "), err=True
        )


def _fared(verdicts: "Sequence[Verdict]") -> "dict[ClaimKey, str]":
    """The status of each claim, as people read it."""
    from harness.report.overview import words

    return {verdict.claim.key: words(verdict.status) for verdict in verdicts}


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
