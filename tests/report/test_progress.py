"""Progress: bars on a terminal, lines elsewhere, and nothing on stdout."""

import io
import sys

import pytest

from harness.report import progress
from harness.report.progress import ProgressOnStderr


def test_lines_without_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0)
    shown = ProgressOnStderr()
    shown.start(3000, ["one", "two"], 3000)
    shown.advance(1000, {"one": (712, 1000), "two": (0, 0)})
    shown.advance(1000, {f"regnety_{number:03}": (1500, 2000) for number in range(12)})
    shown.advance(1000, {"one": (2136, 3000)})
    shown.stop()
    out, lines = capsys.readouterr()
    assert out == ""
    assert "1000 of 3000 images" in lines
    assert "top-1 one 71.20%" in lines
    assert "left" in lines
    assert "top-1 one 71.20%\n" in lines
    assert max(map(len, lines.splitlines())) <= 80


def test_many_models_are_counted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0)
    shown = ProgressOnStderr()
    shown.judged(1, 2)
    shown.judged(100, 260)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    shown.judged(259, 260)
    shown.judged(260, 260)
    assert capsys.readouterr().err == "100 of 260 models verified\n\r\x1b[K259 of 260 models verified\r\x1b[K"


def test_bars_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    shown = ProgressOnStderr()
    shown.start(2000, ["one", "two"], 2000)
    shown.advance(1000, {"one": (712, 1000), "two": (0, 0)})
    shown.stop()
    shown.start(10, [], 10)
    shown.advance(10, {})
    shown.stop()
    out, lines = capsys.readouterr()
    assert out == ""
    assert "1000 of 2000 images" in lines


def test_names_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a model on a page; as a link, it would lead anywhere."""
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    shown = ProgressOnStderr()
    shown.start(10, ["a[/x]", "b[link=//c]d[/link]"], 10)
    shown.stop()
    assert "a[/x]" in terminal.getvalue()
    assert "\x1b]8" not in terminal.getvalue()
