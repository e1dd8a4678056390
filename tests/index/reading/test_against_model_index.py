"""Everything that PyPI's `model-index`, the reference library, loads without error has the same content here."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness.index.entries import Entry, Index
from harness.index.kinds import snake_case
from harness.index.page import read_page
from harness.index.reading.index import read_index
from harness.project.files import FolderFiles
from tests.conftest import faults_of

oracle = pytest.importorskip("modelindex.load_model_index", reason="needs model-index")

Document = dict[str, Any]
Results = list[tuple[str, str, dict[str, str]]]

NAMES = st.text("abcXYZ019 _-.é(層/", min_size=1, max_size=8).map(lambda text: f"n{text}x".strip())
TEXT = st.sampled_from(["ImageNet", "8x V100 GPUs", "70.1%", "a: b", "- a", "#5", "yes", "1e3", "~x", "über"])
NUMBER = st.integers(1, 10**9)
METADATA = st.dictionaries(
    st.sampled_from(["FLOPs", "Parameters", "Epochs", "Batch Size", "depth 2"]), NUMBER, max_size=3
) | st.fixed_dictionaries(
    {},
    optional={
        "Architecture": TEXT | st.lists(TEXT, min_size=1, max_size=3, unique=True),
        "Training Data": TEXT | st.lists(TEXT, min_size=1, max_size=2, unique=True),
        "Colour": TEXT | NUMBER,
        "Training Resources": TEXT,
    },
)
METRICS = st.dictionaries(st.sampled_from(["Top 1 Accuracy", "Top 5 Accuracy", "mAP", "x y"]), st.integers(1, 99))
RESULT = st.fixed_dictionaries({"Task": TEXT, "Dataset": TEXT, "Metrics": METRICS | METRICS.map(lambda found: [found])})
URL = st.just("https://example.org/a-1a2b3c4d.pth")
MODEL = st.fixed_dictionaries(
    {},
    optional={
        "Metadata": METADATA | METADATA.filter(bool).map(lambda found: [{key: found[key]} for key in found]),
        "Results": st.lists(RESULT, max_size=2) | RESULT,
        "Weights": URL,
        "Code": URL,
        "Paper": URL | st.fixed_dictionaries({"Title": TEXT, "URL": URL}),
        "In Collection": st.just("Net"),
        "Own": TEXT,
    },
)
MODELS = st.lists(st.tuples(NAMES, MODEL), max_size=3, unique_by=lambda pair: pair[0].casefold())
COLLECTIONS = st.fixed_dictionaries({"Name": st.just("Net")}, optional={"Metadata": METADATA, "Paper": URL})


FORMS = ["yml", "json", "comment", "blocks", "untyped", "files", "pattern", "import", "single"]


@st.composite
def folders(draw: st.DrawFn) -> dict[str, str]:  # noqa: PLR0911 - one for each form
    """The files of an index whose root is the first: in one file of each form, in blocks, or in several files."""
    models = [{"Name": name, **model} for name, model in draw(MODELS)]
    collections = [draw(COLLECTIONS)]
    index: Document = {"Models": models, "Collections": collections}
    match draw(
        st.sampled_from(["yml", "json", "comment", "blocks", "untyped", "files", "pattern", "import", "single"])
    ):
        case "yml":
            return {"root.yml": _yaml(index)}
        case "json":
            return {"root.json": json.dumps(index)}
        case "comment":
            return {"root.md": _comment({"Type": "model-index", **index})}
        case "blocks":
            first, second = models[:1], models[1:]
            return {"root.md": _comments({"Models": first}, {"Collections": collections}, {"Models": second})}
        case "untyped":
            return {"root.md": f"# Title\n\n{_comment(index)}"}
        case "files":
            names = [f"models/{number}.yml" for number in range(len(models))]
            files = {name: _yaml(model) for name, model in zip(names, models, strict=True)}
            root = {"Models": names, "Collections": ["deep/c.json"]}
            return {"root.yml": _yaml(root), **files, "deep/c.json": json.dumps(collections[0])}
        case "pattern" if models:
            files = {f"models/{number}.md": _comment(model) for number, model in enumerate(models)}
            return {"root.yml": _yaml({"Models": ["models/*.md"], "Collections": collections}), **files}
        case "import":
            inner = {"models/index.yml": _yaml({"Import": ["m.yml"], "Collections": collections})}
            return {"root.yml": "Import: [models/index.yml]\n", **inner, "models/m.yml": _yaml({"Models": models})}
    return {"root.yml": _yaml({"models": models[0] if models else [], "COLLECTIONS": collections[0]})}


def _yaml(document: object) -> str:
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def _comment(document: object) -> str:
    return f"<!--\n{_yaml(document)}-->\n"


def _comments(*documents: Document) -> str:
    return "\nText.\n\n".join(_comment({"Type": "model-index", **document}) for document in documents)


DOCUMENTED: dict[str, dict[str, str]] = {
    "the README's root file": {
        "root.yml": """Models:
  - Name: Inception v3
    Metadata:
      FLOPs: 5731284192
      Parameters: 23834568
      Training Data: ImageNet
      Training Resources: 8x V100 GPUs
    Results:
      - Task: Image Classification
        Dataset: ImageNet
        Metrics:
          Top 1 Accuracy: 74.67%
          Top 5 Accuracy: 92.1%
    Paper: https://arxiv.org/abs/1512.00567v3
    Code: https://github.com/rwightman/pytorch-image-models/blob/timm/models/inception_v3.py#L442
    Weights: https://download.pytorch.org/models/inception_v3_google-1a9a5a14.pth
"""
    },
    "the README's Markdown file": {
        "root.yml": "Models:\n  - docs/rexnet.md\n",
        "docs/rexnet.md": """<!--
Type: model-index
Name: RexNet
Metadata:
  Epochs: 400
  Batch Size: 512
Paper: https://arxiv.org/abs/2007.00992v1
-->

# Summary
""",
    },
    "files of metadata and results": {
        "root.yml": "Models:\n- Name: a\n  Metadata: m/meta.json\n  Results: m/results.yml\n",
        "m/meta.json": '{"Epochs": 90, "my custom parameter": "abc"}',
        "m/results.yml": "- {Task: T, Dataset: D, Metrics: {A: 1}}\n- more.yml\n",
        "m/more.yml": "Task: T\nDataset: E\nMetrics: {A: 2}\n",
    },
    "metadata twice": {"root.yml": "Models:\n- Name: a\n  Metadata:\n    Metadata: {Epochs: 3}\n"},
    "merge keys": {
        "root.yml": "x: &x {Epochs: 3, FLOPs: 4}\nModels:\n- Name: a\n  Metadata: {<<: *x, Epochs: 5}\n",
    },
    "only collections": {"root.yml": "Collections:\n- {Name: Net, Metadata: {Epochs: 3}}\n"},
    "an empty list": {"root.yml": "Models: []\nCollections: [{Name: Net}]\n"},
    "no results and no metrics": {
        "root.yml": "Models:\n- {Name: a, Results: []}\n- Name: b\n  Results: [{Task: T, Dataset: D, Metrics: {}}]\n"
    },
    "a number as name": {"root.yml": "Models:\n- {Name: 152, Metadata: {Architecture: 7}}\n"},
    "a list of models": {"root.yml": "- {Name: a, Metadata: {Epochs: 3}}\n- {Name: b, Paper: 'https://e.org'}\n"},
}


@pytest.mark.parametrize("files", DOCUMENTED.values(), ids=DOCUMENTED)
def test_documented_forms(files: Mapping[str, str]) -> None:
    _compare(files)


@settings(max_examples=100, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(files=folders())
def test_generated_files(files: dict[str, str]) -> None:
    _compare(files)


def _compare(files: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        root = Path(folder, next(iter(files)))
        loaded = oracle.load(str(root))
        assert loaded.check(silent=True) == []
        index = read_index(read_page(root, root.name), Path("none"), FolderFiles(Path(folder)))
    assert faults_of(index) == ""
    models = list(getattr(loaded, "models", loaded))
    assert sorted(index.models) == sorted(str(model.name) for model in models)
    assert sorted(index.collections) == sorted(found.name for found in getattr(loaded, "collections", ()))
    for model in models:
        entry = index.models[str(model.name)]
        full = model.full_model.metadata.data if model.full_model.metadata else {}
        assert _metadata(entry, full) == {key: _texts(value) for key, value in full.items() if value != []}
        assert _results(entry) == _loaded_results(model.results or ())
    for collection in getattr(loaded, "collections", ()):
        own = collection.metadata.data if collection.metadata else {}
        assert _common(index, collection.name, own) == {key: _texts(value) for key, value in own.items() if value != []}


def _metadata(entry: Entry, keys: Mapping[str, object]) -> dict[str, list[str]]:
    return {key: sorted(set(entry.texts(snake_case(key)))) for key in keys if entry.texts(snake_case(key))}


def _common(index: Index, name: str, keys: Mapping[str, object]) -> dict[str, list[str]]:
    return _metadata(Entry(index.collections[name].common), keys)


def _texts(value: object) -> list[str]:
    return sorted({str(item) for item in value} if isinstance(value, list) else {str(value)})


def _results(entry: Entry) -> Results:
    kinds = {"task", "dataset"}
    return [
        (
            result.text("task") or "",
            result.text("dataset") or "",
            {kind: value.raw for kind, value in result.values.items() if kind not in kinds},
        )
        for result in entry.results
    ]


def _loaded_results(results: Sequence[Any]) -> Results:
    return [
        (result.task, result.dataset, {snake_case(key): str(value) for key, value in _metrics(result.metrics).items()})
        for result in results
    ]


def _metrics(metrics: Any) -> Mapping[str, object]:
    parts = metrics if isinstance(metrics, list) else [metrics]
    return {key: value for part in parts for key, value in part.items()}
