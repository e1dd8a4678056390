"""Verdicts as SARIF 2.1.0 (OASIS, 2020): false claims as results, claims that were not run as notifications."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from harness import __version__
from harness.index.faults import escape_controls
from harness.report.overview import one_line, status_label
from harness.verdict import Status, Verdict, failing_statuses

_RESULTS = {Status.FAIL, Status.ERROR, Status.EXPLAINED, Status.WAIVED}


def sarif(verdicts: Sequence[Verdict], root: str, rules: Mapping[str, str], *, strict: bool) -> str:
    """The SARIF log. `rules` describes the check of each kind; `root` is the path from the repository to the project.

    SARIF viewers show every result as a problem. So claims that pass are left out, and claims that could not be
    judged here are notifications.
    """
    kinds = sorted({verdict.claim.kind for verdict in verdicts})
    failing = failing_statuses(strict=strict)
    reported = _RESULTS | failing
    results = [verdict for verdict in verdicts if verdict.status in reported]
    others = [verdict for verdict in verdicts if verdict.status not in reported | {Status.PASS}]
    times: Counter[tuple[str, ...]] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "model-card-harness",
                "version": __version__,
                "rules": [
                    {
                        "id": kind,
                        "shortDescription": {"text": rules.get(kind, "A declared value without a check of its own.")},
                    }
                    for kind in kinds
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": all(verdict.status is not Status.ERROR for verdict in verdicts),
                "toolExecutionNotifications": [_notification(verdict, root) for verdict in others],
            }
        ],
        "results": [_result(verdict, root, kinds, times, failing=verdict.status in failing) for verdict in results],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=1) + "\n"


def _result(
    verdict: Verdict, root: str, kinds: Sequence[str], times: Counter[tuple[str, ...]], *, failing: bool
) -> dict[str, Any]:
    claim = verdict.claim
    # Lines move, so a claim is identified by its name, and a number if the kind occurs again.
    name = (claim.page, claim.model or claim.declared, claim.kind)
    times[name] += 1
    identity = "\0".join((*name, str(times[name])))
    result: dict[str, Any] = {
        "ruleId": claim.kind,
        "ruleIndex": kinds.index(claim.kind),
        "level": "error" if failing or verdict.status is Status.WAIVED else "warning",
        "message": {"text": _message(verdict)},
        "locations": [_location(verdict, root)],
        "partialFingerprints": {"claim/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }
    if verdict.status is Status.WAIVED:
        result["suppressions"] = [{"kind": "external", "justification": escape_controls(verdict.reason)}]
    return result


def _notification(verdict: Verdict, root: str) -> dict[str, Any]:
    return {
        "level": "note",
        "message": {"text": _message(verdict)},
        "locations": [_location(verdict, root)],
        "associatedRule": {"id": verdict.claim.kind},
    }


def _message(verdict: Verdict) -> str:
    claim = verdict.claim
    return escape_controls(
        f"{status_label(verdict.status)}: {claim.kind} of {claim.model or claim.page}. {one_line(verdict)}"
    )


def _location(verdict: Verdict, root: str) -> dict[str, Any]:
    where = verdict.claim.where
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(f"{root}{where.file}"), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": where.line, "startColumn": where.column},
        }
    }
