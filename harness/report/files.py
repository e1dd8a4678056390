"""Reports on disk: written whole or not at all."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from harness.errors import UserError
from harness.report import markdown, verified_page
from harness.report.json_document import json_report
from harness.report.markup import card_name
from harness.report.overview import by_model, by_page
from harness.system.files import write_files
from harness.verdict import Verdict


class ReportError(UserError):
    """The reports cannot be written; the message names the folder and the mend."""


def report_files(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Every report file by its path below the reports folder."""
    files = {"verdicts.json": json_report(verdicts)}
    verdicts_of = by_page(verdicts)
    for page, folder in page_folders(list(verdicts_of)).items():
        files[f"{folder}/README.md"] = markdown.family(page, verdicts_of[page])
        for model, of_model in by_model(verdicts_of[page]).items():
            files[f"{folder}/{card_name(model)}"] = markdown.card(model, of_model)
    return files


def write_reports(folder: Path, files: Mapping[str, str]) -> None:
    """Write all reports, and remove the cards of models that are gone. Raises ReportError."""
    _write_all(folder, files, "use --reports DIR")
    _remove(_ours(folder, "*/*.md", markdown.GENERATED), folder, files)


def write_pages(folder: Path, files: Mapping[str, str]) -> None:
    """Write all rendered pages, and remove those of pages that are gone. Raises ReportError."""
    _write_all(folder, files, "check its permissions")
    _remove(_ours(folder, "*.md", verified_page.GENERATED), folder, files)


def rendered_pages(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The files of these names that are there, and every page that was rendered before."""
    there = {path for path in (folder / name for name in names) if path.is_file()}
    return {
        path.name: path.read_bytes().decode("utf-8", "replace")
        for path in there.union(_ours(folder, "*.md", verified_page.GENERATED))
    }


def _write_all(folder: Path, files: Mapping[str, str], fix: str) -> None:
    """Write all files, or none of them and raise ReportError."""
    try:
        for path in (folder / name for name in files):
            if not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(folder)):
                raise OSError(f"{path.parent} leads out of it")
            if path.is_dir():
                raise OSError(f"{path} is a folder")
        write_files({folder / name: (text.encode(),) for name, text in files.items()})
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReportError(f"{folder}: expected a folder that can be written, got: {reason}; {fix}") from None


def _remove(ours: Iterable[Path], folder: Path, files: Mapping[str, str]) -> None:
    """Remove what earlier runs wrote and this one did not."""
    for old in set(ours) - {folder / name for name in files}:
        old.unlink()


def _ours(folder: Path, pattern: str, generated: str) -> Iterator[Path]:
    for path in folder.glob(pattern):
        if path.is_file() and not path.is_symlink() and generated.encode() in path.read_bytes().splitlines():
            yield path


def page_folders(page_names: Sequence[str]) -> dict[str, str]:
    """A folder for each page: its file's name; with its folders' names where two pages would share one.

    Where two would share one even so, such as `a/b.md` and `a-b.md`, each has a few digits of its name's hash too.
    """
    names = {page: _folder(PurePosixPath(page).stem) for page in page_names}
    shared = _shared(names.values())
    for page, name in names.items():
        # Rendered pages lie in a folder called so.
        if name.casefold() in shared or name.casefold() == "pages":
            names[page] = _folder(str(PurePosixPath(page).with_suffix("")))
    shared = _shared(names.values())
    for page, name in names.items():
        if name.casefold() in shared:
            names[page] = f"{name}-{hashlib.sha256(page.encode()).hexdigest()[:8]}"
    return names


def _shared(names: Iterable[str]) -> set[str]:
    """The names that occur more than once, whatever their case."""
    return {name for name, times in Counter(name.casefold() for name in names).items() if times > 1}


def _folder(name: str) -> str:
    """A name that is one folder, below the one it stands in."""
    return re.sub(r"[^\w+@=. -]+", "-", name).strip(".- ") or "page"
