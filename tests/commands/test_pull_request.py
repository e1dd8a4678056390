"""A pull request from its branch to its merge, as maintainers and their CI see it."""

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
AFFECTED = [
    ("regnety_002", "flops", "fail"),
    ("regnety_320", "file_size", "pass"),
    ("regnety_320", "weights", "not_run"),
    ("regnety_320", "top_1_accuracy", "not_run"),
    ("regnety_320", "top_5_accuracy", "not_run"),
]


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

    # CI verifies what that affects, and nothing else; the second time without torch.
    asked = verify("changed", "--base", base, "--format", "json", cwd=project)
    told = json.loads(asked.stdout)
    assert asked.returncode == 1
    assert told["models"] == ["regnety_002", "regnety_320"]
    assert [(one["model"], one["claim"], one["status"]) for one in told["claims"]] == AFFECTED
    assert told["claims"][0]["why"] == ["flops was 199514080, is 199514081"]
    assert asked.stdout.count("\n") == 1
    kept = verify("changed", "--base", base, "--format", "json", cwd=project, PYTHONPROFILEIMPORTTIME="1")
    assert kept.stdout == asked.stdout
    assert " torch\n" not in kept.stderr
    planned = verify("changed", "--base", base, "--dry-run", "--format", "json", "--claim", "top_?_*", cwd=project)
    assert planned.returncode == 0
    assert json.loads(planned.stdout)["models"] == ["regnety_320"]

    # The annotations stand on the lines, and the report is the summary of the step.
    summary, output = project / "summary.md", project / "verdicts.sarif"
    annotated = verify("changed", "--base", base, "--format", "github", cwd=project, GITHUB_STEP_SUMMARY=str(summary))
    errors = [line for line in annotated.stdout.splitlines() if line.startswith("::error")]
    assert len(errors) == 1
    assert errors[0].startswith(f"::error file=modelindex/regnety.md,line={_line(edited, FALSE)},col=12,")
    assert "### **fail**: flops" in summary.read_text("utf-8")
    assert "none" not in summary.read_text("utf-8")
    beside = verify("changed", "--base", base, "--format", "sarif", "--output", str(output), cwd=project)
    assert "FAIL flops" in beside.stdout
    assert len(json.loads(output.read_text("utf-8"))["runs"][0]["results"]) == 1

    # The rendered page is stale.
    stale = verify("docs", "--check", cwd=project)
    assert stale.returncode == 1
    assert "-For **RegNetY** authors make one change" in stale.stdout

    # The false value is mended by one line.
    mended = verify("fix", "--claim", "flops", cwd=project)
    assert mended.returncode == 0
    changed = [line for line in mended.stdout.splitlines() if line[:1] in "+-"][2:]
    assert changed == [f"-    {FALSE}", f"+    {TRUE}"]
    assert page.read_text("utf-8") == edited.replace(FALSE, TRUE)
    again = verify("changed", "--base", base, "--claim", "flops", cwd=project)
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("changed",), "expected a folder in a git checkout, got: fatal: not a git repository"),
        (("report",), "Missing option '--html'"),
        (("all", "--claim", "id", "--output", "modelindex"), "is a directory"),
        (("all", "--claim", "id", "--output", "modelindex/regnety.md"), "is a page, or in modelindex/"),
        (("all", "--claim", "id", "--output", "modelindex/verify.toml"), "is a page, or in modelindex/"),
        (("report", "--html", "modelindex/regnety.md"), "is a page, or in modelindex/"),
        (("changed", "--dry-run", "--format", "sarif"), "--dry-run has no verdicts to show as sarif"),
        (("lock", "modelindex/regnety.md"), "Nothing to lock"),
    ],
)
def test_bad_usage(verify: Verify, project: Path, arguments: tuple[str, ...], told: str) -> None:
    run = verify(*arguments, cwd=project)
    assert run.returncode == 2
    assert told in run.stderr
    assert "Traceback" not in run.stderr


def test_nothing_to_compare_with_is_bad_usage_and_hostile_references_write_nothing(
    verify: Verify, project: Path
) -> None:
    committed(project)
    run = verify("changed", "--base=--output=x", cwd=project)
    assert run.returncode == 2
    assert "expected a commit as base, got '--output=x'" in run.stderr
    assert not (project / "x").exists()
    nobody = verify("changed", "--model", "nobody", cwd=project)
    assert (nobody.returncode, "No model is called nobody" in nobody.stderr) == (2, True)
    empty = verify("changed", "--format", "junit", "--output", "out.xml", cwd=project)
    assert (empty.returncode, "<testsuites" in (project / "out.xml").read_text()) == (0, True)
    unchanged = verify("changed", "--base", "HEAD", "--format", "json", cwd=project)
    assert (unchanged.returncode, unchanged.stdout) == (0, '{"models": [], "claims": []}\n')


def test_an_output_that_is_no_regular_file_stays_what_it_is(verify: Verify, project: Path) -> None:
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


def test_a_page_gives_no_commands_to_the_runner(verify: Verify, project: Path) -> None:
    page = project / "modelindex" / "regnety.md"
    page.write_text(page_text().replace("Batch Size: 512", "Batch Size: 511\n    # ::stop-commands::x"), "utf-8")
    run = verify("fix", "--dry-run", "--claim", "batch_size", cwd=project, GITHUB_ACTIONS="true")
    first, *_, last = run.stdout.splitlines()
    assert first.startswith("::stop-commands::")
    assert last == f"::{first.removeprefix('::stop-commands::')}::"
