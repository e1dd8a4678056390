"""Messages of one line."""

import click

from harness.index.faults import escape_controls


def echo(message: str, *, err: bool = False) -> None:
    """Print a line. Line ends in the message are escaped too, so that a file name cannot forge a line."""
    click.echo(escape_controls(message), err=err)  # noqa: TID251 - the function to use instead
