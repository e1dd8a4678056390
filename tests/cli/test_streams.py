"""What terminals and the GitHub Actions runner would obey in printed text: nothing that a file of the project says."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, page_text

Verify = Callable[..., "subprocess.CompletedProcess[str]"]

_OWN = re.compile(r"\x1b\[[0-9;]*m|\r|\n")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# As YAML and TOML strings write them: a title for the window, a cleared screen, C1, reversed text, and commands.
_HOSTILE = r"a\e]0;owned\a\e[2J\x9b2J\u202Eb##[add-mask]c\n::add-mask::d"

_VERBS = [
    ("list",),
    ("check",),
    ("explain", "a*", "id"),
    ("fix", "--dry-run", "--claim", "id"),
    ("all", "--claim", "id"),
    ("all", "--claim", "id", "--format", "json"),
    ("all", "--claim", "id", "--format", "junit"),
    ("all", "--claim", "id", "--format", "sarif"),
    ("all", "--claim", "id", "--format", "markdown"),
    ("all", "--claim", "id", "--format", "github"),
    ("lock",),
]


@pytest.fixture
def hostile(project: Path) -> Path:
    """The project with controls and commands in a model's name, its ID, and the address of weights."""
    page = project / "modelindex" / "regnety.md"
    text = page_text().replace("- Name: regnety_002", "- Name: 'a ##[add-mask]c'", 1)
    text = text.replace("ID: regnety_002", f'ID: "{_HOSTILE}"', 1)
    weights = re.compile(r"(?m)^( *Weights: \S+/)\S+$")
    escaped = "%1B%5D0;x%07%0A::add-mask::y%23%23%5Badd-mask%5D"
    page.write_text(weights.sub(rf"\g<1>{escaped}-0123abcd.pth", text, count=1), "utf-8")
    return project


def test_the_faults_of_an_unreadable_page_have_no_command(verify: Verify, hostile: Path) -> None:
    page = hostile / "modelindex" / "regnety.md"
    page.write_text(page_text().replace("Batch Size: 512", f'Batch Size: "{_HOSTILE}"', 1), "utf-8")
    run = verify("all", cwd=hostile, GITHUB_ACTIONS="true")
    assert run.returncode == 3
    assert "add-mask" in run.stdout
    assert not _commands(_OWN.sub("", run.stdout + run.stderr))
    assert not _CONTROL.search(_OWN.sub("", run.stdout + run.stderr))


def _commands(output: str) -> list[str]:
    """The commands that the runner would run in a log."""
    token, found = None, []
    for line in output.splitlines():
        if token:
            token = None if line.strip() == f"::{token}::" else token
        elif line.strip().startswith("::stop-commands::"):
            token = line.strip().removeprefix("::stop-commands::")
        elif line.lstrip().startswith("::") or "##[" in line:
            found.append(line)
    return found


@pytest.mark.parametrize("verb", _VERBS, ids=" ".join)
def test_a_pipe_gets_no_control_and_no_command(verify: Verify, hostile: Path, verb: tuple[str, ...]) -> None:
    run = verify(*verb, cwd=hostile, GITHUB_ACTIONS="true")
    assert "Traceback" not in run.stderr
    assert verb == ("check",) or "add-mask" in run.stdout
    # A patch is the bytes of the page, where YAML escapes these characters.
    assert not _CONTROL.search(_OWN.sub("", run.stdout + run.stderr))
    assert not _commands(run.stderr)
    own = re.compile(r"::(error|warning|notice) file=[^:]*::|::notice::") if "github" in verb else re.compile("(?!)")
    commands = _commands(run.stdout)
    assert all(own.match(line) and "##[" not in line for line in commands)
    if verb[-1] in {"json", "sarif"}:
        assert json.loads(run.stdout)


@pytest.mark.parametrize("verb", [("list",), ("explain", "a*", "id"), ("lock",), ("fix", "--dry-run")])
def test_a_terminal_gets_colours_and_no_other_control(hostile: Path, tmp_path: Path, verb: tuple[str, ...]) -> None:
    reader, writer = pty.openpty()
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    command = [sys.executable, "-m", "harness", *verb, *(["--claim", "id"] if "fix" in verb else [])]
    printed = bytearray()
    with subprocess.Popen(command, cwd=hostile, env=environment, stdout=writer, stderr=writer):
        os.close(writer)
        while chunk := _read(reader):
            printed += chunk
    os.close(reader)
    text = printed.decode()
    assert "\x1b[1m" in text or "lock" in verb or "fix" in verb
    assert "add-mask" in text
    assert "Traceback" not in text
    assert not _CONTROL.search(_OWN.sub("", text))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux reports the end of a terminal as an error.
        return b""


@pytest.mark.parametrize("form", ["json", "markdown", "junit", "sarif"])
def test_a_redirected_report_is_the_same_in_github_actions(
    verify: Verify, hostile: Path, tmp_path: Path, form: str
) -> None:
    arguments = ("all", "--claim", "id", "--format", form)
    verify(*arguments, "--output", str(tmp_path / "expected"), cwd=hostile)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    with (tmp_path / "got").open("wb") as file:
        subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=hostile,
            env=environment | {"GITHUB_ACTIONS": "true"},
            stdout=file,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    expected, got = ((tmp_path / name).read_text("utf-8") for name in ("expected", "got"))
    seconds = re.compile(r'"seconds": [\d.]+|"cached": (true|false)')
    assert seconds.sub("", got) == seconds.sub("", expected)
