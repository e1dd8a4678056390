"""The process: signals, streams and exit codes."""

import gc
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import click

from harness.cli.app import app
from harness.cli.exit_codes import BAD_USAGE, INTERRUPTED, NOT_FINISHED, NOTHING_FALSE
from harness.errors import UserError
from harness.index.faults import escape_commands, escape_controls, escape_controls_in_lines
from harness.system.safe_path import start_python_in_safe_path_mode
from harness.system.stdout import EscapedStream


def main() -> NoReturn:
    """Run the command line, and end the process with one of the exit codes in exit_codes.py."""
    start_python_in_safe_path_mode()
    if hasattr(signal, "SIGPIPE"):
        # As for other programs, a reader that stops early, such as `head`, ends the process.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    escape_streams()
    # Garbage collection takes a third of the time that importing torch does, for objects that live until the end.
    # Destroying them at the end, which os._exit skips, takes as long again.
    gc.disable()
    code = run()
    try:
        sys.stdout.flush()
    except OSError:
        code = NOT_FINISHED
    sys.stderr.flush()
    os._exit(code)


def escape_streams() -> None:
    """Escape stdout and stderr. Characters that the encoding lacks too; output to a closed stream is dropped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or Path(os.devnull).open("w")  # noqa: SIM115 - open as long as the process
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, EscapedStream(stream, _escape))


def _escape(text: str) -> str:
    # Commands too, wherever the text goes: a workflow may print a file later.
    return escape_commands(escape_controls_in_lines(text))


def run() -> int:
    """Run the command line, and return its exit code."""
    try:
        return int(app.main(prog_name="verify", standalone_mode=False) or NOTHING_FALSE)
    except click.ClickException as error:
        # A shell pattern puts names of files into the message.
        vars(error)["message"] = escape_controls(error.message)
        error.show()
        return BAD_USAGE
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except UserError as error:
        print(error if error.has_lines else escape_controls(str(error)), file=sys.stderr)
        return BAD_USAGE
    except OSError as error:
        print(f"Could not finish: {escape_controls(str(error))}", file=sys.stderr)
        return NOT_FINISHED
    except Exception:  # noqa: BLE001 - shown with its traceback
        traceback.print_exc()
        return NOT_FINISHED
