"""The latest snapshot of every gateway, turned into a status when somebody looks.

Taking a snapshot costs next to nothing, because one comes every few seconds and people look seldom.
Only what a snapshot cannot know is noted on the way: when the grid came or went.
"""

import asyncio
from dataclasses import replace

from exporter.clock import Clock
from exporter.metrics.grid import connected, disconnect_commanded
from exporter.snapshot import Reading, Snapshot
from exporter.status.build import derive
from exporter.status.formatting import summary
from exporter.status.models import SEVERITIES, GatewayStatus
from exporter.status.problems import problems

#: after a command to come back the grid has to be good for five minutes before the switch closes
_COMING_BACK = 360.0
#: how many states are kept for the second in which they hold: many look at one house at once, and
#: those of a large fleet would be in memory for nobody
_KEPT = 20
#: how many gateways are looked at before others get their turn
_AT_ONCE = 10


class _Site:
    """One gateway: its latest snapshot, and since when its grid is as it is."""

    def __init__(self, snapshot: Snapshot, host: str) -> None:
        self.snapshot = snapshot
        self.host = host
        self.connected: bool | None = None
        #: epoch seconds
        self.since: float | None = None
        self.commanded_at = float("-inf")
        self._seen: Reading | None = None

    def note_grid(self, now: float, monotonic: float) -> None:
        """Note when the switch to the grid opened or closed."""
        reading = self.snapshot.fresh("ensemble", monotonic)
        if reading is self._seen:
            return
        self._seen = reading
        told = None if reading is None else connected(reading.data)
        known = None if told is None else bool(told)
        if known != self.connected:
            # After a time in which nobody knew, nobody knows when it changed.
            seen_before = None not in (known, self.connected)
            self.since = now if seen_before else None
            self.connected = known
        if reading is not None and disconnect_commanded(reading.data):
            self.commanded_at = now


class StatusStore:
    """The state of all houses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sites: dict[str, _Site] = {}
        #: what was looked at last, the newest at the end
        self._kept: dict[str, tuple[Snapshot, int, GatewayStatus]] = {}

    @property
    def now(self) -> float:
        """The time (epoch seconds) by which ages are told."""
        return self._clock.time()

    @property
    def names(self) -> list[str]:
        """The gateways that something was heard of, be it that they do not answer."""
        return list(self._sites)

    def update(self, snapshot: Snapshot, host: str = "") -> None:
        """Take a new snapshot of the gateway at `host`."""
        site = self._sites.get(snapshot.gateway)
        if site is None:
            site = self._sites[snapshot.gateway] = _Site(snapshot, host)
        site.snapshot, site.host = snapshot, host
        site.note_grid(self._clock.time(), self._clock.monotonic())

    def remove(self, gateway: str) -> None:
        """Forget a gateway that is not configured any more."""
        self._sites.pop(gateway, None)
        self._kept.pop(gateway, None)

    def status(self, gateway: str) -> GatewayStatus:
        """Return the state of a gateway now; KeyError for one that is not there."""
        site = self._sites[gateway]
        monotonic = self._clock.monotonic()
        second = int(monotonic)
        kept = self._kept.pop(gateway, None)
        if kept is None or kept[0] is not site.snapshot or kept[1] != second:
            kept = site.snapshot, second, self._derived(site, monotonic)
        self._kept[gateway] = kept
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return kept[2]

    def _derived(self, site: _Site, monotonic: float) -> GatewayStatus:
        now = self._clock.time()
        site.note_grid(now, monotonic)
        status = derive(site.snapshot, now, monotonic, site.host)
        grid = replace(
            status.grid,
            since_timestamp_seconds=site.since,
            reconnecting=(
                status.grid.connected is False
                and not status.grid.disconnect_commanded
                and now - site.commanded_at < _COMING_BACK
            ),
        )
        status = replace(status, grid=grid)
        return replace(status, problems=problems(status), summary=summary(status))

    async def statuses(self) -> list[GatewayStatus]:
        """Return the states of all gateways, worst first; with many, others get their turn."""
        found: list[GatewayStatus] = []
        for count, name in enumerate(self.names, start=1):
            if name in self._sites:
                found.append(self.status(name))
            if count % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return sorted(found, key=badness)


def badness(status: GatewayStatus) -> tuple[float, ...]:
    """Return what to sort by so that the worst comes first: by problems, then by charge."""
    counts = [-sum(p.severity == severity for p in status.problems) for severity in SEVERITIES]
    waits = 0 if status.contact == "waiting" else 1
    soc = status.storage.soc_ratio if status.storage else None
    return (*counts, waits, 2.0 if soc is None else soc)
