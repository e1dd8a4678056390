"""Each rule on pages that break it and on near misses: a small family of models with one or two edits."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from harness import rules
from harness.index.entries import Entry, Index
from harness.index.page import page_from_text
from harness.index.reading.index import read_index
from harness.project.references import SHIPPED, load_references
from harness.rules.finding import Certainty, Finding
from harness.rules.table import RULES, findings

REFERENCES = load_references([SHIPPED])

Edit = tuple[str, str]


def _model(name: str, parameters: int, flops: int, digest: str, accuracies: tuple[str, str]) -> str:
    """A model's lines; its file has slightly more than four bytes per parameter."""
    return f"""- Name: {name}
  In Collection: Net
  Metadata:
    Parameters: {parameters}
    FLOPs: {flops}
    File Size: {parameters * 4 + 123457}
    Training Data: ImageNet
    ID: {name}
    Image Size: 224
  Weights: https://example.org/{name}-{digest}.pth
  Results:
  - Task: Image Classification
    Dataset: ImageNet
    Metrics:
      Top 1 Accuracy: {accuracies[0]}
      Top 5 Accuracy: {accuracies[1]}
"""


PAGE = "<!--\nType: model-index\nCollections:\n- Name: Net\nModels:\n" + "".join(
    (
        _model("net_18", 11690000, 1814073344, "5c106cde", ("69.76%", "89.08%")),
        _model("net_34", 21800000, 3663761408, "333f7ec4", ("73.31%", "91.42%")),
        _model("net_50", 25560000, 4089184256, "19c8e357", ("76.13%", "92.86%")),
        _model("net_101", 44550000, 7801405440, "5d3b4d8f", ("77.37%", "93.55%")),
        _model("net_50d", 25580000, 4311000000, "aabbccdd", ("77.11%", "93.31%")),
        _model("tv_net_34", 21800000, 3663761408, "0f0f0f0f", ("73.31%", "91.42%")),
    )
)


def _edited(edits: Iterable[Edit]) -> str:
    text = PAGE
    for before, after in edits:
        assert before in text
        text = text.replace(before, after, 1)
    return text + "-->\n"


def _index(text: str, name: str = "page.md") -> Index:
    return read_index(page_from_text(text, name), Path("nothing-to-include"))


def _found(*edits: Edit) -> tuple[Finding, ...]:
    return findings([_index(_edited(edits))], REFERENCES)


def test_every_rule_is_in_the_table() -> None:
    folder = Path(rules.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {
        "__init__",
        "application",
        "declared_model",
        "finding",
        "table",
    }
    assert modules == {rule.__name__.rpartition(".")[2] for rule in RULES}
    assert len({rule.NAME for rule in RULES}) == len(RULES)
    assert all((rule.__doc__ or "").partition("\n")[0].endswith(".") for rule in RULES)


# A page's edits, the rule that they break, and the claims that are suspicious.
BREAKS: dict[str, tuple[list[Edit], str, set[tuple[str, str]]]] = {
    "another model's file": (
        [("net_34-333f7ec4", "net_18-5c106cde")],
        "weights file shared",
        {("net_34", "weights")},
    ),
    "another model's digest": (
        [("net_34-333f7ec4", "net_34-5c106cde")],
        "weights file shared",
        {("net_18", "weights"), ("net_34", "weights")},
    ),
    "the same file at another address": (
        [("net_18-5c106cde.pth", "net_18.pth"), ("example.org/net_34-333f7ec4", "example.com/net_18")],
        "weights file shared",
        {("net_34", "weights")},
    ),
    "a mention of a longer name": (
        [("net_34-333f7ec4.pth", "net_50-19c8e357.pth  # trained like net_50d")],
        "weights file shared",
        {("net_34", "weights")},
    ),
    "a file of another name": (
        [("net_34-333f7ec4", "net_18_b-11111111")],
        "weights named after another model",
        {("net_34", "weights")},
    ),
    "a file of the longest name": (
        [("Name: net_50d", "Name: net_18_b"), ("net_34-333f7ec4", "net_18_b-11111111")],
        "weights named after another model",
        {("net_34", "weights")},
    ),
    "guessing": ([("69.76%", "0.1%")], "accuracy near chance", {("net_18", "top_1_accuracy")}),
    "guessing five": ([("89.08%", "0.9%")], "accuracy near chance", {("net_18", "top_5_accuracy")}),
    "the largest far too bad": ([("77.37%", "70.37%")], "accuracy out of line", {("net_101", "top_1_accuracy")}),
    "the smallest too good": ([("69.76%", "79.76%")], "accuracy out of line", {("net_18", "top_1_accuracy")}),
    "the smallest far too bad": (
        [("69.76%", "49.76%")],
        "accuracy out of line",
        {("net_18", "top_1_accuracy")},
    ),
    "two that change places": (
        [("76.13%", "72.00%")],
        "accuracy out of line",
        {("net_34", "top_1_accuracy"), ("net_50", "top_1_accuracy")},
    ),
    "not even two bytes": (
        [("File Size: 46883457", "File Size: 22000000")],
        "bytes cannot hold the parameters",
        {("net_18", "parameters"), ("net_18", "file_size")},
    ),
    "not even two bytes, in two of the family": (
        [("File Size: 46883457", "File Size: 22000000"), ("File Size: 87323457", "File Size: 42000000")],
        "bytes cannot hold the parameters",
        {("net_18", "parameters"), ("net_18", "file_size"), ("net_34", "parameters"), ("net_34", "file_size")},
    ),
    "not four bytes, as the others": (
        [("File Size: 46883457", "File Size: 45000000")],
        "bytes cannot hold the parameters",
        {("net_18", "parameters"), ("net_18", "file_size")},
    ),
    "a tenth of the parameters": (
        [("Parameters: 11690000", "Parameters: 1169000")],
        "off by a power of ten",
        {("net_18", "parameters")},
    ),
    "thousands of parameters": (
        [("Parameters: 11690000", "Parameters: 11690")],
        "off by a power of ten",
        {("net_18", "parameters")},
    ),
    "ten times the bytes": (
        [("File Size: 46883457", "File Size: 468834570")],
        "off by a power of ten",
        {("net_18", "file_size")},
    ),
    "a thousandth of the FLOPs": (
        [("FLOPs: 1814073344", "FLOPs: 1814073")],
        "off by a power of ten",
        {("net_18", "flops")},
    ),
    "ten times the parameters, no file size": (
        [("Parameters: 11690000", "Parameters: 116900000"), ("    File Size: 46883457\n", "")],
        "off by a power of ten",
        {("net_18", "parameters"), ("net_18", "flops")},
    ),
    "a tenth of the parameters, no FLOPs": (
        [("Parameters: 11690000", "Parameters: 1169000"), ("    FLOPs: 1814073344\n", "")],
        "off by a power of ten",
        {("net_18", "parameters"), ("net_18", "file_size")},
    ),
    "a fraction": (
        [("69.76%", "0.6976")],
        "percentages and fractions mixed",
        {("net_18", "top_1_accuracy")},
    ),
    "a fraction with a sign": (
        [("69.76%", "0.6976%")],
        "percentages and fractions mixed",
        {("net_18", "top_1_accuracy")},
    ),
    "fewer FLOPs than parameters": (
        [("FLOPs: 1814073344", "FLOPs: 5330896")],
        "fewer FLOPs than parameters",
        {("net_18", "parameters"), ("net_18", "flops")},
    ),
    "half precision, not said": (
        [("File Size: 46883457", "File Size: 23441728")],
        "bytes cannot hold the parameters",
        {("net_18", "parameters"), ("net_18", "file_size")},
    ),
    "one file, equal figures": (
        [("tv_net_34-0f0f0f0f", "net_34-333f7ec4"), ("ID: tv_net_34", "ID: tv_net_34\n    Epochs: 5")],
        "weights file shared",
        {("tv_net_34", "weights")},
    ),
    "one network at another size": (
        [
            ("Name: net_50d", "Name: net_18_448"),
            ("ID: net_50d\n    Image Size: 224", "ID: net_18_448\n    Image Size: 448"),
        ],
        "one architecture, different parameters",
        {("net_18", "parameters"), ("net_18_448", "parameters")},
    ),
    "an average over uneven batches, or over files": (
        [("69.76%", "69.7633%"), ("  Weights: https://example.org/net_18-5c106cde.pth\n", "")],
        "no whole number of images",
        {("net_18", "top_1_accuracy")},
    ),
    "one file, two sizes": (
        [
            ("tv_net_34-0f0f0f0f", "net_34-333f7ec4"),
            (
                "File Size: 87323457\n    Training Data: ImageNet\n    ID: tv_net_34",
                "File Size: 87324457\n    ID: tv_net_34",
            ),
        ],
        "one file, two models",
        {("net_34", "file_size"), ("tv_net_34", "file_size")},
    ),
    "a comment on FLOPs": (
        [("FLOPs: 1814073344", "FLOPs: 1814073344  # 1.94G")],
        "comment contradicts value",
        {("net_18", "flops")},
    ),
    "a comment in another unit": (
        [("File Size: 46883457", "File Size: 46883457  # about 54.7 MB")],
        "comment contradicts value",
        {("net_18", "file_size")},
    ),
    "a comment on an accuracy": (
        [("69.76%", "69.76%  # 76.69%")],
        "comment contradicts value",
        {("net_18", "top_1_accuracy")},
    ),
}

# The same for proof. With `ONE_OF_TWO`, each claim is contradicted by the other.
PROOFS: dict[str, tuple[list[Edit], str, Certainty, set[tuple[str, str]]]] = {
    "another model's file, with its bytes": (
        [("net_34-333f7ec4", "net_18-5c106cde"), ("File Size: 87323457", "File Size: 46883457")],
        "one file, two models",
        Certainty.FALSE,
        {("net_34", "weights"), ("net_34", "file_size")},
    ),
    "another model's file, with its own bytes": (
        [("net_34-333f7ec4", "net_18-5c106cde")],
        "one file, two models",
        Certainty.FALSE,
        {("net_34", "weights")},
    ),
    "one file, two accuracies": (
        [
            ("net_50-19c8e357", "weights-aabbccdd"),
            ("net_50d-aabbccdd", "weights-aabbccdd"),
            ("File Size: 102443457", "File Size: 102363457"),
            ("77.11%", "66.11%"),
            ("93.31%", "87.31%"),
        ],
        "one file, two models",
        Certainty.ONE_OF_TWO,
        {("net_50", "weights"), ("net_50d", "weights")},
    ),
    "another model's file, and another accuracy": (
        [
            ("net_50d-aabbccdd", "net_50-19c8e357"),
            ("File Size: 102443457", "File Size: 102363457"),
            ("77.11%", "65.11%"),
            ("93.31%", "87.31%"),
        ],
        "one file, two models",
        Certainty.ONE_OF_TWO,
        {("net_50d", "weights")},
    ),
    "one ID": (
        [("ID: net_34", "ID: net_18")],
        "one architecture, different parameters",
        Certainty.ONE_OF_TWO,
        {("net_18", "parameters"), ("net_34", "parameters")},
    ),
    "one network at another size, one file size": (
        [
            ("Name: net_50d", "Name: net_50_448"),
            ("ID: net_50d\n    Image Size: 224", "ID: net_50_448\n    Image Size: 448"),
            ("File Size: 102443457", "File Size: 102363457"),
        ],
        "one architecture, different parameters",
        Certainty.ONE_OF_TWO,
        {("net_50", "parameters"), ("net_50_448", "parameters")},
    ),
    "one network at another size, the bytes of one": (
        [
            ("Name: net_50d", "Name: net_18_448"),
            ("ID: net_50d\n    Image Size: 224", "ID: net_18_448\n    Image Size: 448"),
            ("File Size: 102443457", "File Size: 46883457"),
        ],
        "one architecture, different parameters",
        Certainty.FALSE,
        {("net_18_448", "parameters")},
    ),
    "less than a byte": (
        [("File Size: 46883457", "File Size: 11600000")],
        "bytes cannot hold the parameters",
        Certainty.ONE_OF_TWO,
        {("net_18", "parameters"), ("net_18", "file_size")},
    ),
    "far below the published ones": (
        [("69.76%", "14.4%")],
        "accuracy far outside the published ones",
        Certainty.FALSE,
        {("net_18", "top_1_accuracy")},
    ),
    "far above the published ones": (
        [("93.31%", "99.80%")],
        "accuracy far outside the published ones",
        Certainty.FALSE,
        {("net_50d", "top_5_accuracy")},
    ),
    "a fraction with a percent sign": (
        [("69.76%", "0.6976%")],
        "accuracy far outside the published ones",
        Certainty.FALSE,
        {("net_18", "top_1_accuracy")},
    ),
    "an average over uneven batches": (
        [("69.76%", "69.7633%")],
        "no whole number of images",
        Certainty.FALSE,
        {("net_18", "top_1_accuracy")},
    ),
    "half an image": (
        [("69.76%", "69.761%")],
        "no whole number of images",
        Certainty.FALSE,
        {("net_18", "top_1_accuracy")},
    ),
    "top-5 below top-1": (
        [("69.76%", "89.08%"), ("Top 5 Accuracy: 89.08%", "Top 5 Accuracy: 69.76%")],
        "top-1 and top-5 contradict",
        Certainty.ONE_OF_TWO,
        {("net_18", "top_1_accuracy"), ("net_18", "top_5_accuracy")},
    ),
    "a digit of top-5": (
        [("89.08%", "98.08%")],
        "top-1 and top-5 contradict",
        Certainty.ONE_OF_TWO,
        {("net_18", "top_1_accuracy"), ("net_18", "top_5_accuracy")},
    ),
    "a digit of top-1": (
        [("69.76%", "49.76%")],
        "top-1 and top-5 contradict",
        Certainty.ONE_OF_TWO,
        {("net_18", "top_1_accuracy"), ("net_18", "top_5_accuracy")},
    ),
    "more than five times": (
        [("69.76%", "1.01%"), ("89.08%", "16.85%")],
        "top-1 and top-5 contradict",
        Certainty.ONE_OF_TWO,
        {("net_18", "top_1_accuracy"), ("net_18", "top_5_accuracy")},
    ),
}


@pytest.mark.parametrize("case", [*BREAKS, *PROOFS])
def test_a_rule_finds_contradictions_with_both_places(case: str) -> None:
    edits, rule, *certainty, claims = PROOFS[case] if case in PROOFS else BREAKS[case]
    found = [finding for finding in _found(*edits) if finding.rule == rule]
    assert {finding.claim[:2] for finding in found} == claims
    assert {finding.certainty for finding in found} == {*(certainty or [Certainty.SUSPICIOUS])}
    assert all(finding.places and finding.reason.endswith(".") and finding.remedy for finding in found)
    if rule != "comment contradicts value":
        assert all(finding.claim[2] not in finding.places for finding in found)
    if certainty == [Certainty.ONE_OF_TWO] and rule != "one file, two models":
        assert {place for finding in found for place in finding.places} == {finding.claim[2] for finding in found}


# The kinds of the claims that another rule proves false.
ALSO_PROOF = {
    "another model's file": {"weights"},
    "a mention of a longer name": {"weights"},
    "guessing": {"top_1_accuracy", "top_5_accuracy"},
    "guessing five": {"top_1_accuracy", "top_5_accuracy"},
    "the smallest far too bad": {"top_1_accuracy", "top_5_accuracy"},
    "the smallest too good": {"top_1_accuracy", "top_5_accuracy"},
    "a fraction with a sign": {"top_1_accuracy", "top_5_accuracy"},
}


@pytest.mark.parametrize("case", BREAKS)
def test_suspicious_values_are_not_proven_false_by_another_rule(case: str) -> None:
    proof = [finding for finding in _found(*BREAKS[case][0]) if finding.certainty is not Certainty.SUSPICIOUS]
    assert {finding.claim[1] for finding in proof} == ALSO_PROOF.get(case, set())


NEAR_MISSES: dict[str, list[Edit]] = {
    "as it is": [],
    "one file, said in a comment": [("net_34-333f7ec4.pth", "net_18-5c106cde.pth  # the weights of net_18")],
    "one file, said by the other": [
        ("net_34-333f7ec4", "net_34-5c106cde"),
        ("Training Data: ImageNet", "Training Data: as net_34"),
    ],
    "one network at another size": [
        ("Name: net_50d", "Name: net_50a"),
        ("net_50d-aabbccdd", "net_50-19c8e357"),
        ("Parameters: 25580000", "Parameters: 25560000"),
        ("File Size: 102443457", "File Size: 102363457"),
        ("ID: net_50d\n    Image Size: 224", "ID: net_50a\n    Image Size: 288"),
        ("77.11%", "76.93%"),
    ],
    "files of one date": [("net_18-5c106cde", "net_18-20210208"), ("net_34-333f7ec4", "net_34-20210208")],
    "files of one name that says nothing": [
        ("net_18-5c106cde.pth", "net_18/weights.pth"),
        ("net_34-333f7ec4.pth", "net_34/weights.pth"),
    ],
    "a file without the prefix": [("tv_net_34-0f0f0f0f", "net_34-0f0f0f0f")],
    "a file that holds its own name too": [("net_34-333f7ec4", "net_18_into_net_34-333f7ec4")],
    "a file with a prefix": [("net_18-5c106cde", "old_net_18-5c106cde")],
    "a file of a name that only begins alike": [("net_50d-aabbccdd", "net_502-aabbccdd")],
    "one ID, the same parameters to the rounding": [
        ("ID: tv_net_34", "ID: net_34"),
        ("Parameters: 21800000\n    FLOPs: 3663761408\n    File Size: 87323457", "Parameters: 21797672"),
    ],
    "guessing, on another dataset": [("Dataset: ImageNet", "Dataset: Noise"), ("69.76%", "0.1%"), ("89.08%", "0.5%")],
    "not quite guessing": [("Dataset: ImageNet", "Dataset: ImageNet-A"), ("69.76%", "0.3%"), ("89.08%", "1.2%")],
    "a point worse": [("76.13%", "72.40%")],
    "worse, of another training run": [("76.13%", "71.13%"), ("net_50-19c8e357", "net_50_old-19c8e357")],
    "worse, of another recipe": [
        ("76.13%", "71.13%"),
        ("FLOPs: 4089184256", "FLOPs: 4089184256\n    Recipe: short"),
    ],
    "worse, of another tag": [
        ("76.13%", "71.13%"),
        ("Name: net_34", "Name: net_34.a1_in1k"),
        ("Name: net_50\n", "Name: net_50.a3_in1k\n"),
    ],
    "worse, of fewer FLOPs": [("76.13%", "71.13%"), ("FLOPs: 4089184256", "FLOPs: 3600000000")],
    "far better, but far larger": [
        ("69.76%", "56.00%"),
        ("89.08%", "79.50%"),
        ("Parameters: 11690000", "Parameters: 5000000"),
        ("FLOPs: 1814073344", "FLOPs: 800000000"),
        ("File Size: 46883457", "File Size: 20123457"),
    ],
    "half precision, said": [("File Size: 46883457", "File Size: 23441728  # fp16")],
    "eight bits, said": [("File Size: 46883457", "File Size: 11800000"), ("ID: net_18", "ID: net_18_int8")],
    "a file with the optimizer's state": [("File Size: 46883457", "File Size: 140650371")],
    "twenty times the bytes": [("File Size: 46883457", "File Size: 937669140")],
    "all in percent, one without a sign": [("69.76%", "69.76")],
    "a comment that rounds": [("FLOPs: 1814073344", "FLOPs: 1814073344  # 1.8G")],
    "a comment that cuts": [("Parameters: 11690000", "Parameters: 11690000  # 11.6 M params")],
    "a comment that is more exact": [("Parameters: 11690000", "Parameters: 11690000  # 11.683M")],
    "a comment in MACs": [("FLOPs: 1814073344", "FLOPs: 1814073344  # = 0.907 GMACs")],
    "a comment in MiB": [("File Size: 46883457", "File Size: 46883457  # 44.7 MB")],
    "a comment on something else": [("FLOPs: 1814073344", "FLOPs: 1814073344  # the paper has 1.5G")],
    "a comment without a unit": [("Image Size: 224", "Image Size: 224  # 256")],
    "three decimals that are images": [("69.76%", "69.762%")],
    "a float32 percentage": [("69.76%", "69.76200103759766%")],
    "a fraction of images": [("Dataset: ImageNet", "Dataset: Noise"), ("69.76%", "69.761%")],
    "another size, with more positions": [
        ("Name: net_50d", "Name: net_50_448"),
        ("ID: net_50d\n    Image Size: 224", "ID: net_50_448\n    Image Size: 448"),
        ("Parameters: 25580000", "Parameters: 27000000"),
        ("File Size: 102443457", "File Size: 108443457"),
    ],
    "the weakest pair of its size": [("69.76%", "66.0%"), ("89.08%", "85.9%")],
    "one file, said, and another accuracy": [
        ("net_50d-aabbccdd.pth", "net_50-19c8e357.pth  # net_50, pruned"),
        ("77.11%", "65.11%"),
        ("93.31%", "86.31%"),
    ],
    "a number that is no resolution": [("Name: net_50d", "Name: net_18_448"), ("net_50d-", "net_18_448-")],
}


@pytest.mark.parametrize("case", NEAR_MISSES)
def test_near_misses_have_no_finding(case: str) -> None:
    assert _found(*NEAR_MISSES[case]) == ()


def test_other_parameters_of_one_file_are_no_proof_if_the_flops_are_the_same() -> None:
    """The parameters may be the wrong ones."""
    edit = "Parameters: 21800000", "Parameters: 31800000"
    shared = "net_34-333f7ec4", "net_50-19c8e357"
    flops = "FLOPs: 3663761408", "FLOPs: 4089184256"
    found = [finding for finding in _found(edit, shared, flops) if finding.claim[1] in {"weights", "file_size"}]
    assert {finding.certainty for finding in found} == {Certainty.SUSPICIOUS}
    found = [finding for finding in _found(edit, shared) if finding.claim[1] == "weights"]
    assert Certainty.FALSE not in {finding.certainty for finding in found}
    smaller = [finding for finding in _found(shared) if finding.claim[1] == "weights"]
    assert Certainty.FALSE in {finding.certainty for finding in smaller}


def test_error_rates_are_recognized() -> None:
    found = _found(("69.76%", "30.24%"), ("89.08%", "10.92%"))
    (finding, _) = [finding for finding in found if finding.rule == "top-1 and top-5 contradict"]
    assert "Both may be error rates: as accuracies they are 69.76% and 89.08%." in finding.reason
    assert finding.remedy == "if they are error rates, declare the accuracies 69.76% and 89.08%"
    swapped = _found(("69.76%", "89.08%"), ("Top 5 Accuracy: 89.08%", "Top 5 Accuracy: 69.76%"))
    assert "error" not in " ".join(finding.reason for finding in swapped)


def test_published_accuracies_contain_those_of_every_size() -> None:
    """Each range is inside that of all models."""
    published = REFERENCES.datasets["ImageNet-1k"]["published"]
    everything, *rows = published["accuracies"]
    assert everything["models"] == published["models"]
    for row in rows:
        assert row["models"] <= everything["models"]
        for kind in ("top_1_accuracy", "top_5_accuracy"):
            assert everything[kind][0] <= row[kind][0] < row[kind][1] <= everything[kind][1]


def test_a_page_with_only_fractions_is_not_mixed() -> None:
    text = re.sub(r"Accuracy: (\d\d)\.(\d\d)%", r"Accuracy: 0.\1\2", _edited([]))
    assert findings([_index(text)], REFERENCES) == ()
    odd = findings([_index(text.replace("0.6976", "69.76"))], REFERENCES)
    assert [finding.claim[:2] for finding in odd] == [("net_18", "top_1_accuracy")]
    # With one of each style, either may be wrong.
    start, end = PAGE.index("- Name: net_34"), len(PAGE)
    lone = _index(PAGE[:start].replace("69.76%", "0.6976") + PAGE[end:] + "-->")
    assert {finding.claim[1] for finding in findings([lone], REFERENCES)} == {"top_1_accuracy", "top_5_accuracy"}


@pytest.mark.parametrize(
    ("kind", "raw", "reason"),
    [
        ("parameters", "16.8 MB", "In 16.8 MB, MB is a unit of file_size, not of parameters."),
        ("file_size", "4.1 GFLOPs", "In 4.1 GFLOPs, GFLOPs is a unit of flops, not of file_size."),
        ("flops", "12%", "In 12%, % is a unit of accuracy, not of flops."),
        (
            "parameters",
            "11,690,000 M",
            "In 11,690,000 M, the number is written in full, but the unit M multiplies it.",
        ),
        ("parameters", "11.69 M", None),
        ("flops", "1814 M", None),
        ("flops", "1.8 G", None),
        ("file_size", "46883457 bytes", None),
        ("file_size", "44.7 MiB", None),
        ("parameters", "11690000", None),
        ("epochs", "100 M", None),
    ],
)
def test_a_unit_contradicts_its_value(kind: str, raw: str, reason: str | None) -> None:
    index = _index(_edited([]))
    model = index.models["net_18"]
    value = replace(model.values["parameters"], raw=raw)
    alone = replace(index, models={"net_18": Entry({"name": model.values["name"], kind: value})})
    assert [finding.reason for finding in findings([alone], REFERENCES)] == ([reason] if reason else [])


def test_rules_compare_all_pages() -> None:
    """A copy of a page has no findings, but other parameters for the same architecture, or a shared file, have."""
    first = _index(_edited([]), "first.md")
    assert findings([first, _index(_edited([]), "second.md")], REFERENCES) == ()
    second = _index(_edited([("Parameters: 11690000", "Parameters: 11960000")]), "second.md")
    found = [finding for finding in findings([first, second], REFERENCES) if finding.rule.startswith("one arch")]
    assert {(finding.page, finding.claim[0], finding.places[0].file) for finding in found} == {
        ("first.md", "net_18", "second.md"),
        ("second.md", "net_18", "first.md"),
    }
    assert "11690000 of net_18 (first.md)" in found[1].reason
    other = _edited([("net_34-333f7ec4", "net_18-5c106cde"), ("Name: net_18", "Name: a"), ("ID: net_18", "ID: a")])
    found = [
        finding
        for finding in findings([first, _index(other, "other.md")], REFERENCES)
        if finding.rule.endswith("shared")
    ]
    assert {(finding.page, finding.claim[0]) for finding in found} == {("other.md", "net_34"), ("other.md", "a")}


def test_pages_of_this_repository() -> None:
    pages = Path(__file__).parents[2] / "modelindex"
    indexes = [
        _index(path.read_text("utf-8"), str(path)) for path in (pages / "regnety.md", pages / "canary/canary.md")
    ]
    assert findings(indexes, REFERENCES) == ()


def test_faults_of_published_pages() -> None:
    found = findings([_index((Path(__file__).parent / "published.md").read_text("utf-8"))], REFERENCES)
    suspicious = {finding for finding in found if finding.certainty is Certainty.SUSPICIOUS}
    assert {(finding.rule, *finding.claim[:2]) for finding in found if finding not in suspicious} == {
        ("one file, two models", "efficientnet_b2a", "weights"),
        ("one file, two models", "efficientnet_b2a", "file_size"),
        ("one file, two models", "resnest200e", "weights"),
        ("one file, two models", "resnest200e", "file_size"),
    }
    assert {(finding.rule, *finding.claim[:2]) for finding in suspicious} == {
        ("weights file shared", "efficientnet_b2a", "weights"),
        ("weights named after another model", "efficientnet_b2a", "weights"),
        ("weights file shared", "resnest200e", "weights"),
        ("bytes cannot hold the parameters", "resnest200e", "parameters"),
        ("bytes cannot hold the parameters", "resnest200e", "file_size"),
        ("off by a power of ten", "resnet34_8xb32_in1k", "parameters"),
        ("off by a power of ten", "resnet34_8xb32_in1k", "flops"),
        ("comment contradicts value", "mobileone-s1_8xb32_in1k", "flops"),
        ("comment contradicts value", "mobileone-s1_8xb32_in1k", "parameters"),
        ("comment contradicts value", "regnetx-3.2gf_8xb64_in1k", "parameters"),
        # With its wrong parameters, regnetx-3.2gf seems to be smaller than a model that is worse.
        ("accuracy out of line", "regnetx-1.6gf_8xb128_in1k", "top_1_accuracy"),
        ("accuracy out of line", "regnetx-3.2gf_8xb64_in1k", "top_1_accuracy"),
    }
