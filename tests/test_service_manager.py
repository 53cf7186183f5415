"""What systemd hears of the exporter, over a real notification socket."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.service_manager import ServiceManager
from tests.test_serve import PATIENCE, configured, exporting


class NotifySocket:
    """systemd's end of the notification socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(PATIENCE)

    def until(self, field: str) -> dict[str, str]:
        """Wait for a message with this field; return its fields."""
        while True:
            lines = self.socket.recv(4096).decode().splitlines()
            fields = dict(line.split("=", 1) for line in lines)
            if field in fields:
                return fields


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Callable[[str], NotifySocket]]:
    """Return a function that listens on an address, by default a file."""
    opened: list[NotifySocket] = []

    def listen(address: str = "") -> NotifySocket:
        opened.append(NotifySocket(address or str(tmp_path / "notify")))
        return opened[-1]

    yield listen
    for listener in opened:
        listener.socket.close()


async def test_systemd_is_notified(tmp_path: Path, listen: Callable[..., NotifySocket]) -> None:
    """It is ready, alive all the time, reloads, is ready again, and stops."""
    systemd = listen()
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
    async with exporting(tmp_path, configured(tmp_path, home="127.0.0.1:9"), **environ) as process:
        ready = await asyncio.to_thread(systemd.until, "READY")
        assert ready == {"READY": "1", "STATUS": "watching 1 gateway"}
        for _ in range(2):
            await asyncio.to_thread(systemd.until, "WATCHDOG")
        process.process.send_signal(signal.SIGHUP)
        assert int((await asyncio.to_thread(systemd.until, "RELOADING"))["MONOTONIC_USEC"]) > 0
        await asyncio.to_thread(systemd.until, "READY")
        assert await process.end(signal.SIGTERM) == 0
        await asyncio.to_thread(systemd.until, "STOPPING")


def test_an_abstract_socket_is_found(tmp_path: Path, listen: Callable[[str], NotifySocket]) -> None:
    """A name that begins with @ is in the abstract namespace."""
    systemd = listen(f"\0{tmp_path.name}")
    service = ServiceManager({"NOTIFY_SOCKET": f"@{tmp_path.name}"})
    service.ready("well")
    assert systemd.until("READY")["STATUS"] == "well"
    service.close()


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "300000"},
        {"NOTIFY_SOCKET": "/nowhere"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"},
    ],
)
async def test_without_systemd_nothing_happens(environ: dict[str, str]) -> None:
    """Without a socket, one that is gone, or a watchdog of another process nothing fails."""
    service = ServiceManager(environ)
    service.ready("well")
    service.reloading()
    await service.feed_watchdog()
    service.stopping()
    service.close()
