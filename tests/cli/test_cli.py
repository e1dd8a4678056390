"""`verify` as a process: exit codes, output and written files."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, fresh_environment, page_text

Verify = Callable[..., subprocess.CompletedProcess[str]]


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_on_a_project(verify: Verify, project: Path) -> None:
    below = project / "deep" / "down"
    below.mkdir(parents=True)
    run = verify("all", cwd=below)
    assert (run.returncode, run.stderr) == (1, f"Wrote {project / 'reports'}.\n")
    assert "regnety_160 pass   explained pass      explained fail" in run.stdout
    assert max(len(line.rstrip()) for line in run.stdout.split("\n")) <= 80
    assert "\x1b" not in run.stdout
    assert run.stdout.endswith("264 claims: 187 pass, 24 explained, 10 fail, 43 not run\n")
    assert len(_files(project / "reports")) == 14

    kept = verify("all", cwd=project, PYTHONPROFILEIMPORTTIME="1")
    assert kept.stdout == run.stdout
    for heavy in ("torch", "jinja2", "yaml", "ftfy"):
        assert f" {heavy}\n" not in kept.stderr


def test_committed_reports_are_up_to_date(verify: Verify, tmp_path: Path) -> None:
    """Weights files on this machine change the printed verdicts, but not the reports."""
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "regnety_002-e68ca334.pth").write_bytes(b"another file")
    run = verify("all", "--reports", str(tmp_path / "out"), "--weights", str(weights), "--format", "json", cwd=ROOT)
    failing = [
        verdict["claim"]
        for verdict in json.loads(run.stdout)["verdicts"]
        if verdict["model"] == "regnety_002" and verdict["status"] == "fail"
    ]
    assert failing == ["weights"]
    committed = _files(ROOT / "reports")
    by_others = ("benchmarks.md", "terminal.svg", "pages/")
    assert _files(tmp_path / "out") == {
        name: text for name, text in committed.items() if not name.startswith(by_others)
    }


def test_reports_leave_out_passing_claims_that_only_structure_the_page(verify: Verify, project: Path) -> None:
    page = project / "modelindex" / "regnety.md"
    page.write_text(page.read_text("utf-8").replace("ID: regnety_002", "ID: regnety_02"))
    one = ("--model", "regnety_002", "--format", "json")
    report = json.loads(verify("all", *one, cwd=project).stdout)
    kinds = {verdict["claim"]: verdict["status"] for verdict in report["verdicts"]}
    assert kinds["id"] == "fail"
    assert kinds.keys().isdisjoint({"name", "task", "library"})
    assert report["structural_passes"] > 0
    assert sum(report["summary"].values()) == len(report["verdicts"])
    # Asked for, they are shown.
    assert verify("explain", "regnety_002", "name", cwd=project).stdout.startswith("PASS name")
    page.write_text(page.read_text("utf-8").replace("ID: regnety_02\n", "ID: regnety_002\n"))
    (verdict,) = json.loads(verify("all", *one, "--claim", "id", cwd=project).stdout)["verdicts"]
    assert verdict["status"] == "pass"


def test_json(verify: Verify, project: Path) -> None:
    run = verify("all", "--format", "json", "--model", "regnety_002", "--claim", "flops", cwd=project)
    report = json.loads(run.stdout)
    assert run.returncode == 0
    assert list(report) == ["schema", "summary", "structural_passes", "verdicts", "environment"]
    assert report["schema"] == 2
    assert list(report["summary"].values()) == [0, 1, 0, 0, 0, 0, 0]
    (verdict,) = report["verdicts"]
    evidence = verdict.pop("evidence")
    assert {"reason", "remedy"} <= verdict.keys()
    assert verdict.pop("correction") == ["199514080"]
    assert {name: value for name, value in verdict.items() if name not in {"reason", "remedy"}} == {
        "page": "modelindex/regnety.md",
        "model": "regnety_002",
        "claim": "flops",
        "status": "explained",
        "declared": "255754236",
        "measured": "199514080",
        "difference": "-22.0%",
        "method": "macs@224x224",
        "where": {"file": "modelindex/regnety.md", "line": 41, "column": 12, "path": "Models[0].Metadata.FLOPs"},
        "environment": {},
    }
    assert evidence["conventions"]
    assert report["environment"]["libraries"]["torch"]
    assert not (project / "reports").exists()
    strict = verify("all", "--strict", "--model", "regnety_002", "--claim", "flops", cwd=project)
    assert strict.returncode == 1


def test_markdown(verify: Verify, project: Path) -> None:
    run = verify("all", "--format", "markdown", "--claim", "p*", cwd=project)
    assert run.returncode == 0
    assert "| regnety\\_320 | pass |" in run.stdout


def test_pages_on_the_command_line_need_no_project(verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "my page.md").write_text(page_text(), "utf-8")
    run = verify("all", "my page.md", "--claim", "parameters")
    assert run.returncode == 0
    assert "12 claims: 12 pass" in run.stdout
    assert verify("all", "my page.md").returncode == 1
    assert not (tmp_path / "reports").exists()
    with_reports = verify("all", "my page.md", "--reports", "out")
    assert (with_reports.returncode, with_reports.stderr) == (1, "Wrote out.\n")
    assert (tmp_path / "out" / "my page" / "regnety_002.md").is_file()


def test_explain_and_list(verify: Verify, project: Path) -> None:
    explained = verify("explain", "regnety_002", "flops", cwd=project)
    assert explained.returncode == 0
    assert "thop@224x285" in explained.stdout
    page = verify("explain", "page", "depth", cwd=project)
    assert "12 ≤ d ≤ 28" in page.stdout
    listed = verify("list", cwd=project)
    assert listed.returncode == 0
    assert "regnety_320" in listed.stdout
    assert "top_5_accuracy" in listed.stdout


def test_a_run_outside_a_project_says_how_to_start(verify: Verify) -> None:
    run = verify("all")
    assert run.returncode == 2
    assert "modelindex/verify.toml" in run.stderr
    assert "mkdir -p modelindex" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("all", "--nonsense"), "No such option '--nonsense'"),
        (("nonsense",), "No such command 'nonsense'"),
        (("all", "--format", "xml"), "'xml' is not one of"),
        (("all", "--weights", "not-there"), "does not exist"),
        (("all", "--source", "."), "is not a git checkout"),
        (("explain", "regnety_002"), "Missing argument 'CLAIM'"),
        (("all", "--model", "unknown"), "No model 'unknown'. There are: page, regnety_002"),
        (("all", "--claim", "flop"), "No claim of kind 'flop'. Did you mean 'flops'?\n"),
        (("all", "--claim", "beauty"), "No claim of kind 'beauty'. There are: architecture"),
        (("all", "not-there.md"), "not-there.md: expected a page, got no such file"),
    ],
)
def test_bad_usage_is_reported_without_loading_torch(
    verify: Verify, project: Path, arguments: tuple[str, ...], message: str
) -> None:
    run = verify(*arguments, cwd=project)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
    timed = verify(*arguments, cwd=project, PYTHONPROFILEIMPORTTIME="1")
    assert " torch\n" not in timed.stderr


def test_help_loads_next_to_nothing(verify: Verify) -> None:
    run = verify("all", "--help", PYTHONPROFILEIMPORTTIME="1")
    assert run.returncode == 0
    assert "--weights DIR" in run.stdout
    for heavy in ("torch", "rich", "yaml"):
        assert f" {heavy}\n" not in run.stderr


def test_faults_of_all_pages_are_verdicts(verify: Verify, project: Path) -> None:
    for name in ("one", "two"):
        text = page_text().replace("FLOPs: 255754236", "FLOPs: -1").replace("Epochs", "Epoch", 1)
        (project / "modelindex" / f"{name}.md").write_text(text, "utf-8")
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md", "one.md", "two.md"]')
    run = verify("check", "--format", "json", cwd=project)
    assert run.returncode == 3
    faults = [verdict for verdict in json.loads(run.stdout)["verdicts"] if verdict["page"] == "modelindex/two.md"]
    found = {(verdict["claim"], verdict["status"], verdict["where"]["line"]) for verdict in faults}
    assert ("flops", "fail", 41) in found
    assert "error" in {status for kind, status, _ in found if "epoch" in kind}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("pages = ", "expected TOML"),
        ("pages = []", "expected at least one page"),
        (
            'page = ["a.md"]',
            "builders, datasets, pages, tolerances, waivers, got page (did you mean pages?)",
        ),
        ("pages = [1]", "expected a path in quotes, got 1 at pages[0]"),
        (
            'pages = ["regnety.md"]\n[datasets]\nDigits = "nowhere"',
            "expected a folder, got 'nowhere' at datasets.Digits",
        ),
        (
            'pages = ["regnety.md"]\n[datasets]\nDigits = "/tmp"',
            "a folder inside the project, got '/tmp'",
        ),
        ('pages = ["regnety.md"]\n[datasets]\nDigits = 3', "expected a path in quotes, got 3 at datasets.Digits"),
        *(
            (f'pages = ["regnety.md"]\n[tolerances.{precision}]\npass = {passing}\nexplained = {explained}', message)
            for precision, passing, explained, message in [
                ("fp32", "0.2", "0.1", "expected pass ≤ explained, got pass 0.2, explained 0.1 at tolerances.fp32"),
                ("fp32", "0.05", "inf", 'got "inf" at tolerances.fp32.explained'),
                ("fp32", "nan", "nan", 'got "nan" at tolerances.fp32.'),
                ("fp32", "true", "true", "percentage points from 0 to 5, got true at tolerances.fp32."),
                ("fp32", "0.05", "100", "percentage points from 0 to 5, got 100 at tolerances.fp32.explained"),
                ("fp8", "0.05", "0.1", "expected the keys bf16, fp16, fp32, tf32, got fp8"),
            ]
        ),
    ],
)
def test_a_faulty_configuration(verify: Verify, project: Path, settings: str, message: str) -> None:
    (project / "modelindex" / "verify.toml").write_text(settings)
    run = verify("all", cwd=project)
    assert run.returncode == 2
    assert message in run.stderr


def test_a_builder_that_does_not_exist_ends_the_run(verify: Verify, project: Path) -> None:
    """The error is the same with parallel processes."""
    settings = 'pages = ["regnety.md"]\n[builders]\n"regnety_0*" = "mynets:biuld"\n'
    (project / "modelindex" / "verify.toml").write_text(settings)
    (project / "mynets.py").write_text("def build(name): ...\n")
    for jobs in ("1", "2"):
        run = verify("all", "--jobs", jobs, cwd=project)
        assert run.returncode == 2
        assert "modelindex/verify.toml" in run.stderr
        assert "mynets:biuld" in run.stderr
        assert "Traceback" not in run.stderr
        assert run.stdout == ""


def test_a_faulty_reference_file(verify: Verify, project: Path) -> None:
    (project / "modelindex" / "references").mkdir()
    (project / "modelindex" / "references" / "mine.json").write_text("{")
    run = verify("all", cwd=project)
    assert run.returncode == 2
    assert "mine.json: expected JSON" in run.stderr


def test_reports_that_cannot_be_written(verify: Verify, project: Path) -> None:
    (project / "reports").write_text("a file of mine")
    run = verify("all", cwd=project)
    assert run.returncode == 2
    assert "use --reports DIR" in run.stderr
    assert (project / "reports").read_text() == "a file of mine"


def test_a_damaged_cache_is_judged_again(verify: Verify, project: Path, tmp_path: Path) -> None:
    first = verify("all", "--claim", "parameters", cwd=project)
    verify("all", cwd=project)
    entries = {path: path.read_bytes() for path in tmp_path.with_name(f"{tmp_path.name}-cache").rglob("*.json")}
    damages: tuple[Callable[[bytes], bytes], ...] = (
        lambda _: b"[]",
        lambda whole: whole[:-9],
        lambda whole: whole.replace(b'"pass"', b'"fail"', 1),
    )
    for damage in damages:
        for path, whole in entries.items():
            path.write_bytes(damage(whole))
        assert verify("all", "--claim", "parameters", cwd=project).stdout == first.stdout


def test_a_changed_page_is_judged_again(verify: Verify, project: Path) -> None:
    verify("all", cwd=project)
    page = project / "modelindex" / "regnety.md"
    page.write_text(page_text().replace("Parameters: 3160000", "Parameters: 3170000"), "utf-8")
    run = verify("all", cwd=project)
    assert "186 pass, 24 explained, 11 fail" in run.stdout


def test_an_exception_in_a_check_is_an_error_verdict(verify: Verify, project: Path, tmp_path: Path) -> None:
    broken = tmp_path / "site"
    broken.mkdir()
    code = "import harness.checks.text as t\ndef broken(claim, subject): raise RuntimeError('broken on purpose')\n"
    (broken / "sitecustomize.py").write_text(code + "t.check = broken\n")
    run = verify("all", cwd=project, PYTHONPATH=f"{ROOT}{os.pathsep}{broken}")
    assert run.returncode == 3
    assert "ERROR text" in run.stdout
    assert "RuntimeError: broken on purpose" in run.stdout
    assert "1 error" in run.stdout
    assert "9 fail" in run.stdout


def test_an_interrupted_run_leaves_nothing_half_written(project: Path, tmp_path: Path) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "harness", "all"]
    process = subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    # Send it repeatedly: Python loses a signal that arrives in a callback of an import.
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(1)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message.strip() == "Interrupted."
    assert not (project / "reports").exists()


def test_a_reader_that_stops_early(project: Path, tmp_path: Path) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    command = f"{sys.executable} -m harness all --format json --claim id | head -c 10"
    run = subprocess.run(command, shell=True, cwd=project, env=environment, capture_output=True, check=False)  # noqa: S602
    assert run.stderr == b""


def test_pages_beside_the_configured_ones_leave_the_projects_reports_alone(verify: Verify, project: Path) -> None:
    verify("all", cwd=project)
    before = _files(project / "reports")
    (project / "other.md").write_text("<!--\nType: model-index\nModels:\n- Name: a\n-->\n")
    run = verify("all", "other.md", cwd=project)
    assert run.stdout.endswith("2 claims: 1 pass, 1 not run\n")
    assert _files(project / "reports") == before


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("form", ["rich", "json", "markdown"])
def test_any_encoding_of_the_terminal(verify: Verify, project: Path, encoding: str, form: str) -> None:
    run = verify("all", "--claim", "text", "--format", form, cwd=project, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert run.returncode == 1
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(("redirection", "code"), [(">&-", 1), (">/dev/full", 3), ("2>&-", 1)])
def test_an_output_that_cannot_be_written(project: Path, tmp_path: Path, redirection: str, code: int) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    command = f"{sys.executable} -m harness all --claim text {redirection}"
    run = subprocess.run(command, shell=True, cwd=project, env=environment, capture_output=True, check=False)  # noqa: S602
    assert run.returncode == code
    assert b"Traceback" not in run.stderr


def test_a_page_whose_name_leads_out_of_the_reports_folder(verify: Verify, project: Path) -> None:
    (project / "README.md").write_text("mine")
    (project / "modelindex" / "regnety.md").rename(project / "modelindex" / "...md")
    (project / "modelindex" / "verify.toml").write_text('pages = ["...md"]')
    verify("all", cwd=project)
    assert (project / "README.md").read_text() == "mine"
    assert (project / "reports" / "page" / "README.md").is_file()


def test_many_small_models(verify: Verify, tmp_path: Path) -> None:
    """Rules across models are applied once per page."""
    entry = (
        "- Name: m{0}\n  Metadata:\n    Parameters: {0}000\n    ID: m{0}\n  Weights: https://a.org/m{0}-{0:08x}.pth\n"
        "  Results:\n  - Task: T\n    Dataset: D\n    Metrics:\n      Top 1 Accuracy: 70%\n"
    )
    models = "".join(entry.format(number) for number in range(1, 1501))
    (tmp_path / "many.md").write_text(f"<!--\nType: model-index\nModels:\n{models}-->\n")
    run = verify("all", "many.md", "--format", "json")
    assert run.returncode == 0
    assert json.loads(run.stdout)["summary"]["error"] == 0


def test_the_picture_in_the_readme_is_up_to_date() -> None:
    picture = runpy.run_path(str(ROOT / "ci" / "picture.py"))["draw"]()
    assert picture == (ROOT / "reports" / "terminal.svg").read_text("utf-8")


def test_nothing_is_imported_from_the_working_folder(tmp_path: Path, hostile_folder: Path) -> None:
    """Neither by the process nor by those it starts."""
    (hostile_folder / "modelindex").mkdir()
    (hostile_folder / "modelindex" / "verify.toml").write_text('pages = ["page.yml"]\n')
    models = "Models: [{Name: a, Metadata: {Epochs: 2}}, {Name: b, Metadata: {Epochs: 3}}]\n"
    (hostile_folder / "modelindex" / "page.yml").write_text(models)
    script = tmp_path / "verify"
    script.write_text("from harness.cli.process import main\nif __name__ == '__main__':\n    main()\n")
    command = [sys.executable, script, "all", "--claim", "epochs", "--jobs", "2", "--format", "json"]
    environment = fresh_environment(XDG_CACHE_HOME=str(tmp_path / "cache"))
    run = subprocess.run(command, cwd=hostile_folder, env=environment, capture_output=True, text=True, check=False)
    imported = hostile_folder / "imported"
    assert not imported.exists(), imported.read_text()
    assert len(json.loads(run.stdout)["verdicts"]) == 2


def test_a_module_run_by_python_imports_installed_modules_first(verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise SystemExit('imported from the working folder')\n")
    assert verify("--help").returncode == 0
