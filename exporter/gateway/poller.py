"""The loop that watches one gateway: what is due is asked, and a new snapshot published.

Nothing raises out of it. An endpoint that fails costs its own series; a gateway that is gone costs
one attempt to connect every few seconds; a mistake of ours costs a line in the log.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from exporter import files
from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import (
    BadStatusError,
    CloudLoginError,
    ConnectionLostError,
    GatewayError,
    GatewayStartingError,
    IdentityError,
    InvalidDataError,
    LoginRefusedError,
    NotPermittedError,
    RequestTimeoutError,
    StateError,
    UnreachableError,
    UnsupportedFirmwareError,
)
from exporter.findings.thresholds import resolve
from exporter.gateway import quantities, topology
from exporter.gateway.assembly import Assembler, says_nothing
from exporter.gateway.cadences import CADENCES, adapted, intervals
from exporter.gateway.client import GatewayClient, Locate
from exporter.gateway.collector_state import CollectorStates
from exporter.gateway.counter_journal import CounterJournal
from exporter.gateway.counters import CounterGuard
from exporter.gateway.endpoints import ENDPOINTS, PATHS, paths_needed
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.flow_energy import Derive, FlowEnergies
from exporter.gateway.grid_state import GridConfirmation
from exporter.gateway.inventory import Inventory
from exporter.gateway.models import CollectorReport, GatewayInfo, SelfReport
from exporter.gateway.response import Response
from exporter.gateway.retired import RetiredFile
from exporter.gateway.scheduler import EndpointSchedule, EndpointState, Scheduler
from exporter.gateway.state_model import GatewayState
from exporter.snapshot import HOUSE, SELF, Reading, Snapshot
from exporter.state import State
from exporter.sun import SunPosition, position

log = logging.getLogger(__name__)

#: seconds until the next attempt to reach a gateway that is gone
_RECONNECT_DELAY = 15.0
_LONGEST_LOGIN_DELAY = 300.0
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
#: seconds between two looks at what was retired by command
_RETIRED_INTERVAL = 30.0
#: seconds between two looks at what depends on the time of day
_TARIFF_INTERVAL = 60.0
#: seconds between two hurried looks at what belongs to hardware that has appeared
_HINT_INTERVAL = 60.0
_TICK = 1e-6
#: requests that are left for what is urgent
_RESERVE = 2
#: what makes up a home; the first look is over once all of it was asked for
_HOME_COLLECTORS = frozenset(
    {
        "ensemble",
        "battery_power",
        "meters",
        "production",
        "storage",
        "dry_contacts",
        "generator",
        "home",
        "tariff",
        "inverters",
        "acb",
    }
)
#: seconds until a surprising grid state is asked again
_CONFIRM_DELAY = 0.5
#: a poller that did not run for so many seconds begins again
_PAUSED = 1200.0
#: seconds without an answer after which a failure makes us ask whether the gateway is there at all,
#: and between two such questions
_DOUBT = 60.0
#: what a gateway that does nothing but accept connections fails with
_NO_SERVICE = (RequestTimeoutError, ConnectionLostError, BadStatusError)
#: seconds after which production is read from what answered until then
_SETTLING = 60.0
#: the share of its own duration for which the gateway rests after a slow request, and the most
_REST_SHARE, _LONGEST_REST = 0.5, 5.0


#: content of the state file, and the journal of the counters
Saved = tuple[dict[str, Any], CounterJournal | None]


def unpolled(config: Gateway) -> Snapshot:
    """Return the snapshot of a gateway of which nothing was read yet, not even its state."""
    report = SelfReport(
        up=False,
        collectors={"gateway": CollectorReport(False, None, None, {})},
        requests={},
        rejected={},
        unreadable={},
        token_expiry=None,
        clock_skew=None,
        polled=False,
    )
    return Snapshot(config.name, {SELF: Reading({"self": report, "wanted": config.wanted}, 0.0)})


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
        self.config = config
        self.state = state
        self._clock = clock
        self._publish = publish
        #: seconds between two runs, by collector
        self.cadences = cadences = {**CADENCES, **config.cadences}
        self._memory = memory = GatewayState.load(content)
        self._client = GatewayClient(config, memory, clock, state.directory, locate=locate)
        self._thresholds = resolve(config.alerts.thresholds)
        self._inventory = Inventory(config.name, memory, clock)
        self._inventory.configure_retired(config.retired)
        directory = state.directory
        self._retired_file = RetiredFile(directory, config.name) if directory else None
        self._retired_due = clock.monotonic() + wait
        self._guard = CounterGuard(memory, clock, cadences["battery_power"], config, journal)
        self._derive = derive
        self._flow_energies = FlowEnergies(self._guard, memory, clock)
        self._house: Reading | None = None
        self._assembler = Assembler(config, memory, self._inventory, self._guard, clock)
        self._grid = GridConfirmation(clock)
        self._states = CollectorStates(config.name, cadences, clock)
        self._scheduler = Scheduler(
            [e for e in ENDPOINTS.values() if e.collector != "gateway"],
            intervals(cadences),
            clock,
            wait=wait,
            signs=topology.SIGNS,
            seen=memory.endpoints,
        )
        self.readings: dict[str, Reading] = {}
        self._open = False
        #: monotonic time of the last connection
        self._began = float("-inf")
        #: whether the last look at it found it gone
        self._failed = False
        #: whether it was asked for everything and said nothing
        self._useless = False
        #: when it was last asked who it is, and when it is next; monotonic
        self._looked = float("-inf")
        self._identity_due = clock.monotonic() + wait
        self._login_delay = _RECONNECT_DELAY
        self._save_due = clock.monotonic() + _SAVE_INTERVAL
        self._rest_until = float("-inf")
        self._stepped = clock.monotonic()
        self._tariff_due = float("-inf")
        #: when the appearance of a kind of hardware may hurry requests again
        self._next_hint: dict[str, float] = {}
        self._publishing: asyncio.TimerHandle | None = None
        self._select_endpoints()
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
                    pause = _RECONNECT_DELAY
                await self._clock.sleep(pause)
        finally:
            await self.close()

    async def close(self) -> None:
        """Save what is remembered and close the connection."""
        self._cancel_publishing()
        try:
            await self.state.keep(self._memory.dump(closing=True), last=True)
        finally:
            self._guard.close()
            await self._client.close()

    async def step(self) -> float:
        """Do the most urgent thing that is due; return the seconds until something is due again."""
        now = self._clock.monotonic()
        if now - self._stepped > _PAUSED:
            # The machine slept: what was known before is too old, and nothing is missing by that.
            self._assembler.answers.clear()
            self._scheduler.restart()
        if now >= self._identity_due:
            await self._check_identity()
        elif self._open and (schedule := self._scheduler.next(self._delay)):
            await self._ask(schedule)
        if self._open and self._clock.monotonic() >= self._tariff_due:
            self._tariff_due = self._clock.monotonic() + _TARIFF_INTERVAL
            self._assemble("tariff")
        if self._guard.rebased or self._clock.monotonic() >= self._save_due:
            self._guard.rebased = False
            self._save_due = self._clock.monotonic() + _SAVE_INTERVAL
            await self.state.keep(self._memory.dump())
        if self._clock.monotonic() >= self._retired_due:
            await self._read_retired()
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
        times = [self._identity_due, self._save_due]
        if self._open:
            times += [self._tariff_due, self._scheduler.next_time(self._delay)]
            expiries = (r.expires for r in self.readings.values())
            now = self._clock.monotonic()
            times.append(min((e for e in expiries if e > now), default=float("inf")))
        return min(times)

    def _delay(self, schedule: EndpointSchedule) -> float:
        """Return the seconds until the gateway can be asked this."""
        if schedule.urgent:
            delay = self._client.delay()
        elif schedule.endpoint.path in topology.GRID_STATE:
            delay = self._client.delay(small=True)
        else:
            rest = self._rest_until - self._clock.monotonic()
            delay = max(rest, self._client.delay(reserve=_RESERVE))
        # Less than a tick would be lost in rounding, and waited for without end.
        return delay if delay > _TICK else 0.0

    async def _read_retired(self) -> None:
        """Take note of hardware that the owner has retired by command."""
        self._retired_due = self._clock.monotonic() + _RETIRED_INTERVAL
        if self._retired_file is None:
            return
        try:
            retired = await files.in_thread(self._retired_file.read)
        except StateError as error:
            extra = {"gateway": self.config.name, "error": str(error)}
            log.warning("retired devices unreadable", extra=extra)
            return
        if self._inventory.configure_retired({*self.config.retired, *retired}):
            for collector in self.readings.keys() & PATHS.keys():
                self._assemble(collector)

    # What the gateway is

    async def _check_identity(self) -> None:
        """Connect and log in, or look whether it is still the same gateway and firmware."""
        self._looked = began = self._clock.monotonic()
        self._identity_due = began + self.cadences["gateway"]
        try:
            if not self._open or await self._client.refresh():
                await self._connect()
        except GatewayError as error:
            of_gateway = isinstance(error, (UnreachableError, LoginRefusedError)) or (
                isinstance(error, _NO_SERVICE) and self._states.silent_for() > _DOUBT
            )
            if self._open and not of_gateway:
                # `/info` alone is in trouble: what else the gateway says is still worth reading.
                self._states.failed("gateway", "/info", error)
            else:
                self._gateway_failed(error)
            if isinstance(error, IdentityError):
                self._note_replacement()
                self._keep_info()
        else:
            if not self._useless:
                self._states.succeeded("gateway", "/info", self._clock.monotonic() - began)
            if self._failed:
                self._failed = False
                self._scheduler.resume()
            self._keep_info()

    async def _connect(self) -> None:
        self._open = False
        await self._client.connect()
        self._login_delay = _RECONNECT_DELAY
        self._note_identity()
        self._open = True
        self._began = self._clock.monotonic()
        self._states.gateway_answers()
        self._scheduler.resume()

    def _note_identity(self) -> None:
        """Compare the gateway with the one remembered; another one starts its counters again."""
        identity, memory = self._client.identity, self._memory
        if identity is None:
            return
        name, now = {"gateway": self.config.name}, self._clock.time()
        if memory.serial not in (None, identity.serial):
            self._note_replacement()
            self._guard.start_afresh()
            self._assembler.clear()
        memory.replaced_by = None
        if memory.firmware not in (None, str(identity.firmware)):
            memory.firmware_changed_at = now
            self._scheduler.ask_absent_again()
            log.info("firmware changed", extra={**name, "firmware": str(identity.firmware)})
        memory.serial, memory.firmware = identity.serial, str(identity.firmware)
        self._assembler.identity = identity

    def _note_replacement(self) -> None:
        """Note once when another gateway began to answer, whether it is accepted already or not."""
        identity, memory = self._client.identity, self._memory
        if identity is None or identity.serial == memory.replaced_by:
            return
        memory.replaced_at, memory.replaced_by = self._clock.time(), identity.serial
        extra = {"gateway": self.config.name, "serial": identity.serial}
        log.warning("gateway replaced", extra=extra)

    def _gateway_failed(self, error: GatewayError) -> None:
        """Leave the gateway alone for a while, and look first whether it is still the same."""
        now = self._clock.monotonic()
        delay = _RECONNECT_DELAY
        if isinstance(error, (LoginRefusedError, CloudLoginError)):
            self._open = False
            # A check of a token is hard work for the gateway.
            delay, self._login_delay = (
                self._login_delay,
                min(self._login_delay * 2, _LONGEST_LOGIN_DELAY),
            )
        elif not self._open and not isinstance(error, UnreachableError):
            delay = 2 * _RECONNECT_DELAY
        self._failed = True
        self._states.failed("gateway", "/info", error)
        self._states.gateway_failed(error)
        self._identity_due = now + delay
        self._scheduler.postpone(now + delay)

    # What is asked

    async def _ask(self, schedule: EndpointSchedule) -> None:
        """Ask an endpoint; one that takes long does not keep the grid state from being asked."""
        task = asyncio.create_task(self._poll(schedule))
        try:
            while not (await asyncio.wait({task}, timeout=_SLOW))[0]:
                for urgent in self._urgent(schedule):
                    await self._poll(urgent, overlap=True)
                self._publish_snapshot()
            await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def _urgent(self, asked: EndpointSchedule) -> Iterator[EndpointSchedule]:
        """Yield what is asked beside a request that takes long.

        That is the endpoint of the grid state, and beside one that hangs also what answered before
        and has missed its turn: else its data would be too old when the deadline comes.
        """
        for path in topology.GRID_STATE:
            schedule = self._scheduler[path]
            if schedule is not asked and schedule.condition is EndpointState.ANSWERING:
                yield schedule
        now = self._clock.monotonic()
        if now - asked.asked < _HANGING:
            return

        def delay(schedule: EndpointSchedule) -> float:
            late = now - schedule.answered >= _MISSED * schedule.interval
            if schedule is asked or schedule.condition is not EndpointState.ANSWERING or not late:
                return float("inf")
            return self._delay(schedule)

        if (missed := self._scheduler.next(delay)) is not None:
            yield missed

    async def _poll(self, schedule: EndpointSchedule, *, overlap: bool = False) -> None:
        """Ask an endpoint and take in what it says, or how it fails."""
        endpoint, began = schedule.endpoint, self._clock.monotonic()
        small = endpoint.small and not schedule.urgent
        self._scheduler.started(schedule)
        try:
            response = await self._client.get(
                endpoint.path,
                deadline=endpoint.deadline,
                collector=endpoint.collector,
                small=small,
                overlap=overlap,
            )
            duration = self._clock.monotonic() - began
            self._take(schedule, response, duration)
        except GatewayError as error:
            self._endpoint_failed(schedule, error, self._clock.monotonic() - began)
        except Exception as error:
            log.exception("reading failed", extra={"gateway": self.config.name})
            wrong = InvalidDataError(f"{endpoint.path}: {type(error).__name__}")
            self._endpoint_failed(schedule, wrong, self._clock.monotonic() - began)
        if endpoint.path not in topology.GRID_STATE:
            now = self._clock.monotonic()
            self._rest_until = now + min((now - began) * _REST_SHARE, _LONGEST_REST)
        self._select_endpoints()
        self._assemble_settled()

    def _take(self, schedule: EndpointSchedule, response: Response, duration: float) -> None:
        """Take in an answer: read it, keep it, and make new readings with it."""
        endpoint, assembler = schedule.endpoint, self._assembler
        assembler.clock_skew = self._client.clock_skew
        parsed = assembler.parse(endpoint, response.body)
        empty = says_nothing(parsed.data)
        if empty and schedule.seen:
            for collector in topology.collectors_of(endpoint.path):
                self._note_missing(collector, None)
            raise GatewayStartingError(f"{endpoint.path}: empty, though it was not before")
        if not self._grid.confirmed(endpoint.path, parsed):
            # Asked again at once: one odd answer is no outage.
            self._scheduler.repeat(schedule, _CONFIRM_DELAY)
            return
        before = assembler.answers.get(endpoint.path)
        assembler.keep(endpoint, parsed, response.body, schedule.lifetime)
        collectors = topology.readings_of(endpoint.path)
        try:
            readings = [self._assemble(collector) for collector in collectors]
        except GatewayError:
            if before is not None:
                assembler.answers[endpoint.path] = before
            raise
        settled = all(map(self._settled, collectors))
        useful = any(reading and reading.data for reading in readings)
        self._scheduler.answered(schedule, empty=empty or (settled and not useful))
        self._useless = False
        if schedule.seen:
            self._memory.endpoints.add(endpoint.path)
        for collector in topology.collectors_of(endpoint.path):
            self._states.succeeded(collector, endpoint.path, duration)
            for path in topology.STANDS_ON[collector]:
                if path != endpoint.path and not self._scheduler[path].seen:
                    self._states.clear(collector, path)
        self._note_settings(parsed)
        self._follow_hints()

    def _assemble(self, collector: str) -> Reading | None:
        """Make a new reading of a collector from the answers there are."""
        if not self._settled(collector):
            return None
        reading, missing = self._assembler.reading(collector, self.readings.get(collector))
        self._states.note_missing(collector, missing)
        if reading is not None:
            self.readings[collector] = reading
            if not says_nothing(reading.data):
                self._inventory.note("collector", collector, {collector})
        return reading

    def _assemble_settled(self) -> None:
        """Make the first reading of what has waited for the answers of several endpoints."""
        for collector in topology.SETTLING - self.readings.keys():
            # What is wrong with it is reported with the next answer.
            with suppress(GatewayError):
                self._assemble(collector)
        if self._assembler.sum_pending:
            with suppress(GatewayError):
                self._assemble("battery_power")

    def _settled(self, collector: str) -> bool:
        """Return whether a collector can be read without another source taking over later.

        Which registers production is read from depends on answers of several endpoints.
        """
        if collector in self.readings or collector not in topology.SETTLING:
            return True
        if self._clock.monotonic() - self._began > _SETTLING:
            return True
        return not any(
            schedule.enabled and schedule.condition in (EndpointState.NEW, EndpointState.FAILING)
            for schedule in map(self._scheduler.__getitem__, PATHS[collector])
        )

    def _note_missing(self, collector: str, reading: Reading | None) -> None:
        data = {} if reading is None else reading.data
        self._states.note_missing(collector, self._assembler.missing(collector, data))

    def _endpoint_failed(
        self, schedule: EndpointSchedule, error: GatewayError, duration: float
    ) -> None:
        endpoint = schedule.endpoint
        self._scheduler.failed(schedule, error)
        if isinstance(error, UnreachableError) or (
            isinstance(error, (LoginRefusedError, CloudLoginError))
            and not self._client.authenticated
        ):
            self._gateway_failed(error)
        else:
            for collector in topology.collectors_of(endpoint.path):
                if self._does_without(schedule, collector):
                    # Most gateways lack something, and most tokens may not read everything.
                    level = logging.INFO if isinstance(error, NotPermittedError) else logging.DEBUG
                    extra = {"gateway": self.config.name, "endpoint": endpoint.path}
                    log.log(level, "endpoint unavailable", extra={**extra, "reason": error.reason})
                    # It may have failed otherwise while the whole gateway was in trouble.
                    self._states.clear(collector, endpoint.path)
                else:
                    self._states.failed(collector, endpoint.path, error, duration)
            if isinstance(error, _NO_SERVICE) and self._states.silent_for() > _DOUBT:
                self._identity_due = min(
                    self._identity_due, max(self._looked + _DOUBT, self._clock.monotonic())
                )
        self._note_support()

    def _does_without(self, schedule: EndpointSchedule, collector: str) -> bool:
        """Return whether it is no failure that an endpoint is absent or not permitted."""
        if schedule.seen or schedule.condition not in (EndpointState.ABSENT, EndpointState.DENIED):
            return False
        others = (self._scheduler[path] for path in topology.STANDS_ON[collector])
        return not self._wanted(collector) or any(
            other.condition is EndpointState.ANSWERING for other in others
        )

    def _wanted(self, collector: str) -> bool:
        """Return whether this gateway should have what a collector reads."""
        return (
            collector in topology.ESSENTIAL
            or collector in self._inventory.known("collector")
            or any(self._inventory.known(k) for k in topology.EVIDENCE.get(collector, ()))
        )

    def _note_support(self) -> None:
        """Report a gateway that was asked for everything and says nothing."""
        schedules = [schedule for schedule in self._scheduler if schedule.enabled]
        if any(s.error is None for s in schedules):
            return
        errors = [s.error for s in schedules if s.error is not None]
        refused = next((e for e in errors if isinstance(e, LoginRefusedError)), None)
        error: GatewayError = UnsupportedFirmwareError(
            f"firmware {self._memory.firmware} offers nothing that can be read; it is too old, or"
            " this is no Envoy"
        )
        if refused is not None:
            error = refused
        elif any(s.condition is EndpointState.FAILING for s in schedules):
            error = GatewayStartingError("nothing can be read yet")
        self._useless = True
        self._states.failed("gateway", "/info", error)

    def _note_settings(self, parsed: Parsed) -> None:
        home = parsed.data.get("home")
        if home is not None and home.timezone:
            self._memory.timezone = home.timezone

    def _follow_hints(self) -> None:
        """Ask at once what has something new to say of hardware that appeared or went."""
        if self._grid.changed:
            self._grid.changed = False
            self._scheduler.hint(topology.GRID_DETAILS)
        appeared, self._inventory.appeared = self._inventory.appeared, set()
        now = self._clock.monotonic()
        for kind in {kind for kind, _ in appeared}:
            # What comes and goes all the time must not keep the gateway busy.
            if now >= self._next_hint.get(kind, 0.0):
                self._next_hint[kind] = now + _HINT_INTERVAL
                self._scheduler.hint(topology.HINTS.get(kind, ()))

    def _select_endpoints(self) -> None:
        """Set which endpoints are asked: no two that say the same, none that nobody can answer."""
        current = self._assembler.current()
        refused = {s.endpoint.path for s in self._scheduler if s.refused}
        relay = self._scheduler[topology.GRID_STATE[0]].condition is EndpointState.ANSWERING
        meters = bool(self._inventory.known("meter"))
        for collector, seconds in adapted(self.cadences, relay=relay, meters=meters).items():
            for path in topology.STANDS_ON[collector]:
                self._scheduler[path].interval = seconds
        needed = {p for c in PATHS if c != "gateway" for p in paths_needed(c, current, refused)}
        for schedule in self._scheduler:
            path = schedule.endpoint.path
            kinds = topology.NEEDS.get(path)
            schedule.enabled = (
                (path in needed or path in refused)
                and (kinds is None or any(self._inventory.known(kind) for kind in kinds))
                and (
                    schedule.endpoint.collector not in topology.OPT_IN
                    or schedule.endpoint.collector in self.config.cadences
                )
            )

    # What is known

    def _keep_info(self) -> None:
        identity = self._client.identity
        if identity is None:
            return
        phase_mode, legs, meters = self._assembler.service()
        info = GatewayInfo(
            identity.serial,
            identity.part_number,
            str(identity.firmware),
            identity.metered,
            phase_mode,
            legs,
            meters,
            self._memory.replaced_at,
            self._memory.firmware_changed_at,
        )
        expires = self._clock.monotonic() + 3 * self.cadences["gateway"]
        self.readings["gateway"] = Reading({"gateway": info}, self._clock.time(), expires)

    def _cancel_publishing(self) -> None:
        if self._publishing is not None:
            self._publishing.cancel()
            self._publishing = None

    def _publish_snapshot(self) -> None:
        """Publish what is known now."""
        self._cancel_publishing()
        self._published = now = self._clock.monotonic()
        self._expire(now)
        reported = self._reported()
        up = self._states.answer(reported)
        report = SelfReport(
            up=up,
            collectors=self._states.report(["gateway", *reported]),
            requests=dict(self._client.requests),
            rejected=dict(self._guard.rejected),
            unreadable=dict(self._assembler.unreadable),
            token_expiry=self._client.token.expires if self._client.token else None,
            clock_skew=self._client.clock_skew if up else None,
            polled=self._polled(),
        )
        data: Mapping[str, Any] = {
            "self": report,
            "wanted": self.config.wanted,
            "thresholds": self._thresholds,
            "sun": self._sun(),
            "expected": self._inventory.expected(),
        }
        self.readings[SELF] = Reading(data, self._clock.time())
        snapshot = self._with_house(Snapshot(self.config.name, dict(self.readings)), now)
        # What is expected follows from what is derived, and is part of the next snapshot.
        tried = self._open and now - self._began > _SETTLING
        quantities.note(self._inventory, snapshot, now, tried=tried)
        self._publish(snapshot)

    def _polled(self) -> bool:
        """Return whether the first look is over: all of a home was asked for, or all that may be.

        After a restart the request limit, which outlives it, spreads the first look over minutes.
        """
        spent = self._client.delay(reserve=_RESERVE) > _TICK
        return self._open and (spent or self._scheduler.tried(_HOME_COLLECTORS))

    def _sun(self) -> SunPosition | None:
        place = self.config.location
        if place is None:
            return None
        return position(place.latitude, place.longitude, self._clock.time())

    def _with_house(self, snapshot: Snapshot, now: float) -> Snapshot:
        """Return a snapshot with what is derived from it."""
        if self._derive is None:
            return snapshot
        derived = self._derive(snapshot, now)
        counters = self._flow_energies.update(derived.flows)
        data = derived.data
        if not data:
            return snapshot
        if self._house is not None and self._house.data == data:
            data = self._house.data  # so that nothing is encoded again
        self._house = Reading(data, derived.read_at, derived.expires, counters)
        return replace(snapshot, readings={**snapshot.readings, HOUSE: self._house})

    def _expire(self, now: float) -> None:
        """Drop what is too old, and report what is missing with it."""
        for collector, reading in list(self.readings.items()):
            if collector in (SELF, "gateway"):
                continue
            if reading.unexpired(now) is reading:
                continue
            rest = reading.unexpired(now)
            if rest is None:
                del self.readings[collector]
                self._states[collector].has_data = False
                self._inventory.note("collector", collector, ())
            else:
                self.readings[collector] = rest
            if self._states[collector].error is not None:
                # What was only asked too late is not missing.
                self._note_missing(collector, rest)

    def _reported(self) -> list[str]:
        """Return the collectors that are reported: all that this gateway has or should have."""
        return [
            name
            for name in CADENCES
            if name != "gateway" and (self._wanted(name) or self._states[name].errors)
        ]


def _journal_path(state: State) -> Path:
    return state.path.with_suffix(".counters")


def _close_journal(journal: CounterJournal | None) -> None:
    if journal is not None:
        journal.close()
