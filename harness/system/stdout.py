"""Standard output reserved for data: the output of builders and libraries goes to stderr."""

import io
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import IO

_STDOUT, _STDERR = 1, 2


class EscapedStream(io.TextIOWrapper):
    """A text stream that escapes all it is given. `trusted` is the same stream without escapes."""

    def __init__(self, stream: io.TextIOWrapper, escape: Callable[[str], str]) -> None:
        self._ascii = stream.encoding.lower() in {"ascii", "us-ascii", "ansi_x3.4-1968", "646"}
        # click replaces streams whose encoding is ASCII.
        encoding = "latin-1" if self._ascii else stream.encoding
        stream.reconfigure(write_through=True)
        super().__init__(
            stream.buffer,
            encoding,
            "backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=True,
        )
        self.trusted, self._escape = stream, escape

    def write(self, text: str) -> int:
        """Write the escaped text; the answer counts the characters of the given text."""
        escaped = self._escape(text)
        super().write(escaped.encode("ascii", "backslashreplace").decode() if self._ascii else escaped)
        return len(text)


def trusted(stream: IO[str]) -> IO[str]:
    """The stream for text whose parts are already escaped, such as text with colours."""
    return stream.trusted if isinstance(stream, EscapedStream) else stream


def runner_reads(stream: IO[str]) -> bool:
    """Whether the GitHub Actions runner may read the stream, and obey commands in it."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return False
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


@contextmanager
def without_workflow_commands(stream: IO[str]) -> Iterator[None]:
    """Stop the commands of GitHub Actions while text that cannot be escaped goes to the stream."""
    if not runner_reads(stream):
        yield
        return
    token = secrets.token_hex()
    print(f"::stop-commands::{token}", file=trusted(stream), flush=True)
    try:
        yield
    finally:
        stream.flush()
        print(f"\n::{token}::", file=trusted(stream), flush=True)


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Redirect stdout to stderr on the level of file descriptors, also for processes started meanwhile."""
    sys.stdout.flush()
    saved = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        with without_workflow_commands(sys.stderr), redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, _STDOUT)
        os.close(saved)
