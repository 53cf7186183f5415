"""A real Alertmanager with the shipped routes: quiet hours, the morning, and who hides whom."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerting import pipeline
from tests.alerting.pipeline import PATIENCE, WebhookReceiver
from tests.alerts.rule_files import CONFIG, TEMPLATES, read
from tests.alerts.test_alertmanager import render

_ALL_DAY = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
#: a day that there is not at the time of the test
_NEVER = [{"years": ["2001"]}]


def configure(path: Path, phone: WebhookReceiver, *, night: bool) -> None:
    """Write the shipped configuration for a time of day; what waits minutes waits a second."""
    config = read(CONFIG)
    config["templates"] = [f"{TEMPLATES}/*.tmpl"]
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "1s"}
    for interval in config["time_intervals"]:
        quiet = interval["name"] == "quiet-hours"
        interval["time_intervals"] = _ALL_DAY if quiet == night else _NEVER
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = [{"url": f"{phone.url}/{receiver['name']}"}]
    path.write_text(yaml.safe_dump(config))


def post(url: str, body: object = None) -> None:
    """Send something to Alertmanager."""
    request = urllib.request.Request(  # noqa: S310 - on this machine
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request):  # noqa: S310 - on this machine
        pass


def alert(name: str, severity: str, *, ago: float = 0, over: bool = False, **labels: str) -> Any:
    """Return an alert as Prometheus sends it; `ago` is hours since it began."""
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": name, "severity": severity, "gateway": "home", **labels},
        "annotations": {
            "summary": f"{name} happens.",
            "description": f"What {name} is. First: do {name}.",
            "runbook_url": "",
            "dashboard_url": "",
        },
        "startsAt": (now - timedelta(hours=ago, seconds=1)).isoformat(),
        "endsAt": (now if over else now + timedelta(hours=1)).isoformat(),
    }


def until(condition: Callable[[], bool]) -> None:
    """Return once it holds."""
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


@contextmanager
def house(folder: Path, *, night: bool) -> Iterator[tuple[str, WebhookReceiver, Path]]:
    """Run Alertmanager and a phone."""
    path = folder / "alertmanager.yml"
    with pipeline.phone() as phone:
        configure(path, phone, night=night)
        with pipeline.alertmanager(folder, path) as url:
            yield url, phone, path


def sent(phone: WebhookReceiver, receiver: str) -> list[dict[str, Any]]:
    """Return the messages for a receiver."""
    return [each for each in phone.received if each["receiver"] == receiver]


def statuses(phone: WebhookReceiver, receiver: str) -> set[str]:
    """Return whether alerts in its messages are firing or resolved."""
    return {each["status"] for message in sent(phone, receiver) for each in message["alerts"]}


def test_a_warning_that_is_over_at_night_is_named_in_the_morning(tmp_path: Path) -> None:
    """At night only the page of the exporter shows it; the morning's message is not lost."""
    with house(tmp_path, night=True) as (url, phone, path):
        warning = alert("EnphaseGridFlapping", "warning")
        post(f"{url}/api/v2/alerts", [warning])
        until(lambda: "EnphaseGridFlapping" in phone.alerts())
        post(f"{url}/api/v2/alerts", [alert("EnphaseGridFlapping", "warning", over=True)])
        ended = alert("EnphaseWarningEnded", "info", ended="EnphaseGridFlapping")
        post(f"{url}/api/v2/alerts", [ended])
        until(lambda: "EnphaseWarningEnded" in phone.alerts())
        until(lambda: "resolved" in statuses(phone, "page"))
        assert not sent(phone, "same-day")

        configure(path, phone, night=False)
        post(f"{url}/-/reload")
        post(f"{url}/api/v2/alerts", [ended])
        until(lambda: bool(sent(phone, "same-day")))
        [message] = sent(phone, "same-day")
        assert [each["labels"]["ended"] for each in message["alerts"]] == ["EnphaseGridFlapping"]


def test_a_warning_that_lasts_is_sent_in_the_morning(tmp_path: Path) -> None:
    """It waits for the end of the quiet hours; what is critical does not."""
    with house(tmp_path, night=True) as (url, phone, path):
        alerts = [alert("EnphaseMeterFault", "warning"), alert("EnphaseGridOutage", "critical")]
        post(f"{url}/api/v2/alerts", alerts)
        until(lambda: bool(sent(phone, "wake")) and "EnphaseMeterFault" in phone.alerts())
        assert not sent(phone, "same-day")

        configure(path, phone, night=False)
        post(f"{url}/-/reload")
        until(lambda: bool(sent(phone, "same-day")))


def test_a_new_outage_leads_an_old_alert(amtool: str, tmp_path: Path) -> None:
    """The title of the second message is that of what has just happened."""
    with house(tmp_path, night=True) as (url, phone, _):
        old = alert("EnphaseCloudReportingStopped", "critical", ago=30)
        post(f"{url}/api/v2/alerts", [old])
        until(lambda: len(sent(phone, "wake")) == 1)
        post(f"{url}/api/v2/alerts", [old, alert("EnphaseGridOutage", "critical")])
        until(lambda: len(sent(phone, "wake")) == 2)
        message = sent(phone, "wake")[1]
        titles = render(amtool, tmp_path, "title", message)
        assert titles.strip() == "🔴 home: EnphaseGridOutage happens. (+1)"
        assert render(amtool, tmp_path, "text", message).startswith("What EnphaseGridOutage is.")


@pytest.mark.parametrize("reason", ["EnphaseBatteryNotCommunicating", "EnphaseBatteryMissing"])
def test_a_battery_hides_itself_alone(tmp_path: Path, reason: str) -> None:
    """Its own lesser alerts are left out; other batteries and the whole are not."""
    with house(tmp_path, night=False) as (url, phone, _):
        alerts = [
            alert(reason, "critical", serial="1"),
            alert("EnphaseBatteryIdle", "warning", serial="1"),
            alert("EnphaseBatteryIdle", "warning", serial="2"),
            alert("EnphaseBatteryChargeImbalance", "warning", model="830-00703"),
            alert("EnphaseStorageCapacityLost", "warning"),
        ]
        post(f"{url}/api/v2/alerts", alerts[:1])
        until(lambda: bool(sent(phone, "wake")))
        post(f"{url}/api/v2/alerts", alerts)
        until(lambda: "EnphaseStorageCapacityLost" in phone.alerts())
        with urllib.request.urlopen(f"{url}/api/v2/alerts") as answer:  # noqa: S310 - on this machine
            states = {
                (each["labels"]["alertname"], each["labels"].get("serial", "")): each["status"][
                    "state"
                ]
                for each in json.load(answer)
            }
        hidden = {name for name, state in states.items() if state == "suppressed"}
        assert len(states) == len(alerts)
        assert hidden == {("EnphaseBatteryIdle", "1")}
