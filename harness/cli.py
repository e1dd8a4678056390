"""The command line: every verb by its name."""

import click

from harness.verbs import accuracy, changes, check, claims, pages, report, weights


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(package_name="model-card-harness")
def app() -> None:
    """Re-measure every claim of a model-index page, and say pass or fail with evidence.

    Exit codes: 0 nothing false, 1 a claim fails, 2 bad usage, an unreadable page or nothing to check, 3 a check
    could not finish.
    """


VERBS: tuple[click.Command, ...] = (
    claims.verify_all,
    check.check,
    changes.changed,
    claims.explain,
    claims.list_all,
    pages.docs,
    pages.fix,
    report.report,
    weights.fetch,
    weights.lock,
    accuracy.record,
    accuracy.compare,
)
for verb in VERBS:
    app.add_command(verb)
