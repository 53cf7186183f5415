"""A gateway served for real and watched by the real poller, in time that the test lets pass."""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.clock import Clock, VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.exposition import Exposition
from exporter.gateway import client, deadlines, transport
from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.poller import Poller
from exporter.house import HouseDeriver
from exporter.simulator.gateway import SimulatedGateway
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from exporter.snapshot import Snapshot
from exporter.state import State
from exporter.status.models import GatewayStatus
from exporter.status.store import StatusStore

#: a summer noon
START = 1_782_000_000.0

Samples = Mapping[str, Mapping[frozenset[tuple[str, str]], float]]


@dataclass
class PolledGateway:
    """A gateway with its poller, exposition and status."""

    gateway: RunningGateway
    poller: Poller
    clock: Clock
    exposition: Exposition
    state: Path
    status_store: StatusStore

    def status(self) -> GatewayStatus:
        """Return the current text of the status page."""
        return self.status_store.status("home")

    async def pass_time(self, seconds: float) -> None:
        """Let the poller work for `seconds` of virtual time."""
        end = self.clock.monotonic() + seconds
        while True:
            pause = await self.poller.step()
            if self.clock.monotonic() + pause > end:
                break
            await self.clock.sleep(pause)
        await self.clock.sleep(end - self.clock.monotonic())

    def text(self) -> str:
        """Return the current text of `/metrics`."""
        return self.exposition.render("", "")[0].decode()

    def samples(self) -> Samples:
        """Return the samples on `/metrics` by name and labels."""
        return samples(self.text())

    def value(self, name: str, **labels: str) -> float | None:
        """Return the one sample of that name whose labels include these, or None."""
        expected = set(labels.items())
        values = [
            v
            for labels_of_sample, v in self.samples().get(name, {}).items()
            if expected <= labels_of_sample
        ]
        assert len(values) <= 1, f"{name}{labels} is ambiguous"
        return values[0] if values else None

    def codes(self, path: str) -> set[str]:
        """Return the HTTP status codes and failure reasons with which a path was answered."""
        requests = self.samples().get("enphase_gateway_requests_total", {})
        return {dict(k)["code"] for k in requests if dict(k)["endpoint"] == path}

    def names(self) -> set[str]:
        """Return the names of all metrics of the gateway that have a sample."""
        return {name for name in self.samples() if name.startswith("enphase_")}


def samples(text: str) -> Samples:
    """Parse an exposition with prometheus_client; a duplicate series fails."""
    parsed: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            series = parsed.setdefault(sample.name, {})
            assert labels not in series, f"{sample.name}{sample.labels} stands twice"
            assert math.isfinite(sample.value)
            series[labels] = sample.value
    return parsed


@asynccontextmanager
async def polled_gateway(
    gateway: SimulatedGateway | str, state: Path, clock: Clock | None = None, **config: Any
) -> AsyncIterator[PolledGateway]:
    """Serve a gateway, or the sample home of that name, and watch it; nothing was polled yet."""
    clock = clock or VirtualClock(START)
    if isinstance(gateway, str):
        gateway = sample_home(gateway, clock.time)
    async with serve(gateway, now=clock.time) as running:
        if gateway.uses_tls and not {"token", "token_file", "username"} & config.keys():
            config["token"] = running.token
        exposition, status_store = Exposition(clock), StatusStore(clock)

        configured = GatewayConfig(**{"host": running.host, "name": "home", **config})

        def publish(snapshot: Snapshot) -> None:
            exposition.update(snapshot)
            status_store.update(snapshot, running.host, configured.zone, configured.device_names())

        poller = Poller(
            configured,
            State(state, "home"),
            clock,
            publish,
            derive=HouseDeriver(),
        )
        try:
            yield PolledGateway(running, poller, clock, exposition, state, status_store)
        finally:
            await poller.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit every request to a fraction of a second, so that a test of a hang is short."""
    for path, endpoint in ENDPOINTS.items():
        monkeypatch.setitem(ENDPOINTS, path, replace(endpoint, deadline=0.3))
    monkeypatch.setattr(client, "INFO_DEADLINE", 0.3)
    # A deadline grows with each timeout, up to this one.
    monkeypatch.setattr(deadlines, "_LONGEST", 0.3)
    monkeypatch.setattr(transport, "CONNECT", 0.3)
