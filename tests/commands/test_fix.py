"""`verify fix`: only the characters of false values change, and their claims pass afterwards."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness.checks.shared.subject import Subject
from harness.commands.fix import Fix, FixError, propose_fixes, write_fixes
from harness.evaluate.run.progress import Progress
from harness.index.claim import Claim
from harness.index.claims import claims
from harness.project.project import Project, find_project
from harness.project.resources import Resources
from harness.verdict import Status, Verdict
from harness.verify import judging
from harness.verify.judging import judge
from harness.verify.run import verify
from harness.verify.selection import Selection
from tests.conftest import ROOT, index_of, page_text
from tests.repositories import committed

Verify = Callable[..., subprocess.CompletedProcess[str]]
FAIL = frozenset({Status.FAIL})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fixing")


@pytest.fixture(autouse=True)
def _own_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))


def _two_models() -> str:
    """The page with its first two models only."""
    text = page_text()
    return text[: text.index("- Name: regnety_006")] + text[text.index("-->") :]


def _proposed(folder: Path, text: str, statuses: frozenset[Status] = FAIL, *kinds: str) -> Fix:
    path = folder / "page.md"
    path.write_bytes(text.encode())
    _, (fix,) = propose_fixes(_project(folder), Selection((), kinds), Resources(folder), Progress(), statuses)
    return fix


def _project(folder: Path) -> Project:
    return replace(find_project(folder, (Path("page.md"),)), root=folder)


def _verdicts(folder: Path, text: str) -> tuple[Verdict, ...]:
    (folder / "page.md").write_bytes(text.encode())
    return verify(_project(folder), Selection(), Resources(folder), Progress()).verdicts


FALSE = {
    "FLOPs": "199514081",
    "Parameters": "3.3e6",
    "Epochs": "99",
    "Batch Size": "1025",
    "Momentum": "0.91",
    "Weight Decay": "6.00e-05",
    "ID": "regnety_200",
    "Training Resources": "7x NVIDIA V100 GPUs",
}
STYLES = ["{}", "'{}'", '"{}"', "{}   # as published", "  {}"]


@settings(
    max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    falsified=st.dictionaries(st.sampled_from(sorted(FALSE)), st.sampled_from(STYLES)),
    removed=st.sampled_from(["", "    - ReLU\n", "    - Convolution\n"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_fix_changes_only_the_false_values(folder: Path, falsified: dict[str, str], removed: str, end: str) -> None:
    text = _two_models()
    for key, style in falsified.items():
        text = re.sub(
            rf"(    {key}: ).*", lambda found, key=key, style=style: found[1] + style.format(FALSE[key]), text, count=1
        )
    text = text.replace(removed, "", 1).replace("\n", end)
    false = [verdict for verdict in _verdicts(folder, text) if verdict.status is Status.FAIL]
    fix = _proposed(folder, text)
    assert fix.unfixed == ()

    # Without the false values, both texts are the same, byte for byte.
    assert _without(fix.after, false) == _without(text, false)
    assert not any(verdict.status is Status.FAIL for verdict in _verdicts(folder, fix.after))
    assert _proposed(folder, fix.after).after == fix.after


def _without(text: str, false: list[Verdict]) -> str:
    """The text without the values of these claims. For a list, without the lines of its items."""
    wanted = {(verdict.claim.model, verdict.claim.kind, verdict.claim.where.path) for verdict in false}
    lines = text.split("\n")
    for claim in claims(index_of(text)):
        if claim.kind == "text" or (claim.model, claim.kind, claim.where.path) not in wanted:
            continue
        row, column = claim.where.line - 1, claim.where.column - 1
        if claim.items:
            for number in range(row, row + len(claim.items)):
                lines[number] = "\0"
        else:
            value = re.match(r"'[^']*'|\"[^\"]*\"|[^#\r]*?(?=\s*(#|\r|$))", lines[row][column:])
            assert value
            lines[row] = lines[row][:column] + lines[row][column + value.end() :]
    return "\n".join(line for line in lines if line != "\0").replace("DollÃ¡r", "Dollár")


def test_explained_claims_are_fixed_only_on_request(folder: Path) -> None:
    text = _two_models()
    assert "255754236" in _proposed(folder, text).after
    both = frozenset({Status.FAIL, Status.EXPLAINED})
    assert "FLOPs: 199514080\n" in _proposed(folder, text, both).after


def test_a_count_is_corrected_to_that_of_the_other_models(folder: Path) -> None:
    """Not to the multiply-adds: the page stays consistent."""
    text = page_text()
    fix = _proposed(folder, text.replace("FLOPs: 255754236", "FLOPs: 255754336"), FAIL, "flops")
    assert (fix.after, fix.unfixed) == (text, ())


def test_only_selected_kinds_are_fixed(folder: Path) -> None:
    text = _two_models().replace("Epochs: 100", "Epochs: 99").replace("FLOPs: 255754236", "FLOPs: 3")
    after = _proposed(folder, text, FAIL, "epochs").after
    assert after == text.replace("Epochs: 99", "Epochs: 100")


def test_a_claim_without_a_measurement_is_not_fixed(folder: Path) -> None:
    text = _two_models().replace("Top 1 Accuracy: 70.28%", "Top 1 Accuracy: 60.28%")
    fix = _proposed(folder, text, FAIL, "top_1_accuracy")
    assert fix.after == text
    ((verdict, why),) = fix.unfixed
    assert (verdict.claim.kind, why) == ("top_1_accuracy", "the true value was not measured here")


def test_an_accuracy_is_rounded_only_if_it_still_passes(folder: Path) -> None:
    shutil.copytree(ROOT / "modelindex", folder / "modelindex", dirs_exist_ok=True)
    project = find_project(folder, (Path("modelindex/canary/canary.md"),))
    page = folder / "modelindex" / "canary" / "canary.md"
    text = page.read_text("utf-8")
    page.write_text(text.replace("93.8%", "'95%'").replace("99.4%", "97.31%"), "utf-8")
    _, (fix,) = propose_fixes(project, Selection(), project.resources, Progress(), FAIL)
    assert fix.after == text.replace("93.8%", "'93.8%'").replace("99.4%", "99.40%")


@pytest.mark.parametrize("wrong", ["Crop Pct: '0.5'", "Interpolation: nearest"])
@pytest.mark.parametrize("beside", ["FLOPs: 564416", "FLOPs: 564"])
def test_a_wrong_condition_is_fixed_and_not_what_was_measured_under_it(folder: Path, wrong: str, beside: str) -> None:
    shutil.copytree(ROOT / "modelindex", folder / "modelindex", dirs_exist_ok=True)
    project = find_project(folder, (Path("modelindex/canary/canary.md"),))
    page = folder / "modelindex" / "canary" / "canary.md"
    text = page.read_text("utf-8")
    falsified = re.sub(rf"{wrong.partition(':')[0]}: .*", wrong, text).replace("FLOPs: 564416", beside)
    page.write_text(falsified, "utf-8")
    _, (fix,) = propose_fixes(project, Selection(), project.resources, Progress(), FAIL)
    assert (fix.after, fix.unfixed) == (text, ())


def test_claims_that_one_wrong_image_size_makes_false_are_not_fixed(folder: Path) -> None:
    shutil.copytree(ROOT / "modelindex", folder / "modelindex", dirs_exist_ok=True)
    project = find_project(folder, (Path("modelindex/canary/canary.md"),))
    page = folder / "modelindex" / "canary" / "canary.md"
    text = page.read_text("utf-8").replace("Image Size: '32'", "Image Size: '48'")
    page.write_text(text, "utf-8")
    _, (fix,) = propose_fixes(project, Selection(), project.resources, Progress(), FAIL)
    assert fix.after == text
    assert {verdict.claim.kind for verdict, _ in fix.unfixed} == {"flops", "top_1_accuracy", "top_5_accuracy"}


def test_a_correction_that_collides_with_another_is_left_out(folder: Path) -> None:
    text = _two_models().replace("ID: regnety_002", "ID: regnety_002â€™").replace("Epochs: 100", "Epochs: 99", 1)
    fix = _proposed(folder, text)
    assert "Epochs: 99" not in fix.after
    assert "ID: regnety_002\n" in fix.after


def test_a_read_only_page_is_not_written(folder: Path) -> None:
    fix = _proposed(folder, _two_models().replace("Epochs: 100", "Epochs: 99", 1), FAIL, "epochs")
    (folder / "page.md").chmod(0o444)
    with pytest.raises(FixError, match="a read-only one"):
        write_fixes([fix])
    (folder / "page.md").chmod(0o644)


def test_byte_order_mark_permissions_and_links_are_preserved(folder: Path) -> None:
    text = _two_models().replace("Epochs: 100", "Epochs: 99", 1)
    real = folder / "real.md"
    real.write_bytes(b"\xef\xbb\xbf" + text.encode())
    real.chmod(0o600)
    (folder / "page.md").unlink(missing_ok=True)
    (folder / "page.md").symlink_to(real)
    _, (fix,) = propose_fixes(_project(folder), Selection((), ("epochs",)), Resources(folder), Progress(), FAIL)
    write_fixes([fix])
    assert real.read_bytes() == b"\xef\xbb\xbf" + text.replace("Epochs: 99", "Epochs: 100").encode()
    assert real.stat().st_mode & 0o777 == 0o600
    assert (folder / "page.md").is_symlink()
    (folder / "page.md").unlink()


def test_a_page_that_changed_since_it_was_read_is_not_overwritten(folder: Path) -> None:
    fix = _proposed(folder, _two_models().replace("Epochs: 100", "Epochs: 99", 1), FAIL, "epochs")
    (folder / "page.md").write_text("another")
    with pytest.raises(FixError, match="run the command again"):
        write_fixes([fix])
    assert (folder / "page.md").read_text() == "another"


def test_fix_as_a_process(verify: Verify, project: Path) -> None:
    page = project / "modelindex" / "regnety.md"
    before = page.read_bytes()
    shown = verify("fix", "--dry-run", "--claim", "batch_size", cwd=project)
    assert shown.returncode == 1
    assert [line for line in shown.stdout.splitlines() if line[:1] in "+-"] == [
        "--- a/modelindex/regnety.md",
        "+++ b/modelindex/regnety.md",
        "-    Batch Size: 512",
        "+    Batch Size: 256",
    ]
    assert page.read_bytes() == before
    fixed = verify("fix", "--claim", "batch_size", cwd=project)
    assert (fixed.returncode, fixed.stdout) == (0, shown.stdout)
    changed = [
        pair for pair in zip(before.split(b"\n"), page.read_bytes().split(b"\n"), strict=True) if len(set(pair)) > 1
    ]
    assert changed == [(b"    Batch Size: 512", b"    Batch Size: 256")]
    unknown = verify("fix", "--claim", "batchsize", cwd=project)
    assert (unknown.returncode, "No claim of kind 'batchsize'. Did you mean 'batch_size'?" in unknown.stderr) == (
        2,
        True,
    )
    again = verify("fix", "--claim", "batch_size", cwd=project)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "Nothing to fix.\n")


def test_values_are_fixed_in_the_imported_file_that_holds_them(folder: Path) -> None:
    """JSON and collections are fixed too. A model overrides an inherited value that other models share."""
    pages = {
        "page.yml": "Import: part.yml\nModels:\n- Name: regnety_002\n  In Collection: C\n  Metadata: part.json\n",
        "part.json": '{"Parameters": 3300000, "ID": "x"}\n',
        "part.yml": (
            "Collections:\n- {Name: C, Metadata: {ID: y}}\nModels:\n"
            "- {Name: regnety_004, In Collection: C, Metadata: {Params (M): 4.4}}\n"
            "- {Name: regnety_006, In Collection: C}\n"
        ),
    }
    for name, text in pages.items():
        (folder / name).write_text(text)
    project = replace(find_project(folder, (Path("page.yml"),)), root=folder)
    _, proposed = propose_fixes(project, Selection(), Resources(folder), Progress(), FAIL)
    fixes = {fix.name: fix for fix in proposed}
    assert fixes["part.json"].after == '{"Parameters": 3200000, "ID": "regnety_002"}\n'
    overridden = pages["part.yml"].replace("{Params (M): 4.4}", "{Params (M): 4.3, ID: regnety_004}")
    assert fixes["part.yml"].after == overridden.replace("ID: y", "ID: regnety_006")
    assert fixes["page.yml"].after == pages["page.yml"]
    assert not fixes["page.yml"].unfixed


def test_a_page_without_false_values_is_judged_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This holds even if nothing is cached, as for a project with custom builders."""
    (folder / "page.yml").write_text("Models: [{Name: regnety_002, Metadata: {Parameters: 1}}]\n")
    (folder / "other.yml").write_text("Models: [{Name: regnety_004, Metadata: {Parameters: 4344144}}]\n")
    resources = Resources(folder, builders=(("mine_*", "mine:build"),))
    found = find_project(folder, (Path("page.yml"), Path("other.yml")))
    project = replace(found, root=folder, resources=resources)
    judged: Counter[tuple[str, str]] = Counter()

    def counting(claim: Claim, subject: Subject) -> Verdict:
        judged[claim.page, claim.kind] += 1
        return judge(claim, subject)

    monkeypatch.setattr(judging, "judge", counting)
    _, fixes = propose_fixes(project, Selection(), resources, Progress(), FAIL)
    assert [fix.before != fix.after for fix in fixes] == [True, False]
    assert judged["page.yml", "parameters"] == 2
    assert judged["other.yml", "parameters"] == judged["other.yml", "name"] == 1


@pytest.mark.parametrize("value", ["0.90000000000000000000000000000000000001", f"0.{'9' * 38}"])
def test_a_false_value_with_many_decimals_is_fixed(verify: Verify, project: Path, value: str) -> None:
    page = project / "modelindex" / "regnety.md"
    page.write_text(page_text().replace("Momentum: 0.9\n", f"Momentum: {value}\n", 1), "utf-8")
    run = verify("fix", "--claim", "momentum", cwd=project)
    assert (run.returncode, run.stderr) == (0, "Fixed modelindex/regnety.md.\n")
    assert verify("all", "--claim", "momentum", cwd=project).returncode == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FLOPs: 12 G", "FLOPs: 199514080"),
        ("FLOPs: 19.3 M", "FLOPs: 199.5 M"),
        ("Parameters: 900 G", "Parameters: 3162996"),
        ("Params (G): 900", "Params (G): 0.003162996"),
    ],
)
def test_a_value_far_too_large_for_its_unit_is_fixed(folder: Path, before: str, after: str) -> None:
    text = _two_models()
    for line in ("FLOPs: 255754236", "Parameters: 3160000"):
        if line[:5] == before[:5]:
            text = text.replace(line, before, 1)
    fix = _proposed(folder, text, FAIL, "flops", "parameters")
    assert (fix.after, fix.unfixed) == (text.replace(before, after), ())


def test_a_dry_run_prints_a_patch_that_git_accepts(project: Path, tmp_path: Path) -> None:
    """Also for lines that end with CRLF or contain tabs."""
    page = project / "modelindex" / "regnety.md"
    text = (
        page_text().replace("## Citation\n", "## Citation\n\tA tab\n").replace("Epochs: 100\n", "Epochs: 99\t# x\n", 1)
    )
    page.write_bytes(text.replace("\n", "\r\n").encode())
    committed(project)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    command = f"{sys.executable} -m harness fix --dry-run --claim epochs | git apply --check --verbose"
    run = subprocess.run(command, shell=True, cwd=project, env=environment, capture_output=True, check=False)  # noqa: S602
    assert (run.returncode, b"Checking patch modelindex/regnety.md" in run.stderr) == (0, True), run.stderr


def test_claims_that_are_not_fixed_are_not_reported_as_nothing_to_fix(verify: Verify, project: Path) -> None:
    page = project / "modelindex" / "regnety.md"
    page.write_text(page_text().replace("Top 1 Accuracy: 70.28%", "Top 1 Accuracy: 60.28%"), "utf-8")
    run = verify("fix", "--claim", "top_1_accuracy", "--model", "regnety_002", cwd=project)
    assert run.returncode == 1
    assert "Not fixed: " in run.stderr
    assert "Nothing to fix" not in run.stderr
