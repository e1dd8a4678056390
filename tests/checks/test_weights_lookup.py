"""The weights file on this machine: by its address, its relative path, and its content."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.checks.shared.subject import Subject
from harness.commands.lock import lock_weights
from harness.index.entries import Index
from harness.project.lock import Locked
from harness.project.references import References
from harness.project.resources import Resources
from harness.verdict import NotHereError, Status
from tests.conftest import index_of, judged

Verify = Callable[..., subprocess.CompletedProcess[str]]
ADDRESS = "https://host.org/{}/resolve/pytorch_model.bin"


def _page(*addresses: str) -> str:
    models = "".join(f"- Name: net_{letter}\n  Weights: {url}\n" for letter, url in zip("abc", addresses, strict=False))
    return f"<!--\nType: model-index\nModels:\n{models}-->\n"


TWO = _page(ADDRESS.format("a"), ADDRESS.format("b"))


def _statuses(text: str, resources: Resources) -> list[Status]:
    verdicts = judged(text, resources, lambda claim: claim.kind == "weights")
    return [verdict.status for verdict in verdicts.values()]


def _save(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _locked(model: str, digest: str) -> dict[tuple[str, str], Locked]:
    locked = Locked("page.md", f"net_{model}", ADDRESS.format(model), digest, 5)
    return {locked.key: locked}


def test_one_file_cannot_belong_to_two_addresses(tmp_path: Path) -> None:
    _save(tmp_path / "pytorch_model.bin", b"bytes")
    resources = Resources(weights=tmp_path)
    verdicts = judged(TWO, resources, lambda claim: claim.kind == "weights")
    assert {verdict.status for verdict in verdicts.values()} == {Status.NOT_RUN}
    verdict = verdicts["net_a", "weights"]
    assert "several models name a file pytorch_model.bin at different addresses" in verdict.reason.lower()
    assert verdict.remedy == "save this model's file as a/resolve/pytorch_model.bin below the weights folder"
    # A lock of this file for both models would let both pass.
    assert [seen.status for seen in lock_weights([index_of(TWO)], resources)] == [Status.NOT_RUN] * 2
    with pytest.raises(NotHereError, match="different addresses"):
        _ = Subject(index_of(TWO), References(), resources, "net_a").local_weights.usable


def test_the_addresses_of_other_pages_count_as_well(tmp_path: Path) -> None:
    _save(tmp_path / "pytorch_model.bin", b"bytes")
    pages = tuple(index_of(_page(ADDRESS.format(letter))) for letter in "ab")
    found = [seen.status for seen in lock_weights(pages, Resources(weights=tmp_path))]
    assert found == [Status.NOT_RUN, Status.NOT_RUN]
    assert [seen.status for seen in lock_weights(pages[:1], Resources(weights=tmp_path))] == [Status.PASS]


def test_two_models_may_name_one_address(tmp_path: Path) -> None:
    _save(tmp_path / "pytorch_model.bin", b"bytes")
    text = _page(ADDRESS.format("a"), ADDRESS.format("a"))
    assert [seen.status for seen in lock_weights([index_of(text)], Resources(weights=tmp_path))] == [Status.PASS] * 2


def test_the_longest_path_of_the_address_is_looked_up_first(tmp_path: Path) -> None:
    _save(tmp_path / "pytorch_model.bin", b"any")
    digests = [_save(tmp_path / letter / "resolve" / "pytorch_model.bin", letter.encode()) for letter in "ab"]
    seen = lock_weights([index_of(TWO)], Resources(weights=tmp_path))
    assert [item.entry.sha256 for item in seen if item.entry] == digests


def test_a_known_digest_decides_whose_file_it_is(tmp_path: Path) -> None:
    digest = _save(tmp_path / "pytorch_model.bin", b"bytes")
    resources = Resources(weights=tmp_path, lock=_locked("a", digest))
    assert _statuses(TWO, resources) == [Status.PASS, Status.NOT_RUN]
    # The file is not that of b, which says nothing against b.
    resources = Resources(weights=tmp_path, lock=_locked("a", digest) | _locked("b", "0" * 64))
    assert _statuses(TWO, resources) == [Status.PASS, Status.NOT_RUN]
    _save(tmp_path / "b" / "resolve" / "pytorch_model.bin", b"other")
    assert _statuses(TWO, resources) == [Status.PASS, Status.FAIL]


def test_a_file_with_the_right_digest_is_preferred(tmp_path: Path) -> None:
    digest = _save(tmp_path / "pytorch_model.bin", b"bytes")
    _save(tmp_path / "resolve" / "pytorch_model.bin", b"other")
    resources = Resources(weights=tmp_path, lock=_locked("a", digest))
    assert _statuses(_page(ADDRESS.format("a")), resources) == [Status.PASS]


@pytest.mark.parametrize("place", ["checkpoints/net.pth", "net.pth"])
def test_a_relative_path_is_looked_up_below_the_weights_folder(tmp_path: Path, place: str) -> None:
    _save(tmp_path / "weights" / place, b"from the folder")
    resources = Resources(root=tmp_path / "project", weights=tmp_path / "weights")

    def digest(index: Index) -> str | None:
        entry = lock_weights([index], resources)[0].entry
        return entry and entry.sha256

    index = index_of(_page("checkpoints/net.pth"))
    assert digest(index) == hashlib.sha256(b"from the folder").hexdigest()
    beside = _save(tmp_path / "project" / "checkpoints" / "net.pth", b"beside the page")
    assert digest(index) == beside


def test_verdicts_that_depend_on_other_pages_are_not_taken_from_the_cache(verify: Verify, tmp_path: Path) -> None:
    """The second page claims the file that the first page was judged with."""
    _save(tmp_path / "weights" / "pytorch_model.bin", b"bytes")
    pages = {letter: tmp_path / f"{letter}.yml" for letter in "ab"}
    for letter, page in pages.items():
        page.write_text(f"Models:\n- Name: net_{letter}\n  Weights: {ADDRESS.format(letter)}\n")

    def statuses(*letters: str) -> list[str]:
        options = ("--weights", "weights", "--claim", "weights", "--format", "json")
        run = verify("all", *(str(pages[letter]) for letter in letters), *options)
        return [verdict["status"] for verdict in json.loads(run.stdout)["verdicts"]]

    assert statuses("a") == statuses("a") == ["unchecked"]
    assert statuses("a", "b") == ["not_run", "not_run"]
