"""An evaluation as it is told: bars on a terminal, lines elsewhere, nothing of it on stdout."""

import sys

import pytest

from harness.report import progress
from harness.report.progress import ProgressOnStderr


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0)
    told = ProgressOnStderr()
    told.start(3000, ["one", "two"], 3000)
    told.advance(1000, {"one": (712, 1000), "two": (0, 0)})
    told.advance(1000, {f"regnety_{number:03}": (1500, 2000) for number in range(12)})
    told.advance(1000, {"one": (2136, 3000)})
    told.stop()
    out, lines = capsys.readouterr()
    assert out == ""
    assert "1000 of 3000 images" in lines
    assert "top-1 one 71.20%" in lines
    assert "left" in lines
    assert "top-1 one 71.20%\n" in lines
    assert max(map(len, lines.splitlines())) <= 80


def test_models_are_counted_where_there_are_many(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0)
    told = ProgressOnStderr()
    told.judged(1, 2)
    told.judged(100, 260)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told.judged(259, 260)
    told.judged(260, 260)
    assert capsys.readouterr().err == "100 of 260 models verified\n\r\x1b[K259 of 260 models verified\r\x1b[K"


def test_bars_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told = ProgressOnStderr()
    told.start(2000, ["one", "two"], 2000)
    told.advance(1000, {"one": (712, 1000), "two": (0, 0)})
    told.stop()
    told.start(10, [], 10)
    told.advance(10, {})
    told.stop()
    out, lines = capsys.readouterr()
    assert out == ""
    assert "1000 of 2000 images" in lines
