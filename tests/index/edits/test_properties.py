"""Generated documents before and after an edit: the new value is read back, and everything else stays."""

import json

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.index.claim import claim_of_text
from harness.index.document import MappingNode, Node, ScalarNode, SequenceNode
from harness.index.edits.in_place import Edit, Editable, apply, editable, edits_of, insert_key
from harness.index.page import page_from_text

TEXT = st.text("ab: #'\"&*!%@`{}[],|-yes1.é", min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
LIST = st.lists(TEXT, min_size=1, max_size=4, unique=True)
MAPPING = st.dictionaries(st.sampled_from("ABCD"), TEXT | LIST, min_size=1)
FORM = st.sampled_from(["block", "indented", "flow", "wrapped", "json", "pretty"])

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _read(text: str, form: str) -> Editable:
    return editable(page_from_text(text, "page.json" if form in {"json", "pretty"} else "page.yml"))


def _written(document: object, form: str) -> str:
    if form in {"json", "pretty"}:
        return json.dumps(document, indent=4 if form == "pretty" else None)
    flow, width = form in {"flow", "wrapped"}, 20 if form == "wrapped" else 1000
    text = yaml.safe_dump(document, default_flow_style=flow, width=width, sort_keys=False, allow_unicode=True)
    return text.replace("\n  - ", "\n    - ") if form == "indented" else text


def _root(source: Editable) -> Node:
    return next(iter(source.nodes.values()))


def _plain(node: Node) -> object:
    if isinstance(node, ScalarNode):
        return node.raw
    if isinstance(node, SequenceNode):
        return [_plain(item) for item in node.items]
    return {key: _plain(value) for key, (_, value) in node.entries.items()}


def _changed(text: str, edits: tuple[Edit, ...], form: str) -> object:
    """The document after the edits, of which nothing outside their spans may change."""
    edited = apply(text, edits)
    start, end = min(edit.start for edit in edits), max(edit.end for edit in edits)
    assert edited.startswith(text[:start])
    assert edited.endswith(text[end:])
    return _plain(_root(_read(edited, form)))


@QUICK
@given(inner=MAPPING, after=MAPPING, value=TEXT | LIST, form=FORM)
def test_an_inserted_key(inner: dict[str, object], after: dict[str, object], value: str | list[str], form: str) -> None:
    document = {"First": {"Inner": inner, "After": after}}
    text = _written(document, form)
    source = _read(text, form)
    mapping = next(node for node in source.nodes.values() if node.where.path == "First.Inner")
    assert isinstance(mapping, MappingNode)
    edit = insert_key(source, mapping, "New", value)
    assert edit.start == edit.end
    assert _changed(text, (edit,), form) == {"First": {"Inner": {**inner, "New": value}, "After": after}}


@QUICK
@given(before=MAPPING, old=LIST, new=LIST, after=MAPPING, form=FORM)
def test_an_edited_list(
    before: dict[str, object], old: list[str], new: list[str], after: dict[str, object], form: str
) -> None:
    values = [*(item for item in old if len(item) % 2), *(item for item in new if item not in old)]
    assume(values and values != old)
    text = _written({"Before": before, "List": old, "After": after}, form)
    source = _read(text, form)
    (node,) = (node for node in source.nodes.values() if node.where.path == "List")
    edits = edits_of(source, claim_of_text("page", None, "tasks", ", ".join(old), node.where), values)
    changed = _changed(text, edits, form)
    assert isinstance(changed, dict)
    assert sorted(changed.pop("List")) == sorted(values)
    assert changed == {"Before": before, "After": after}


@QUICK
@given(before=MAPPING, old=TEXT, new=TEXT, after=MAPPING, form=FORM.filter(lambda form: form != "wrapped"))
def test_an_edited_text(before: dict[str, object], old: str, new: str, after: dict[str, object], form: str) -> None:
    text = _written({"Before": before, "Text": old, "After": after}, form)
    source = _read(text, form)
    (node,) = (node for node in source.nodes.values() if node.where.path == "Text")
    edits = edits_of(source, claim_of_text("page", None, "id", old, node.where), [new])
    assert _changed(text, edits, form) == {"Before": before, "Text": new, "After": after}
