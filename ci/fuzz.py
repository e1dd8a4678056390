"""Mutate valid input, and check that reading it gives a value or the reader's own error, fast and in little memory.

A page is refused if none of its models and collections can be read; other faults are local.

    python ci/fuzz.py --kind page --number 100000 --seed 0
    python ci/fuzz.py --kind other --number 20000

Kinds are pages of every form, verify.toml, references, records, the lock, checkpoints and images; `other` is all but
pages in turn. Each input has its own seed, so `--only N` repeats a failure. Exit code 1 if an input fails.
"""

import argparse
import io
import json
import multiprocessing
import random
import re
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from harness.index.claims import claims
from harness.index.faults import PageError
from harness.index.page import SUFFIXES, page_from_bytes, unreadable_page
from harness.index.reading.index import read_index
from harness.project.documents import ProjectError
from harness.project.files import FolderFiles
from harness.project.lock import read_lock
from harness.project.records import read_records
from harness.project.references import load_references
from harness.project.settings import read_settings

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "tests" / "pages"
LONGEST = 6000  # characters of a page
SECONDS = 5.0
BYTES = 2 * 1024**3
CHUNK = 250
# fmt: off
PIECES = [
    *(b"", b":", b"- ", b"\n", b"\n  ", b"\t", b"'", b'"', b"[", b"]", b"{", b"}", b"&a ", b"*a", b"#", b"%", b"|\n"),
    *(b"\0", b"-->", b"<!--", b"---\n", b"...\n", b"<<: *a\n", b"!!python/none ", b"null", b"~", b"1e999", b"9" * 50),
    *(mark.encode() for mark in ("é", "\u2028", "\u0085", "😀", "\ufeff")),
    *(b"\xff", b"\xed\xa0\x80", b"\\ud800", b"? ", b"```\n", b"README: a.md\n", b"Name: ", b"In Collection: ", b","),
    *(b"Import: ", b"Import: '*.yml'\n", b"Models:\n", b"Metadata: ", b"model-index:\n", b"Type: model-index\n"),
    *(b"parts/metadata.json", b"**/*", b"../x.yml"),
]
VALUES = [
    *(b"3.16M", b"16.8 MiB", b"1,000", b"70.1%", b"0", b"-1", b"1e99", b"null", b"yes", b"0x10", b"2020-01-01", b"'7'"),
    *(b"[a, b]", b"[a, [b, {c: d}]]", b"{a: b, c: [1]}", b"{}", b"[]", b"''", b'"\\ud800"', b"text", b"5.3  # G", b"|"),
    *(b"parts/metadata.json", b"parts/*.yml", b"parts/deep", b"../x.yml", b"README.md", b"https://example.org/a.pth"),
]
# fmt: on
MUTATIONS = (1, 1, 1, 1, 2, 2, 3, 6)


@cache
def seeds() -> list[tuple[str, bytes]]:
    """The pages to mutate, with their file names."""
    found = []
    for path in sorted(PAGES.rglob("*")):
        if path.suffix in SUFFIXES and path.name != "README.md":
            data = path.read_bytes()
            start = max(0, data.find(b"<!--")) if len(data) > LONGEST else 0
            cut = data[start : start + LONGEST]
            cut = cut if len(cut) < LONGEST else cut[: cut.rfind(b"\n- Name:") + 1]
            closed = cut if b"-->" in cut or b"<!--" not in cut else cut + b"-->\n"
            # Good pages are more frequent, because more code reads them.
            found += [(path.name, closed)] * (1 if path.parent.name == "bad" else 5)
    return found


def mutated_page(seed: int) -> tuple[str, bytes]:
    """The page of a seed: bytes flipped, pieces inserted, lines swapped, two pages spliced."""
    dice = random.Random(seed)  # noqa: S311 - repeatable
    name, data = dice.choice(seeds())
    page = bytearray(data)
    # Half of the pages stay valid YAML, to test what comes after the parser.
    kinds = dice.choice((6, 12))
    for _ in range(dice.choice(MUTATIONS)):
        at = dice.randrange(len(page) + 1)
        match dice.randrange(12 - kinds, 12):
            case 0 if page:
                page[at % len(page)] ^= 1 << dice.choice((0, 1, 2, 3, 4, 5, 5, 7))
            case 1 | 2:
                page[at : at + dice.randint(0, 4)] = dice.choice(PIECES)
            case 3:
                lines = page.split(b"\n")
                first, second = dice.randrange(len(lines)), dice.randrange(len(lines))
                lines[first], lines[second] = lines[second], lines[first]
                page = bytearray(b"\n").join(lines)
            case 4:
                _, donor = dice.choice(seeds())
                begin = dice.randrange(len(donor) + 1)
                page[at:at] = donor[begin : begin + dice.randrange(400)]
            case 5:
                del page[at : at + dice.randrange(40)]
            case _:  # replaces a value, which keeps the structure
                values = list(re.finditer(rb"(?<=: )(?!model-index)[^\n]+", page))
                if values:
                    value = dice.choice(values)
                    page[value.start() : value.end()] = dice.choice([*VALUES, *(other[0] for other in values)])
    if dice.randrange(30) == 0:
        name = f"page{dice.choice(sorted(SUFFIXES))}"
    return name, bytes(page)


def read_page(name: str, data: bytes) -> bool:
    """Whether an entry of the page can be read, so that faults are local. Raises anything but a page error."""
    try:
        page = page_from_bytes(data, name)
    except PageError as error:
        page = unreadable_page(name, error)
    index = read_index(page, PAGES / "_includes", FolderFiles(PAGES / "good"))
    faults = [claim.fault for claim in claims(index) if claim.fault]
    if not (faults or index.models or index.collections):
        raise AssertionError("neither a model nor a fault")
    if not all(map(str, faults)):
        raise AssertionError("a fault without a message")
    return not index.is_unreadable


# fmt: off
DOCUMENT_PIECES = [
    *(b'"', b"'", b"[", b"]", b"{", b"}", b",", b":", b"=", b"\n", b"\0", b"\\", b"\\ud800", b"\\u0000"),
    b"[[waivers]]\n",
    *(b"1.5", b"-1", b"0", b"1e999999999", b"1e-999999999", b"9" * 5000, b"NaN", b"Infinity", b"inf", b"null", b"true"),
    *(b'""', b"{}", b"[]", b"2020-01-01", b"[/x]", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\x1b[31m", b"[" * 3000),
    *(b'"/dev/zero"', b'"../../etc"', b'"\\u0000"', b'"*"', b'"**/["', b'"a:b"', b"1_000", b"0x10"),
    *(b"<<<<<<< ", b"\xef\xbb\xbf"),
]
# fmt: on
SETTINGS = b"""pages = ["good/a.md", "parts/*.md"]
[datasets]
Digits = "images"
[tolerances.fp32]
pass = 0.05
explained = 0.15
[builders]
"net_*" = "nets:build"
[[waivers]]
model = "a"
claim = "flops"
reason = "counted otherwise"
expires = 2030-01-01
"""
RECORD = {
    "model": "a",
    "file": "a-1a2b3c4d.pth",
    "sha256": "0" * 64,
    "dataset": "imagenet",
    "fingerprint": "0" * 64,
    "conditions": {"image_size": 224, "crop_pct": 0.875},
    "precision": "fp32",
    "images": 50,
    "top_1": 30,
    "top_5": 40,
    "environment": {"torch": "2.0"},
    "date": "2024-01-01",
}


class Refused(Exception):  # noqa: N818 - the expected outcome
    """The reader's own error."""


@contextmanager
def _documented(error: type[Exception]) -> Iterator[None]:
    """Raise Refused for the error that a reader documents."""
    try:
        yield
    except error as refused:
        if not str(refused).encode():
            raise AssertionError("an error without a message") from refused
        raise Refused from None


def _mutate(data: bytes, dice: random.Random, pieces: list[bytes]) -> bytes:
    """Bytes flipped, pieces inserted, values replaced, parts cut and repeated."""
    content = bytearray(data)
    for _ in range(dice.choice(MUTATIONS)):
        at = dice.randrange(len(content) + 1)
        match dice.randrange(7):
            case 0 if content:
                content[at % len(content)] ^= 1 << dice.randrange(8)
            case 1:
                content[at : at + dice.randint(0, 4)] = dice.choice(pieces)
            case 2:
                del content[at : at + dice.randrange(60)]
            case 3:
                begin = dice.randrange(len(content) + 1)
                content[at:at] = content[begin : begin + dice.randrange(60)]
            case 4 if content:
                content[at % len(content)] = dice.randrange(256)
            case _:  # replaces a value, which keeps the structure of TOML and JSON
                values = list(re.finditer(rb'"[^"\n]*"|\b[0-9][0-9.-]*\b', content))
                if values:
                    value = dice.choice(values)
                    content[value.start() : value.end()] = dice.choice([*pieces, *(other[0] for other in values)])
    return bytes(content)


def _read_file(name: str, data: bytes, read: Callable[[Path], object]) -> object:
    """What a reader of files makes of the data, in a project of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "modelindex", name)
        path.parent.mkdir()
        (path.parent / "images").mkdir()
        path.write_bytes(data)
        return read(path)


def _read_document(name: str, read: Callable[[Path], object], data: bytes) -> object:
    with _documented(ProjectError):
        return _read_file(name, data, read)


def _read_references(path: Path) -> object:
    return load_references([path.parent])


def _checkpoints() -> list[bytes]:
    import torch
    from safetensors.torch import save

    state = {"a.weight": torch.ones(2, 3), "b": torch.arange(4), "c": torch.tensor(0.5, dtype=torch.float16)}
    files = [save(state)]
    for zipped in (True, False):
        file = io.BytesIO()
        torch.save(state, file, _use_new_zipfile_serialization=zipped)
        files.append(file.getvalue())
    return files


def _images() -> list[bytes]:
    from PIL import Image

    files = []
    for form in ("PNG", "JPEG"):
        file = io.BytesIO()
        Image.linear_gradient("L").resize((24, 16)).convert("RGB").save(file, form)
        files.append(file.getvalue())
    return files


@dataclass(frozen=True, slots=True)
class Kind:
    """Valid inputs of one kind, how to read one, and what to mutate them with."""

    valid: Callable[[], list[bytes]]
    read: Callable[[bytes], object]
    pieces: list[bytes]


def _read_checkpoint(path: Path) -> object:
    from harness.measure.tensors import WeightsFileError, read_tensors  # loads torch

    with _documented(WeightsFileError):
        return read_tensors(path)


def _read_image(data: bytes) -> object:
    from harness.evaluate.data.preprocessing import ImageError, decode  # loads torch

    with _documented(ImageError):
        return decode(data)


KINDS = {
    "settings": Kind(
        lambda: [SETTINGS],
        partial(_read_document, "verify.toml", read_settings),
        DOCUMENT_PIECES,
    ),
    "references": Kind(
        lambda: (
            [path.read_bytes()[:4000] for path in sorted((ROOT / "modelindex" / "references").glob("*.json"))]
            + [(ROOT / "modelindex" / "references" / "digits.json").read_bytes()] * 4
        ),
        partial(_read_document, "more.json", _read_references),
        DOCUMENT_PIECES,
    ),
    "records": Kind(
        lambda: [json.dumps({"schema": 1, "records": [RECORD, RECORD]}).encode()],
        partial(_read_document, "records.json", read_records),
        DOCUMENT_PIECES,
    ),
    "lock": Kind(
        lambda: [(ROOT / "modelindex" / "weights.lock").read_bytes()],
        partial(_read_document, "weights.lock", read_lock),
        DOCUMENT_PIECES,
    ),
    "checkpoint": Kind(
        _checkpoints,
        partial(_read_file, "a.pth", read=_read_checkpoint),
        [b"\0" * 8, b"\xff" * 8, b"\x80\x02", b"cos\nsystem\n", b"R.", b"PK\x03\x04", b"(((((t", b"}", b'{"a":'],
    ),
    "image": Kind(_images, _read_image, [b"\0" * 4, b"\xff\xd8", b"IHDR", b"IDAT", b"\x7f\xff\xff\xff", b"%!PS"]),
}


@cache
def _valid(kind: str) -> list[bytes]:
    return KINDS[kind].valid()


def mutated(kind: str, seed: int) -> tuple[str, bytes]:
    """The name (of a page) or kind of a seed's input, and its bytes."""
    if kind == "page":
        return mutated_page(seed)
    if kind == "other":
        kind = [*KINDS][seed % len(KINDS)]
    dice = random.Random(f"{kind} {seed}")  # noqa: S311 - repeatable
    return kind, _mutate(dice.choice(_valid(kind)), dice, KINDS[kind].pieces)


def read(name: str, data: bytes) -> bool:
    """Whether the input can be read. Raises anything but the errors that its reader documents."""
    if name not in KINDS:
        return read_page(name, data)
    try:
        KINDS[name].read(data)
    except Refused:
        return False
    return True


def failures(kind: str, chunk: range) -> tuple[int, float, list[str]]:
    """Read the inputs of these seeds: the number that can be read, the longest time, and the failures."""
    if kind == "page":  # torch reserves more
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    good, longest, wrong = 0, 0.0, []
    for seed in chunk:
        name, data = mutated(kind, seed)
        started = time.process_time()
        try:
            good += read(name, data)
        except BaseException:  # noqa: BLE001 - every failure is reported
            wrong.append(f"seed {seed}, {name}:\n{traceback.format_exc(limit=-4)}")
        seconds = time.process_time() - started
        longest = max(longest, seconds)
        if seconds > SECONDS:
            wrong.append(f"seed {seed}, {name}: took {seconds:.1f} s")
    return good, longest, wrong


def _chunks(first: int, number: int) -> Iterator[range]:
    for start in range(first, first + number, CHUNK):
        yield range(start, min(start + CHUNK, first + number))


def main() -> int:
    """Run in two processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=["page", "other", *KINDS], default="page")
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="Read only the input of this seed, and show the result.")
    arguments = parser.parse_args()
    if arguments.only is not None:
        name, data = mutated(arguments.kind, arguments.only)
        print(name, data.decode("utf-8", "backslashreplace"), sep="\n")
        print("read" if read(name, data) else "refused")
        return 0
    good, longest, failed = 0, 0.0, 0
    chunks = _chunks(arguments.seed, arguments.number)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for readable, seconds, wrong in pool.imap_unordered(partial(failures, arguments.kind), chunks):
            good += readable
            longest = max(longest, seconds)
            failed += len(wrong)
            for failure in wrong:
                print(failure, file=sys.stderr)
    print(f"{arguments.number} inputs: {good} read, {arguments.number - good - failed} refused, {failed} failures")
    print(f"longest: {longest:.2f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
