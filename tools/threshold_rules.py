"""Write `alertmanager/rules/thresholds.rules.yml` from the thresholds of the package.

`python -m tools.threshold_rules` writes it; with `--check` it exits 1 if the file is not current.
"""

import argparse
import sys
from pathlib import Path

from exporter.findings.thresholds import thresholds

PATH = Path(__file__).resolve().parent.parent / "alertmanager" / "rules" / "thresholds.rules.yml"
_HEAD = """\
# Written by `make generate` from exporter/findings/thresholds.yml; do not edit.
#
# A threshold per gateway: the exporter's own (`alerts: thresholds:` in its configuration), or the
# default where the exporter has none. Rules join these on (gateway). While the exporter is silent,
# its last number holds for an hour.
groups:
  - name: enphase-thresholds
    interval: 1m
    rules:
"""
_RULE = """\
      # An alert fires {meaning}.
      - record: enphase:threshold:{name}
        expr: >-
          max by (gateway) (last_over_time(enphase_alert_threshold{{threshold="{name}"}}[1h]))
          or {default} + 0 * enphase:gateway
"""


def generate() -> str:
    """Return what belongs into the file."""
    return _HEAD + "".join(
        _RULE.format(name=name, meaning=threshold.meaning, default=f"{threshold.default:g}")
        for name, threshold in thresholds().items()
    )


def main() -> None:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(prog="python -m tools.threshold_rules", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only check that it is current")
    if not parser.parse_args().check:
        PATH.write_text(generate())
    elif not PATH.exists() or PATH.read_text() != generate():
        sys.exit(f"{PATH.name} is not current: run `make generate`")


if __name__ == "__main__":
    main()
