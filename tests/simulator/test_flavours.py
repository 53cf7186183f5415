"""The real pyenphase reads simulated gateways of every flavour, and gets of each what is real."""

from dataclasses import fields
from pathlib import Path

import aiohttp
import pytest
from pyenphase import Envoy, EnvoyData

from exporter.simulator.gateway import SimulatedGateway
from exporter.simulator.homes import SAMPLE_HOME_NAMES, SAMPLE_HOMES, sample_home
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.replay import load_capture
from exporter.simulator.server import serve
from tests.conftest import capture_names
from tests.simulator.reference_homes import NOW, Recorded, twins

#: pyenphase reads a web page of firmware 3, and nothing at all of the oldest
_TOO_OLD = ("3.7.0", "3.17.3", "3.9.36", "3.9.36_bad_auth")

_captures = pytest.mark.parametrize("name", [n for n in capture_names() if n not in _TOO_OLD])


async def _read(
    gateway: SimulatedGateway, client: aiohttp.ClientSession
) -> tuple[Envoy, EnvoyData]:
    """Read a gateway from the first request to the last."""
    async with serve(gateway, now=lambda: NOW) as running:
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(token=running.token if gateway.uses_tls else None)
        await envoy.probe()
        return envoy, await envoy.update()


def _filled(data: EnvoyData) -> set[str]:
    """Return the names of the members that say something."""
    names = (field.name for field in fields(data) if field.name != "raw")
    return {name for name in names if getattr(data, name) not in (None, {}, [])}


def _hardware(envoy: Envoy) -> dict[str, object]:
    """Return what pyenphase has found out about the hardware."""
    return {
        "features": envoy.supported_features,
        "phases": envoy.phase_count,
        "phase mode": envoy.phase_mode,
        "CTs": set(envoy.ct_meter_list),
        "model": envoy.envoy_model,
    }


@_captures
async def test_a_twin_reads_like_the_capture(
    name: str, captures_dir: Path, client: aiohttp.ClientSession
) -> None:
    """With the same hardware, pyenphase finds the same features and fills the same members.

    As far as it was recorded: what the capture does not have, the twin does not answer either.
    """
    envoy, data = await _read(load_capture(captures_dir / name), client)
    for twin in twins(captures_dir / name):
        ours, expected = await _read(Recorded(twin, captures_dir / name), client)
        assert _filled(expected) == _filled(data)
        assert _hardware(ours) == _hardware(envoy)


@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
async def test_a_sample_home_reads_the_same_alive(name: str, client: aiohttp.ClientSession) -> None:
    """Of a sample home that lives, pyenphase gets what it gets of the one in the table."""
    house = HomeSimulation(SAMPLE_HOMES[name], seed=1, start=NOW, past_days=0)
    envoy, data = await _read(LiveGateway(house), client)
    other, expected = await _read(sample_home(name, lambda: NOW), client)
    assert _filled(data) == _filled(expected)
    assert _hardware(envoy) == _hardware(other)
