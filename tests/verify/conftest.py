"""The project with the canary page."""

import shutil
from pathlib import Path

import pytest

from tests.verify.canary import CANARY, SETTINGS


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A project with only the canary page."""
    root = tmp_path / "project"
    shutil.copytree(CANARY, root / "modelindex" / "canary")
    (root / "modelindex" / "verify.toml").write_text(SETTINGS)
    return root
