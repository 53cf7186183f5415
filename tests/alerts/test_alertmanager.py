"""Alertmanager sends the right things to the right place, and the rest nowhere."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.rule_files import ALERTS, CONFIG, TEMPLATES, fired, read
from tests.alerts.test_rules import run

ROUTES = (
    ("severity=critical alertname=EnphaseGridOutage gateway=home", "page,wake"),
    ("severity=warning alertname=EnphaseMeterFault gateway=home", "page,same-day"),
    ("severity=info alertname=EnphaseGatewayReplaced gateway=home", "page,nobody"),
    ("severity=none alertname=EnphaseWatchdog", "page,dead-mans-switch"),
    ("alertname=SomethingOfYourOwn", "page"),
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
                "description": f"What {name} is <& more>. First: do {name}.",
                "runbook_url": f"https://example.com/{name}.md",
                "dashboard_url": "http://localhost:3000/d/enphase-grid",
            },
            "startsAt": f"2026-01-01T0{hour}:04:05Z",
            "endsAt": "2026-01-01T05:06:07Z",
            "fingerprint": name,
        }
        for name, status, hour in (
            ("Old", "firing", 1),
            ("New", "firing", 3),
            ("Three", "resolved", 2),
        )
    ],
}


def test_amtool_finds_nothing_wrong(amtool: str) -> None:
    """The configuration and its templates pass amtool's check."""
    status, output = run(amtool, "check-config", CONFIG.name)
    assert status == 0, output
    assert f"{len(list(TEMPLATES.glob('*.tmpl')))} templates" in output


@pytest.mark.parametrize(("labels", "receiver"), ROUTES)
def test_severity_decides_who_hears_it(amtool: str, labels: str, receiver: str) -> None:
    """Critical wakes, warnings are read, info is looked at, the watchdog goes its own way."""
    status, output = run(
        amtool,
        *("config", "routes", "test", f"--config.file={CONFIG.name}"),
        f"--verify.receivers={receiver}",
        *labels.split(),
    )
    assert status == 0, output


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


def _uncommented(receiver: str, text: str) -> str:
    """Return the shipped file with the comment marks of one block, and of `global`, taken away."""
    lines, inside, left = [], "", 0
    for line in CONFIG.read_text().splitlines():
        if named := re.match(r"  - name: (.+)", line):
            inside = named[1]
        bare = line.removeprefix("    # ")
        if inside == receiver and bare == text.splitlines()[0]:
            left = len(text.splitlines())
        lines.append(f"    {bare}" if left else re.sub(r"^  # (smtp_\w+: )", r"  \1", line))
        left = max(0, left - 1)
    return "\n".join(lines)


@pytest.mark.parametrize(("receiver", "text"), [*_blocks()])
def test_a_receiver_is_valid_once_uncommented(
    amtool: str, tmp_path: Path, receiver: str, text: str
) -> None:
    """Each block in comments passes amtool's check when only its comment marks are taken away."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    (tmp_path / "alertmanager.yml").write_text(_uncommented(receiver, text))
    status, output = run(amtool, "check-config", "alertmanager.yml", cwd=tmp_path)
    assert status == 0, output
    [changed] = [
        each
        for each in yaml.safe_load((tmp_path / "alertmanager.yml").read_text())["receivers"]
        if each["name"] == receiver
    ]
    assert set(yaml.safe_load(text)) <= changed.keys()


def test_nothing_is_sent_elsewhere_as_shipped() -> None:
    """Every alert goes to the page of the exporter on this machine, and nowhere else."""
    urls = {
        hook["url"]
        for receiver in read(CONFIG)["receivers"]
        for hooks in receiver.items()
        if hooks[0] != "name"
        for hook in hooks[1]
    }
    assert urls == {"http://localhost:10055/-/alerts"}


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
    output = render(amtool, tmp_path, name, MESSAGE)
    if name == "title":
        assert output.strip() == "🔴 home: New happens. (+1)", "the newest leads"
    elif name == "link":
        assert output.strip() == "http://localhost:3000/d/enphase-grid"
    else:
        assert all(
            word in output for word in ("What Old is", "What New is", "Three happens", "Old.md")
        )


def render(amtool: str, tmp_path: Path, name: str, message: Mapping[str, Any]) -> str:
    """Return what a template makes of a message."""
    data = tmp_path / "data.json"
    data.write_text(json.dumps(message))
    status, output = run(
        amtool,
        *("template", "render", f"--template.glob={TEMPLATES}/*.tmpl", f"--template.data={data}"),
        f'--template.text={{{{ template "enphase.{name}" . }}}}',
    )
    assert status == 0, output
    return output


def test_the_worst_leads_and_then_the_newest(amtool: str, tmp_path: Path) -> None:
    """A warning that came later does not take the title from a critical alert."""
    alerts = [dict(alert) for alert in MESSAGE["alerts"][:2]]  # type: ignore[index]
    alerts[1] = {**alerts[1], "labels": {**alerts[1]["labels"], "severity": "warning"}}
    message = {**MESSAGE, "alerts": alerts, "commonLabels": {"gateway": "home"}}
    assert render(amtool, tmp_path, "title", message).strip() == "🔴 home: Old happens. (+1)"


def test_a_lock_screen_shows_what_since_when_and_what_to_do(amtool: str, tmp_path: Path) -> None:
    """The first line of a text has them in this order."""
    first = render(amtool, tmp_path, "text", MESSAGE).splitlines()[0]
    assert re.fullmatch(r"What New is <& more>\. Since \w{3} \d\d:04\. First: do New\.", first)


def _matches(matchers: list[str], labels: Mapping[str, str]) -> bool:
    """Return whether labels match, in Alertmanager's way: a missing label is empty."""
    for matcher in matchers:
        name, operator, value = re.match(r'(\w+) (=~|!~|!=|=) "(.*)"$', matcher).groups()  # type: ignore[union-attr]
        held = labels.get(name, "")
        matches = re.fullmatch(value, held) is not None if "~" in operator else held == value
        if matches == operator.startswith("!"):
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
            # a device has its serial number, a quantity its kind, a collector its name
            with_gateway = [labels for labels in seen if "gateway" in labels]
            optional = name.startswith(("EnphasePager", "EnphaseExporterDown"))
            assert with_gateway == seen or optional, f"{name} has no gateway"
            # A storage whose batteries are not listed has no serial number, so no battery mutes it.
            if rule["equal"] == ["gateway", "serial"] and seen:
                enough = all if side == "source_matchers" else any
                assert enough("serial" in labels for labels in seen), f"{name} has no serial"


@pytest.mark.parametrize("rule", _inhibitions(), ids=lambda rule: rule["source_matchers"][0])
def test_an_inhibition_names_alerts_that_exist(rule: dict[str, Any]) -> None:
    """No name in an inhibition is misspelt."""
    named = re.findall(r"Enphase\w+", " ".join(rule["source_matchers"] + rule["target_matchers"]))
    assert set(named) - {"EnphasePager"} <= {alert.name for alert in ALERTS}


def test_no_alert_mutes_itself() -> None:
    """What is both source and target of a rule would silence its own page."""
    for rule in _inhibitions():
        for _, labels in fired():
            both = (
                _matches(rule["source_matchers"], labels),
                _matches(rule["target_matchers"], labels),
            )
            assert both != (True, True)
