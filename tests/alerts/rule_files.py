"""What lies in `alertmanager/`, read for the tests of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

FOLDER = ROOT / "alertmanager"
RULES = tuple(sorted((FOLDER / "rules").glob("*.rules.yml")))
RULE_TESTS = tuple(sorted((FOLDER / "tests").glob("*_test.yml")))
RUNBOOKS = tuple(sorted((FOLDER / "runbooks").glob("*.md")))
CONFIG = FOLDER / "alertmanager.yml"
TEMPLATES = FOLDER / "templates"

#: what a rule or runbook can name: a metric of the exporter, or one that rules record
NAME = re.compile(r"\benphase(?:_[a-z0-9_]+|:[a-z0-9_:]+)")


@dataclass(frozen=True)
class Rule:
    """One rule: the alert or the recorded name, and its definition in the file."""

    name: str
    definition: Mapping[str, Any]
    group: str
    #: how often its group is evaluated (seconds), where that is said
    interval: float | None = None

    @property
    def expr(self) -> str:
        """The expression."""
        return str(self.definition["expr"])

    @property
    def severity(self) -> str:
        """The severity of an alert."""
        return str(self.definition["labels"]["severity"])

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations of an alert."""
        annotations: Mapping[str, str] = self.definition["annotations"]
        return annotations


def read(path: Path) -> Any:
    """Return what a YAML file holds."""
    return yaml.safe_load(path.read_text())


def _rules(kind: str) -> Iterator[Rule]:
    for path in RULES:
        for group in read(path)["groups"]:
            for definition in group["rules"]:
                if kind in definition:
                    yield Rule(definition[kind], definition, group["name"], _seconds(group))


def _seconds(group: Mapping[str, Any]) -> float | None:
    text = str(group.get("interval", ""))
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]] if text else None


ALERTS = tuple(_rules("alert"))
RECORDED = tuple(_rules("record"))
RECORDED_NAMES = frozenset(rule.name for rule in RECORDED)


def fired() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each alert that a rule test expects, with all its labels."""
    for path in RULE_TESTS:
        for test in read(path)["tests"]:
            for check in test.get("alert_rule_test", ()):
                for expected in check["exp_alerts"]:
                    yield (
                        check["alertname"],
                        {"alertname": check["alertname"], **expected["exp_labels"]},
                    )
