"""Every real gateway we have answers of is exported whole, over its own protocol."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pyenphase import Envoy
from pyenphase.models.envoy import EnvoyData
from pyenphase.ssl import NO_VERIFY_SSL_CONTEXT

from exporter.clock import VirtualClock
from exporter.gateway.production import STALE_SECTION
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.table import FlagSet, StateSet
from exporter.simulator import replay as captures
from exporter.simulator.server import RunningGateway
from tests.polled_gateway import START, PolledGateway, polled_gateway, samples

#: a firmware that says nothing pyenphase can read
UNSUPPORTED = "3.7.0"
#: the section of the production report that a member stands on
SECTIONS = {
    f"system_{name}{phases}": section
    for name, section in (
        ("production", "production"),
        ("consumption", "total-consumption"),
        ("net_consumption", "net-consumption"),
    )
    for phases in ("", "_phases")
}


@pytest.fixture
def capture(capture: Path) -> Path:
    """Return a capture that can be exported."""
    if capture.name == UNSUPPORTED:
        pytest.skip("refused, which has a test of its own")
    return capture


def watched_capture(folder: Path, state: Path) -> AbstractAsyncContextManager[PolledGateway]:
    """Return a context that watches a capture whose time stamps are of the watch's own time."""
    clock = VirtualClock(START)
    return polled_gateway(captures.load_capture(folder, now=clock.time), state, clock)


async def test_a_capture_is_exported_whole(capture: Path, tmp_path: Path, promtool: str) -> None:
    """A real gateway is up, all its collectors are, and promtool finds nothing to say."""
    async with watched_capture(capture, tmp_path) as watched:
        await watched.pass_time(1)
        assert watched.value("enphase_up") == 1
        collectors = watched.samples()["enphase_collector_up"]
        assert {labels for labels, up in collectors.items() if up != 1} == set()
        text = watched.text()
        check = await asyncio.create_subprocess_exec(
            promtool,
            "check",
            "metrics",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        complaints, _ = await check.communicate(text.encode())
        assert complaints.decode() == ""
        assert check.returncode == 0


async def test_a_capture_keeps_the_rules_of_prometheus(capture: Path, tmp_path: Path) -> None:
    """StateSets sum to one, ratios lie within 0 and 1, and OpenMetrics says the same."""
    async with watched_capture(capture, tmp_path) as watched:
        await watched.pass_time(1)
        for name, series in watched.samples().items():
            row = FAMILIES[name].row if name in FAMILIES else None
            if isinstance(row, StateSet) and not isinstance(row, FlagSet):
                sums: dict[frozenset[tuple[str, str]], float] = {}
                for labels, value in series.items():
                    device = frozenset(label for label in labels if label[0] != row.label)
                    sums[device] = sums.get(device, 0) + value
                assert set(sums.values()) == {1}, name
            if name.endswith("_ratio") and "power_factor" not in name:
                assert all(0 <= value <= 1 for value in series.values()), name
        openmetrics, _ = watched.exposition.render("application/openmetrics-text", "")
        told = {
            (sample.name, frozenset(sample.labels.items()), sample.value)
            for family in parsed(openmetrics)
            for sample in family.samples
            if sample.name.startswith("enphase_")
        }
        assert told == {
            (name, labels, value)
            for name, series in samples(watched.text()).items()
            if name.startswith("enphase_")
            for labels, value in series.items()
        }


async def test_a_capture_is_read_as_pyenphase_reads_it(capture: Path, tmp_path: Path) -> None:
    """Our collectors fill the members that a whole update of pyenphase's fills, and alike."""
    async with watched_capture(capture, tmp_path) as watched:
        await watched.pass_time(0)
        expected = await update(watched.gateway)
        actual = {
            name: value
            for reading in watched.poller.readings.values()
            for name, value in reading.data.items()
        }
        for name in EnvoyData.__dataclass_fields__:
            if name == "raw" or name.startswith("ctmeter_"):
                continue
            theirs = getattr(expected, name)
            if name in {"encharge_aggregate", "battery_aggregate"} and not has_capacity(theirs):
                theirs = None
            if theirs and name not in actual and SECTIONS.get(name) in stale_sections(watched):
                continue
            assert (actual.get(name) or None) == (theirs or None), name


async def test_a_firmware_that_is_too_old_is_refused_clearly(
    captures_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A gateway that offers nothing is down, with one line that says why, and no crash."""
    async with watched_capture(captures_dir / UNSUPPORTED, tmp_path) as watched:
        await watched.pass_time(60)
        assert watched.value("enphase_up") == 0
        assert "too old" in caplog.text
        assert watched.value("enphase_collector_failures_total", reason="unsupported") is not None


async def update(gateway: RunningGateway) -> EnvoyData:
    """Return what bare pyenphase reads from a gateway."""
    connector = aiohttp.TCPConnector(ssl=NO_VERIFY_SSL_CONTEXT)
    async with aiohttp.ClientSession(connector=connector) as client:
        envoy = Envoy(gateway.host, client=client, v2_acb_mode=False)
        await envoy.setup()
        if gateway.gateway.uses_tls:
            await envoy.authenticate(token=gateway.token)
        else:
            await envoy.authenticate()
        return await envoy.update()


def parsed(openmetrics: bytes) -> Iterator[Metric]:
    """Parse OpenMetrics, which prometheus_client does without type hints."""
    yield from text_string_to_metric_families(openmetrics.decode())  # type: ignore[no-untyped-call]


def stale_sections(watched: PolledGateway) -> set[str]:
    """Return the sections of the production report that are old while the rest is not."""
    stamps = watched.samples()["enphase_production_section_reading_timestamp_seconds"]
    now = watched.clock.time()
    return {
        dict(labels)["section"] for labels, stamp in stamps.items() if now - stamp > STALE_SECTION
    }


def has_capacity(aggregate: Any) -> bool:
    """Return whether there is a battery behind an aggregate."""
    return bool(aggregate) and aggregate.max_available_capacity > 0
