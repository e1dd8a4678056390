"""A pull request from its branch to its merge, with the commands that its CI runs."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import page_text
from tests.repositories import committed

Verify = Callable[..., subprocess.CompletedProcess[str]]

TRUE, FALSE = "FLOPs: 199514080", "FLOPs: 199514081"
WEIGHTS, OTHER = "regnety_320-ba464b29.pth", "regnety_320-00000000.pth"
EXPENSIVE = {"top_1_accuracy", "top_5_accuracy", "image_size", "crop_pct", "interpolation", "dataset"}


def _line(text: str, value: str) -> int:
    return text[: text.index(value)].count("\n") + 1


def test_one_false_value_one_address_and_one_paragraph(verify: Verify, project: Path) -> None:
    page = project / "modelindex" / "regnety.md"
    (project / "modelindex" / "_includes").mkdir()
    (project / "modelindex" / "_includes" / "code_snippets.md").write_text("Use {{ model_name }}.\n")
    page.write_text(page_text().replace("FLOPs: 255754236", TRUE), "utf-8")
    verify("docs", cwd=project)
    base = committed(project)

    # The branch.
    edited = page.read_text("utf-8").replace(TRUE, FALSE).replace(WEIGHTS, OTHER)
    edited = edited.replace("For **RegNetY** authors make one change", "For **RegNetY** they make one change")
    page.write_text(edited, "utf-8")
    committed(project)

    # CI verifies the affected claims and no others; a second run does not load torch.
    asked = verify("changed", "--base", base, "--format", "json", cwd=project)
    message = json.loads(asked.stdout)
    assert asked.returncode == 1
    assert message["models"] == ["regnety_002", "regnety_320"]
    statuses = {(item["model"], item["claim"]): item["status"] for item in message["claims"]}
    assert statuses["regnety_002", "flops"] == "fail"
    assert statuses["regnety_002", "parameters"] == statuses["regnety_320", "file_size"] == "pass"
    assert statuses["regnety_320", "weights"] == statuses["regnety_320", "top_1_accuracy"] == "not_run"
    assert {kind for model, kind in statuses if model == "regnety_002"}.isdisjoint(EXPENSIVE)
    assert message["claims"][0]["why"] == ["flops was 199514080, is 199514081"]
    assert asked.stdout.count("\n") == 1
    kept = verify("changed", "--base", base, "--format", "json", cwd=project, PYTHONPROFILEIMPORTTIME="1")
    assert kept.stdout == asked.stdout
    assert " torch\n" not in kept.stderr
    planned = verify("changed", "--base", base, "--dry-run", "--format", "json", "--claim", "top_?_*", cwd=project)
    assert planned.returncode == 0
    assert json.loads(planned.stdout)["models"] == ["regnety_320"]

    # Annotations point to the lines of false values; the step's summary is the report.
    summary, output = project / "summary.md", project / "verdicts.sarif"
    annotated = verify("changed", "--base", base, "--format", "github", cwd=project, GITHUB_STEP_SUMMARY=str(summary))
    errors = [line for line in annotated.stdout.splitlines() if line.startswith("::error")]
    false = [item for item in message["claims"] if item["status"] == "fail"]
    assert len(errors) == len(false)
    assert f"::error file=modelindex/regnety.md,line={_line(edited, FALSE)},col=12," in annotated.stdout
    assert "### **fail**: flops" in summary.read_text("utf-8")
    beside = verify("changed", "--base", base, "--format", "sarif", "--output", str(output), cwd=project)
    assert "FAIL flops" in beside.stdout
    assert len(json.loads(output.read_text("utf-8"))["runs"][0]["results"]) >= len(false)

    # The rendered page is out of date.
    stale = verify("docs", "--check", cwd=project)
    assert stale.returncode == 1
    assert "-For **RegNetY** authors make one change" in stale.stdout

    # One changed line fixes the false value.
    fixed = verify("fix", "--claim", "flops", cwd=project)
    assert fixed.returncode == 0
    changed = [line for line in fixed.stdout.splitlines() if line[:1] in "+-"][2:]
    assert changed == [f"-    {FALSE}", f"+    {TRUE}"]
    assert page.read_text("utf-8") == edited.replace(FALSE, TRUE)
    again = verify("changed", "--base", base, "--model", "regnety_002", cwd=project)
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("changed",), " is not in one"),
        (("report",), "Missing option '--html'"),
        (("all", "--claim", "id", "--output", "modelindex"), "is a directory"),
        (
            ("all", "--claim", "id", "--output", "modelindex/regnety.md"),
            "it is a page or inside modelindex/",
        ),
        (
            ("all", "--claim", "id", "--output", "modelindex/verify.toml"),
            "it is a page or inside modelindex/",
        ),
        (("report", "--html", "modelindex/regnety.md"), "it is a page or inside modelindex/"),
        (("changed", "--dry-run", "--format", "sarif"), "--dry-run has no verdicts to show as sarif"),
        (("lock", "modelindex/regnety.md"), "Nothing to lock"),
    ],
)
def test_bad_usage(verify: Verify, project: Path, arguments: tuple[str, ...], message: str) -> None:
    run = verify(*arguments, cwd=project)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_nothing_to_compare_with_is_bad_usage_and_hostile_references_write_nothing(
    verify: Verify, project: Path
) -> None:
    committed(project)
    run = verify("changed", "--base=--output=x", cwd=project)
    assert run.returncode == 2
    assert "expected a commit as base, got '--output=x'" in run.stderr
    assert not (project / "x").exists()
    unknown = verify("changed", "--model", "unknown", cwd=project)
    assert (unknown.returncode, "No model 'unknown'" in unknown.stderr) == (2, True)
    empty = verify("changed", "--format", "junit", "--output", "out.xml", cwd=project)
    assert (empty.returncode, "<testsuites" in (project / "out.xml").read_text()) == (0, True)
    unchanged = verify("changed", "--base", "HEAD", "--format", "json", cwd=project)
    assert (unchanged.returncode, unchanged.stdout) == (0, '{"models": [], "claims": []}\n')


def test_an_output_that_is_not_a_regular_file_is_not_replaced(verify: Verify, project: Path) -> None:
    pipe, target = project / "pipe", project / "target"
    os.mkfifo(pipe)
    (project / "link").symlink_to(target)
    read = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
    arguments = ("all", "--claim", "id", "--format", "json", "--output")
    assert verify(*arguments, str(pipe), cwd=project).returncode == 0
    assert json.loads(read.communicate(timeout=60)[0])["schema"] == 2
    assert pipe.is_fifo()
    verify(*arguments, "link", cwd=project)
    assert (project / "link").is_symlink()
    assert json.loads(target.read_text("utf-8"))["schema"] == 2


def test_a_page_cannot_run_workflow_commands(verify: Verify, project: Path) -> None:
    page = project / "modelindex" / "regnety.md"
    page.write_text(page_text().replace("Batch Size: 512", "Batch Size: 511\n    # ::stop-commands::x"), "utf-8")
    run = verify("fix", "--dry-run", "--claim", "batch_size", cwd=project, GITHUB_ACTIONS="true")
    first, *_, last = run.stdout.splitlines()
    assert first.startswith("::stop-commands::")
    assert last == f"::{first.removeprefix('::stop-commands::')}::"
