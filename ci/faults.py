"""Print the false claims and errors of a JSON report on standard input, one per line."""

import json
import sys

for verdict in json.load(sys.stdin)["verdicts"]:
    if verdict["status"] in {"fail", "error"}:
        print(verdict["page"], verdict["model"] or "page", verdict["claim"], verdict["status"])
