"""An audit is green only when every package was checked."""

from typing import Any

import pytest

from tools.audit_report import CLEAN, UNCHECKED, VULNERABLE, evaluate

FLAW = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.0"]}
GOOD = {"name": "good", "version": "1.0", "vulns": []}
BAD = {"name": "bad", "version": "1.0", "vulns": [FLAW]}
SKIPPED = {"name": "unknown", "skip_reason": "not on the index"}


@pytest.mark.parametrize(
    ("packages", "status", "line"),
    [
        ([GOOD, GOOD], CLEAN, "audit: no known vulnerability in 2 packages of run.txt"),
        (
            [GOOD, BAD, SKIPPED],
            VULNERABLE,
            "audit: bad 1.0 in run.txt: PYSEC-1, CVE-1; fixed in 2.0",
        ),
        (
            [GOOD, SKIPPED],
            UNCHECKED,
            "audit: 1 of 2 packages of run.txt were not checked (unknown: not on the index)",
        ),
        (
            [],
            UNCHECKED,
            "audit: 0 of 0 packages of run.txt were not checked (the file names no package)",
        ),
    ],
)
def test_an_audit_says_what_it_checked(
    packages: list[dict[str, Any]], status: int, line: str
) -> None:
    """A package that could not be looked up is no package without vulnerabilities."""
    assert evaluate({"dependencies": packages}, "run.txt") == (status, [line])
