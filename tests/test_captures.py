"""Every real gateway we have answers of is exported whole, over its own protocol."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.clock import VirtualClock
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.table import FlagSet, StateSet
from exporter.simulator import replay as captures
from tests.polled_gateway import START, PolledGateway, polled_gateway, samples

#: a firmware that reports nothing pyenphase can read
UNSUPPORTED = "3.7.0"


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
    """A real gateway is up, all its collectors are, and promtool has no complaint."""
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
    """StateSets sum to one, ratios lie between 0 and 1, and OpenMetrics has the same values."""
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
        served = {
            (sample.name, frozenset(sample.labels.items()), sample.value)
            for family in parsed(openmetrics)
            for sample in family.samples
            if sample.name.startswith("enphase_")
        }
        assert served == {
            (name, labels, value)
            for name, series in samples(watched.text()).items()
            if name.startswith("enphase_")
            for labels, value in series.items()
        }


async def test_a_firmware_that_is_too_old_is_refused_clearly(
    captures_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A gateway that offers nothing is down, with one line with the reason, and no crash."""
    async with watched_capture(captures_dir / UNSUPPORTED, tmp_path) as watched:
        await watched.pass_time(300)
        assert watched.value("enphase_up") == 0
        assert any("too old" in getattr(record, "error", "") for record in caplog.records)
        assert watched.value("enphase_collector_failures_total", reason="unsupported") is not None


def parsed(openmetrics: bytes) -> Iterator[Metric]:
    """Parse OpenMetrics, which prometheus_client does without type hints."""
    yield from text_string_to_metric_families(openmetrics.decode())  # type: ignore[no-untyped-call]
