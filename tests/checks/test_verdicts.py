"""Verdicts on the real page, and each check with the resources that it needs."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from harness import checks
from harness.checks import CHECKS, MODULES, create_model
from harness.index.page import page_from_text
from harness.index.reading.index import read_index
from harness.project.references import SHIPPED
from harness.project.resources import Resources
from harness.verdict import Status, Table, Verdict, fact
from harness.zoo.regnet import build
from tests.conftest import MODELS, judged, page_text, page_verdicts, verdicts_on
from tests.measure.test_source import git

PUBLISHED = json.loads((SHIPPED / "regnety.json").read_text("utf-8"))["models"]


def test_every_module_of_the_folder_is_listed() -> None:
    folder = Path(checks.__file__).parent
    modules = {module.__name__.rpartition(".")[2] for module in MODULES}
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == modules
    assert len(CHECKS) == sum(len(module.KINDS) for module in MODULES)
    assert all(": " in (module.__doc__ or "").partition("\n")[0] for module in MODULES)


def test_the_pages_faults_are_these_and_no_others() -> None:
    found = {key for key, verdict in page_verdicts().items() if verdict.status is Status.FAIL}
    assert found == {
        (None, "text"),
        ("regnety_160", "batch_size"),
    }
    assert not [verdict for verdict in page_verdicts().values() if verdict.status is Status.ERROR]


@pytest.mark.parametrize("model", MODELS)
def test_counts_of_a_model(model: str) -> None:
    verdicts = page_verdicts()
    parameters, flops, size = (verdicts[model, kind] for kind in ("parameters", "flops", "file_size"))
    assert (parameters.status, parameters.measured) == (Status.PASS, str(PUBLISHED[model]["params"]))
    assert flops.status is Status.EXPLAINED
    assert "thop@224x285" in flops.reason
    conventions = _table(flops, "conventions")
    by_method = dict(zip(conventions.column("convention"), conventions.column("value"), strict=True))
    assert str(by_method["thop@224x285"]) == flops.claim.declared
    assert str(by_method["macs@224x224"]) == flops.measured
    for name in ("multiply_adds_by_stage", "multiply_adds_by_operation"):
        parts = [part for part in _table(flops, name).column("multiply-adds") if isinstance(part, int)]
        assert sum(parts) == int(flops.measured or 0)
    assert (size.status, size.measured) == (Status.PASS, size.claim.declared)
    bytes_by_part = [
        value for part, value in _table(size, "bytes").rows if part != "tensors" and isinstance(value, int)
    ]
    assert sum(bytes_by_part) == int(size.claim.declared)


def _table(verdict: Verdict, name: str) -> Table:
    table = verdict.find(name)
    assert isinstance(table, Table)
    return table


def test_what_was_not_run_has_no_method() -> None:
    not_run = [verdict for verdict in page_verdicts().values() if verdict.status is Status.NOT_RUN]
    assert {verdict.method for verdict in not_run} == {None}


def test_a_dataset_without_published_evaluations() -> None:
    text = page_text().replace("Name: regnety_002\n", "Name: vgg11\n")
    verdict = judged(text, select=lambda claim: claim.kind == "dataset")["vgg11", "dataset"]
    assert verdict.reason == "No published evaluation on ImageNet is known."


def test_the_multiply_adds_themselves_pass() -> None:
    text = page_text().replace("255754236", "199514080")
    verdict = judged(text, select=lambda claim: claim.kind == "flops")["regnety_002", "flops"]
    assert (verdict.status, verdict.difference) == (Status.PASS, None)


def test_another_recipe_is_not_judged_by_the_published_one() -> None:
    recipes = [verdict for (model, kind), verdict in page_verdicts().items() if model == "regnety_032"]
    training = [verdict for verdict in recipes if CHECKS.get(verdict.claim.kind) is checks.training]
    assert {verdict.status for verdict in training} == {Status.NOT_RUN}
    assert all("ra_in1k" in verdict.reason for verdict in training)
    assert len(training) == 6


def test_a_model_that_no_family_builds_leaves_the_others() -> None:
    text = page_text().replace("regnety_004\n", "mystery_net\n")
    verdicts = judged(text)
    assert verdicts["mystery_net", "parameters"].status is Status.NOT_RUN
    assert "no such model" in verdicts["mystery_net", "parameters"].reason
    assert verdicts["regnety_002", "flops"].status is Status.EXPLAINED
    assert not [verdict for verdict in verdicts.values() if verdict.status is Status.ERROR]


@pytest.mark.parametrize(
    ("library", "model", "status"),
    [
        ("timm", "regnety_002", Status.PASS),
        ("torchvision", "vgg11", Status.PASS),
        ("nonsense", "vgg11_8xb32_in1k", Status.UNCHECKED),
        ("nonsense", "vgg11", Status.NOT_RUN),
    ],
)
def test_a_library_passes_if_it_builds_the_network(library: str, model: str, status: Status) -> None:
    """It does not if another library builds it, under a name that the references have for the same network."""
    text = f"<!--\nType: model-index\nLibrary: {library}\nModels:\n- Name: {model}\n-->\n"
    assert judged(text)[model, "library"].status is status


def test_a_model_may_be_in_several_collections() -> None:
    """Each of them has a model then, and the model's name needs to contain only one of them."""
    text = page_text().replace("In Collection: RegNetY", "In Collection: [Old, RegNetY]")
    text = text.replace("Collections:\n", "Collections:\n- Name: Old\n")
    kinds = {"collection_name", "in_collection", "paper_title", "file_size"}
    verdicts = verdicts_on(text, select=lambda claim: claim.kind in kinds and claim.model in {None, "regnety_002"})
    assert {verdict.claim.kind for verdict in verdicts} == kinds
    assert {verdict.status for verdict in verdicts} == {Status.PASS}


@pytest.mark.parametrize(
    ("before", "after", "kind", "model", "reason"),
    [
        ("89.55%", "69.55%", "top_5_accuracy", "regnety_002", "below top-1"),
        ("70.28%", "0.11%", "top_1_accuracy", "regnety_002", "guessing among 1000"),
        ("70.28%", "70.5%", "top_1_accuracy", "regnety_002", "was published with another accuracy"),
        ("89.55%", "89.65%", "top_5_accuracy", "regnety_002", "was published with another accuracy"),
        ("70.28%", "70.42%", "top_1_accuracy", "regnety_002", "were not evaluated"),
        ("82.01%", "85%", "top_1_accuracy", "regnety_032", "were not evaluated"),
        ("82.01%", "95%", "top_1_accuracy", "regnety_032", "95% does not fit regnety_006"),
    ],
)
def test_impossible_accuracies(before: str, after: str, kind: str, model: str, reason: str) -> None:
    verdict = judged(page_text().replace(before, after), select=lambda claim: claim.kind == kind)[model, kind]
    assert reason in verdict.reason


def test_an_accuracy_out_of_line_with_its_family_fails() -> None:
    """Without published evaluations, the models of one family are compared."""
    text = page_text().replace("-e68ca334", "_new-e68ca334").replace("75.27%", "95.27%")
    for size in MODELS[1:]:
        text = text.replace(f"{size}-", f"{size}_new-")
    verdicts = judged(text, select=lambda claim: claim.kind == "top_1_accuracy")
    failing = {model for (model, _), verdict in verdicts.items() if verdict.status is Status.FAIL}
    assert failing == {"regnety_006"}


def test_weights_files_are_hashed_measured_and_loaded(tmp_path: Path) -> None:
    network = build("regnety_002")
    state = network.module.state_dict().items()
    torch.save(
        {network.checkpoint_name(name): torch.ones_like(tensor, device="cpu") for name, tensor in state}, tmp_path / "x"
    )
    data = (tmp_path / "x").read_bytes()
    digest = hashlib.sha256(data).hexdigest()[:8]
    text = page_text().replace("e68ca334", digest).replace("File Size: 12782926", f"File Size: {len(data)}")
    (tmp_path / "x").rename(tmp_path / f"regnety_002-{digest}.pth")
    (tmp_path / "regnety_004-0db870e6.pth").write_bytes(b"a download that broke")
    kinds = {"weights", "file_size", "parameters"}
    verdicts = judged(text, Resources(weights=tmp_path), lambda claim: claim.kind in kinds)
    assert verdicts["regnety_002", "weights"].status is Status.PASS
    assert verdicts["regnety_002", "file_size"].status is Status.PASS
    assert verdicts["regnety_002", "parameters"].find("learned_values_in_file") == fact(
        "learned_values_in_file", "parameters in the weights file", 3162996
    )
    assert verdicts["regnety_004", "weights"].status is Status.FAIL
    assert "its name says 0db870e6. Not a torch or safetensors file" in verdicts["regnety_004", "weights"].reason
    assert verdicts["regnety_006", "weights"].method == "timm 0.3.4, regnety_006.pycls_in1k"
    # A damaged file says nothing about the size on the page, which is judged by prediction.
    assert verdicts["regnety_004", "file_size"].status is Status.PASS
    assert "prediction" in (verdicts["regnety_004", "file_size"].method or "")
    larger = text.replace(f"File Size: {len(data)}", f"File Size: {len(data) + 1}")
    size = judged(larger, Resources(weights=tmp_path), lambda claim: claim.kind == "file_size")[
        "regnety_002", "file_size"
    ]
    assert (size.status, size.measured, size.method) == (Status.FAIL, str(len(data)), "size of the file")


def test_the_weights_that_timm_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(timm: str | None) -> dict[str, Status]:
        verdicts = judged(page_text(), Resources(timm=timm), lambda claim: claim.kind == "create_model")
        return {model or "": verdict.status for (model, _), verdict in verdicts.items()}

    assert set(found(None).values()) == {Status.NOT_RUN}
    assert [model[-3:] for model, status in found("1").items() if status is Status.PASS] == ["002", "006", "008", "032"]
    verdict = judged(page_text(), Resources(timm="1"), lambda claim: claim.kind == "create_model")[
        "regnety_040", "create_model"
    ]
    assert verdict.status is Status.FAIL
    assert verdict.measured == "ra3_in1k: 83.044, 96.498%"
    assert verdict.remedy == "name the weights with the model, as in 'model.pycls_in1k'"
    monkeypatch.setattr(create_model, "loaded_weights", lambda _: None)
    assert set(found("1").values()) == {Status.FAIL}


@pytest.mark.parametrize(
    ("file", "failing"),
    [
        ("regnety_002-e68ca334.pth", {"regnety_004"}),
        ("regnety_004-e68ca334.pth", {"regnety_004"}),
        ("regnety_002-e68ca334.pth?x=1", {"regnety_004"}),
    ],
)
def test_two_models_of_one_file(file: str, failing: set[str]) -> None:
    """The model that the file is named after does not fail."""
    text = page_text().replace("regnety_004-0db870e6.pth", file)
    verdicts = judged(text, select=lambda claim: claim.kind == "weights")
    assert {model for (model, _), verdict in verdicts.items() if verdict.status is Status.FAIL} == failing
    assert "regnety_002 names the same file" in verdicts["regnety_004", "weights"].reason


def test_code_is_read_at_the_pinned_commit(tmp_path: Path) -> None:
    source = ["@register_model", "def regnety_002():", "    pass", "", "def regnety_004():", "    pass"]
    (tmp_path / "regnet.py").write_text("\n".join(source))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "source")
    commit = git(tmp_path, "rev-parse", "HEAD")

    def address(line: int, at: str = commit) -> str:
        return f"Code: https://github.com/o/r/blob/{at}/regnet.py#L{line}\n"

    def verdict(code: str) -> tuple[Status, str | None]:
        pinned = "d8e69206be253892b2956341fea09fdebfaae4e3"
        text = page_text().replace(pinned, commit)
        start = text.index("Code: ")
        text = text[:start] + code + text[text.index("\n", start) + 1 :]
        found = judged(text, Resources(source=tmp_path), lambda claim: claim.kind == "code")["regnety_002", "code"]
        return found.status, found.difference

    assert verdict(address(1)) == verdict(address(2)) == (Status.PASS, None)
    assert verdict(address(5)) == (Status.FAIL, "-3 lines")
    assert verdict(address(99)) == (Status.FAIL, "-97 lines")
    assert verdict(address(1, "0" * 40)) == (Status.FAIL, None)
    assert verdict("Code: https://github.com/o/r/blob/main/regnet.py#L1\n") == (Status.UNCHECKED, None)
    elsewhere = judged(page_text(), Resources(source=tmp_path), lambda claim: claim.kind == "code")
    assert {found.status for found in elsewhere.values()} == {Status.NOT_RUN}


def test_an_evaluation_on_another_dataset_does_not_contradict_imagenet() -> None:
    other = "  - Task: Image Classification\n    Dataset: ImageNet-V2\n    Metrics:\n      Top 1 Accuracy: 58.0%\n"
    text = page_text().replace("- Name: regnety_004", other + "- Name: regnety_004")
    added = [verdict for verdict in verdicts_on(text) if "Results[1]" in verdict.claim.where.path]
    assert [verdict.status for verdict in added] == [Status.PASS, Status.NOT_RUN, Status.NOT_RUN]


def test_conditions_hold_together_and_are_numbers() -> None:
    kinds = {"crop_pct", "image_size", "interpolation"}
    apart = page_text().replace("'0.875'", "'1.0'")
    of_032 = verdicts_on(apart, select=lambda claim: claim.kind in kinds and claim.model == "regnety_032")
    of_032 = [verdict for verdict in of_032 if verdict.claim.kind != "interpolation"]
    assert {verdict.status for verdict in of_032} == {Status.NOT_RUN}
    same = page_text().replace("'0.875'", "0.8750").replace("'224'", "224.0")
    others = verdicts_on(same, select=lambda claim: claim.kind in kinds and claim.model != "regnety_032")
    assert {verdict.status for verdict in others} == {Status.PASS}
    off = same.replace("70.28%", "71.0%")
    first = verdicts_on(off, select=lambda claim: claim.kind == "top_1_accuracy")[0]
    assert first.status is Status.FAIL


def test_a_conflict_of_two_models_blames_neither() -> None:
    """With two models only, either can be the wrong one."""
    start, end = page_text().index("- Name: regnety_006"), page_text().index("-->")
    text = (page_text()[:start] + page_text()[end:]).replace("70.28%", "79.28%")
    for model in MODELS[:2]:
        text = text.replace(f"{model}-", f"{model}_new-0")
    verdicts = judged(text, select=lambda claim: claim.kind == "top_1_accuracy")
    assert {verdict.status for verdict in verdicts.values()} == {Status.NOT_RUN}
    assert "regnety_002 (79.28%) contradict each other" in verdicts["regnety_004", "top_1_accuracy"].reason


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("w\\_{0} + w\\_{a}\\cdot{j}", "w\\_{a}\\cdot{j} + w\\_{0}", Status.PASS),
        ("12 \\leq d \\leq 28", "28 \\geq d \\geq 12", Status.PASS),
        ("w\\_{0} + w\\_{a}\\cdot{j}", "w\\_{0} - w\\_{a}\\cdot{j}", Status.FAIL),
        ("w\\_{0} + w\\_{a}\\cdot{j}", "w\\_{0} + w\\_{q}", Status.UNCHECKED),
        ("12 \\leq d", "x \\leq d", Status.UNCHECKED),
    ],
)
def test_relations_are_compared_by_meaning(before: str, after: str, status: Status) -> None:
    assert before in page_text()
    kinds = {"block_width", "depth"}
    for text in (page_text(), page_text().replace("RegNetY\n", "Nets\n")):
        verdicts = judged(text.replace(before, after), select=lambda claim: claim.kind in kinds)
        assert status in {verdict.status for verdict in verdicts.values()}


def test_training_resources_in_other_words() -> None:
    for words, status in (("8xV100", Status.PASS), ("8 x nvidia v100 gpu", Status.PASS), ("8x A100", Status.FAIL)):
        text = page_text().replace("8x NVIDIA V100 GPUs", words, 1)
        verdicts = judged(text, select=lambda claim: claim.kind == "training_resources")
        assert verdicts["regnety_002", "training_resources"].status is status


def test_missing_includes_are_reported(tmp_path: Path) -> None:
    assert page_verdicts()[None, "include"].status is Status.NOT_RUN
    (tmp_path / "code_snippets.md").write_text("text")
    index = read_index(page_from_text(page_text(), "page.md"), tmp_path)
    assert [include.there for include in index.includes] == [True]


@pytest.mark.parametrize("size", ["1", "16384"])
def test_components_do_not_depend_on_the_declared_size(size: str) -> None:
    text = page_text().replace("'224'", f"'{size}'", 1)
    verdicts = judged(text, select=lambda claim: claim.kind in {"architecture", "block", "flops", "tasks"})
    assert verdicts["regnety_002", "architecture"].status is Status.PASS
    assert verdicts[None, "block"].status is Status.PASS
    assert verdicts["regnety_002", "flops"].status is Status.FAIL
