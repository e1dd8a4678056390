"""The `model-index` of a Hugging Face model card: models with results, in its own words for task, dataset and metric.

The form is that of huggingface_hub's `ModelCardData` and `EvalResult` (src/huggingface_hub/repocard_data.py).
"""

from collections.abc import Iterator, Mapping

from harness.index.document import Mapping as MappingNode
from harness.index.document import Node, Scalar, Sequence
from harness.index.entries import Value
from harness.index.faults import Fault
from harness.index.page import Page
from harness.index.quantity import Quantity, parse_quantity
from harness.index.reading.values import Reader
from harness.index.schema.fields import METRICS, NAME, is_nothing, shown, snake_case

_ENTRY = "write 'name:' and 'results:', each result with 'task:', 'dataset:' and 'metrics:'"


def card_faults(card: Node) -> Iterator[Fault]:
    """What is wrong with a card's `model-index`."""
    if not isinstance(card, Sequence) or not card.items:
        yield Fault(card.where, "a list of at least one model", shown(card), f"begin it with '- name:'; {_ENTRY}")
        return
    for entry in card.items:
        if not isinstance(entry, MappingNode):
            yield Fault(entry.where, "a model", shown(entry), _ENTRY)
            continue
        name, results = entry.get("name"), entry.get("results")
        if name is None:
            yield Fault(entry.where, "the key 'name'", "none", "add 'name:'")
        elif not NAME.holds(name):
            yield Fault(name.where, NAME.expected, shown(name), NAME.mend)
        if results is not None and not is_nothing(results) and not isinstance(results, Sequence):
            yield Fault(results.where, "a list of results", shown(results), _ENTRY)
        for result in results.items if isinstance(results, Sequence) else ():
            yield from _result_faults(result)


def _result_faults(result: Node) -> Iterator[Fault]:
    if not isinstance(result, MappingNode):
        yield Fault(result.where, "a result", shown(result), _ENTRY)
        return
    metrics = result.get("metrics")
    if not isinstance(metrics, Sequence) or not metrics.items:
        where = metrics.where if metrics else result.where
        found = shown(metrics) if metrics else "none"
        yield Fault(where, "a list of metrics", found, "write '- type:' and 'value:' for each metric")
        return
    for metric in metrics.items:
        if not isinstance(metric, MappingNode) or not {"type", "name"} & metric.entries.keys():
            mend = "write 'type:' and 'value:'"
            yield Fault(metric.where, "a metric with its type and value", shown(metric), mend)
        elif "value" not in metric.entries:
            yield Fault(metric.where, "the key 'value'", "none", "add 'value:'")


def card_models(card: Node, pages: Mapping[str, Page]) -> Iterator[tuple[dict[str, Value], list[dict[str, Value]]]]:
    """The values of each model of a card without faults, and those of its results."""
    for entry in card.items if isinstance(card, Sequence) else ():
        if isinstance(entry, MappingNode):
            own, results = Reader(pages), []
            for key, (_, node) in entry.entries.items():
                if key == "results":
                    items = node.items if isinstance(node, Sequence) else ()
                    results = [_result(item, pages) for item in items if isinstance(item, MappingNode)]
                else:
                    own.read(node, snake_case(key), "model")
            yield own.values, results


def _result(result: MappingNode, pages: Mapping[str, Page]) -> dict[str, Value]:
    reader = Reader(pages)
    for key, (_, node) in result.entries.items():
        if key in {"task", "dataset"} and isinstance(node, MappingNode):
            _named(reader, key, node)
        elif key == "metrics" and isinstance(node, Sequence):
            for metric in node.items:
                if isinstance(metric, MappingNode):
                    _metric(reader, metric)
        else:
            reader.read(node, snake_case(key), "result")
    return reader.values


def _named(reader: Reader, of: str, node: MappingNode) -> None:
    """A task or dataset: known by its name; a dataset without one by its type, the identifier it has on the hub."""
    known = "type" if of == "dataset" and "name" not in node.entries else "name"
    for key, (_, value) in node.entries.items():
        reader.read(value, of if key == known and isinstance(value, Scalar) else f"{of}_{snake_case(key)}", "result")


def _metric(reader: Reader, metric: MappingNode) -> None:
    """A metric under the kind of its type; under that of its name where that is a standard one, written in percent."""
    texts = {key: snake_case(node.raw) for key in ("type", "name") if isinstance(node := metric.get(key), Scalar)}
    value = metric.get("value")
    quantity = parse_quantity(value.raw) if isinstance(value, Scalar) else None
    standard = texts.get("name") in METRICS and quantity is not None and _is_percent(quantity)
    known = "name" if standard or not texts.get("type") or texts["type"] in reader.values else "type"
    kind = texts.get(known) or "metric"
    for key, (_, node) in metric.entries.items():
        if key == "value":
            reader.read(node, kind, "metrics")
        elif key != known:
            reader.read(node, f"{kind}_{snake_case(key)}", "metrics")


def _is_percent(quantity: Quantity) -> bool:
    """Whether an accuracy can only be a percentage: cards write fractions too, and up to 1 the two look alike."""
    return quantity.percent or (not quantity.unit and 1 < quantity.value <= 100)
