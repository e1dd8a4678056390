"""Rendered pages: they show verified claims, their code runs, and pages that are out of date are reported."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from PIL import Image

from harness.index.page import Parts
from harness.report.verified_page import GENERATED, with_links_from, with_verdicts
from tests.conftest import ROOT, page_text, page_verdicts

Verify = Callable[..., subprocess.CompletedProcess[str]]
RENDERED = ROOT / "reports" / "pages" / "regnety.md"


def _table(page: str) -> list[list[str]]:
    rows = [line.strip("| ").split(" | ") for line in page.split("\n") if line.startswith("| ")]
    return [row for row in rows if row[0] != "---"]


INDEX = "<!--\nType: model-index\n# Citation <!-- MARK\n-->"


def _on_page(before: str, after: str = "") -> str:
    """The page with its table. Its model-index contains a heading and a mark, which are not the page's."""
    page = with_verdicts(Parts(before, INDEX, after), "MARK", list(page_verdicts().values()), "my page")
    assert page.index == INDEX
    return page.before + page.index + page.after


def test_the_table_shows_important_claims_and_all_that_are_not_pass() -> None:
    rows = _table(_on_page("# T\n\n"))
    assert rows[0] == ["model", "claim", "verdict", "declared", "measured", "how"]
    card = "[regnety\\_{0}](../my%20page/regnety_{0}.md)".format
    assert [card("002"), "parameters", "pass", "3160000", "3162996", "count"] in rows
    assert [card("160"), "batch\\_size", "**fail**", "512", "256", "published recipe, pycls\\_in1k"] in rows
    assert ["page", "text", "**fail**", "DollÃ¡r", "Dollár", "ftfy"] in rows
    assert {row[2] for row in rows[1:]} == {"pass", "explained", "**fail**", "not run"}
    assert not any(cell == "" for row in rows for cell in row)
    omitted = len(page_verdicts()) - len(rows) + 1
    assert f"Not shown: {omitted} other claims, all *pass*." in _on_page("# T\n\n")


def test_where_the_table_goes() -> None:
    asked = _on_page("# T\n\nMARK\n\n## Citation\n\n")
    assert asked.index(GENERATED) < asked.index("## Citation")
    assert "## Verified claims" not in asked
    before = _on_page("# T\n\n```\n## Citation\n```\n<!--\n## Citation\n-->\n\n## Citation\n\n")
    assert before.startswith("# T\n\n```\n## Citation\n```\n<!--\n## Citation\n-->\n\n## Verified claims\n")
    assert before.endswith(f"\n## Citation\n\n{INDEX}")
    after = _on_page("# T\n\n", "\n\n## Citation\n\n<!-- end -->\n")
    assert after.index(INDEX) < after.index("## Verified claims") < after.index("## Citation")
    without = _on_page("# T\n\n", "\n\nMore.\n\n<!-- end -->\n")
    assert without.index("## Verified claims") < without.index(INDEX)
    assert without.endswith("\n\nMore.\n\n<!-- end -->\n")


def test_relative_links_keep_their_targets() -> None:
    text = (
        "[a](b.md) ![c](<d/e f.png>) [g](https://h.org/i) [j](#k) [l](/m) [n](mailto:o@p.org) `[q](r)`\n"
        '[s](../t.md?plain=1#u "v")\n[w]: x.md\n```\n[a](b.md)\n```\n<img src="y.png">\n'
    )
    led = with_links_from(Parts(text, INDEX, "[z](z.md)\n"), "modelindex/deep/page.md", "../..")
    assert led.before == (
        "[a](../../modelindex/deep/b.md) ![c](<../../modelindex/deep/d/e f.png>) [g](https://h.org/i) [j](#k) [l](/m) "
        "[n](mailto:o@p.org) `[q](r)`\n"
        '[s](../../modelindex/deep/../t.md?plain=1#u "v")\n[w]: ../../modelindex/deep/x.md\n```\n[a](b.md)\n```\n'
        '<img src="../../modelindex/deep/y.png">\n'
    )
    assert (led.index, led.after) == (INDEX, "[z](../../modelindex/deep/z.md)\n")


def test_the_committed_page_keeps_its_model_index() -> None:
    block = re.search(r"(?s)<!--\nType: model-index.*-->", page_text())
    assert block
    assert RENDERED.read_text("utf-8").count(block[0]) == 1


def test_committed_pages_are_up_to_date(verify: Verify) -> None:
    run = verify("docs", "--check", cwd=ROOT)
    assert (run.returncode, run.stdout) == (0, "")
    assert run.stderr.endswith("The rendered pages are up to date.\n")


@pytest.mark.slow
def test_the_code_on_the_page_runs(tmp_path: Path) -> None:
    """Run the code of the page in one process, with random weights of the same shapes."""
    code = "\n".join(re.findall(r"(?s)```python\n(.*?)```", RENDERED.read_text("utf-8")))
    address = re.search(r'"(https://\S+)"', code)
    assert address
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    network = timm.create_model("regnety_002")
    torch.save(network.state_dict(), folder / address[1].rpartition("/")[2])
    Image.new("L", (300, 260)).save(tmp_path / "image.jpg")
    for name in ("cat", "dog"):
        (tmp_path / "train" / name).mkdir(parents=True)
        Image.new("RGB", (240, 240)).save(tmp_path / "train" / name / "1.png")
    code += "\nassert model(inputs).shape == (2, 2)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"TORCH_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert re.fullmatch(r"(\d+\.\d%  .+\n){5}", run.stdout)


def test_docs(verify: Verify, project: Path) -> None:
    includes = project / "modelindex" / "_includes"
    includes.mkdir()
    missing = verify("docs", cwd=project)
    assert missing.returncode == 3
    assert "Not rendered: regnety.md: modelindex/regnety.md:11:1: expected a template" in missing.stderr
    assert not list((project / "reports").rglob("*.md"))

    (includes / "code_snippets.md").write_text("Use {{ model_name }}.\n")
    written = verify("docs", cwd=project)
    assert (written.returncode, written.stdout) == (0, "")
    page = project / "reports" / "pages" / "regnety.md"
    first = page.read_bytes()
    assert b"Use regnety_002.\n" in first
    gone = page.with_name("gone.md")
    gone.write_bytes(first)
    mine = page.with_name("mine.md")
    mine.write_text("mine")
    stale = verify("docs", "--check", cwd=project)
    assert stale.returncode == 1
    assert "Out of date: gone.md" in stale.stderr
    assert gone.exists()
    verify("docs", cwd=project)
    assert (page.read_bytes(), gone.exists(), mine.exists()) == (first, False, True)
    assert verify("docs", "--check", cwd=project).returncode == 0

    source = project / "modelindex" / "regnety.md"
    source.write_text(source.read_text("utf-8").replace("Batch Size: 512", "Batch Size: 256"), "utf-8")
    stale = verify("docs", "--check", cwd=project)
    assert stale.returncode == 1
    assert "+    Batch Size: 256" in stale.stdout
    assert page.read_bytes() == first
