"""`verify trust`: consent to run the builders of a project."""

import json

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import NOTHING_FALSE


@click.command()
def trust() -> int:
    """Trust the builders of this project.

    Builders are Python code of the project that modelindex/verify.toml names under [builders]. They run with your
    permissions, so trust only projects whose authors you trust.

    Trust is remembered on this machine for this folder, these builders, and the project's Python modules. After a
    change of any of them, such as a checkout of a pull request, trust has to be given again.
    """
    from harness.commands.trust import trust_builders

    project = options.open_project(())
    for pattern, function in trust_builders(project):
        echo(f"{json.dumps(pattern, ensure_ascii=False)} = {json.dumps(function)}")
    echo(f"These builders of {project.root} are trusted.", err=True)
    return NOTHING_FALSE
