"""Mutate pages of every form, and check that reading them gives claims or page errors, fast and in little memory.

    python ci/fuzz.py --pages 100000 --seed 0

Each page has its own seed, so `--only N` repeats a failure. Exit code 1 if a page fails.
"""

import argparse
import multiprocessing
import random
import re
import resource
import sys
import time
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from harness.index.claims import claims
from harness.index.faults import PageError
from harness.index.page import SUFFIXES, page_from_bytes
from harness.index.reading.index import read_index
from harness.project.files import FolderFiles

PAGES = Path(__file__).parents[1] / "tests" / "pages"
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


def mutated(seed: int) -> tuple[str, bytes]:
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


def read(name: str, data: bytes) -> bool:
    """Whether the page can be read. Raises anything but a page error."""
    files = FolderFiles(PAGES / "good")
    try:
        claims(read_index(page_from_bytes(data, name), PAGES / "_includes", files))
    except PageError as error:
        if not error.faults or not str(error):
            raise AssertionError("a page error without a fault") from error
        return False
    return True


def failures(chunk: range) -> tuple[int, float, list[str]]:
    """Read the pages of these seeds: the number that can be read, the longest time, and the failures."""
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    good, longest, wrong = 0, 0.0, []
    for seed in chunk:
        name, data = mutated(seed)
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


def _chunks(first: int, pages: int) -> Iterator[range]:
    for start in range(first, first + pages, CHUNK):
        yield range(start, min(start + CHUNK, first + pages))


def main() -> int:
    """Run in two processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="Read only the page of this seed, and show the result.")
    arguments = parser.parse_args()
    if arguments.only is not None:
        name, data = mutated(arguments.only)
        print(name, data.decode("utf-8", "backslashreplace"), sep="\n")
        print("read" if read(name, data) else "a page error")
        return 0
    good, longest, failed = 0, 0.0, 0
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for readable, seconds, wrong in pool.imap_unordered(failures, _chunks(arguments.seed, arguments.pages)):
            good += readable
            longest = max(longest, seconds)
            failed += len(wrong)
            for failure in wrong:
                print(failure, file=sys.stderr)
    print(f"{arguments.pages} pages: {good} read, {arguments.pages - good - failed} page errors, {failed} failures")
    print(f"longest: {longest:.2f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
