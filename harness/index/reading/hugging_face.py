"""The `model-index` of a Hugging Face model card: models with results, in its own words for task, dataset and metric.

The form is that of huggingface_hub's `ModelCardData` and `EvalResult` (src/huggingface_hub/repocard_data.py).
"""

from collections.abc import Iterator, Mapping

from harness.index.document import MappingNode, ScalarNode, SequenceNode, faults_of, mappings_of
from harness.index.entries import Entry
from harness.index.kinds import snake_case
from harness.index.page import Page
from harness.index.quantity import Quantity
from harness.index.reading.values import Reader
from harness.index.schema.structure import fields_of


def card_models(card: SequenceNode, pages: Mapping[str, Page]) -> Iterator[Entry]:
    """The models of a card that was checked, without those that cannot be read."""
    for model in mappings_of(card):
        reader = Reader(pages)
        results: tuple[Entry, ...] = ()
        for kind, node in model.fields():
            if kind == "results" and isinstance(node, SequenceNode):
                results = tuple(_read_result(result, pages) for result in mappings_of(node))
                for fault in faults_of(node):
                    reader.read(fault, "result", "model")
            else:
                reader.read(node, kind, "model")
        yield Entry(reader.values, results)


def _read_result(result: MappingNode, pages: Mapping[str, Page]) -> Entry:
    reader = Reader(pages)
    for kind, node in result.fields():
        if kind in {"task", "dataset"} and isinstance(node, MappingNode):
            _read_named(reader, kind, node)
        elif kind == "metrics" and isinstance(node, SequenceNode):
            for metric in node.items:
                if isinstance(metric, MappingNode):
                    _read_metric(reader, metric)
                else:
                    reader.read(metric, "metric", "metrics")
        else:
            reader.read(node, kind, "result")
    return Entry(reader.values)


def _read_named(reader: Reader, of: str, node: MappingNode) -> None:
    """Keep a task or dataset under its name; a dataset without a name under its type, which is its identifier."""
    main = "type" if of == "dataset" and "name" not in node.entries else "name"
    for kind, value in node.fields():
        reader.read(value, of if kind == main and isinstance(value, ScalarNode) else f"{of}_{kind}", "result")


def _read_metric(reader: Reader, metric: MappingNode) -> None:
    """Keep a metric under the kind of its type, or of its name if that is a standard metric in percent."""
    kinds = {key: snake_case(node.raw) for key in ("type", "name") if isinstance(node := metric.get(key), ScalarNode)}
    value = metric.get("value")
    quantity = reader.value(value).quantity if isinstance(value, ScalarNode) else None
    standard = kinds.get("name") in fields_of("metrics") and quantity is not None and _is_percent(quantity)
    source = "name" if standard or not kinds.get("type") or kinds["type"] in reader.values else "type"
    kind = kinds.get(source) or "metric"
    for key, node in (*((key, value) for key, (_, value) in metric.entries.items()), *metric.unread):
        if key == "value":
            reader.read(node, kind, "metrics")
        elif key != source:
            reader.read(node, f"{kind}_{snake_case(key)}", "metrics")


def _is_percent(quantity: Quantity) -> bool:
    """Whether an accuracy must be a percentage. Cards also write fractions, and up to 1 both look alike."""
    return quantity.percent or (not quantity.unit and 1 < quantity.value <= 100)
