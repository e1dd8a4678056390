"""The canary page for tests: a copy of it, edits, and the verdicts on it."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

Verify = Callable[..., subprocess.CompletedProcess[str]]
CANARY = ROOT / "modelindex" / "canary"
SETTINGS = 'pages = ["canary/canary.md"]\n[datasets]\nDigits = "canary/images"\n'


def page(root: Path) -> Path:
    return root / "modelindex" / "canary" / "canary.md"


def edit(root: Path, before: str, after: str) -> None:
    text = page(root).read_text("utf-8")
    assert before in text
    page(root).write_text(text.replace(before, after), "utf-8")


def verdicts(run: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """The verdicts on the model by kind."""
    return {verdict["claim"]: verdict for verdict in json.loads(run.stdout)["verdicts"] if verdict["model"]}


def evidence(verdict: dict[str, Any], name: str) -> str:
    """The value of a fact in the verdict's evidence."""
    (value,) = verdict["evidence"][name]["values"]
    return str(value)


def enlarge(root: Path, times: int) -> None:
    """Link each image under `times` names, and state the number of images in the references."""
    images = root / "modelindex" / "canary" / "images"
    for path in sorted(images.rglob("*.png")):
        for copy in range(1, times):
            os.link(path, path.with_stem(f"{path.stem}_{copy}"))
    references = root / "modelindex" / "references"
    references.mkdir()
    (references / "large.json").write_text(json.dumps({"datasets": {"Digits": {"images_per_class": 50 * times}}}))
