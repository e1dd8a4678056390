"""Shared helpers: the RegNetY page, verdicts on edited copies of it, and `verify` as a process."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from harness.checks.shared.subject import Subject
from harness.index.claim import Claim
from harness.index.claims import claims
from harness.index.entries import Index
from harness.index.page import page_from_text
from harness.index.reading.index import read_index
from harness.project.references import SHIPPED, References, load_references
from harness.project.resources import Resources
from harness.rules.application import apply_findings
from harness.rules.table import findings
from harness.verdict import Verdict
from harness.verify.judging import judge

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "modelindex" / "regnety.md"
MODELS = [
    f"regnety_{size}" for size in ["002", "004", "006", "008", "016", "032", "040", "064", "080", "120", "160", "320"]
]

# Variables that a process of its own must not inherit from a developer's shell or from the tests.
_UNSET = {"TORCH_HOME", "COLUMNS", "PYTHONSAFEPATH", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"}

Key = tuple[str | None, str]


def index_of(text: str) -> Index:
    """The index of a page with this text and no include files."""
    return read_index(page_from_text(text, "page.md"), Path("nothing-to-include"))


@cache
def shipped_references() -> References:
    return load_references([SHIPPED])


def faults_of(*indexes: Index) -> str:
    """The messages of all that is unreadable or false by its form, in order."""
    found = {claim.fault for index in indexes for claim in claims(index) if claim.fault}
    return "".join(f"{fault}\n" for fault in sorted(found))


def verdicts_on(
    text: str, resources: Resources | None = None, select: Callable[[Claim], bool] = lambda _: True
) -> list[Verdict]:
    """Verdicts on a page with this text, by the shipped references, with the findings of rules applied."""
    index, references = index_of(text), shipped_references()
    selected = [claim for claim in claims(index) if select(claim)]
    page = Subject(index, references, resources or Resources())
    verdicts = [judge(claim, page.sibling(claim.model)) for claim in selected]
    return list(apply_findings(verdicts, findings([index], references)))


def judged(
    text: str, resources: Resources | None = None, select: Callable[[Claim], bool] = lambda _: True
) -> dict[Key, Verdict]:
    """Verdicts on a page with this text, by model and kind."""
    return {(verdict.claim.model, verdict.claim.kind): verdict for verdict in verdicts_on(text, resources, select)}


@cache
def page_text() -> str:
    return PAGE.read_text("utf-8")


@cache
def page_verdicts() -> dict[Key, Verdict]:
    """Verdicts on the unedited page, judged once for all tests."""
    return judged(page_text())


def fresh_environment(**environment: str) -> dict[str, str]:
    """The environment of a new process of a user, who trusts the builders that tests write."""
    inherited = {name: value for name, value in os.environ.items() if name not in _UNSET}
    return inherited | {"PYTHONPATH": str(ROOT), "VERIFY_ALLOW_BUILDERS": "1", **environment}


@pytest.fixture
def verify(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `verify` as a process, in `cwd`, with its own cache."""

    def run(*arguments: str, cwd: Path = tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
        cache = tmp_path.with_name(f"{tmp_path.name}-cache")
        variables = fresh_environment(**{"XDG_CACHE_HOME": str(cache), **environment})
        command = [sys.executable, "-m", "harness", *arguments]
        return subprocess.run(
            command, cwd=cwd, env=variables, capture_output=True, text=True, errors="replace", check=False
        )

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a copy of the page, named in modelindex/verify.toml."""
    root = tmp_path / "project"
    (root / "modelindex").mkdir(parents=True)
    (root / "modelindex" / "regnety.md").write_text(page_text(), "utf-8")
    (root / "modelindex" / "verify.toml").write_text('pages = ["regnety.md"]\n', "utf-8")
    return root


@pytest.fixture
def hostile_folder(tmp_path: Path) -> Path:
    """A folder with a file for every module that Python may look for; importing one adds its name to `imported`."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    installed = {"click", "jinja2", "jsonschema", "numpy", "rich", "torch", "yaml"}
    for name in sys.stdlib_module_names | installed:
        recording = f"import os\nos.write(os.open({str(folder / 'imported')!r}, 1089), b'{name}\\n')\n"
        (folder / f"{name}.py").write_text(recording)
    return folder
