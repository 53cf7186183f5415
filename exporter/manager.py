"""Runs a poller for each configured gateway, all of them on one exposition.

Gateways come and go with the configuration. Those that stay the same are not touched, and one that
hangs or fails never holds up another. Pollers start one after the other, spread over a cadence, and
keep that distance: a thousand gateways are a steady stream of requests and not a burst each minute.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from exporter.address import is_loopback
from exporter.clock import Clock
from exporter.config import Config, Gateway
from exporter.exposition import Exposition
from exporter.gateway.addresses import Locate
from exporter.gateway.cadences import CADENCES
from exporter.gateway.poller import Poller
from exporter.gateway.snapshot_builder import unpolled
from exporter.house import HouseDeriver
from exporter.metrics.dropping import families_to_drop
from exporter.pager import Pager
from exporter.snapshot import SELF, Snapshot
from exporter.state import State
from exporter.status.store import StatusStore

log = logging.getLogger(__name__)

#: seconds; several collectors run close together, and their snapshots are rendered in one go
_RENDER_DELAY = 1.0
#: seconds until a poller that crashed is restarted
_RESTART_DELAY = 15.0
#: the starts of many pollers are spread over the cadence of this collector
_SPREAD_OVER = "ensemble"
#: seconds between the starts of two pollers, and up to how many pollers that is used
_STAGGER, _FEW_GATEWAYS = 0.1, 16
#: prefix of the names of threads that may be left behind when the process ends
WORKER = "worker"


class PollerManager:
    """The pollers of the configured gateways."""

    def __init__(self, state_dir: Path, clock: Clock, locate: Locate | None = None) -> None:
        """Get ready; `locate` finds gateways that do not answer where they should."""
        # separate from the threads that resolve names, so that a hanging disk does not block those
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"{WORKER}-state")
        # start the thread now, so that the number of threads stays constant
        self._writer.submit(int)
        #: whether somebody is paged
        self.pager = Pager(clock, state_dir)
        self.exposition = Exposition(clock, self.pager)
        #: the same data for the status page
        self.status_store = StatusStore(clock, state_dir, self._writer, self.pager.worst)
        self._state_dir = state_dir
        self._clock = clock
        self._locate = locate
        self._running: dict[str, tuple[Gateway, asyncio.Task[None]]] = {}
        #: whether `/metrics` includes the metrics of all gateways
        self.serve_all_gateways = True
        #: gateways of which some collector has not run yet
        self._waiting: set[str] = set()
        self._all_ready = asyncio.Event()
        self._prerender_timer: asyncio.TimerHandle | None = None

    @property
    def gateways(self) -> list[Gateway]:
        """The gateways that are polled."""
        return [gateway for gateway, _ in self._running.values()]

    @property
    def ready(self) -> bool:
        """Whether every collector ran at least once, with or without success."""
        return not self._waiting

    async def wait_ready(self) -> None:
        """Return once every collector has run for the first time."""
        await self._all_ready.wait()

    async def apply_config(self, config: Config) -> None:
        """Poll the gateways of this configuration, and only those."""
        if self.serve_all_gateways and not config.gateways_on_metrics:
            log.warning(
                "more than 100 gateways: /metrics no longer includes gateway metrics;"
                " scrape /probe via /sd, or set web.gateways_on_metrics: true",
                extra={"gateways": len(config.gateways)},
            )
        self.serve_all_gateways = config.gateways_on_metrics
        self.exposition.drop(families_to_drop(config.metrics.drop))
        configured = {gateway.name: gateway for gateway in config.gateways}
        changed = [
            name for name, (gateway, _) in self._running.items() if configured.get(name) != gateway
        ]
        await self._stop(changed)
        for name in changed:
            if name not in configured:
                self.exposition.remove(name)
                self.status_store.remove(name)
                self._waiting.discard(name)
        new = [gateway for name, gateway in configured.items() if name not in self._running]
        self._waiting |= {gateway.name for gateway in new}.difference(changed)
        stagger = _stagger(new)
        for number, gateway in enumerate(new):
            self._start(gateway, number * stagger)

    async def close(self) -> None:
        """Stop polling and save the state of all gateways."""
        if self._prerender_timer is not None:
            self._prerender_timer.cancel()
        await self._stop(list(self._running))
        await self.status_store.close()
        self._writer.shutdown(wait=False)

    def _start(self, gateway: Gateway, delay: float) -> None:
        task = asyncio.create_task(self._poll(gateway, delay), name=f"poller {gateway.name}")
        self._running[gateway.name] = gateway, task
        # Reading the state may take its time; until then the gateway is there, and not up.
        self._publish(gateway, gateway.device_names(), unpolled(gateway))
        log.info("gateway added", extra={"gateway": gateway.name, "host": gateway.host})

    async def _poll(self, gateway: Gateway, delay: float) -> None:
        """Poll until cancelled, after `delay` seconds; restart a poller that crashes."""
        while True:
            try:
                state = State(self._state_dir, gateway.name, self._writer)
                publish = partial(self._publish, gateway, gateway.device_names())
                locate = None if is_loopback(gateway.host) else self._locate
                poller = await Poller.open(
                    gateway,
                    state,
                    self._clock,
                    publish,
                    delay,
                    derive=HouseDeriver(),
                    locate=locate,
                )
                await poller.run()
            except (Exception, asyncio.CancelledError):
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                log.exception(
                    "poller crashed",
                    extra={"gateway": gateway.name, "restart_seconds": _RESTART_DELAY},
                )
            delay = 0.0
            await self._clock.sleep(_RESTART_DELAY)

    async def _stop(self, names: list[str]) -> None:
        tasks = [self._running.pop(name)[1] for name in names]
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for name, result in zip(names, results, strict=True):
            if isinstance(result, Exception):
                log.error("poller failed to stop", exc_info=result, extra={"gateway": name})

    def _publish(
        self, gateway: Gateway, names: Mapping[tuple[str, str], str], snapshot: Snapshot
    ) -> None:
        report = snapshot.readings[SELF].data["self"]
        unreachable = report.collectors["gateway"].failures
        if unreachable or report.polled:
            self._waiting.discard(snapshot.gateway)
            if self.ready:
                self._all_ready.set()
        self.exposition.update(snapshot)
        self.status_store.update(snapshot, gateway.host, gateway.zone, names)
        if self._prerender_timer is None:
            loop = asyncio.get_running_loop()
            self._prerender_timer = loop.call_later(_RENDER_DELAY, self._prerender)

    def _prerender(self) -> None:
        self._prerender_timer = None
        self.exposition.prerender()


def _stagger(gateways: Sequence[Gateway]) -> float:
    """Return the seconds between the starts of two of these pollers."""
    cadences = [{**CADENCES, **gateway.cadences}[_SPREAD_OVER] for gateway in gateways]
    if not cadences:
        return 0.0
    even = min(cadences) / len(cadences)
    return min(_STAGGER, even) if len(cadences) <= _FEW_GATEWAYS else even
