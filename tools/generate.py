"""Writes every generated file of the repository, each from the source that it follows.

`python -m tools.generate` writes them all, `python -m tools.generate docs dashboards` these groups.
Tests compare the files with their sources, so an outdated file fails a test.
"""

import os
import subprocess
import sys
from collections.abc import Mapping

#: commands by group, each the arguments of `python`
GROUPS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "alerts": (("-m", "tools.threshold_rules"), ("-m", "tools.alert_texts")),
    "docs": (
        ("-m", "tools.metrics_docs"),
        ("-m", "tools.cli_docs"),
        ("-m", "tools.endpoints_docs"),
    ),
    "dashboards": (("-m", "grafana"),),
    "manifests": (("-m", "tools.prometheus_rule"),),
    "golden": (("-m", "pytest", "-q", "--no-header", "tests/test_golden.py"),),
}


def main(names: list[str]) -> int:
    """Run the commands of the named groups, of all without names; return the exit code."""
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        print(f"generate: no group {', '.join(unknown)}; there are {', '.join(GROUPS)}")  # noqa: T201 - a command line tool
        return 2
    for name in names or GROUPS:
        for arguments in GROUPS[name]:
            print(f"generate: {name}: python {' '.join(arguments)}", flush=True)  # noqa: T201 - a command line tool
            command = [sys.executable, *arguments]
            subprocess.run(command, check=True, env={**os.environ, "GOLDEN": "write"})  # noqa: S603 - from the table above
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
