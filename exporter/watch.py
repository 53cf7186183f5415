"""All gateways of one process: a poller for each, their snapshots on one exposition.

Gateways come and go by configuration. Those that stay the same are not touched, and one that hangs
or fails never holds up another. Pollers start one after the other, spread over a cadence, and keep
that distance: so a thousand gateways are a steady stream of requests and not a flood each minute.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from exporter.clock import Clock
from exporter.config import Config, Gateway
from exporter.exposition import Exposition
from exporter.gateway.collectors import CADENCES
from exporter.gateway.poller import Poller
from exporter.snapshot import SELF, Snapshot
from exporter.state import State
from exporter.status.store import StatusStore

log = logging.getLogger(__name__)

#: seconds; several collectors run close together, and their snapshots are rendered in one go
_SETTLE = 1.0
#: seconds until a poller that broke off is started anew
_RESTART = 15.0
#: seconds between the starts of two pollers, where they are so few that nobody should have to wait
_GAP, _FEW = 0.1, 16
#: what the names of threads begin with that may be left behind when the process ends
WORKER = "worker"


class Watch:
    """The pollers of the configured gateways."""

    def __init__(self, state_dir: Path, clock: Clock) -> None:
        self.exposition = Exposition(clock)
        #: the same for people
        self.status_store = StatusStore(clock)
        self._state_dir = state_dir
        self._clock = clock
        self._running: dict[str, tuple[Gateway, asyncio.Task[None]]] = {}
        #: whether all gateways are on `/metrics` without being asked for
        self.whole = True
        #: gateways of which not all was tried yet
        self._untried: set[str] = set()
        self._all_tried = asyncio.Event()
        self._warming: asyncio.TimerHandle | None = None
        # apart from the threads that wait for name servers, lest a hanging disk stop those as well
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"{WORKER}-state")
        # There are as many threads from the start as there ever will be.
        self._writer.submit(int)

    @property
    def gateways(self) -> list[Gateway]:
        """The gateways that are watched."""
        return [gateway for gateway, _ in self._running.values()]

    @property
    def ready(self) -> bool:
        """Whether all there is to collect was tried at least once, with or without success."""
        return not self._untried

    async def wait_ready(self) -> None:
        """Return once everything was tried for the first time."""
        await self._all_tried.wait()

    async def adopt(self, config: Config) -> None:
        """Watch the gateways of this configuration, and only those."""
        if self.whole and not config.gateways_on_metrics:
            log.warning(
                "too many gateways for one body: /metrics has none of them now, /sd and /probe"
                " have each; web.gateways_on_metrics: true puts them back",
                extra={"gateways": len(config.gateways)},
            )
        self.whole = config.gateways_on_metrics
        wanted = {gateway.name: gateway for gateway in config.gateways}
        changed = [
            name for name, (gateway, _) in self._running.items() if wanted.get(name) != gateway
        ]
        await self._stop(changed)
        for name in changed:
            if name not in wanted:
                self.exposition.remove(name)
                self.status_store.remove(name)
                self._untried.discard(name)
        new = [gateway for name, gateway in wanted.items() if name not in self._running]
        self._untried |= {gateway.name for gateway in new}.difference(changed)
        gap = _gap(new)
        for number, gateway in enumerate(new):
            self._start(gateway, number * gap)

    async def close(self) -> None:
        """Stop watching; what is remembered is saved."""
        if self._warming is not None:
            self._warming.cancel()
        await self._stop(list(self._running))
        self._writer.shutdown(wait=False)

    def _start(self, gateway: Gateway, wait: float) -> None:
        task = asyncio.create_task(self._poll(gateway, wait), name=f"poller {gateway.name}")
        self._running[gateway.name] = gateway, task
        log.info("watching", extra={"gateway": gateway.name, "host": gateway.host})

    async def _poll(self, gateway: Gateway, wait: float) -> None:
        """Poll until cancelled, after `wait` seconds.

        A poller that breaks off by itself is told of and replaced.
        """
        while True:
            try:
                state = State(self._state_dir, gateway.name, self._writer)
                publish = partial(self._publish, gateway.host)
                await Poller(gateway, state, self._clock, publish, wait).run()
            except (Exception, asyncio.CancelledError):
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                log.exception("polling broke off", extra={"gateway": gateway.name})
            wait = 0.0
            await self._clock.sleep(_RESTART)

    async def _stop(self, names: list[str]) -> None:
        tasks = [self._running.pop(name)[1] for name in names]
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for name, end in zip(names, ends, strict=True):
            if isinstance(end, Exception):
                log.error("stopping failed", exc_info=end, extra={"gateway": name})

    def _publish(self, host: str, snapshot: Snapshot) -> None:
        report = snapshot.readings[SELF].data["self"]
        away = report.collectors["gateway"].failures
        if away or all(c.up or c.failures for c in report.collectors.values()):
            self._untried.discard(snapshot.gateway)
            if self.ready:
                self._all_tried.set()
        self.exposition.update(snapshot)
        self.status_store.update(snapshot, host)
        if self._warming is None:
            self._warming = asyncio.get_running_loop().call_later(_SETTLE, self._warm)

    def _warm(self) -> None:
        self._warming = None
        self.exposition.warm()


def _gap(gateways: Sequence[Gateway]) -> float:
    """Return the seconds between the starts of so many pollers."""
    cadences = [min({**CADENCES, **gateway.cadences}.values()) for gateway in gateways]
    if not cadences:
        return 0.0
    even = min(cadences) / len(cadences)
    return min(_GAP, even) if len(cadences) <= _FEW else even
