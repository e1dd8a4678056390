"""A project's own builder, run from the command line: a Python file, a line in verify.toml, and a page."""

import json
import py_compile
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.project.documents import ProjectError
from harness.project.trust import is_trusted, trust
from harness.system import cache_folder

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
    """A project with a page in YAML and a builder of its networks."""
    (tmp_path / "modelindex").mkdir()
    (tmp_path / "modelindex" / "mynets.yml").write_text(_PAGE)
    (tmp_path / "modelindex" / "verify.toml").write_text(
        'pages = ["mynets.yml"]\n\n[builders]\n"mynet_*" = "zoo.nets:build"\n'
    )
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "nets.py").write_text(_BUILDER)
    return tmp_path


def verdicts(run: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """The verdicts by model and claim."""
    return {(verdict["model"], verdict["claim"]): verdict for verdict in json.loads(run.stdout)["verdicts"]}


def test_a_projects_networks_are_verified(verify: Verify, own: Path) -> None:
    run = verify("all", "--format", "json", cwd=own)
    found = verdicts(run)
    assert (found["mynet_small", "parameters"]["status"], run.returncode) == ("pass", 3)
    assert found["mynet_small", "flops"]["measured"] == str(8 * 27 * 222**2 + 80)
    broken = found["mynet_medium", "parameters"]
    assert (broken["status"], "KeyError: 'mynet_medium'" in broken["reason"]) == ("error", True)


def test_a_changed_builder_runs_again(verify: Verify, own: Path) -> None:
    select = ("--model", "mynet_small", "--claim", "parameters")
    assert verify("all", *select, cwd=own).returncode == 0
    (own / "zoo" / "nets.py").write_text(_BUILDER.replace('"mynet_small": 8', '"mynet_small": 16'))
    assert verify("all", *select, cwd=own).returncode == 1


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_output_of_a_builder_goes_to_stderr(verify: Verify, own: Path, jobs: str) -> None:
    prints = '    import os\n    print("python")\n    os.system("echo shell")\n    return nn.Sequential('
    (own / "zoo" / "nets.py").write_text(_BUILDER.replace("    return nn.Sequential(", prints))
    run = verify("all", "--model", "mynet_small", "--format", "json", "--jobs", jobs, cwd=own)
    assert json.loads(run.stdout)["summary"]["error"] == 0
    assert {"python", "shell"} <= set(run.stderr.split())


# For each model: the body of its builder, the status of its claim on parameters or FLOPs, and a part of the reason.
_UNUSUAL = {
    "exits": ("raise SystemExit(0)", "error", "could not finish: the builder zoo.nets:build raised SystemExit"),
    "raises": ("raise RuntimeError('no metadata')", "error", "raised RuntimeError: no metadata"),
    "raises_odd": (
        "class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd",
        "error",
        "Odd: <exception str",
    ),
    "compiled": ("return torch.jit.script(nn.Conv2d(3, 8, 3))", "not_run", "compiled by torch.jit"),
    "lazy": ("return nn.LazyConv2d(8, 3)", "not_run", "lazy layers have no shapes"),
    "class": ("return nn.Conv2d", "error", "is not a torch.nn.Module"),
    "nothing": ("return None", "error", "returned NoneType for mynet_nothing, which is not"),
    "numpy": ("net = nn.Conv2d(3, 104, 1)\nnet.bias.data.numpy()\nreturn net", "fail", "does not round"),
    "no_image": ("net = nn.Identity()\nnet.forward = sys.exit\nreturn net", "not_run", "takes no image"),
    "no_rule": (
        "net = nn.Identity()\nnet.forward = lambda x: torch.cdist(x, x)\nreturn net",
        "not_run",
        "no rule counts cdist",
    ),
}


def test_unusual_builders_cost_only_their_own_model(verify: Verify, own: Path) -> None:
    entries = [
        f"- Name: mynet_{name}\n  Metadata: {{{'FLOPs: 10645424' if name.startswith('no_') else 'Parameters: 400'}}}\n"
        for name in _UNUSUAL
    ]
    bodies = [
        f"    if name == 'mynet_{name}':\n{textwrap.indent(body, ' ' * 8)}\n" for name, (body, *_) in _UNUSUAL.items()
    ]
    (own / "modelindex" / "mynets.yml").write_text(_PAGE + "".join(entries))
    (own / "zoo" / "nets.py").write_text(
        _BUILDER.replace("(name):\n", "(name):\n    import sys, torch\n" + "".join(bodies))
    )
    select = ("--claim", "parameters", "--claim", "flops")
    found = verdicts(verify("all", *select, "--format", "json", "--jobs", "1", cwd=own))
    assert found["mynet_small", "parameters"]["status"] == "pass"
    for name, (_, status, reason) in _UNUSUAL.items():
        verdict = found[f"mynet_{name}", "flops" if name.startswith("no_") else "parameters"]
        assert (verdict["status"], reason in verdict["reason"]) == (status, True), verdict
        if status == "error":
            assert verdict["remedy"].endswith("the builder that modelindex/verify.toml names")


def test_a_builder_module_that_exits_is_an_error(verify: Verify, own: Path) -> None:
    (own / "zoo" / "nets.py").write_text("import sys\nsys.exit(0)\n")
    run = verify("all", "--claim", "parameters", cwd=own)
    assert run.returncode == 3
    assert "the builder zoo.nets:build raised SystemExit" in " ".join(run.stdout.split())


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("zoo.nets", (), "builders.mynet_*"),
        ("os;rm:x", (), "builders.mynet_*"),
        ("zoo.net:build", (), '[builders] "mynet_*" = "zoo.net:build": expected a module zoo.net in'),
        ("os:system", (), '[builders] "mynet_*" = "os:system": expected a module os in'),
        ("zoo.nets:biuld", ("--jobs", "2"), '[builders] "mynet_*" = "zoo.nets:biuld": expected a function biuld in'),
    ],
)
def test_a_wrong_line_in_verify_toml_is_bad_configuration(
    verify: Verify, own: Path, function: str, options: tuple[str, ...], message: str
) -> None:
    settings = own / "modelindex" / "verify.toml"
    settings.write_text(settings.read_text().replace("zoo.nets:build", function))
    run = verify("all", *options, cwd=own)
    assert (run.returncode, run.stdout, message in run.stderr) == (2, "", True)
    assert run.stderr.startswith("modelindex/verify.toml: ")
    assert run.stderr.count("\n") == 1


def test_two_builders_count_the_same(verify: Verify, project: Path) -> None:
    select = ("--model", "regnety_002", "--claim", "parameters", "--claim", "flops")
    found = verdicts(verify("all", *select, "--cross-check", "--format", "json", cwd=project))
    parameters, flops = found["regnety_002", "parameters"], found["regnety_002", "flops"]
    assert [parameters["status"], flops["status"]] == ["pass", "explained"]
    assert any("timm" in item["label"] and "3162996" in json.dumps(item) for item in parameters["evidence"].values())
    assert "timm" in json.dumps(flops["evidence"])


def _new_import(own: Path) -> Callable[[], None]:
    """As a pull request might hide a module that the builder imports."""
    (own / "env").mkdir()
    (own / "env" / "torch.py").write_text("")
    return lambda: shutil.rmtree(own / "env")


def _linked(own: Path) -> Callable[[], None]:
    (own / "zoo").rename(own / "other")
    (own / "zoo").symlink_to("other")

    def undo() -> None:
        (own / "zoo").unlink()
        (own / "other").rename(own / "zoo")

    return undo


_CHANGED_CODE = (_new_import, _linked)


def test_bytecode_of_a_commit_does_not_run(verify: Verify, own: Path) -> None:
    nets = own / "zoo" / "nets.py"
    nets.write_text("raise RuntimeError('bytecode')\n")
    py_compile.compile(str(nets), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    nets.write_text(_BUILDER)
    run = verify("explain", "mynet_small", "parameters", cwd=own)
    assert (run.returncode, "PASS" in run.stdout) == (0, True), run.stdout


def test_trust_is_remembered_for_the_project_and_its_builders(verify: Verify, own: Path, tmp_path: Path) -> None:
    user = {"VERIFY_ALLOW_BUILDERS": "", "XDG_DATA_HOME": str(tmp_path.with_name(f"{tmp_path.name}-data"))}

    def parameters(*options: str, cwd: Path = own) -> tuple[str, str]:
        run = verify("explain", "mynet_small", "parameters", *options, cwd=cwd, **user)
        return run.stdout.split()[0].casefold(), " ".join(run.stdout.split())

    settings = own / "modelindex" / "verify.toml"
    status, text = parameters()
    assert status == "not", text
    for way in ("`verify trust`", "--allow-builders", "VERIFY_ALLOW_BUILDERS=1"):
        assert way in text
    assert parameters("--allow-builders")[0] == "pass"
    run = verify("trust", cwd=own / "zoo", **user)
    assert (run.returncode, run.stdout) == (0, '"mynet_*" = "zoo.nets:build"\n'), run.stderr
    assert parameters()[0] == "pass"
    copy = shutil.copytree(own, tmp_path.with_name(f"{tmp_path.name}-copy"))
    assert parameters(cwd=copy)[0] == "not"
    settings.write_text(settings.read_text() + '"other" = "zoo.nets:build"\n')
    assert parameters()[0] == "not"
    settings.write_text(settings.read_text().partition('"other"')[0])
    assert parameters()[0] == "pass"
    for change in _CHANGED_CODE:
        undo = change(own)
        assert parameters()[0] == "not", change.__name__
        undo()
        assert parameters()[0] == "pass", change.__name__


def test_trust_that_a_commit_could_contain_does_not_count(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a workflow keeps data in the checkout."""
    builders = (("*", "zoo.nets:build"),)
    monkeypatch.setenv("XDG_DATA_HOME", str(own / "elsewhere"))
    (own / "sub").mkdir()
    trust(own / "sub", builders)
    assert is_trusted(own / "sub", builders)
    (own / ".git").mkdir()
    cache_folder._problem.cache_clear()
    cache_folder._checkout_around.cache_clear()
    assert not is_trusted(own / "sub", builders)
    for root in (own, own / "sub"):
        with pytest.raises(ProjectError, match=f"a commit to {own} could forge its results; set XDG_DATA_HOME"):
            trust(root, builders)


def test_a_project_without_builders_needs_no_trust(verify: Verify, project: Path) -> None:
    run = verify("trust", cwd=project)
    assert (run.returncode, "expected [builders] to trust, found none" in run.stderr) == (2, True)
