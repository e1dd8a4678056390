"""Report files: all are written, or none."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from harness.errors import UserError
from harness.index.faults import escape_commands
from harness.report import markdown, verified_page
from harness.report.json_document import json_report
from harness.report.markup import card_names, long_hash, same_file, short_hash, valid_file_name
from harness.report.overview import by_model, by_page
from harness.system.files import read_file, require_no_links, write_files
from harness.verdict import Verdict

_MOST_BYTES = 64 * 1024 * 1024


class ReportError(UserError):
    """The reports cannot be written. The message names the folder and the fix."""


def report_files(verdicts: Sequence[Verdict], left_out: int = 0) -> dict[str, str]:
    """The text of every report file, by its path below the reports folder. `left_out` as in `json_report`."""
    files = {"verdicts.json": json_report(verdicts, left_out)}
    verdicts_of = by_page(verdicts)
    for page, folder in page_folders(list(verdicts_of)).items():
        files[f"{folder}/README.md"] = markdown.page_report(page, verdicts_of[page])
        models = by_model(verdicts_of[page])
        for model, card in card_names(models).items():
            files[f"{folder}/{card}"] = markdown.card(model, models[model])
    return {name: escape_commands(text) for name, text in files.items()}


def write_reports(folder: Path, files: Mapping[str, str], root: Path | None = None) -> None:
    """Write all reports, and remove the cards of models that no longer exist.

    Raises ReportError, also if a folder below `root` (`folder` itself if not given) is a link.
    """
    root = root or folder
    _replace_all(folder, root, _generated_files(folder, root, "*/*.md", markdown.GENERATED), files, "use --reports DIR")


def write_pages(folder: Path, files: Mapping[str, str], root: Path, keep: Collection[str] = ()) -> None:
    """Write all rendered pages, and remove those of other pages, but none of `keep`. Raises ReportError."""
    generated = _generated_files(folder, root, "*.md", verified_page.GENERATED)
    old = [(path, data) for path, data in generated if path.name not in keep]
    _replace_all(folder, root, old, files, "check its permissions")


def rendered_pages(folder: Path, names: Iterable[str], root: Path) -> dict[str, str]:
    """The text of existing files by name: those in `names`, and all pages rendered by earlier runs.

    A link, a device or a file of more than 64 MiB is none: `write_pages` replaces it. Raises ReportError if a folder
    below `root` is a link.
    """
    try:
        require_no_links(folder, root)
    except OSError as error:
        raise ReportError(f"{folder}: expected a folder of this project, got: {error}") from None
    named = {path: data for path in (folder / name for name in names) if (data := _read_report(path)) is not None}
    generated = dict(_generated_files(folder, root, "*.md", verified_page.GENERATED))
    return {path.name: data.decode("utf-8", "replace") for path, data in {**named, **generated}.items()}


def _replace_all(
    folder: Path, root: Path, old: Iterable[tuple[Path, bytes]], files: Mapping[str, str], fix: str
) -> None:
    """Write all files and remove the other old ones; or change nothing and raise ReportError."""
    try:
        for path in (folder / name for name in files):
            require_no_links(path.parent, root)
            if path.is_dir() and not path.is_symlink():
                raise OSError(f"{path} is a folder")
        write_files({folder / name: (text.encode(),) for name, text in files.items()}, root=root)
        for path in {path for path, _ in old} - {folder / name for name in files}:
            path.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReportError(f"{folder}: expected a folder that can be written, got: {reason}; {fix}") from None


def _generated_files(folder: Path, root: Path, pattern: str, generated: str) -> Iterator[tuple[Path, bytes]]:
    """The files, with their bytes, that contain the line `generated`. What is linked or a folder is never ours."""
    for path in folder.glob(pattern):
        try:
            require_no_links(path.parent, root)
        except OSError:
            continue
        data = _read_report(path)
        if data is not None and generated.encode() in data.splitlines():
            yield path, data


def _read_report(path: Path) -> bytes | None:
    """The bytes of a report of an earlier run; None for anything else."""
    try:
        return None if path.is_symlink() else read_file(path, _MOST_BYTES)
    except OSError:
        return None


def page_folders(page_names: Sequence[str]) -> dict[str, str]:
    """The reports folder of each page: its file name; its whole path if file names clash; else with a hash.

    A hash is needed for pages such as `a/b.md` and `a-b.md`. Short hashes can be made to clash; long ones cannot.
    """
    folders = {page: _folder(PurePosixPath(page).stem) for page in page_names}
    paths = {page: _folder(str(PurePosixPath(page).with_suffix(""))) for page in page_names}
    hashed = {page: f"{path}-{short_hash(page)}" for page, path in paths.items()}
    unique = {page: f"page-{long_hash(page)}" for page in page_names}
    for longer in (paths, hashed, unique):
        times = Counter(map(same_file, folders.values()))
        times.update(("pages", "verdicts.json"))  # the rendered pages, and the report of all verdicts
        folders = {page: folder if times[same_file(folder)] == 1 else longer[page] for page, folder in folders.items()}
    return folders


def _folder(name: str) -> str:
    return valid_file_name(name).strip(".- ") or "page"
