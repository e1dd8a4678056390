"""Reports on disk: written whole or not at all."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
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
    """Write all files, each to a temporary one first, and remove what earlier runs wrote of models that are gone.

    Raises ReportError before any report is changed where the folder cannot be written.
    """
    staged: dict[Path, Path] = {}
    try:
        for name, text in files.items():
            path = folder / name
            if not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(folder)):
                raise OSError(f"{path.parent} leads out of it")
            if path.is_dir():
                raise OSError(f"{path} is a folder")
            staged[path] = _stage(path, text)
    except OSError as error:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
        told = error.strerror or str(error)
        raise ReportError(f"{folder}: expected a folder that can be written, got: {told}; use --reports DIR") from None
    for path, temporary in staged.items():
        temporary.replace(path)
    for card in set(folder.glob("*/*.md")) - staged.keys():
        if card.is_file() and not card.is_symlink() and card.read_bytes().startswith(markdown.GENERATED.encode()):
            card.unlink()


def _stage(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    Path(name).chmod(0o644)
    return Path(name)


def _folders(pages: Sequence[str]) -> dict[str, str]:
    """A folder for each page: its file's name; with its folders' names where two pages would share one.

    Raises ReportError where two pages would share one even so.
    """
    names = {page: _folder(PurePosixPath(page).stem) for page in pages}
    shared = Counter(name.casefold() for name in names.values())
    for page, name in names.items():
        if shared[name.casefold()] > 1:
            names[page] = _folder(page)
    if len({name.casefold() for name in names.values()}) < len(pages):
        raise ReportError(f"expected pages whose names differ, got {', '.join(pages)}; rename one of them")
    return names


def _folder(name: str) -> str:
    """A name that is one folder, below the one it stands in."""
    return re.sub(r"[^\w+@=. -]+", "-", name).strip(".- ") or "page"
