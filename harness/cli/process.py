"""The process: its signals, its streams, and the exit code that every ending has."""

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


def main() -> NoReturn:
    """Run the command line; the process ends with one of the exit codes above."""
    if hasattr(signal, "SIGPIPE"):
        # A reader that has seen enough, such as `head`, ends the program, as it does everywhere.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # What a terminal's encoding lacks is written out; a closed stream swallows what it is given.
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or Path(os.devnull).open("w")  # noqa: SIM115 - open as long as the process
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, stream)
    # Torch makes some hundred thousand objects that live as long as the process: collecting them costs a third
    # of its import. Taking them down one by one at the end costs as much again.
    gc.disable()
    code = _run()
    try:
        sys.stdout.flush()
    except OSError:
        code = NOT_FINISHED
    sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    try:
        return int(app.main(standalone_mode=False) or NOTHING_FALSE)
    except click.ClickException as error:
        error.show()
        return BAD_USAGE
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except UserError as error:
        from harness.index.faults import escape_controls

        print("\n".join(map(escape_controls, str(error).split("\n"))), file=sys.stderr)
        return BAD_USAGE
    except OSError as error:
        print(f"Could not finish: {error}", file=sys.stderr)
        return NOT_FINISHED
    except Exception:  # noqa: BLE001 - shown with its traceback
        traceback.print_exc()
        return NOT_FINISHED
