"""The cache: verdicts are reused only if everything that they depend on is the same."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from harness.verify import cache
from tests.conftest import ROOT
from tests.verify.canary import SETTINGS, Verify, edit, page, verdicts


def _verdict(verify: Verify, root: Path, kind: str) -> dict[str, Any]:
    return verdicts(verify("all", "--format", "json", "--claim", kind, cwd=root))[kind]


def test_a_copy_of_a_project_gets_verdicts_of_its_own(verify: Verify, canary: Path, tmp_path: Path) -> None:
    """The page names the weights file by a path, which leads to another file in the copy."""
    (canary / "modelindex" / "verify.toml").write_text('pages = ["canary/canary.md"]\n')
    assert _verdict(verify, canary, "weights")["status"] == "pass"
    copy = tmp_path / "copy"
    shutil.copytree(canary, copy)
    (weights,) = (copy / "modelindex" / "canary").glob("*.pth")
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert _verdict(verify, copy, "weights")["status"] == "fail"


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.rename(path.with_name("renamed.md"))])
def test_an_include_that_is_renamed_or_deleted(
    verify: Verify, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    """The other file has the same bytes, so only names tell the two states apart."""
    includes = tmp_path / "modelindex" / "_includes"
    includes.mkdir(parents=True)
    (includes / "used.md").write_text("Text.\n")
    text = "<!--\nType: model-index\nModels:\n- Name: a\n-->\n{% include 'used.md' %}\n"
    (tmp_path / "modelindex" / "page.md").write_text(text)
    (tmp_path / "modelindex" / "verify.toml").write_text('pages = ["page.md"]\n')

    def status() -> str:
        run = verify("all", "--format", "json", "--claim", "include", cwd=tmp_path)
        (verdict,) = json.loads(run.stdout)["verdicts"]
        return str(verdict["status"])

    assert status() == "pass"
    change(includes / "used.md")
    assert status() == "not_run"


BUILDER = """from torch import nn


def build(name):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))
    return network
"""


def test_an_edited_builder_of_the_project_is_evaluated_again(
    verify: Verify, canary: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The name, the weights and the images are the same, but the network computes something else.

    Or what it imports does, an editable package elsewhere.
    """
    torch.manual_seed(0)
    state = {"1.weight": torch.randn(10, 3 * 32 * 32), "1.bias": torch.zeros(10)}
    torch.save(state, canary / "weights")
    name = f"tiny-{hashlib.sha256((canary / 'weights').read_bytes()).hexdigest()[:8]}.pth"
    (canary / "weights").rename(page(canary).with_name(name))
    edit(canary, "Name: regnety_canary", "Name: tiny")
    edit(canary, "Weights: regnety_canary-9854fe73.pth", f"Weights: {name}")
    (canary / "nets.py").write_text(BUILDER)
    (canary / "modelindex" / "verify.toml").write_text(f'{SETTINGS}[builders]\ntiny = "nets:build"\n')
    before = _verdict(verify, canary, "top_1_accuracy")
    assert before["measured"]
    assert _verdict(verify, canary, "top_1_accuracy")["measured"] == before["measured"]
    negated = "    network[1].register_forward_hook(lambda module, given, output: -output)\n    return network\n"
    (canary / "nets.py").write_text(BUILDER.replace("    return network\n", negated))
    edited = _verdict(verify, canary, "top_1_accuracy")["measured"]
    assert edited != before["measured"]
    outside = tmp_path_factory.mktemp("outside")
    (outside / "sign-1.dist-info").mkdir()
    (outside / "sign-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: sign\nVersion: 1\n")
    origin = {"url": outside.as_uri(), "dir_info": {"editable": True}}
    (outside / "sign-1.dist-info" / "direct_url.json").write_text(json.dumps(origin))
    imported = negated.replace("-output", "sign.SIGN * output").replace("    network", "    import sign\n    network")
    (canary / "nets.py").write_text(BUILDER.replace("    return network\n", imported))

    def with_sign(sign: int) -> str | None:
        (outside / "sign.py").write_text(f"SIGN = {sign:2}\n")
        run = partial(verify, PYTHONPATH=f"{ROOT}{os.pathsep}{outside}")
        return cast("str | None", _verdict(run, canary, "top_1_accuracy")["measured"])

    assert (with_sign(1), with_sign(-1)) == (before["measured"], edited)


def test_a_renamed_dataset_is_not_the_same_dataset(verify: Verify, canary: Path) -> None:
    assert _verdict(verify, canary, "top_1_accuracy")["status"] == "pass"
    (canary / "modelindex" / "verify.toml").write_text(SETTINGS.replace("Digits", '"ImageNet-1k"'))
    assert _verdict(verify, canary, "top_1_accuracy")["status"] == "not_run"


def test_a_run_keeps_its_own_entries_and_evicts_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cache, "_MAX_ENTRIES", 3)
    for number in range(8):
        cache.store(f"entry{number}", [], [])
        os.utime(cache.cache_folder() / f"entry{number}.json", (number, number))
    assert len(list(cache.cache_folder().iterdir())) == 8
    cache.evict(keep={f"entry{number}" for number in range(5)})
    assert sorted(path.stem for path in cache.cache_folder().iterdir()) == [f"entry{number}" for number in range(5)]
    cache.evict(keep={"entry0"})
    assert sorted(path.stem for path in cache.cache_folder().iterdir()) == ["entry0", "entry3", "entry4"]


def test_more_pages_than_the_cache_has_room_for(verify: Verify, tmp_path: Path) -> None:
    """A second run finds every page in the cache, and does not load torch."""
    (tmp_path / "pages").mkdir()
    for number in range(501):
        (tmp_path / "pages" / f"p{number}.yml").write_text(f"Models: [{{Name: m{number}}}]\n")
    verify("all", "pages", cwd=tmp_path)
    again = verify("all", "pages", "--format", "json", cwd=tmp_path)
    assert json.loads(again.stdout)["environment"]["cached"] is True
