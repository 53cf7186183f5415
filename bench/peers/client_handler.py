"""What an exporter on prometheus_client serves: its own aiohttp handler, rendering at each scrape.

The same poller brings the same samples, as families of prometheus_client that are made once for
each snapshot: the baseline pays for rendering alone.

`python -m bench.peers.client_handler HOST TOKEN` writes its port as a line once all data is there.
"""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.aiohttp import make_aiohttp_handler
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.clock import SystemClock
from exporter.config import Gateway
from exporter.gateway.poller import Poller
from exporter.metrics.catalogue import FAMILIES, TABLES, Family
from exporter.snapshot import SELF, Snapshot
from exporter.state import State


class Samples(Collector):
    """The samples of the newest snapshot."""

    def __init__(self) -> None:
        self._families: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        """Return the families, which are never changed, only replaced."""
        return self._families

    def update(self, snapshot: Snapshot, now: float) -> None:
        """Make families of a snapshot at `now` (monotonic seconds)."""
        made: dict[str, Metric] = {}
        for table in TABLES:
            reading = snapshot.fresh(table.collector, now)
            if reading is None:
                continue
            matching = table.matches(reading.data)
            for row in table.rows:
                for (keys, _, _), fact in zip(
                    matching, row.extract(matching, reading), strict=True
                ):
                    for extra, value in row.samples(fact):
                        if row.name not in made:
                            made[row.name] = _family(FAMILIES[row.name])
                        more = tuple(text for _, text in extra)
                        _add(made[row.name], (snapshot.gateway, *keys), more, value)
        self._families = [made[name] for name in FAMILIES if name in made]


def _family(family: Family) -> Metric:
    row, labels = family.row, ("gateway", *family.labels)
    if row.kind == "counter":
        return CounterMetricFamily(row.name, row.help, labels=labels)
    if row.kind == "info":
        described = len(row.labels)
        name = row.name.removesuffix("_info")
        return InfoMetricFamily(name, row.help, labels=labels[: len(labels) - described])
    return GaugeMetricFamily(row.name, row.help, labels=labels)


def _add(family: Metric, keys: tuple[str, ...], more: tuple[str, ...], value: float) -> None:
    if isinstance(family, InfoMetricFamily):
        names = FAMILIES[f"{family.name}_info"].row.labels
        family.add_metric(keys, dict(zip(names, more, strict=True)))
    elif isinstance(family, (CounterMetricFamily, GaugeMetricFamily)):
        family.add_metric((*keys, *more), value)


async def _main(host: str, token: str, state: Path) -> None:
    clock, samples, full = SystemClock(), Samples(), asyncio.Event()

    def publish(snapshot: Snapshot) -> None:
        samples.update(snapshot, clock.monotonic())
        collectors = snapshot.readings[SELF].data["self"].collectors
        if len(collectors) > 1 and all(report.up for report in collectors.values()):
            full.set()

    registry = CollectorRegistry(auto_describe=False)
    registry.register(samples)
    for other in (ProcessCollector, PlatformCollector, GCCollector):
        other(registry=registry)
    build = Info("enphase_exporter_build", "Version of the exporter.", registry=registry)
    build.info({"version": __version__})
    gateway = Gateway.model_validate({"host": host, "name": host, "token": token})
    poller = Poller(gateway, State(state, gateway.name), clock, publish)
    polling = asyncio.create_task(poller.run())
    app = web.Application()
    app.router.add_get("/metrics", make_aiohttp_handler(registry))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        await full.wait()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await runner.cleanup()


if __name__ == "__main__":
    with TemporaryDirectory() as directory:
        asyncio.run(_main(sys.argv[1], sys.argv[2], Path(directory)))
