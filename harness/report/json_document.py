"""Verdicts as JSON, in a form that stays the same from now on."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.report.overview import summary
from harness.verdict import Verdict

SCHEMA = 1


def json_report(verdicts: Sequence[Verdict], environment: Mapping[str, Any] | None = None) -> str:
    """The JSON report, a verdict a line. `environment` tells of this machine and run; committed files lack it."""
    told = ",\n".join(json.dumps(verdict.as_json(), ensure_ascii=False) for verdict in verdicts)
    parts = {
        "schema": json.dumps(SCHEMA),
        "summary": json.dumps({status.value: count for status, count in summary(verdicts).items()}),
        "verdicts": f"[\n{told}\n]",
    }
    if environment is not None:
        parts["environment"] = json.dumps(environment)
    members = ",\n".join(f"{json.dumps(name)}: {value}" for name, value in parts.items())
    return f"{{\n{members}\n}}\n"
