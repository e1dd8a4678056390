"""Verdicts as SARIF 2.1.0 (OASIS, 2020): what is false as results, what was not run as notifications."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from harness import __version__
from harness.index.faults import escape_controls
from harness.report.overview import sentence, words
from harness.verdict import Status, Verdict, failing_statuses

_RESULTS = {Status.FAIL, Status.ERROR, Status.EXPLAINED, Status.WAIVED}


def sarif(verdicts: Sequence[Verdict], root: str, rules: Mapping[str, str], *, strict: bool) -> str:
    """The SARIF log. `rules` says what decides each kind of claim; `root` is the folder that pages are named from.

    Readers of SARIF take every result for a finding, so a claim that holds is none, and one that could not be judged
    here is a notification.
    """
    kinds = sorted({verdict.claim.kind for verdict in verdicts})
    false = failing_statuses(strict=strict)
    told = _RESULTS | false
    results = [verdict for verdict in verdicts if verdict.status in told]
    others = [verdict for verdict in verdicts if verdict.status not in told | {Status.PASS}]
    seen: Counter[tuple[str, ...]] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "model-card-harness",
                "version": __version__,
                "rules": [
                    {"id": kind, "shortDescription": {"text": rules.get(kind, "Declared in the project.")}}
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
        "results": [_result(verdict, root, kinds, seen, is_false=verdict.status in false) for verdict in results],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=1) + "\n"


def _result(
    verdict: Verdict, root: str, kinds: Sequence[str], seen: Counter[tuple[str, ...]], *, is_false: bool
) -> dict[str, Any]:
    claim = verdict.claim
    # Without the line, which moves; where there are several of a kind, the how-manieth.
    name = (claim.page, claim.model or claim.declared, claim.kind)
    seen[name] += 1
    identity = "\0".join((*name, str(seen[name])))
    result: dict[str, Any] = {
        "ruleId": claim.kind,
        "ruleIndex": kinds.index(claim.kind),
        "level": "error" if is_false or verdict.status is Status.WAIVED else "warning",
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
    return escape_controls(f"{words(verdict.status)}: {claim.kind} of {claim.model or claim.page}. {sentence(verdict)}")


def _location(verdict: Verdict, root: str) -> dict[str, Any]:
    where = verdict.claim.where
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(f"{root}{where.file}"), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": where.line, "startColumn": where.column},
        }
    }
