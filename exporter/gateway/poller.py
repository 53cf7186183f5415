"""The loop that watches one gateway: what is due is collected, and a new snapshot published.

Nothing raises out of it. A collector that fails costs its own series; a gateway that is gone costs
one attempt to connect every few seconds; a mistake of ours costs a line in the log.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import (
    CloudLoginError,
    FeatureMissingError,
    GatewayError,
    GatewayStartingError,
    InvalidDataError,
    LoginRefusedError,
    UnreachableError,
    UnsupportedFirmwareError,
)
from exporter.findings.thresholds import resolve
from exporter.gateway.client import GatewayClient, Locate
from exporter.gateway.collectors import CADENCES, COLLECTORS, Collector, collect
from exporter.gateway.counter_journal import CounterJournal
from exporter.gateway.counters import CounterGuard, Path
from exporter.gateway.device_names import device_names
from exporter.gateway.flow_energy import Derive, FlowEnergies
from exporter.gateway.models import GatewayInfo, SelfReport
from exporter.gateway.policy import ENDPOINTS, METERS
from exporter.gateway.probe import DRIVEN, Discovery, lost_features, nothing_found, probe
from exporter.gateway.questions import Questions
from exporter.gateway.site import Site
from exporter.gateway.standings import Standings
from exporter.gateway.state_model import GatewayState
from exporter.snapshot import HOUSE, SELF, Reading, Snapshot
from exporter.state import State
from exporter.sun import Sun, position

log = logging.getLogger(__name__)

#: how long a gateway that is gone is left alone before the next attempt
_HOLD = 15.0
_LONGEST_LOGIN_PAUSE = 300.0
_PROBE_CADENCE = 6 * 3600.0
#: what just starts may deny or garble what it has: pauses until it is probed again, to be sure
_SETTLING = (300.0, 900.0, 3600.0)
_PROBE_RETRY = 60.0
#: what nobody understands is worth another look sooner than what is gone or refused
_LONGEST_PROBE_RETRY, _LONGEST_DOUBT = 1800.0, 300.0
#: a moment without meters makes pyenphase read other registers: how often, and after how many
#: seconds, to look again before going on without
_METERS_TRIES, _METERS_PAUSE = 4, 5.0
#: seldom enough for a memory card
_SAVE_CADENCE = 300.0
#: data lives for three cadences and at least this long
_LEAST_LIFE = 120.0
#: while more is due, what is new is published after so many seconds
_HASTE = 0.1
#: failures that lie in the answer: it must not be kept, but asked for again
_SPOILT = (InvalidDataError, GatewayStartingError, FeatureMissingError)


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
    ) -> None:
        """Get ready to watch, from `wait` seconds on; what is known until then is published."""
        self.config = config
        self.state = state
        self._clock = clock
        self._publish = publish
        #: seconds between two runs, by collector
        self.cadences = cadences = {**CADENCES, **config.cadences}
        self._thresholds = resolve(config.alerts.thresholds)
        self._memory = memory = GatewayState.load(state.load())
        self._session = GatewayClient(
            config, memory, clock, state.directory, cadences, locate=locate
        )
        journal = CounterJournal.open(state.path.with_suffix(".counters"))
        self._guard = CounterGuard(memory, clock, cadences["battery_power"], config, journal)
        self._derive = derive
        self._flow_energies = FlowEnergies(self._guard, memory, clock)
        self._house: Reading | None = None
        self._site = Site(config, self._session, memory, self._guard, clock, Discovery())
        self._standings = Standings(config.name, cadences, clock, wait)
        self.readings: dict[str, Reading] = {}
        self._open = False
        self._login_pause = _HOLD
        self._probe_due = 0.0
        self._probe_retry = _PROBE_RETRY
        self._settling = list(_SETTLING)
        self._questions = Questions(cadences, clock)
        self._save_due = clock.monotonic() + _SAVE_CADENCE
        self._telling: asyncio.TimerHandle | None = None
        self._tell()

    async def run(self) -> None:
        """Watch until cancelled; then save and close."""
        try:
            while True:
                try:
                    pause = await self.step()
                except Exception:
                    log.exception("a round failed", extra={"gateway": self.config.name})
                    pause = _HOLD
                await self._clock.sleep(pause)
        finally:
            await self.close()

    async def close(self) -> None:
        """Save what is remembered and close the connection."""
        self._cancel_telling()
        try:
            await self.state.keep(self._memory.dump(closing=True), last=True)
        finally:
            self._guard.close()
            await self._session.close()

    async def step(self) -> float:
        """Do the most urgent thing that is due; return the seconds until something is due again."""
        now = self._clock.monotonic()
        if now >= self._standings["gateway"].due:
            await self._attend("gateway", self._look)
        elif self._open and now >= self._probe_due:
            await self._probe_again()
        elif self._open and (collector := self._next_due(now)):
            await self._attend(collector.name, lambda: self._collect(collector))
        elif self._open and (endpoint := self._questions.due()):
            await self._ask_again(endpoint)
        if self._guard.rebased or self._clock.monotonic() >= self._save_due:
            self._guard.rebased = False
            self._save_due = self._clock.monotonic() + _SAVE_CADENCE
            await self.state.keep(self._memory.dump())
        self._session.renew_if_due()
        now = self._clock.monotonic()
        pause = max(0.0, self._next_time() - now)
        if pause > 0 or now >= self._told + _HASTE:
            self._tell()
        elif self._telling is None:
            # A gateway that answers at once is told of in one go; what hangs holds nothing back.
            self._telling = asyncio.get_running_loop().call_later(_HASTE, self._tell)
        return pause

    @property
    def _relevant(self) -> list[str]:
        """Collectors that have, or ever had, something to collect, most urgent first."""
        return [c.name for c in COLLECTORS if c.name in self._memory.collectors]

    def _next_due(self, now: float) -> Collector | None:
        """Return the collector that is the latest by the measure of its cadence.

        So the grid state comes first, and yet a gateway on which every request hangs does not keep
        the slow ones from their turn.
        """
        due = [
            (standing, collector)
            for collector in COLLECTORS
            if collector.name in self._memory.collectors
            and now >= (standing := self._standings[collector.name]).due
        ]
        latest = max(due, key=lambda one: (now - one[0].due) / one[0].cadence, default=None)
        return latest[1] if latest else None

    def _next_time(self) -> float:
        times = [self._standings["gateway"].due, self._save_due]
        if self._open:
            times += [self._probe_due, *(self._standings[name].due for name in self._relevant)]
            times.append(self._questions.next_time())
        return min(times)

    async def _attend(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work of a collector and keep the record of how it went."""
        began = self._clock.monotonic()
        self._standings.began(name)
        self._standings[name].alive = False
        try:
            await work()
        except GatewayError as error:
            self._standings.failed(name, error)
            self._after_failure(name, error, began)
        else:
            self._standings.succeeded(name)
        self._standings[name].duration = self._clock.monotonic() - began

    def _after_failure(self, name: str, error: GatewayError, began: float) -> None:
        now = self._clock.monotonic()
        if isinstance(error, _SPOILT):
            # What was good before is good still, and asking for it again is not for free.
            self._session.invalidate_since(name, began)
        if isinstance(error, UnreachableError):
            self._wait_for_gateway(error, now + _HOLD)
        elif (
            isinstance(error, (LoginRefusedError, CloudLoginError))
            and not self._session.authenticated
        ):
            self._open = False
            self._wait_for_gateway(error, now + self._login_pause)
            # A check of a token is hard work for the gateway.
            self._login_pause = min(self._login_pause * 2, _LONGEST_LOGIN_PAUSE)
        elif not self._open:
            # Looking at all that it may offer is hard work for the gateway too.
            hold = (
                _LONGEST_LOGIN_PAUSE if isinstance(error, UnsupportedFirmwareError) else 2 * _HOLD
            )
            self._wait_for_gateway(error, now + hold)
        elif isinstance(error, FeatureMissingError):
            self._probe_due = min(self._probe_due, now + self._probe_retry)

    def _wait_for_gateway(self, error: GatewayError, until: float) -> None:
        """Leave the gateway alone until then, and look first whether it is still the same."""
        self._standings.wait_for_gateway(self._relevant, error, until)
        self._standings["gateway"].due = until

    async def _look(self) -> None:
        """Connect and log in, or look whether it is still the same gateway and firmware."""
        if self._open and not await self._session.refresh():
            self._remember_info()
            return
        self._open = False
        await self._session.connect()
        self._login_pause = _HOLD
        self._recognise()
        await self._probe()
        self._open = True
        self._remember_info()
        self._standings.all_due(self._relevant)

    def _recognise(self) -> None:
        """Compare the gateway with the one remembered; another one starts its counters afresh."""
        identity, memory = self._session.identity, self._memory
        if identity is None:
            return
        name, now = {"gateway": self.config.name}, self._clock.time()
        if memory.serial not in (None, identity.serial):
            memory.replaced_at = now
            self._guard.start_afresh()
            log.warning("this is another gateway: serial %s", identity.serial, extra=name)
        if memory.firmware not in (None, str(identity.firmware)):
            memory.firmware_changed_at = now
            # Updaters are chosen by firmware: the old ones may read what is no longer there.
            self._site.discovery = Discovery()
            log.info("the firmware changed to %s", identity.firmware, extra=name)
        memory.serial, memory.firmware = identity.serial, str(identity.firmware)

    async def _probe(self) -> None:
        """Find out what there is; what was there before is never forgotten."""
        session, site, memory = self._session, self._site, self._memory
        if session.identity is None:
            raise UnreachableError("not connected")
        found = await probe(session, session.identity)
        for _ in range(_METERS_TRIES - 1):
            if site.discovery.features or not found.failed(METERS):
                break
            await self._clock.sleep(_METERS_PAUSE)
            found = await probe(session, session.identity)
        if not (found.features or memory.features):
            raise nothing_found(found, str(session.identity.firmware))
        site.discovery = site.discovery.adopt(found)
        memory.collectors |= site.discovery.collectors
        memory.features |= site.discovery.names
        memory.timezone = found.timezone or memory.timezone
        self._plan_probe(found)
        for doubt in found.doubts.values():
            log.debug("the probe has a doubt: %s", doubt, extra={"gateway": self.config.name})

    def _plan_probe(self, found: Discovery) -> None:
        """Set when to probe again, and what to ask before."""
        self._questions.note(found)
        now = self._clock.monotonic()
        if found.doubts or self._memory.features - found.names:
            self._probe_due = now + self._probe_retry
            strange = any(doubt not in ENDPOINTS for doubt in found.doubts)
            longest = _LONGEST_DOUBT if strange else _LONGEST_PROBE_RETRY
            self._probe_retry = min(self._probe_retry * 2, longest)
        else:
            pause = self._settling.pop(0) if self._settling else _PROBE_CADENCE
            self._probe_due, self._probe_retry = now + pause, _PROBE_RETRY

    async def _probe_again(self) -> None:
        """Probe while polling goes on; that it succeeds says nothing of who the gateway is."""
        began = self._clock.monotonic()
        self._probe_due = began + self._probe_retry
        if not (self._site.discovery.doubts or self._all_up()):
            # In a bad moment there is little to be found, and something to be lost.
            return
        try:
            await self._probe()
        except GatewayError as error:
            self._standings.failed("gateway", error)
            self._after_failure("gateway", error, began)

    def _all_up(self) -> bool:
        lost = self._memory.features - self._site.discovery.names
        return bool(lost) or all(self._standings[name].up for name in self._relevant)

    async def _ask_again(self, endpoint: str) -> None:
        """Ask what the probe left open; once there is an answer, there is something to be found."""
        began = self._clock.monotonic()
        try:
            if await self._questions.ask(endpoint, self._session):
                self._probe_due = self._clock.monotonic()
        except GatewayError as error:
            self._standings.failed("gateway", error)
            self._after_failure("gateway", error, began)

    async def _collect(self, collector: Collector) -> None:
        name, site = collector.name, self._site
        if name in DRIVEN and not site.discovery.updaters.get(name):
            raise FeatureMissingError(
                f"{name}: was there before, but the gateway does not offer it now"
            )
        found = await collect(collector, site)
        counters = {**self._guard.judge(name, found.data), **found.counters}
        self._keep(name, found.data, counters)
        self._standings[name].alive = True
        # The inventory may show what the probe could not see.
        self._memory.collectors |= site.collectors_seen()
        for problem in found.problems:
            raise problem
        if lost := lost_features(name, self._memory.features, site.discovery):
            raise FeatureMissingError(f"{name}: {', '.join(lost)} was there before, but is not now")

    def _keep(self, name: str, data: Mapping[str, Any], counters: Mapping[Path, float]) -> None:
        if names := device_names(self.config, name):
            data = {**data, **names}
        self._take_over(name, data)
        life = max(3 * self._standings[name].cadence, _LEAST_LIFE)
        expires = self._clock.monotonic() + life
        self.readings[name] = Reading(data, self._clock.time(), expires, counters)

    def _take_over(self, name: str, data: Mapping[str, Any]) -> None:
        """Take what another collector told before out of its reading: nothing is told twice."""
        for other, reading in self.readings.items():
            if other != name and (twice := reading.data.keys() & data.keys()):
                kept = {
                    member: told for member, told in reading.data.items() if member not in twice
                }
                counters = {p: v for p, v in reading.counters.items() if p[0] not in twice}
                self.readings[other] = replace(reading, data=kept, counters=counters)

    def _remember_info(self) -> None:
        identity, common = self._session.identity, self._site.discovery.common
        if identity is None:
            return
        info = GatewayInfo(
            identity.serial,
            identity.part_number,
            str(identity.firmware),
            identity.metered,
            common.phase_mode or "",
            common.phase_count,
            common.ct_meter_count,
            self._memory.replaced_at,
            self._memory.firmware_changed_at,
        )
        self._keep("gateway", {"gateway": info}, {})

    def _cancel_telling(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None

    def _tell(self) -> None:
        """Publish what is known now."""
        self._cancel_telling()
        self._told = now = self._clock.monotonic()
        for name in self._relevant:
            reading = self.readings.get(name)
            if reading is None or now >= reading.expires:
                self._standings.expired(name)
        up = any(self._standings[name].alive for name in self._relevant)
        report = SelfReport(
            up=up,
            collectors=self._standings.report(["gateway", *self._relevant]),
            requests=dict(self._session.requests),
            rejected=dict(self._guard.rejected),
            token_expiry=self._session.token.expires if self._session.token else None,
            clock_skew=self._session.clock_skew if up else None,
        )
        self.readings[SELF] = Reading(
            {
                "self": report,
                "wanted": self.config.wanted,
                "thresholds": self._thresholds,
                "sun": self._sun(),
            },
            self._clock.time(),
        )
        self._publish(self._with_house(Snapshot(self.config.name, dict(self.readings)), now))

    def _sun(self) -> Sun | None:
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
