"""The parts of the stack: the configuration it runs on, and the phone it shows."""

from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from exporter.simulator.scenario import load_scenario
from tests.alerts.shipped import CONFIG, FOLDER, TEMPLATES, read
from tests.alerts.test_alertmanager import MESSAGE
from tools.stack import __main__ as command
from tools.stack import places, shipped
from tools.stack.phone import RECEIVERS, Phone, listening
from tools.stack.places import SHIPPED, Ports

OTHERS = Ports(exporter=1, prometheus=2, alertmanager=3, phone=4)


def test_the_shipped_files_are_used_as_they_are(tmp_path: Path) -> None:
    """At the shipped ports nothing is copied."""
    assert shipped.place(SHIPPED, tmp_path) == FOLDER
    assert list(tmp_path.iterdir()) == []


def test_other_ports_change_nothing_else(tmp_path: Path) -> None:
    """Elsewhere, only the lines with addresses differ, and only in the port."""
    placed = shipped.place(OTHERS, tmp_path)
    changed = {
        (before.strip(" -"), after.strip(" -"))
        for name in shipped.FILES
        for before, after in zip(
            (FOLDER / name).read_text().splitlines(),
            (placed / name).read_text().splitlines(),
            strict=True,
        )
        if before != after
    }
    assert changed == {
        ('targets: ["localhost:9093"]', 'targets: ["localhost:3"]'),
        ('targets: ["localhost:10055"]', 'targets: ["localhost:1"]'),
        *(
            (f"url: http://localhost:10056/{name}", f"url: http://localhost:4/{name}")
            for name in RECEIVERS
        ),
    }
    for name in shipped.FOLDERS:
        assert (placed / name).resolve() == FOLDER / name


def test_more_exporters_are_scraped_as_the_first(tmp_path: Path) -> None:
    """Further exporters are targets of the same job."""
    shipped.place(OTHERS, tmp_path, 5, 6)
    [job] = read(tmp_path / "prometheus.yml")["scrape_configs"]
    assert job == {
        "job_name": "enphase",
        "static_configs": [{"targets": ["localhost:1", "localhost:5", "localhost:6"]}],
    }


def test_ports_that_change_places(tmp_path: Path) -> None:
    """A port that one part has taken over from another is not mistaken for it."""
    swapped = Ports(exporter=9093, alertmanager=10055)
    text = (shipped.place(swapped, tmp_path) / "prometheus.yml").read_text()
    told = read(tmp_path / "prometheus.yml")
    assert told["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == [
        "localhost:10055"
    ]
    assert text.count("localhost:9093") == text.count("localhost:10055") == 1


def test_the_phone_has_all_receivers() -> None:
    """Whatever the shipped configuration sends to, the phone knows."""
    named = {one["name"] for one in read(CONFIG)["receivers"] if one.get("webhook_configs")}
    assert named == RECEIVERS.keys()


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


def shown(screen: Console) -> str:
    """Return what stands on a screen."""
    assert isinstance(screen.file, StringIO)
    return screen.file.getvalue()


async def test_the_phone_shows_what_the_templates_say(amtool: str, screen: Console) -> None:
    """Severity, title and text in the shipped words; addresses stay whole."""
    await Phone(screen, amtool, TEMPLATES).show("wake", MESSAGE)
    said = shown(screen)
    assert "critical: rings" in said
    assert "🔴 home: One happens. (+1)\n" in said
    assert "What Two is <& more>.\n" in said
    assert "https://example.com/Two.md\n" in said
    assert "✓ Over since " in said


async def test_the_phone_tells_of_life_once(amtool: str, screen: Console) -> None:
    """The first sign of life is shown, the others are not."""
    phone = Phone(screen, amtool, TEMPLATES)
    for _ in range(3):
        await phone.show("dead-mans-switch", MESSAGE)
    assert shown(screen).count("dead man's switch") == 1


async def test_templates_that_cannot_be_filled_in(
    amtool: str, screen: Console, tmp_path: Path
) -> None:
    """A broken template is told of, as it would keep the message from a real phone."""
    (tmp_path / "broken.tmpl").write_text('{{ define "enphase.title" }}')
    await Phone(screen, amtool, tmp_path).show("wake", MESSAGE)
    assert "nothing reaches the" in shown(screen)


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
    heard: list[tuple[str, dict[str, Any]]] = []

    async def hear(receiver: str, message: dict[str, Any]) -> None:
        heard.append((receiver, message))

    port = places.free(1)[0]
    async with (
        listening(port, hear),
        aiohttp.ClientSession() as client,
        client.post(f"http://127.0.0.1:{port}/{path}", data=body) as response,
    ):
        assert response.status == status
    assert heard == ([("wake", {"status": "firing"})] if status == 200 else [])
