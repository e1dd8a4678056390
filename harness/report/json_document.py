"""Verdicts as JSON, with a schema version that changes only when the format does."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.index.faults import escape_json
from harness.report.overview import count_by_status
from harness.verdict import Verdict

SCHEMA = 2


def json_report(verdicts: Sequence[Verdict], left_out: int = 0, environment: Mapping[str, Any] | None = None) -> str:
    """The JSON report, one verdict per line. `environment` describes machine and run; committed files omit it.

    `left_out` is the number of passing claims that only structure a page, which are not among the verdicts.
    """
    lines = ",\n".join(json.dumps(verdict.as_json(), ensure_ascii=False) for verdict in verdicts)
    parts = {
        "schema": json.dumps(SCHEMA),
        "summary": json.dumps(count_by_status(verdicts)),
        "structural_passes": json.dumps(left_out),
        "verdicts": f"[\n{lines}\n]",
    }
    if environment is not None:
        parts["environment"] = json.dumps(environment)
    members = ",\n".join(f"{json.dumps(name)}: {value}" for name, value in parts.items())
    return escape_json(f"{{\n{members}\n}}\n")
