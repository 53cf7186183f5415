"""Write `exporter/findings/alerts.json` from the alert rules: their texts, as package data.

`python -m tools.alert_texts` writes it; with `--check` it exits 1 if the file is not current. What
an alert advises to do first is the part of its description that begins with "First:"; it must be
the last part and hold no template, because pages show it without Prometheus.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).resolve().parent.parent
_RULES = _ROOT / "alertmanager" / "rules"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800}
PATH = _ROOT / "exporter" / "findings" / "alerts.json"

#: a window, its step, and how many steps of it must be bad
_SHARE = re.compile(r"\[\w+:(\w+)\] ?\) >= (\d+)")


def generate() -> str:
    """Return what belongs into the file."""
    entries = sorted(_entries(), key=lambda entry: (entry["alert"], entry["severity"]))
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def _entries() -> Iterator[dict[str, Any]]:
    for path in sorted(_RULES.glob("*.rules.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    yield _entry(rule)


def _entry(rule: dict[str, Any]) -> dict[str, Any]:
    annotations = rule["annotations"]
    _, _, first = annotations["description"].partition("First: ")
    if "{{" in first or "{{" in annotations["summary"]:
        raise SystemExit(f"{rule['alert']}: no template in `summary` and behind `First:`")
    return {
        "alert": rule["alert"],
        "severity": rule["labels"]["severity"],
        "summary": annotations["summary"],
        "first": (first[:1].upper() + first[1:]).strip(),
        "runbook_url": annotations["runbook_url"],
        "for_seconds": _patience(rule),
    }


def _patience(rule: dict[str, Any]) -> int:
    """Return how long a condition must last before the alert fires.

    That is `for`, or the smallest required share of a window: twelve of fifteen minutes.
    """
    shares = (
        _seconds(step) * int(count)
        for step, count in _SHARE.findall(" ".join(rule["expr"].split()))
    )
    return _seconds(rule.get("for", "0s")) or min(shares, default=0)


def _seconds(duration: str) -> int:
    """Return the seconds of a duration as Prometheus writes it, such as `8m30s`."""
    return sum(
        int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([a-z]+)", duration)
    )


def main() -> None:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(prog="python -m tools.alert_texts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only check that it is current")
    if not parser.parse_args().check:
        PATH.write_text(generate())
    elif not PATH.exists() or PATH.read_text() != generate():
        sys.exit("exporter/findings/alerts.json is not current: run `make generate`")


if __name__ == "__main__":
    main()
