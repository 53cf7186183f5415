"""The shipped alert rules with the owner's thresholds, severities, links and labels.

The rules are changed as text, so that their comments stay and a difference to the shipped files
shows what the owner asked for.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import pairwise
from math import ceil
from pathlib import Path

import yaml

from exporter.errors import ConfigError
from exporter.findings.thresholds import thresholds

_PACKAGED = files("exporter").joinpath("alertmanager", "rules")
_CHECKOUT = Path(__file__).resolve().parents[2] / "alertmanager" / "rules"
_SUFFIX = ".rules.yml"
_RUNBOOK = re.compile(r"(?<=runbook_url: )\S*/(\w+)\.md$", re.MULTILINE)
_DASHBOARD = re.compile(r"(?<=dashboard_url: )https?://[^/\s]+(?=/d/)")
_SEVERITY = re.compile(r"^( +)severity: \w+$", re.MULTILINE)
#: an alert with the comment above it, up to the next one
_ALERT = re.compile(r"(?:^ {6}#.*\n)*^ {6}- alert: (\w+)\n(?:^ {8}.*\n)+\n?", re.MULTILINE)
_EMPTY_GROUP = re.compile(
    r"(?:^ {2}#.*\n)*^ {2}- name: .*\n(?:^ {4}\w+: .*\n)*^ {4}rules:\n\s*(?=^ {2}\S|\Z)",
    re.MULTILINE,
)
#: the head of a group; its name, and its other keys
_GROUP = re.compile(r"^ {2}- name: (\S+)\n((?: {4}(?!rules:)\w+: .*\n)*) {4}rules:\n", re.MULTILINE)
#: a rule begins with the comment above it
_RULE = re.compile(r"(?:^ {6}#.*\n)*^ {6}- (?:alert|record): ", re.MULTILINE)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What an owner changes; the defaults leave the rules as they are shipped."""

    #: by name, for all gateways
    thresholds: Mapping[str, float] = field(default_factory=dict)
    #: by gateway and name
    gateway_thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    #: where runbooks are, such as the exporter's own http://exporter:10055/runbooks
    runbook_url: str | None = None
    #: where Grafana is
    dashboard_url: str | None = None
    #: labels that every alert gets
    labels: Mapping[str, str] = field(default_factory=dict)
    #: by alert
    severities: Mapping[str, str] = field(default_factory=dict)
    #: alerts that are left out
    disabled: Collection[str] = ()
    #: whether the thresholds count where an exporter reports others; else they are for gateways
    #: whose exporter reports none
    thresholds_win: bool = False
    #: rules in a group at most; Mimir accepts 20
    group_size: int | None = None


def shipped_rules() -> dict[str, str]:
    """Return the shipped rule files: text by name."""
    folder = _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
    if not folder.is_dir():
        raise ConfigError("the alert rules are not part of this installation")
    files = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    return {name: files[name] for name in sorted(files) if name.endswith(_SUFFIX)}


def render_rules(settings: RuleSettings) -> dict[str, str]:
    """Return the rule files with what the owner changed; raise ConfigError."""
    for label in settings.labels:
        if not _LABEL.fullmatch(label) or label in {"severity", "gateway", "alertname"}:
            raise ConfigError(f"`{label}` cannot be a label of the alerts")
    return {name: _render(text, settings) for name, text in shipped_rules().items()}


def _render(text: str, settings: RuleSettings) -> str:
    if settings.runbook_url:
        runbooks = settings.runbook_url.rstrip("/")
        text = _RUNBOOK.sub(lambda match: f"{runbooks}/{match[1]}", text)
    if settings.dashboard_url:
        dashboards = settings.dashboard_url.rstrip("/")
        text = _DASHBOARD.sub(lambda _: dashboards, text)
    text = _ALERT.sub(lambda match: _alert(match, settings), text)
    if settings.disabled:
        text = re.sub(r"groups:\s*\Z", "groups: []\n", _EMPTY_GROUP.sub("", text))
    if settings.labels:
        text = _SEVERITY.sub(lambda match: match[0] + _more(match[1], settings.labels), text)
    for name in thresholds():
        text = _with_threshold(text, name, settings)
    return _split_groups(text, settings.group_size) if settings.group_size else text


def _split_groups(text: str, most: int) -> str:
    """Return the rules in the same order, in groups of at most so many."""
    head, *groups = _GROUP.split(text)
    parts = [head]
    for name, keys, rules in zip(groups[::3], groups[1::3], groups[2::3], strict=True):
        begins = [match.start() for match in _RULE.finditer(rules)]
        size = ceil(len(begins) / ceil(len(begins) / most)) if begins else 1
        ends = [*begins[size::size], len(rules)]
        for number, (begin, end) in enumerate(pairwise([0, *ends]), 1):
            part = f"{name}-{number}" if number > 1 else name
            parts.append(f"  - name: {part}\n{keys}    rules:\n{rules[begin:end]}")
    return "".join(parts)


def _alert(match: re.Match[str], settings: RuleSettings) -> str:
    """Return the text of an alert with the severity that the owner wants; empty without it."""
    if match[1] in settings.disabled:
        return ""
    severity = settings.severities.get(match[1])
    if severity is None:
        return match[0]
    return _SEVERITY.sub(lambda line: f"{line[1]}severity: {severity}", match[0])


def _more(indent: str, labels: Mapping[str, str]) -> str:
    lines = yaml.safe_dump(dict(labels), sort_keys=False, allow_unicode=True).splitlines()
    return "".join(f"\n{indent}{line}" for line in lines)


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _with_threshold(text: str, name: str, settings: RuleSettings) -> str:
    """Return the text with the owner's numbers in the rule of a threshold."""
    rule = re.compile(
        rf"(record: enphase:threshold:{name}\n.*\n)( +)(.*)\n +or \S+ \+ 0 \* enphase:gateway$",
        re.MULTILINE,
    )

    def changed(match: re.Match[str]) -> str:
        default = settings.thresholds.get(name, thresholds()[name].default)
        own = [
            f"label_replace(vector({_number(numbers[name])}),"
            f' "gateway", {json.dumps(gateway)}, "", "")'
            for gateway, numbers in settings.gateway_thresholds.items()
            if name in numbers
        ]
        reported = [match[3]]
        if settings.thresholds_win:
            own, reported = [], own + ([] if name in settings.thresholds else reported)
        first_that_is = [*reported, *own, f"{_number(default)} + 0 * enphase:gateway"]
        return f"{match[1]}{match[2]}" + f"\n{match[2]}or ".join(first_that_is)

    return rule.sub(changed, text)
