"""Alertmanager sends the right things to the right place, and the rest nowhere."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.shipped import ALERTS, CONFIG, TEMPLATES, fired, read
from tests.alerts.test_rules import run

ROUTES = (
    ("severity=critical alertname=EnphaseGridOutage gateway=home", "wake"),
    ("severity=warning alertname=EnphaseMeterFault gateway=home", "same-day"),
    ("severity=info alertname=EnphaseGatewayReplaced gateway=home", "dashboard"),
    ("severity=none alertname=EnphaseWatchdog", "dead-mans-switch"),
    ("alertname=SomethingOfYourOwn", "same-day"),
)
#: a message with all there can be in it
MESSAGE = {
    "status": "firing",
    "commonLabels": {"severity": "critical", "gateway": "home"},
    "alerts": [
        {
            "status": status,
            "labels": {"alertname": name, "severity": "critical", "gateway": "home"},
            "annotations": {
                "summary": f"{name} happens.",
                "description": f"What {name} is <& more>.",
                "runbook_url": f"https://example.com/{name}.md",
                "dashboard_url": "http://localhost:3000/d/enphase-grid",
            },
            "startsAt": "2026-01-01T03:04:05Z",
            "endsAt": "2026-01-01T05:06:07Z",
        }
        for name, status in (("One", "firing"), ("Two", "firing"), ("Three", "resolved"))
    ],
}


def test_amtool_finds_nothing_wrong(amtool: str) -> None:
    """The configuration and its templates pass amtool's check."""
    status, said = run(amtool, "check-config", CONFIG.name)
    assert status == 0, said
    assert f"{len(list(TEMPLATES.glob('*.tmpl')))} templates" in said


@pytest.mark.parametrize(("labels", "receiver"), ROUTES)
def test_severity_decides_who_hears_it(amtool: str, labels: str, receiver: str) -> None:
    """Critical wakes, warnings are read, info is looked at, the watchdog goes its own way."""
    status, said = run(
        amtool,
        *("config", "routes", "test", f"--config.file={CONFIG.name}"),
        f"--verify.receivers={receiver}",
        *labels.split(),
    )
    assert status == 0, said


def _blocks() -> Iterator[tuple[str, str]]:
    """Yield the receiver and the text of each piece of it that is to be uncommented."""
    receiver = ""
    block: list[str] = []
    for line in [*CONFIG.read_text().splitlines(), ""]:
        if named := re.match(r"  - name: (.+)", line):
            receiver = named[1]
        if re.match(r"    # \w+_configs:$", line) or (block and line.startswith("    # ")):
            block.append(line.removeprefix("    # "))
        elif block:
            yield receiver, "\n".join(block)
            block = []


@pytest.mark.parametrize(("receiver", "text"), [*_blocks()])
def test_a_receiver_is_valid_once_uncommented(
    amtool: str, tmp_path: Path, receiver: str, text: str
) -> None:
    """Each piece in comments, put in place of what is shipped, passes amtool's check."""
    config = read(CONFIG)
    lines = re.findall(r"^  # (smtp_\w+: .+)$", CONFIG.read_text(), re.MULTILINE)
    config["global"] |= yaml.safe_load("\n".join(lines))
    config["receivers"] = [
        {"name": receiver, **yaml.safe_load(text)} if each["name"] == receiver else each
        for each in config["receivers"]
    ]
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    status, said = run(amtool, "check-config", "alertmanager.yml", cwd=tmp_path)
    assert status == 0, said


def test_there_is_a_receiver_for_every_taste() -> None:
    """The services that owners use stand ready."""
    kinds = {name for _, text in _blocks() for name in yaml.safe_load(text)}
    assert kinds == {
        *("webhook_configs", "pushover_configs", "telegram_configs"),
        *("email_configs", "slack_configs", "pagerduty_configs"),
    }
    assert "ntfy" in CONFIG.read_text()


@pytest.mark.parametrize("name", ["title", "text", "link", "telegram", "email"])
def test_messages_read_well(amtool: str, tmp_path: Path, name: str) -> None:
    """Each template can be filled, and says what matters."""
    data = tmp_path / "data.json"
    data.write_text(json.dumps(MESSAGE))
    status, said = run(
        amtool,
        *("template", "render", f"--template.glob={TEMPLATES}/*.tmpl", f"--template.data={data}"),
        f'--template.text={{{{ template "enphase.{name}" . }}}}',
    )
    assert status == 0, said
    if name == "title":
        assert said.strip() == "🔴 home: One happens. (+1)"
    elif name == "link":
        assert said.strip() == "http://localhost:3000/d/enphase-grid"
    else:
        assert all(
            word in said for word in ("What One is", "What Two is", "Three happens", "One.md")
        )


def _matches(matchers: list[str], labels: Mapping[str, str]) -> bool:
    """Return whether labels match, in Alertmanager's way: a missing label is empty."""
    for matcher in matchers:
        name, operator, value = re.match(r'(\w+) (=~|!~|!=|=) "(.*)"$', matcher).groups()  # type: ignore[union-attr]
        held = labels.get(name, "")
        found = re.fullmatch(value, held) is not None if "~" in operator else held == value
        if found == operator.startswith("!"):
            return False
    return True


def _inhibitions() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = read(CONFIG)["inhibit_rules"]
    return rules


@pytest.mark.parametrize("rule", _inhibitions(), ids=lambda rule: rule["source_matchers"][0])
def test_an_inhibition_compares_labels_that_both_sides_have(rule: dict[str, Any]) -> None:
    """Each source and each target was seen with all labels under `equal`, or cannot match."""
    alerts: dict[str, list[Mapping[str, str]]] = {}
    for name, labels in fired():
        alerts.setdefault(name, []).append(labels)
    for side in ("source_matchers", "target_matchers"):
        matched = {
            name: [labels for labels in seen if _matches(rule[side], labels)]
            for name, seen in alerts.items()
        }
        assert any(matched.values()), side
        for name, seen in matched.items():
            # An exporter whose job is gone has no instance, and mutes nothing.
            told = [labels for labels in seen if set(rule["equal"]) <= labels.keys()]
            optional = "serial" in rule["equal"] or name == "EnphaseExporterDown"
            assert told == seen or optional, f"{name} lacks a label of {rule['equal']}"


@pytest.mark.parametrize("rule", _inhibitions(), ids=lambda rule: rule["source_matchers"][0])
def test_an_inhibition_names_alerts_that_exist(rule: dict[str, Any]) -> None:
    """No name in an inhibition is misspelt."""
    named = re.findall(r"Enphase\w+", " ".join(rule["source_matchers"] + rule["target_matchers"]))
    assert set(named) <= {alert.name for alert in ALERTS}


def test_no_alert_mutes_itself() -> None:
    """What is both source and target of a rule would silence its own page."""
    for rule in _inhibitions():
        for _, labels in fired():
            both = (
                _matches(rule["source_matchers"], labels),
                _matches(rule["target_matchers"], labels),
            )
            assert both != (True, True)
