"""The command line and its verbs."""

import click

from harness.cli import all as all_
from harness.cli import changed, check, compare, docs, explain, fetch, fix, lock, record, report, trust
from harness.cli import list as list_


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80, "show_default": True})
@click.version_option(package_name="model-card-harness")
def app() -> None:
    """Verify the claims of model-index pages: measure each one again, and show the evidence.

    Exit codes: 0 nothing false, 1 a claim fails, 2 bad usage or nothing to check, 3 something could not be
    read or finished.
    """


VERBS: tuple[click.Command, ...] = (
    all_.verify_all,
    check.check,
    changed.changed,
    explain.explain,
    list_.list_all,
    docs.docs,
    fix.fix,
    report.report,
    fetch.fetch,
    lock.lock,
    record.record,
    compare.compare,
    trust.trust,
)
for verb in VERBS:
    app.add_command(verb)
