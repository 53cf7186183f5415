"""The parts of the stack: the configuration it runs on, and the phone it shows."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from exporter.simulator.scenario import load_scenario
from tests.alerts.rule_files import CONFIG, FOLDER, TEMPLATES, read
from tests.alerts.test_alertmanager import MESSAGE
from tools.stack import __main__ as command
from tools.stack import config_files
from tools.stack.ports import SHIPPED, Ports, free_port_numbers
from tools.stack.webhook_receiver import RECEIVERS, NotificationPrinter, listening

OTHERS = Ports(exporter=1, prometheus=2, alertmanager=3, phone=4)


def changes(placed: Path) -> set[tuple[str, str]]:
    """Return what differs from the shipped files, line by line, without what was inserted."""
    inserted = re.compile(
        r"    webhook_configs:\n      - url: \S+/[a-z-]+\n        send_resolved: \w+\n"
    )
    return {
        (before.strip(" -"), after.strip(" -"))
        for name in config_files.FILES
        for before, after in zip(
            (FOLDER / name).read_text().splitlines(),
            re.sub(
                rf"(?<=  - name: )({'|'.join(RECEIVERS)})\n{inserted.pattern}",
                r"\1\n",
                (placed / name).read_text(),
            ).splitlines(),
            strict=True,
        )
        if before != after
    }


def test_the_shipped_files_are_used_as_they_are(tmp_path: Path) -> None:
    """At the shipped ports nothing is changed but that the phone is reached."""
    assert changes(config_files.place(SHIPPED, tmp_path)) == set()
    receivers = read(tmp_path / "alertmanager.yml")["receivers"]
    assert {one["name"] for one in receivers if one.get("webhook_configs")} == {"page", *RECEIVERS}


def test_other_ports_change_nothing_else(tmp_path: Path) -> None:
    """Elsewhere, only the lines with addresses differ, and only in the port."""
    placed = config_files.place(OTHERS, tmp_path)
    assert changes(placed) == {
        ('targets: ["localhost:9093"]', 'targets: ["localhost:3"]'),
        ('targets: ["localhost:9090"]', 'targets: ["localhost:2"]'),
        ('targets: ["localhost:10055"]', 'targets: ["localhost:1"]'),
        ("url: http://localhost:10055/-/alerts", "url: http://localhost:1/-/alerts"),
    }
    for name in config_files.FOLDERS:
        assert (placed / name).resolve() == FOLDER / name


def test_more_exporters_are_scraped_as_the_first(tmp_path: Path) -> None:
    """Further exporters are targets of the same job."""
    config_files.place(OTHERS, tmp_path, 5, 6)
    job = read(tmp_path / "prometheus.yml")["scrape_configs"][0]
    assert job == {
        "job_name": "enphase",
        "scrape_interval": "5s",
        "scrape_timeout": "4s",
        "static_configs": [{"targets": ["localhost:1", "localhost:5", "localhost:6"]}],
    }


def test_ports_that_change_places(tmp_path: Path) -> None:
    """A port that one part has taken over from another is not mistaken for it."""
    swapped = Ports(exporter=9093, alertmanager=10055)
    text = (config_files.place(swapped, tmp_path) / "prometheus.yml").read_text()
    config = read(tmp_path / "prometheus.yml")
    assert config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == [
        "localhost:10055"
    ]
    assert (text.count("localhost:9093"), text.count("localhost:10055")) == (1, 2)


def test_the_phone_has_all_receivers() -> None:
    """Whatever can page somebody in the shipped configuration, the phone has."""
    paging = {one["name"] for one in read(CONFIG)["receivers"]} - {"page", "nobody"}
    assert paging == RECEIVERS.keys() == config_files.RECEIVERS.keys()


def test_the_default_scenario_rings_soon() -> None:
    """The grid fails early enough for somebody who watches, and comes back."""
    [event] = load_scenario(command.SCENARIO).events
    assert event.parameters.keys() == {"grid.up"}
    assert event.at.seconds <= 60
    assert event.lasts is not None


@pytest.fixture
def screen() -> Console:
    """Return a narrow screen to look at."""
    return Console(file=StringIO(), width=40)


def text_of(screen: Console) -> str:
    """Return what stands on a screen."""
    assert isinstance(screen.file, StringIO)
    return screen.file.getvalue()


async def test_a_notification_is_printed_as_the_templates_render_it(
    amtool: str, screen: Console
) -> None:
    """Severity, title and text in the shipped words; addresses stay whole."""
    await NotificationPrinter(screen, amtool, TEMPLATES).show("wake", MESSAGE)
    text = text_of(screen)
    assert "critical: rings" in text
    assert "🔴 home: New happens. (+1)\n" in text
    assert "What Old is <& more>." in text
    assert "https://example.com/Old.md\n" in text
    assert "✓ Over since " in text


async def test_the_watchdog_is_printed_once(amtool: str, screen: Console) -> None:
    """The first sign of life is shown, the others are not."""
    phone = NotificationPrinter(screen, amtool, TEMPLATES)
    for _ in range(3):
        await phone.show("dead-mans-switch", MESSAGE)
    assert text_of(screen).count("dead man's switch") == 1


async def test_templates_that_cannot_be_filled_in(
    amtool: str, screen: Console, tmp_path: Path
) -> None:
    """A broken template is reported, as it would prevent a notification."""
    (tmp_path / "broken.tmpl").write_text('{{ define "enphase.title" }}')
    await NotificationPrinter(screen, amtool, tmp_path).show("wake", MESSAGE)
    assert "rendered, no notification" in text_of(screen)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("wake", b'{"status": "firing"}', 200),
        ("wake", b"{", 400),
        ("wake", b"[]", 400),
        ("elsewhere", b"{}", 404),
    ],
)
async def test_the_webhook_takes_messages_only(path: str, body: bytes, status: int) -> None:
    """A receiver that there is gets a message that is one; the rest is refused."""
    messages: list[tuple[str, dict[str, Any]]] = []

    async def hear(receiver: str, message: dict[str, Any]) -> None:
        messages.append((receiver, message))

    port = free_port_numbers(1)[0]
    async with (
        listening(port, hear),
        aiohttp.ClientSession() as client,
        client.post(f"http://127.0.0.1:{port}/{path}", data=body) as response,
    ):
        assert response.status == status
    assert messages == ([("wake", {"status": "firing"})] if status == 200 else [])
