"""Print each false claim and each error of a JSON report from standard input: page, model, claim, status."""

import json
import sys

for verdict in json.load(sys.stdin)["verdicts"]:
    if verdict["status"] in {"fail", "error"}:
        print(verdict["page"], verdict["model"] or "page", verdict["claim"], verdict["status"])
