"""The latest snapshot of every gateway, turned into a status on request.

Taking a snapshot is cheap, because one comes every few seconds and people look rarely. Only what a
snapshot cannot know is noted on the way: when the grid came or went, and the history of the house.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path
from typing import Any

from exporter.clock import Clock
from exporter.snapshot import HOUSE, Reading, Snapshot
from exporter.state import State
from exporter.status.batteries import batteries, storage, with_last_known
from exporter.status.build import build, grid_status, power_flow
from exporter.status.checks import problems
from exporter.status.history import History
from exporter.status.missing import missing
from exporter.status.models import (
    HEALTHS,
    SEVERITIES,
    GatewayStatus,
    LastValue,
    Severity,
    health,
)
from exporter.status.summary import summary
from exporter.status.view import SnapshotView

#: after a command to come back the grid has to be good for five minutes before the switch closes
_RECONNECT_SECONDS = 360.0
#: how many statuses are cached for the second in which they hold: many people look at one house at
#: once; those of a large fleet would only take memory
_CACHED = 20
#: how many gateways are built before other tasks get their turn
_BATCH = 10
#: with more gateways the curves of each would only take memory
_MAX_HISTORIES = 100
#: collectors whose readings the values of a sample come from
_COLLECTORS = {
    **dict.fromkeys(("solar_watts", "house_watts", "grid_watts", "storage_watts"), HOUSE),
    "soc_ratio": "storage",
    "connected": HOUSE,
}
#: seconds to wait for the disk at the end
_PATIENCE = 5.0
#: seconds between two samples of the history, and between two saves
_SAMPLE_INTERVAL, _SAVE_INTERVAL = 60.0, 900.0


class _Entry:
    """One gateway: its latest snapshot, and since when its grid is as it is."""

    def __init__(self, snapshot: Snapshot, history: History) -> None:
        self.snapshot = snapshot
        self.host = ""
        #: the owner's names of devices, by kind and id
        self.names: Mapping[tuple[str, str], str] = {}
        self.history = history
        self.connected: bool | None = None
        #: epoch seconds
        self.since: float | None = None
        self.commanded_at = float("-inf")
        #: what the system is, what cannot be known there, whether a meter measures the house
        self.description: tuple[str, tuple[str, ...], bool] = ("", (), True)
        #: monotonic seconds
        self.sampled_at = float("-inf")
        self.saved_at = float("inf")
        self._seen: Reading | None = None

    def view(self, now: float, monotonic: float) -> SnapshotView:
        """Return the view of the latest snapshot."""
        return SnapshotView(self.snapshot, now, monotonic, self.names)

    def track_grid(self, now: float, monotonic: float) -> None:
        """Note when the switch to the grid opened or closed."""
        reading = self.snapshot.fresh(HOUSE, monotonic)
        if reading is self._seen:
            return
        self._seen = reading
        grid = grid_status(self.view(now, monotonic))
        connected = grid.connected
        if connected != self.connected:
            # After a gap in the data the time of the change is unknown.
            seen_before = None not in (connected, self.connected)
            self.since = now if seen_before else None
            self.connected = connected
        if grid.disconnect_commanded:
            self.commanded_at = now

    def sample(self, now: float, monotonic: float) -> None:
        """Add a sample to the history, once a minute."""
        if monotonic - self.sampled_at < _SAMPLE_INTERVAL:
            return
        view = self.view(now, monotonic)
        if not view.has_data and not self.history.last:
            return  # nothing was ever read, so there is no history yet
        self.sampled_at = monotonic
        grid, power = grid_status(view), power_flow(view)
        each = batteries(view)
        total = storage(view, None, each)
        if each:
            charges = {battery.serial: battery.soc_ratio for battery in each}
            self.history.add_batteries(charges, view.read_at("battery_power") or now)
        sample = {
            "solar_watts": power.solar_watts,
            "house_watts": power.house_watts,
            "grid_watts": power.grid_watts,
            "storage_watts": power.storage_watts,
            "soc_ratio": None if total is None else total.soc_ratio,
            "connected": None if grid.connected is None else float(grid.connected),
        }
        blind = not view.has_data or (grid.has_switch is not False and grid.connected is None)
        read_at = {name: view.read_at(collector) for name, collector in _COLLECTORS.items()}
        self.history.add(now, sample, read_at, blind=blind)


class StatusStore:
    """The status of all gateways."""

    def __init__(
        self,
        clock: Clock,
        directory: Path | None = None,
        writer: Executor | None = None,
        firing: Callable[[str], Severity | None] = lambda _: None,
    ) -> None:
        """Begin with no gateway; histories outlive the process in `directory`.

        Files are written in a thread of `writer`, or in any. `firing` returns the severity of the
        worst alert that fires about a gateway.
        """
        self._clock = clock
        self._directory = directory
        self._writer = writer
        self._firing = firing
        self._entries: dict[str, _Entry] = {}
        #: the latest statuses, the newest at the end
        self._cache: dict[str, tuple[Snapshot, tuple[int, Severity | None], GatewayStatus]] = {}
        self._files: dict[str, State] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def now(self) -> float:
        """The time (epoch seconds) from which ages are counted."""
        return self._clock.time()

    @property
    def names(self) -> list[str]:
        """The gateways that have a snapshot, whether they answer or not."""
        return list(self._entries)

    def history(self, gateway: str) -> History:
        """Return the history of a gateway; without details where there are many gateways."""
        return self._entries[gateway].history

    def update(
        self,
        snapshot: Snapshot,
        host: str = "",
        zone: tzinfo | None = None,
        names: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        """Take a new snapshot of the gateway at `host`, with its time zone and device names."""
        now, monotonic = self._clock.time(), self._clock.monotonic()
        entry = self._entries.get(snapshot.gateway)
        if entry is None:
            history = self._load(snapshot.gateway, zone)
            entry = self._entries[snapshot.gateway] = _Entry(snapshot, history)
            entry.saved_at = monotonic
        entry.snapshot, entry.host, entry.names = snapshot, host, names or {}
        entry.track_grid(now, monotonic)
        entry.sample(now, monotonic)
        if monotonic - entry.saved_at >= _SAVE_INTERVAL:
            entry.saved_at = monotonic
            self._save(snapshot.gateway, entry)

    def remove(self, gateway: str) -> None:
        """Forget a gateway that is no longer configured."""
        self._entries.pop(gateway, None)
        self._cache.pop(gateway, None)
        if file := self._files.pop(gateway, None):
            file.release()

    def status(self, gateway: str) -> GatewayStatus:
        """Return the state of a gateway now; KeyError for one that is not there."""
        entry = self._entries[gateway]
        monotonic = self._clock.monotonic()
        moment = int(monotonic), self._firing(gateway)
        cached = self._cache.pop(gateway, None)
        if cached is None or cached[0] is not entry.snapshot or cached[1] != moment:
            cached = entry.snapshot, moment, self._build(entry, monotonic)
        self._cache[gateway] = cached
        if len(self._cache) > _CACHED:
            del self._cache[next(iter(self._cache))]
        return cached[2]

    async def statuses(self) -> list[GatewayStatus]:
        """Return the states of all gateways, worst first; other tasks get their turn meanwhile."""
        result: list[GatewayStatus] = []
        for count, name in enumerate(self.names, start=1):
            if name in self._entries:
                result.append(self.status(name))
            if count % _BATCH == 0:
                await asyncio.sleep(0)
        return sorted(result, key=severity_key)

    async def close(self) -> None:
        """Save the histories; a disk that hangs is not waited for."""
        await self._wait()
        if not self._tasks:  # what is still being read must not be overwritten
            for name, entry in self._entries.items():
                self._save(name, entry)
            await self._wait()
        for file in self._files.values():
            file.release()

    async def _wait(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PATIENCE)

    def _build(self, entry: _Entry, monotonic: float) -> GatewayStatus:
        now = self._clock.time()
        entry.track_grid(now, monotonic)
        entry.sample(now, monotonic)
        view = entry.view(now, monotonic)
        status = build(view, entry.snapshot.gateway, entry.host)
        grid = replace(
            status.grid,
            since_timestamp_seconds=entry.since,
            reconnecting=(
                status.grid.connected is False
                and not status.grid.disconnect_commanded
                and now - entry.commanded_at < _RECONNECT_SECONDS
            ),
        )
        if status.system:
            entry.description = status.system, status.limits, status.measured
        description, limits, measured = entry.description
        status = replace(
            status,
            grid=grid,
            last_known=_last_known(entry, status),
            batteries=with_last_known(status.batteries, entry.history.batteries),
            system=description,
            limits=limits,
            measured=measured,
            firing=self._firing(entry.snapshot.gateway),
        )
        status = replace(
            status, problems=problems(status, view.thresholds), missing=missing(status, view)
        )
        return replace(status, health=health(status), summary=summary(status))

    def _load(self, gateway: str, zone: tzinfo | None) -> History:
        history = History(zone, detailed=len(self._entries) < _MAX_HISTORIES)
        if self._directory is not None and history.detailed:
            file = State(self._directory / "history", gateway, self._writer)
            self._files[gateway] = file
            self._run(self._read(file, history))
        return history

    async def _read(self, file: State, history: History) -> None:
        if await asyncio.to_thread(file.path.exists):
            history.load(await file.load_in_thread())

    def _save(self, gateway: str, entry: _Entry) -> None:
        file = self._files.get(gateway)
        if file is None:
            return
        self._run(file.keep(entry.history.dump()))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def severity_key(status: GatewayStatus) -> tuple[float, ...]:
    """Return what to sort by so that the worst comes first: by state, problems, then charge."""
    counts = [-sum(p.severity == severity for p in status.problems) for severity in SEVERITIES]
    soc = status.storage.soc_ratio if status.storage else None
    return (HEALTHS.index(status.health), *counts, 2.0 if soc is None else soc)


def _last_known(entry: _Entry, status: GatewayStatus) -> dict[str, LastValue]:
    """Return what was known before and is not known now; of a silent gateway nothing is."""
    if status.contact != "answers":
        return dict(entry.history.last)
    current: dict[str, float | bool | None] = {
        "solar_watts": status.power.solar_watts,
        "house_watts": status.power.house_watts,
        "grid_watts": status.power.grid_watts,
        "storage_watts": status.power.storage_watts,
        "soc_ratio": status.storage.soc_ratio if status.storage else None,
        "connected": status.grid.connected,
    }
    return {name: value for name, value in entry.history.last.items() if current.get(name) is None}
