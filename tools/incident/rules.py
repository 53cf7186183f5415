"""The shipped rules: where they are, and which metrics of the exporter they use."""

import re
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parent.parent.parent / "alertmanager" / "rules"
_METRIC = re.compile(r"\benphase_\w+")


def files() -> list[Path]:
    """Return the rule files."""
    return sorted(FOLDER.glob("*.rules.yml"))


@cache
def metrics() -> frozenset[str]:
    """Return the metrics that the rules and their texts use."""
    return frozenset().union(*(named(path.read_text()) for path in files()))


@cache
def groups() -> tuple[str, ...]:
    """Return the names of all groups, what is recorded before the alerts that read it."""
    found = [
        (any("alert" in rule for rule in group["rules"]), path.stem != "thresholds.rules", group)
        for path in files()
        for group in yaml.safe_load(path.read_text())["groups"]
    ]
    return tuple(str(group["name"]) for *_, group in sorted(found, key=lambda told: told[:2]))


def named(text: str) -> frozenset[str]:
    """Return what looks like a metric of the exporter in a text."""
    return frozenset(_METRIC.findall(text))
