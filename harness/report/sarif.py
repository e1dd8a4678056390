"""Verdicts as SARIF 2.1.0 (OASIS, 2020): false claims as results, claims that were not run as notifications."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from harness import __version__
from harness.index.faults import escape_controls, escape_json
from harness.report.overview import one_line, title
from harness.verdict import Status, Verdict, failing_statuses

_RESULTS = {Status.FAIL, Status.ERROR, Status.EXPLAINED, Status.WAIVED}


def sarif(verdicts: Sequence[Verdict], root: str, rules: Mapping[str, str], *, strict: bool) -> str:
    """The SARIF log. `rules` describes the check of each kind; `root` is the path from the repository to the project.

    SARIF viewers show every result as a problem. So claims that pass are left out, and claims that could not be
    judged here are notifications.
    """
    kinds = sorted({verdict.claim.kind for verdict in verdicts})
    errors = failing_statuses(strict=strict) | {Status.WAIVED}
    times: Counter[tuple[str, ...]] = Counter()
    results, notifications = [], []
    for verdict in verdicts:
        kind = verdict.claim.kind
        if verdict.status in _RESULTS | errors:
            level = "error" if verdict.status in errors else "warning"
            rule = {"ruleId": kind, "ruleIndex": kinds.index(kind)}
            results.append({**rule, **_message(verdict, level, root), **_identity(verdict, times)})
        elif verdict.status is not Status.PASS:
            notifications.append({**_message(verdict, "note", root), "associatedRule": {"id": kind}})
    no_rule = "A declared value without a check of its own."
    driver = {
        "name": "model-card-harness",
        "version": __version__,
        "rules": [{"id": kind, "shortDescription": {"text": rules.get(kind, no_rule)}} for kind in kinds],
    }
    invocation = {
        "executionSuccessful": all(verdict.status is not Status.ERROR for verdict in verdicts),
        "toolExecutionNotifications": notifications,
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": results,
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return escape_json(json.dumps(log, ensure_ascii=False, indent=1)) + "\n"


def _message(verdict: Verdict, level: str, root: str) -> dict[str, Any]:
    where = verdict.claim.where
    location = {
        "artifactLocation": {"uri": quote(f"{root}{where.file}", errors="surrogateescape"), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": where.line, "startColumn": where.column},
    }
    text = escape_controls(f"{title(verdict)}. {one_line(verdict)}")
    return {"level": level, "message": {"text": text}, "locations": [{"physicalLocation": location}]}


def _identity(verdict: Verdict, times: Counter[tuple[str, ...]]) -> dict[str, Any]:
    """The fingerprint of a claim, and its suppression if it is waived."""
    claim = verdict.claim
    # Lines move, so a claim is identified by its name, and a number if the kind occurs again.
    name = (claim.page, claim.model or claim.declared, claim.kind)
    times[name] += 1
    fingerprint = hashlib.sha256("\0".join((*name, str(times[name]))).encode()).hexdigest()
    identity: dict[str, Any] = {"partialFingerprints": {"claim/v1": fingerprint}}
    if verdict.status is Status.WAIVED:
        identity["suppressions"] = [{"kind": "external", "justification": escape_controls(verdict.reason)}]
    return identity
