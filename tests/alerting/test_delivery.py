"""The test of the alert path finds every broken link, and makes a phone ring once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from exporter.alerting import delivery
from exporter.alerting.config import Alerting, Receiver, build
from exporter.alerting.delivery import AlertPath
from exporter.alerting.record import write_receiver
from exporter.alerting.rules import shipped_rules
from exporter.cli import dispatch
from exporter.cli.atomic_files import write_files
from exporter.clock import SystemClock
from exporter.diagnostics import StepResult, StepStatus
from exporter.pager import Pager
from tests.alerting import pipeline
from tests.alerting.pipeline import PATIENCE, Pipeline, WebhookReceiver
from tools.stack.ports import free_port_numbers


def configure(folder: Path, phone: WebhookReceiver, page: WebhookReceiver) -> Path:
    """Write a configuration whose receiver is the phone; return it."""
    receiver = Receiver("webhook", {"url": f"{phone.url}/alerts", "token": ""})
    alerting = Alerting(
        {"critical": receiver, "warning": receiver},
        f"{page.url}/-/alerts",
        ("21:00", "07:00"),
        "Europe/Berlin",
    )
    write_files(build(alerting, folder))
    return folder / "alertmanager.yml"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Pipeline]:
    """Run the whole path."""
    with (
        pipeline.phone() as phone,
        pipeline.phone() as page,
        pipeline.alertmanager(tmp_path, configure(tmp_path, phone, page)) as alertmanager,
        pipeline.prometheus(tmp_path, alertmanager) as prometheus,
    ):
        yield Pipeline(prometheus, alertmanager, phone)


async def results(path: AlertPath) -> dict[str, StepResult]:
    """Return the results by step."""
    return {each.step: each async for each in delivery.run(path)}


def failed(steps: dict[str, StepResult]) -> list[str]:
    """Return the steps that failed."""
    return [key for key, each in steps.items() if each.status is StepStatus.FAILED]


async def test_the_phone_rings_once(running: Pipeline) -> None:
    """The test alert goes through Alertmanager's routes to the receiver, and ends."""
    steps = await results(AlertPath(running.prometheus, patience=PATIENCE, gateway="cabin"))
    assert failed(steps) == []
    assert steps["receiver"].message == "the test alert goes to wake (webhook)"
    assert "EnphaseTest" in running.phone.alerts()
    (message,) = [
        each
        for each in running.phone.received
        if each["status"] == "firing" and each["receiver"] == "wake"
    ]
    (alert,) = message["alerts"]
    assert alert["labels"]["gateway"] == "cabin"
    assert alert["annotations"]["summary"] == "Test: alerts of enphase-exporter reach you."


def rules_with_the_test() -> str:
    """Return the rules of the pipeline and the shipped rule of the test alert, evaluated often."""
    shipped = yaml.safe_load(shipped_rules()["pager.rules.yml"])["groups"]
    (group,) = [each for each in shipped if each["name"] == "enphase-pager-test"]
    groups = yaml.safe_load(pipeline.RULES)["groups"]
    return yaml.safe_dump({"groups": [*groups, {**group, "interval": "1s"}]})


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[AlertPath, Pipeline]]:
    """Run the whole path with an exporter that Prometheus scrapes."""
    state = tmp_path / "state"
    with (
        pipeline.phone() as phone,
        pipeline.phone() as page,
        pipeline.alertmanager(tmp_path, configure(tmp_path, phone, page)) as alertmanager,
        pipeline.exporter(state) as exporter,
        pipeline.prometheus(tmp_path, alertmanager, rules_with_the_test(), exporter) as prometheus,
    ):
        path = AlertPath(prometheus, patience=PATIENCE, exporter_url=exporter, state_dir=state)
        yield path, Pipeline(prometheus, alertmanager, phone)


async def test_prometheus_fires_the_test_alert(asked: tuple[AlertPath, Pipeline]) -> None:
    """It goes the whole way, from the exporter over a rule to the phone, and again at once."""
    path, running = asked
    for times in (1, 2):
        steps = await results(path)
        assert {each.status for each in steps.values()} == {StepStatus.OK}
        firing = [
            alert["labels"]
            for each in running.phone.received
            for alert in each["alerts"]
            if each["receiver"] == "wake" and alert["status"] == "firing"
        ]
        assert {labels["alertname"] for labels in firing} == {"EnphasePagerTest"}
        assert len({labels["test"] for labels in firing}) == times
    assert path.state_dir is not None
    assert not list(path.state_dir.glob("alerting-test*"))


async def test_an_exporter_that_is_not_scraped(tmp_path: Path) -> None:
    """A Prometheus with the rules that does not read this exporter is the broken link."""
    state = tmp_path / "state"
    with pipeline.phone() as phone:
        config = configure(tmp_path, phone, phone)
        with (
            pipeline.alertmanager(tmp_path, config) as alertmanager,
            pipeline.exporter(state) as exporter,
            pipeline.prometheus(tmp_path, alertmanager, rules_with_the_test()) as prometheus,
        ):
            path = AlertPath(prometheus, patience=10.0, exporter_url=exporter, state_dir=state)
            steps = await results(path)
    assert failed(steps) == ["receiver"]
    assert "does it scrape the exporter" in steps["receiver"].remedy


async def test_an_exporter_that_does_not_run(
    asked: tuple[AlertPath, Pipeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then Alertmanager gets the test alert from us, and the result says so."""
    path, running = asked
    monkeypatch.setattr(delivery, "_ASKING", 1.0)
    path.exporter_url = f"http://127.0.0.1:{free_port_numbers(1)[0]}"
    path.state_dir = path.state_dir and path.state_dir.with_name("another")
    steps = await results(path)
    assert failed(steps) == []
    assert steps["receiver"].status is StepStatus.WARNING
    assert "does it run" in steps["receiver"].remedy
    assert "EnphaseTest" in running.phone.alerts()


async def test_a_phone_that_refuses(running: Pipeline) -> None:
    """A service that answers with an error is named as the broken link."""
    running.phone.status = 403
    steps = await results(AlertPath(running.prometheus, patience=PATIENCE))
    assert failed(steps) == ["notification"]
    assert steps["notification"].message == "the notification failed: webhook"


async def test_no_prometheus(tmp_path: Path) -> None:
    """Without Prometheus nothing else is tried."""
    steps = await results(AlertPath(f"http://127.0.0.1:{free_port_numbers(1)[0]}"))
    assert failed(steps) == ["prometheus"]
    assert "cannot be reached (Connect call failed" in steps["prometheus"].message
    assert steps["notification"].status is StepStatus.SKIPPED


async def test_no_rules(tmp_path: Path) -> None:
    """For a Prometheus without our rules the message says how to load them."""
    with pipeline.prometheus(tmp_path, None, "groups: []\n") as prometheus:
        steps = await results(AlertPath(prometheus))
    assert failed(steps) == ["rules"]
    assert "`enphase-exporter rules`" in steps["rules"].remedy


async def test_no_alertmanager_in_prometheus(tmp_path: Path) -> None:
    """For a Prometheus that sends to nobody the message says how to change that."""
    with pipeline.prometheus(tmp_path, None) as prometheus:
        steps = await results(AlertPath(prometheus, patience=PATIENCE / 10))
    assert failed(steps) == ["configured"]
    assert "`alerting: alertmanagers:`" in steps["configured"].remedy


async def test_an_alertmanager_that_is_down(tmp_path: Path) -> None:
    """One that does not answer is distinguished from one that is not configured."""
    closed = f"http://127.0.0.1:{free_port_numbers(1)[0]}"
    with pipeline.prometheus(tmp_path, closed) as prometheus:
        steps = await results(AlertPath(prometheus, patience=PATIENCE))
    assert failed(steps) == ["alertmanager"]
    assert closed in steps["alertmanager"].message


async def test_another_alertmanager(tmp_path: Path) -> None:
    """One that gets no alerts of this Prometheus is the wrong one."""
    with pipeline.phone() as phone:
        config = configure(tmp_path, phone, phone)
        with (
            pipeline.alertmanager(tmp_path, config) as alertmanager,
            pipeline.prometheus(tmp_path, "http://127.0.0.1:9") as prometheus,
        ):
            steps = await results(AlertPath(prometheus, alertmanager, patience=5.0))
    assert failed(steps) == ["delivery"]


async def test_a_page_is_no_person(tmp_path: Path) -> None:
    """Alerts that are only shown on the exporter's page reach nobody."""
    config = tmp_path / "alertmanager.yml"
    config.write_text(
        "route: {receiver: page, group_wait: 1s}\n"
        "receivers: [{name: page, webhook_configs: [{url: 'http://127.0.0.1:9/-/alerts'}]}]\n"
    )
    with (
        pipeline.alertmanager(tmp_path, config) as alertmanager,
        pipeline.prometheus(tmp_path, alertmanager) as prometheus,
    ):
        steps = await results(AlertPath(prometheus, patience=PATIENCE))
    assert failed(steps) == ["receiver"]
    assert "reaches no person" in steps["receiver"].message


def test_the_command_records_the_test(
    running: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After a test that worked, the exporter knows that the receiver was tested."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ENPHASE_STATE_DIR", str(tmp_path / "state"))
    write_receiver(tmp_path / "state", "ntfy", None)
    words = ("alerting", "test", "--yes", f"--prometheus={running.prometheus}")
    assert dispatch.run((*words, f"--timeout={PATIENCE:g}s")) == 0
    assert "The test alert was sent to wake (webhook)." in capsys.readouterr().out
    pager = Pager(SystemClock(), tmp_path / "state")
    pager.read_receiver()
    assert pager.receiver == "ntfy"
    assert pager.tested_at is not None
    assert dispatch.run((*words, "--prometheus=http://127.0.0.1:1", "--json")) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
