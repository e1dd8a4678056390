"""Report files: all are written, or none."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from harness.errors import UserError
from harness.report import markdown, verified_page
from harness.report.json_document import json_report
from harness.report.markup import card_name, short_hash, valid_file_name
from harness.report.overview import by_model, by_page
from harness.system.files import write_files
from harness.verdict import Verdict


class ReportError(UserError):
    """The reports cannot be written. The message names the folder and the fix."""


def report_files(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """The text of every report file, by its path below the reports folder."""
    files = {"verdicts.json": json_report(verdicts)}
    verdicts_of = by_page(verdicts)
    for page, folder in page_folders(list(verdicts_of)).items():
        files[f"{folder}/README.md"] = markdown.page_report(page, verdicts_of[page])
        for model, of_model in by_model(verdicts_of[page]).items():
            files[f"{folder}/{card_name(model)}"] = markdown.card(model, of_model)
    return files


def write_reports(folder: Path, files: Mapping[str, str]) -> None:
    """Write all reports, and remove the cards of models that no longer exist. Raises ReportError."""
    _replace_all(folder, _generated_files(folder, "*/*.md", markdown.GENERATED), files, "use --reports DIR")


def write_pages(folder: Path, files: Mapping[str, str]) -> None:
    """Write all rendered pages, and remove those whose page no longer exists. Raises ReportError."""
    _replace_all(folder, _generated_files(folder, "*.md", verified_page.GENERATED), files, "check its permissions")


def rendered_pages(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The text of existing files by name: those in `names`, and all pages rendered by earlier runs."""
    existing = {path for path in (folder / name for name in names) if path.is_file()}
    return {
        path.name: path.read_bytes().decode("utf-8", "replace")
        for path in existing.union(_generated_files(folder, "*.md", verified_page.GENERATED))
    }


def _replace_all(folder: Path, old: Iterable[Path], files: Mapping[str, str], fix: str) -> None:
    """Write all files and remove the other old ones; or change nothing and raise ReportError."""
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
    for path in set(old) - {folder / name for name in files}:
        path.unlink()


def _generated_files(folder: Path, pattern: str, generated: str) -> Iterator[Path]:
    """The files that contain the line `generated`. Links and folders are never ours."""
    for path in folder.glob(pattern):
        if path.is_file() and not path.is_symlink() and generated.encode() in path.read_bytes().splitlines():
            yield path


def page_folders(page_names: Sequence[str]) -> dict[str, str]:
    """The reports folder of each page: its file name; its whole path if file names clash; else with a hash.

    A hash is needed for pages such as `a/b.md` and `a-b.md`.
    """
    folders = {page: _folder(PurePosixPath(page).stem) for page in page_names}
    paths = {page: _folder(str(PurePosixPath(page).with_suffix(""))) for page in page_names}
    hashed = {page: f"{path}-{short_hash(page)}" for page, path in paths.items()}
    for longer in (paths, hashed):
        times = Counter(folder.casefold() for folder in folders.values())
        times.update(("pages", "verdicts.json"))  # the rendered pages, and the report of all verdicts
        folders = {page: folder if times[folder.casefold()] == 1 else longer[page] for page, folder in folders.items()}
    return folders


def _folder(name: str) -> str:
    return valid_file_name(name).strip(".- ") or "page"
