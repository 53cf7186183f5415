"""What an audit of pinned packages found, and what it could not look at; `make audit` prints it.

The audit itself is pip-audit's, which counts a package that its index does not know as passed.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CLEAN, VULNERABLE, UNCHECKED = 0, 1, 2


def evaluate(report: Mapping[str, Any], file: str) -> tuple[int, list[str]]:
    """Return exit status and lines for a report of pip-audit (`--format=json`) on a file."""
    packages = report["dependencies"]
    skipped = {p["name"]: p["skip_reason"] for p in packages if "skip_reason" in p}
    lines = [
        f"audit: {p['name']} {p['version']} in {file}: {', '.join([v['id'], *v['aliases']])};"
        f" fixed in {', '.join(v['fix_versions']) or 'no version yet'}"
        for p in packages
        for v in p.get("vulns", ())
    ]
    if lines:
        return VULNERABLE, lines
    checked = len(packages) - len(skipped)
    if skipped or not checked:
        name, reason = next(iter(skipped.items()), ("", "the file names no package"))
        first = f"{name}: {reason}" if name else reason
        unchecked = f"{len(skipped)} of {len(packages)} packages of {file} were not checked"
        return UNCHECKED, [f"audit: {unchecked} ({first})"]
    return CLEAN, [f"audit: no known vulnerability in {checked} packages of {file}"]


def main(report: str, file: str) -> int:
    """Print what a report says; return the exit status."""
    status, lines = evaluate(json.loads(Path(report).read_text()), file)
    print("\n".join(lines), file=sys.stderr if status else sys.stdout)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
