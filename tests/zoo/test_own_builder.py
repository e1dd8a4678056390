"""A project's own builder, from outside: a file beside modelindex/, a line in verify.toml, and a page."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Verify = Callable[..., subprocess.CompletedProcess[str]]

_BUILDER = """
from torch import nn


def build(name):
    width = {"mynet_small": 8, "mynet_large": 32}[name]
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))
"""
_PAGE = """
Models:
- Name: mynet_small
  Metadata: {Parameters: 314, FLOPs: 10645424, Image Size: 224}
- Name: mynet_medium
  Metadata: {Parameters: 400}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A project with a page in YAML, and a builder of its networks."""
    (tmp_path / "modelindex").mkdir()
    (tmp_path / "modelindex" / "mynets.yml").write_text(_PAGE)
    (tmp_path / "modelindex" / "verify.toml").write_text(
        'pages = ["mynets.yml"]\n\n[builders]\n"mynet_*" = "zoo.nets:build"\n'
    )
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "nets.py").write_text(_BUILDER)
    return tmp_path


def test_a_projects_networks_are_verified(verify: Verify, own: Path) -> None:
    run = verify("all", "--format", "json", cwd=own)
    verdicts = {(one["model"], one["claim"]): one for one in json.loads(run.stdout)["verdicts"]}
    assert (verdicts["mynet_small", "parameters"]["status"], run.returncode) == ("pass", 3)
    assert verdicts["mynet_small", "flops"]["measured"] == str(8 * 27 * 222**2 + 80)
    assert "zoo.nets:build builds" in verdicts["mynet_small", "name"]["reason"]
    broken = verdicts["mynet_medium", "parameters"]
    assert (broken["status"], "KeyError: 'mynet_medium'" in broken["reason"]) == ("error", True)


def test_a_builder_that_changed_is_asked_again(verify: Verify, own: Path) -> None:
    select = ("--model", "mynet_small", "--claim", "parameters")
    assert verify("all", *select, cwd=own).returncode == 0
    (own / "zoo" / "nets.py").write_text(_BUILDER.replace('"mynet_small": 8', '"mynet_small": 16'))
    assert verify("all", *select, cwd=own).returncode == 1


_AS_BUILT = "    return nn.Sequential("


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_a_builder_prints_is_no_data(verify: Verify, own: Path, jobs: str) -> None:
    loud = f'    import os\n    print("python")\n    os.system("echo shell")\n{_AS_BUILT}'
    (own / "zoo" / "nets.py").write_text(_BUILDER.replace(_AS_BUILT, loud))
    run = verify("all", "--model", "mynet_small", "--format", "json", "--jobs", jobs, cwd=own)
    assert json.loads(run.stdout)["summary"]["error"] == 0
    assert {"python", "shell"} <= set(run.stderr.split())


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (
            "    raise SystemExit(0)",
            "error",
            "The check could not finish: the builder zoo.nets:build raised SystemExit",
        ),
        ("    raise RuntimeError('no metadata')", "error", "raised RuntimeError: no metadata"),
        (
            "    class Odd(Exception):\n        def __str__(self): return 1 / 0\n    raise Odd",
            "error",
            "Odd: <exception str",
        ),
        (
            "    import torch\n    return torch.jit.script(nn.Conv2d(3, 8, 3))",
            "not_run",
            "calls torch.jit has compiled",
        ),
        ("    return nn.LazyConv2d(8, 3)", "not_run", "layers do not know their shapes"),
        ("    return nn.Conv2d", "not_run", "is no torch.nn.Module"),
        ("    net = nn.Conv2d(3, 104, 1)\n    net.bias.data.numpy()\n    return net", "fail", "another number"),
    ],
)
def test_a_builder_that_fails_is_told_and_takes_nothing_else_with_it(
    verify: Verify, own: Path, body: str, status: str, told: str
) -> None:
    failing = f"if name == 'mynet_medium':\n    {body.replace(chr(10), chr(10) + '    ')}\n"
    (own / "zoo" / "nets.py").write_text(_BUILDER.replace("(name):\n", f"(name):\n    {failing}"))
    run = verify("all", "--claim", "parameters", "--format", "json", cwd=own)
    small, medium = json.loads(run.stdout)["verdicts"]
    assert (small["status"], medium["status"]) == ("pass", status)
    assert told in medium["reason"]
    if status == "error":
        assert medium["remedy"] == "mend the builder that modelindex/verify.toml names"


def test_a_builder_that_ends_the_process_when_imported_is_told(verify: Verify, own: Path) -> None:
    (own / "zoo" / "nets.py").write_text("import sys\nsys.exit(0)\n")
    run = verify("all", "--claim", "parameters", cwd=own)
    assert run.returncode == 3
    assert "the builder zoo.nets:build raised SystemExit" in " ".join(run.stdout.split())


@pytest.mark.parametrize(
    ("forward", "told"),
    [("sys.exit", "takes no image"), ("lambda x: torch.cdist(x, x)", "what cdist computes could not")],
)
def test_a_network_that_cannot_be_counted_is_not_run(verify: Verify, own: Path, forward: str, told: str) -> None:
    odd = f"    import sys, torch\n    net = nn.Identity()\n    net.forward = {forward}\n    return net\n"
    (own / "zoo" / "nets.py").write_text(_BUILDER.replace(_AS_BUILT, odd + _AS_BUILT))
    run = verify("all", "--claim", "flops", "--format", "json", cwd=own)
    (found,) = json.loads(run.stdout)["verdicts"]
    assert (found["status"], told in found["reason"]) == ("not_run", True)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('"mynet_*" = "zoo.nets"', "expected [builders] with lines such as"),
        ('"mynet_*" = "os;rm:x"', "expected [builders] with lines such as"),
    ],
)
def test_what_names_no_function_is_told(verify: Verify, own: Path, line: str, told: str) -> None:
    (own / "modelindex" / "verify.toml").write_text(f'pages = ["mynets.yml"]\n\n[builders]\n{line}\n')
    run = verify("all", cwd=own)
    assert (run.returncode, told in run.stderr) == (2, True)


def test_a_function_that_is_not_there_is_not_run(verify: Verify, own: Path) -> None:
    (own / "zoo" / "nets.py").write_text("")
    run = verify("all", "--claim", "parameters", cwd=own)
    assert run.returncode == 0
    assert "The builder zoo.nets:build cannot be imported" in " ".join(run.stdout.split())


def test_two_builders_count_the_same(verify: Verify, project: Path) -> None:
    select = ("--model", "regnety_002", "--claim", "parameters", "--claim", "flops")
    run = verify("all", *select, "--cross-check", "--format", "json", cwd=project)
    parameters, flops = sorted(json.loads(run.stdout)["verdicts"], key=lambda one: one["claim"], reverse=True)
    assert [one["status"] for one in (parameters, flops)] == ["pass", "explained"]
    assert any("timm" in name and value == 3162996 for name, value in parameters["evidence"].items())
    assert "timm" in json.dumps(flops["evidence"])
