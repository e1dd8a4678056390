"""Generated model-indexes in every form and style are read back: every value, with its location."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from harness.index.claims import claims
from harness.index.kinds import snake_case
from harness.index.page import page_from_bytes, page_from_text
from harness.index.reading.index import read_index
from harness.project.files import FolderFiles

TEXTS = st.one_of(
    st.text("ab: #'\"&*!%@`{}[],|yes1.", min_size=1, max_size=12).map(lambda text: f"x{text}x"),
    st.sampled_from(["yes", "null", "1.5", "2020-01-01", "é – ü", "0x10", "~", "a: b", "- a", "# no"]),
)
LISTS = st.lists(TEXTS, min_size=1, max_size=3, unique=True)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "FLOPs": st.integers(1, 10**12),
        "Parameters": st.integers(1, 10**9),
        "Epochs": st.integers(1, 300),
        "Image Size": st.sampled_from([224, "224"]),
        "LR": st.floats(0.001, 1).map(lambda value: round(value, 4)),
        "Architecture": LISTS,
        "Tasks": TEXTS,
        "Colour of it": TEXTS,
        "more_of_it": st.fixed_dictionaries({"deep": TEXTS, "deeper": LISTS}),
    },
)
RESULT = st.fixed_dictionaries(
    {"Task": TEXTS, "Dataset": TEXTS},
    optional={"Metrics": st.dictionaries(st.sampled_from(["Top 1 Accuracy", "mAP", "box AP"]), st.integers(1, 99))},
)
MODEL = st.fixed_dictionaries(
    {}, optional={"Metadata": METADATA, "Results": st.lists(RESULT, min_size=1, max_size=2), "Note": TEXTS}
)
INDEX = st.dictionaries(
    st.from_regex(r"[a-z0-9][a-z0-9_.()/ -]{0,8}[a-z0-9]", fullmatch=True), MODEL, min_size=1, max_size=3
)
FORMS = {
    ".json": "{}",
    ".yml": "{}",
    ".mdx": "---\nType: model-index\n{}---\n# Text\n",
    ".md": "# A\n\n<!--\nType: model-index\n{}-->\n",
}
PLAIN = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


def _fields(node: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Kind and value of every field of a model or result, computed independently of the harness."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _fields(value, "" if key in {"Metadata", "Metrics"} else f"{prefix}{snake_case(key)}_")
        elif key != "Results":
            yield prefix + snake_case(key), value


def _expected(index: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, model in index.items():
        yield name, "name", name
        for part in (model, *model.get("Results", [])):
            for kind, value in _fields(part):
                yield name, kind, ", ".join(value) if isinstance(value, list) else str(value)


@PLAIN
@given(
    index=INDEX,
    suffix=st.sampled_from(sorted(FORMS)),
    flow=st.sampled_from([None, False, True]),
    indent=st.sampled_from([2, 4]),
    by_name=st.booleans(),
)
def test_written_values_are_read_back(
    index: dict[str, Any], suffix: str, flow: object, indent: int, *, by_name: bool
) -> None:
    models = index if by_name else [{"Name": name, **model} for name, model in index.items()]
    known = {"name", "metadata", "results", "import", "weights", "in_collection"}
    assume(not by_name or not known & set(map(snake_case, index)))
    if suffix == ".json":
        text = json.dumps({"Models": models}, indent=indent if flow else None, ensure_ascii=False)
    else:
        block = yaml.safe_dump(
            {"Models": models}, default_flow_style=flow, indent=indent, sort_keys=False, allow_unicode=True, width=1000
        )
        # In flow style the whole block is one mapping, so only `Models` is in flow style.
        block = f"Models: {block[len('{Models: ') : -2]}\n" if flow else block
        text = FORMS[suffix].format(block)
    index_read = read_index(page_from_text(text, f"page{suffix}"), Path("none"))
    found = [claim for claim in claims(index_read) if claim.model is not None]
    assert sorted((claim.model or "", claim.kind, claim.declared) for claim in found) == sorted(_expected(index))
    lines = text.split("\n")
    for claim in found:
        first = claim.items[0] if claim.items else claim.declared
        there = "\n".join(lines[claim.where.line - 1 :])[claim.where.column - 1 :]
        # The rest of the text is scanned without its brackets, so a plain scalar may be longer.
        assert _first_scalar(there).startswith(first), claim


def _first_scalar(text: str) -> str:
    # The scanner reads ahead; the end of the comment is not YAML.
    block = text.partition("\n-->")[0]
    return next(token.value for token in yaml.scan(block) if isinstance(token, yaml.ScalarToken))


@PLAIN
@given(index=INDEX, split=st.booleans())
def test_imported_parts_have_locations_in_their_own_files(
    tmp_path: Path, index: dict[str, Any], *, split: bool
) -> None:
    """An index in several files gives the same values as in one, with locations in their own files."""
    for number, (name, model) in enumerate(index.items()):
        parts = dict(model)
        if "Metadata" in parts and split:
            (tmp_path / f"m{number}.json").write_text(json.dumps(parts["Metadata"], ensure_ascii=False), "utf-8")
            parts["Metadata"] = f"m{number}.json"
        (tmp_path / f"{number}.yml").write_text(yaml.safe_dump({"Name": name, **parts}, allow_unicode=True), "utf-8")
    text = f"Models: {json.dumps([f'{number}.yml' for number in range(len(index))])}\n"
    read = read_index(page_from_bytes(text.encode(), "index.yml"), Path("none"), FolderFiles(tmp_path))
    found = [claim for claim in claims(read) if claim.model is not None]
    assert sorted((claim.model or "", claim.kind, claim.declared) for claim in found) == sorted(_expected(index))
    names = list(index)
    for claim in found:
        number = names.index(claim.model or "")
        of_metadata = claim.kind in dict(_fields(index[names[number]].get("Metadata", {})))
        files = {f"m{number}.json"} if split and of_metadata else {f"{number}.yml"}
        assert claim.where.file in files, claim
