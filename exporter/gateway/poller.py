"""The loop that watches one gateway: what is due is asked, and a new snapshot published.

Nothing raises out of it. An endpoint that fails costs its own series; a gateway that is gone costs
one attempt to connect every few seconds; a mistake of ours costs a line in the log.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from exporter import files
from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import (
    CloudLoginError,
    GatewayError,
    InvalidDataError,
    LoginRefusedError,
    StateError,
    UnreachableError,
)
from exporter.gateway import topology
from exporter.gateway.addresses import Locate
from exporter.gateway.collection import Collection
from exporter.gateway.connection import RECONNECT_DELAY, GatewayConnection
from exporter.gateway.counter_journal import CounterJournal
from exporter.gateway.flow_energy import Derive
from exporter.gateway.parts import put_together
from exporter.gateway.production_wish import ProductionWish
from exporter.gateway.response import Response
from exporter.gateway.retired import RetiredFile
from exporter.gateway.scheduler import EndpointSchedule, EndpointState
from exporter.gateway.selection import Selection
from exporter.gateway.snapshot_builder import SnapshotBuilder
from exporter.snapshot import Snapshot
from exporter.state import State

log = logging.getLogger(__name__)

#: seconds between two saves; seldom enough for a memory card
_SAVE_INTERVAL = 300.0
#: seconds after which new data is published while more is on its way
_COALESCE = 0.1
#: seconds after which a request is slow, and the grid state is asked beside it
_SLOW = 5.0
#: seconds after which a request probably hangs, and what misses its turn is asked beside it
_HANGING = 30.0
#: intervals without an answer after which an endpoint has missed its turn
_MISSED = 1.5
#: seconds between two looks at what the owner has commanded
_COMMANDS_INTERVAL = 30.0
#: seconds between two looks at what depends on the time of day
_TARIFF_INTERVAL = 60.0
_TICK = 1e-6
#: requests that are left for what is urgent
_RESERVE = 2
#: states in which an endpoint is asked beside one that hangs
_WORTH_ASKING = (EndpointState.ANSWERING, EndpointState.NEW)
#: a poller that did not run for so many seconds begins again
_PAUSED = 1200.0
#: the share of its own duration for which the gateway rests after a slow request, and the most
_REST_SHARE, _LONGEST_REST = 0.5, 5.0


#: content of the state file, and the journal of the counters
Saved = tuple[dict[str, Any], CounterJournal | None]


class Poller:
    """Watches one gateway; `publish` is called with each new snapshot."""

    def __init__(
        self,
        config: Gateway,
        state: State,
        clock: Clock,
        publish: Callable[[Snapshot], None],
        wait: float = 0.0,
        *,
        derive: Derive | None = None,
        locate: Locate | None = None,
        saved: Saved | None = None,
    ) -> None:
        """Get ready to watch, from `wait` seconds on; until then the remembered is published.

        What was `saved` is read here, on the event loop, unless it is given: use `open`.
        """
        content, journal = saved or (state.load(), CounterJournal.open(_journal_path(state)))
        directory = state.directory
        self._parts = parts = put_together(
            config, content, journal, directory, clock, wait=wait, locate=locate
        )
        self.config = config
        self.state = state
        self.cadences = parts.cadences
        self.readings = parts.readings
        self._clock = clock
        self._publish = publish
        self._memory = parts.memory
        self._client = parts.client
        self._scheduler = parts.scheduler
        self._retired_file = RetiredFile(directory, config.name) if directory else None
        self._wish = ProductionWish(directory, config.name, clock.time) if directory else None
        self._commands_due = clock.monotonic() + wait
        self._connection = GatewayConnection(parts, wait)
        self._selection = Selection(parts)
        self._collection = Collection(parts)
        self._builder = SnapshotBuilder(parts, derive)
        self._save_due = clock.monotonic() + _SAVE_INTERVAL
        self._rest_until = float("-inf")
        self._stepped = clock.monotonic()
        self._tariff_due = float("-inf")
        self._publishing: asyncio.TimerHandle | None = None
        self._selection.update()
        self._publish_snapshot()

    @classmethod
    async def open(
        cls,
        config: Gateway,
        state: State,
        clock: Clock,
        publish: Callable[[Snapshot], None],
        wait: float = 0.0,
        *,
        derive: Derive | None = None,
        locate: Locate | None = None,
    ) -> "Poller":
        """Return a poller whose state was read in a thread: a disk that hangs stops no others."""
        due = clock.monotonic() + wait
        content = await state.load_in_thread()
        journal = await files.in_thread(
            partial(CounterJournal.open, _journal_path(state)), _close_journal, patience=None
        )
        wait = max(0.0, due - clock.monotonic())
        return cls(
            config,
            state,
            clock,
            publish,
            wait,
            derive=derive,
            locate=locate,
            saved=(content, journal),
        )

    async def run(self) -> None:
        """Watch until cancelled; then save and close."""
        try:
            while True:
                try:
                    pause = await self.step()
                except Exception:
                    log.exception("poll failed", extra={"gateway": self.config.name})
                    pause = RECONNECT_DELAY
                await self._clock.sleep(pause)
        finally:
            await self.close()

    async def close(self) -> None:
        """Save what is remembered and close the connection."""
        self._cancel_publishing()
        try:
            await self.state.keep(self._memory.dump(closing=True), last=True)
        finally:
            self._parts.guard.close()
            await self._client.close()

    async def step(self) -> float:
        """Do the most urgent thing that is due; return the seconds until something is due again."""
        self._notice_sleep()
        if self._clock.monotonic() >= self._connection.due:
            await self._connection.check()
        elif self._connection.open and (schedule := self._scheduler.next(self._delays())):
            await self._ask(schedule)
        if self._connection.open and self._clock.monotonic() >= self._tariff_due:
            self._tariff_due = self._clock.monotonic() + _TARIFF_INTERVAL
            self._collection.assemble("tariff")
        if self._parts.guard.rebased or self._clock.monotonic() >= self._save_due:
            self._parts.guard.rebased = False
            self._save_due = self._clock.monotonic() + _SAVE_INTERVAL
            await self.state.keep(self._memory.dump())
        if self._clock.monotonic() >= self._commands_due:
            await self._follow_commands()
        self._client.renew_if_due()
        self._stepped = now = self._clock.monotonic()
        pause = max(0.0, self._next_time() - now)
        if pause > 0 or now >= self._published + _COALESCE:
            self._publish_snapshot()
        elif self._publishing is None:
            loop = asyncio.get_running_loop()
            self._publishing = loop.call_later(_COALESCE, self._publish_snapshot)
        return pause

    def _next_time(self) -> float:
        times = [self._connection.due, self._save_due]
        if self._connection.open:
            times += [self._tariff_due, self._scheduler.next_time(self._delays())]
            expiries = (r.expires for r in self.readings.values())
            now = self._clock.monotonic()
            times.append(min((e for e in expiries if e > now), default=float("inf")))
        return min(times)

    def _delays(self) -> Callable[[EndpointSchedule], float]:
        """Return what tells the seconds until the gateway can be asked something, as of now."""
        urgent = grid_state = other = -1.0

        def delay(schedule: EndpointSchedule) -> float:
            nonlocal urgent, grid_state, other
            if schedule.urgent:
                if urgent < 0:
                    urgent = _ticks(self._client.delay())
                return urgent
            if schedule.endpoint.path in topology.GRID_STATE:
                if grid_state < 0:
                    grid_state = _ticks(self._client.delay(small=True))
                return grid_state
            if other < 0:
                rest = self._rest_until - self._clock.monotonic()
                other = _ticks(max(rest, self._client.delay(reserve=_RESERVE)))
            return other

        return delay

    async def _follow_commands(self) -> None:
        """Take note of what the owner has commanded: hardware retired, production switched off."""
        self._commands_due = self._clock.monotonic() + _COMMANDS_INTERVAL
        wish, retired_file = self._wish, self._retired_file
        if wish is None or retired_file is None:
            return
        try:
            self._builder.production_off, retired = await files.in_thread(
                lambda: (wish.is_off(), retired_file.read())
            )
        except StateError as error:
            extra = {"gateway": self.config.name, "error": str(error)}
            log.warning("commands of the owner unreadable", extra=extra)
            return
        if self._parts.inventory.configure_retired({*self.config.retired, *retired}):
            self._collection.assemble_all()

    async def _ask(self, schedule: EndpointSchedule) -> None:
        """Ask an endpoint; one that takes long does not keep the grid state from being asked."""
        done, beside = asyncio.Event(), []

        def is_slow() -> None:
            beside.append(asyncio.create_task(self._ask_beside(schedule, done)))

        timer = asyncio.get_running_loop().call_later(_SLOW, is_slow)
        try:
            await self._poll(schedule)
            done.set()
            for task in beside:
                await task
        finally:
            timer.cancel()
            for task in beside:
                task.cancel()
            if beside:
                await asyncio.gather(*beside, return_exceptions=True)

    async def _ask_beside(self, schedule: EndpointSchedule, done: asyncio.Event) -> None:
        """Ask what is urgent every few seconds, until a slow request is `done`."""
        while not done.is_set():
            for urgent in self._urgent(schedule):
                await self._poll(urgent, overlap=True)
            self._publish_snapshot()
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), _SLOW)

    def _urgent(self, asked: EndpointSchedule) -> Iterator[EndpointSchedule]:
        """Yield what is asked beside a request that takes long.

        That is the endpoint of the grid state, and beside one that hangs also what answered before
        and has missed its turn, else its data would be too old when the deadline comes, and what
        was never asked.
        """
        for path in topology.GRID_STATE:
            schedule = self._scheduler[path]
            if schedule is not asked and schedule.condition is EndpointState.ANSWERING:
                yield schedule
        now = self._clock.monotonic()
        if now - asked.asked < _HANGING:
            return

        delays = self._delays()

        def delay(schedule: EndpointSchedule) -> float:
            late = now - schedule.answered >= _MISSED * schedule.interval
            if schedule is asked or schedule.condition not in _WORTH_ASKING or not late:
                return float("inf")
            return delays(schedule)

        if (missed := self._scheduler.next(delay)) is not None:
            yield missed

    async def _poll(self, schedule: EndpointSchedule, *, overlap: bool = False) -> None:
        """Ask an endpoint and take in what it says, or how it fails."""
        endpoint, began = schedule.endpoint, self._clock.monotonic()
        small = endpoint.small and not schedule.urgent
        self._scheduler.started(schedule)
        if self._selection.asked(schedule):
            await self.state.keep(self._memory.dump())
        try:
            response = await self._client.get(
                self._parts.assembler.events.path(endpoint.path),
                deadline=endpoint.deadline,
                collector=endpoint.collector,
                max_body=endpoint.max_body,
                small=small,
                overlap=overlap,
            )
            duration = self._clock.monotonic() - began
            if self._notice_sleep():
                # Nobody knows of when the response is.
                schedule.due = self._clock.monotonic()
                return
            await self._take(schedule, response, duration)
        except GatewayError as error:
            self._endpoint_failed(schedule, error, self._clock.monotonic() - began)
        except Exception as error:
            log.exception("reading failed", extra={"gateway": self.config.name})
            wrong = InvalidDataError(f"{endpoint.path}: {type(error).__name__}")
            self._endpoint_failed(schedule, wrong, self._clock.monotonic() - began)
        if endpoint.path not in topology.GRID_STATE:
            now = self._clock.monotonic()
            self._rest_until = now + min((now - began) * _REST_SHARE, _LONGEST_REST)
        self._selection.update()
        self._collection.assemble_settled()

    def _notice_sleep(self) -> bool:
        """Return whether the machine slept: what was known is too old, and not missing by that."""
        now = self._clock.monotonic()
        if now - self._stepped <= _PAUSED:
            return False
        self._stepped = now
        self._parts.assembler.answers.clear()
        self._scheduler.restart()
        return True

    async def _take(self, schedule: EndpointSchedule, response: Response, duration: float) -> None:
        """Take in an answer, and follow what it says of the gateway."""
        if await self._collection.take(schedule, response):
            self._connection.useless = False
            self._selection.endpoint_answered(schedule, duration)
            self._connection.note_setup()
            self._selection.follow_hints()

    def _endpoint_failed(
        self, schedule: EndpointSchedule, error: GatewayError, duration: float
    ) -> None:
        self._scheduler.failed(schedule, error)
        if isinstance(error, UnreachableError) or (
            isinstance(error, (LoginRefusedError, CloudLoginError))
            and not self._client.authenticated
        ):
            self._connection.failed(error)
        else:
            self._selection.endpoint_failed(schedule, error, duration)
            self._connection.doubt(error)
        failure = self._selection.failure_of_all()
        if failure is not None:
            self._connection.useless = True
            self._parts.states.failed("gateway", "/info", failure)

    def _cancel_publishing(self) -> None:
        if self._publishing is not None:
            self._publishing.cancel()
            self._publishing = None

    def _publish_snapshot(self) -> None:
        """Publish what is known now."""
        self._cancel_publishing()
        self._published = now = self._clock.monotonic()
        self._collection.expire(now)
        snapshot = self._builder.build(
            self._selection.reported(), connected=self._connection.open, polled=self._polled()
        )
        self._publish(snapshot)

    def _polled(self) -> bool:
        """Return whether the first look is over: all of a home was asked for, or all that may be.

        After a restart the request limit, which outlives it, spreads the first look over minutes.
        """
        spent = self._client.delay(reserve=_RESERVE) > _TICK
        return self._connection.open and (spent or self._scheduler.tried(topology.HOME_COLLECTORS))


def _ticks(seconds: float) -> float:
    # Less than a tick would be lost in rounding, and waited for without end.
    return seconds if seconds > _TICK else 0.0


def _journal_path(state: State) -> Path:
    return state.path.with_suffix(".counters")


def _close_journal(journal: CounterJournal | None) -> None:
    if journal is not None:
        journal.close()
