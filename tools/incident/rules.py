"""The shipped rules: where they are, and which metrics of the exporter they use."""

import re
from functools import cache
from pathlib import Path

from tools.rule_graph import order

FOLDER = Path(__file__).resolve().parent.parent.parent / "alertmanager" / "rules"
_METRIC = re.compile(r"\benphase_\w+")
_PATTERN = re.compile(r'__name__=~"enphase_\(([a-z_|]+)\)([a-z_]*)"')


def files() -> list[Path]:
    """Return the rule files."""
    return sorted(FOLDER.glob("*.rules.yml"))


@cache
def metrics() -> frozenset[str]:
    """Return the metrics that the rules and their texts use."""
    return frozenset().union(*(named(path.read_text()) for path in files()))


def groups() -> tuple[str, ...]:
    """Return the names of all groups, each after those whose recordings it reads."""
    return order()


def named(text: str) -> frozenset[str]:
    """Return what looks like a metric of the exporter in a text."""
    patterns = {
        f"enphase_{name}{rest}"
        for names, rest in _PATTERN.findall(text)
        for name in names.split("|")
    }
    return frozenset(_METRIC.findall(text)) | patterns
