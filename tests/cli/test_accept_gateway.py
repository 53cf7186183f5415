"""A gateway that was replaced is accepted by who has read its label, and by nobody else."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exporter.cli import dispatch
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import RunningGateway, serve
from exporter.state import State
from tests.thread_server import in_thread

SERIAL = SAMPLE_HOMES["battery-home"].serial


@asynccontextmanager
async def battery_home() -> AsyncIterator[RunningGateway]:
    """Serve a sample home."""
    async with serve(sample_home("battery-home", time.time)) as running:
        yield running


@pytest.mark.parametrize(("serial", "status"), [(SERIAL, 0), ("999999999999", 1)])
def test_a_gateway_is_accepted_by_its_serial_number(
    serial: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Only the serial number that the owner gives is saved, and nothing is if it differs."""
    State(tmp_path, "home").save({"serial": "1"})
    with in_thread(battery_home()) as running:
        monkeypatch.setenv("ENPHASE_HOST", running.host)
        monkeypatch.setenv("ENPHASE_NAME", "home")
        monkeypatch.setenv("ENPHASE_STATE_DIR", str(tmp_path))
        assert dispatch.run(["accept-gateway", f"--serial={serial}"]) == status
    out, err = capsys.readouterr()
    assert f"gateway {SERIAL} answers at {running.host}, 1 was there before" in out
    accepted = tmp_path / "home.accepted"
    assert accepted.exists() == (status == 0)
    if status:
        assert "the serial numbers differ" in err
    else:
        assert accepted.read_text().strip() == SERIAL
