"""Reports on disk: written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from harness.report import markdown
from harness.report.document import json_report
from harness.report.overview import by_model, by_page
from harness.verdict import Verdict


class ReportError(Exception):
    """The reports cannot be written; the message names the folder and the mend."""


def report_files(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Every report file by its path below the reports folder."""
    files = {"verdicts.json": json_report(verdicts)}
    pages = by_page(verdicts)
    for page, folder in _folders(list(pages)).items():
        files[f"{folder}/README.md"] = markdown.family(page, pages[page])
        for model, of_model in by_model(pages[page]).items():
            files[f"{folder}/{model}.md"] = markdown.card(model, of_model)
    return files


def write_reports(folder: Path, files: Mapping[str, str]) -> None:
    """Write all files, each to a temporary one first, and remove cards of models that are gone.

    Raises ReportError before any report is changed where the folder cannot be written.
    """
    staged: dict[Path, Path] = {}
    try:
        for name, text in files.items():
            staged[folder / name] = _stage(folder / name, text)
        for path in staged:
            if path.is_dir():
                raise IsADirectoryError(21, f"{path.name} is a folder")
    except OSError as error:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise ReportError(
            f"{folder}: expected a folder that can be written, got: {reason}; use --reports DIR"
        ) from None
    for path, temporary in staged.items():
        temporary.replace(path)
    written = staged.keys()
    for family in {path.parent for path in written} - {folder}:
        for card in set(family.glob("*.md")) - written:
            if card.read_text("utf-8").startswith(markdown.GENERATED):
                card.unlink()


def _stage(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    Path(name).chmod(0o644)
    return Path(name)


def _folders(pages: Sequence[str]) -> dict[str, str]:
    """A folder for each page: its file's name; with its folders' names where two pages would share one."""
    return dict(zip(pages, _distinct(pages), strict=True))


def _distinct(pages: Sequence[str]) -> Iterator[str]:
    stems = [PurePosixPath(page).stem for page in pages]
    for page, stem in zip(pages, stems, strict=True):
        whole = PurePosixPath(page).with_suffix("").as_posix().strip("./").replace("../", "").replace("/", "-")
        yield stem if stems.count(stem) == 1 else whole
