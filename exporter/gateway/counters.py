"""The guard of all energy counters, and the integration of power where no register exists.

Gateways report zeros after a restart, single readings far too low, steps of 2^32 J and other
registers after an update. Prometheus takes each for a reset and adds a lifetime of energy. Here a
reading that cannot follow the one before is rejected; when later readings confirm it, the counter
goes on from where it stood. What a counter missed is never invented, and what was exported once is
in the journal before: no total ever falls, also when the process is killed.
"""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.gateway.counter_journal import CounterJournal
from exporter.gateway.energies import ENERGIES, Energy
from exporter.gateway.energy_by_day import Days, EnergyByDay, GatewayFigures
from exporter.gateway.site_limits import Side, SiteLimits
from exporter.gateway.state_model import GatewayState, GuardState

Path = tuple[str, ...]

#: fields of the guarded energies of a day, as metric rows name them
TODAY, YESTERDAY, LAST_7_DAYS = "watt_hours_today", "yesterday", "watt_hours_last_7_days"

#: no register of a site is beyond this, nor can floating point count on
_MAX_WH = 1e12
_MAX_JOULES = 2**53
#: a decrease this small is rounding, or the panels' own use at night; the counter stands still
_ROUNDING_WH = 1000.0
#: an increase this small is never a jump
_SLACK_WH = 1000.0
#: how long and how often a new series must hold to be believed
_PROOF_SECONDS = 300.0
_PROOF_READINGS = 3
#: how long a register must be zero after it was not: gateways say zero all night after a restart
_PROOF_SECONDS_OF_ZERO = 86400.0
#: power readings further apart than this, or than three cadences, leave a gap in the energy
_MIN_GAP = 180.0


_REGISTER_FIELDS = {energy.field for energies in ENERGIES.values() for energy in energies}


class CounterGuard:
    """Judges every counter reading of one gateway; remembers where each stands."""

    def __init__(
        self,
        state: GatewayState,
        clock: Clock,
        power_cadence: float,
        config: Gateway | None = None,
        journal: CounterJournal | None = None,
    ) -> None:
        #: readings that were rejected, by metric
        self.rejected: Counter[str] = Counter()
        #: set when a counter went on with another register, which must not be lost in a crash
        self.rebased = False
        #: whether the state file still has to learn that this process counts on
        self._begun = False
        self._state = state
        self._config = config
        self._clock = clock
        self._journal = journal
        self._longest_gap = max(_MIN_GAP, 3 * power_cadence)
        self.limits = SiteLimits(
            state.inverter_count,
            state.battery_count,
            config.main_breaker_amperes if config else None,
        )
        self._daily = EnergyByDay(state.days, self.limits, self._zone)
        #: watts and monotonic time of the last reading of each integrated power
        self._powers: dict[Path, tuple[float, float]] = {}
        #: joules that were exported last, by counter
        self._exported: dict[str, float] = {}
        self._restore()

    def judge(self, collector: str, data: Mapping[str, Any]) -> dict[Path, float]:
        """Return the joules of every counter of a collector's data that can be believed."""
        self._learn_size(data)
        believed: dict[Path, float] = {}
        for energy in ENERGIES.get(collector, ()):
            for path, item in _items(data.get(energy.member), energy.levels, (energy.member,)):
                raw = getattr(item, energy.field, None)
                if isinstance(raw, bool) or not isinstance(raw, (int, float)):
                    continue
                if not math.isfinite(raw):
                    continue
                key = (*path, energy.field)
                name = "/".join(key)
                total = self._follow(name, energy, raw)
                if total is not None:
                    believed[key] = self._export(name, total * 3600)
                    if energy.daily:
                        believed |= self._days(path, name, energy, item)
        self._record()
        return believed

    def register(self, path: Path) -> float | None:
        """Return the reading of a register that was accepted last, in Wh."""
        state = self._state.counters.get("/".join(path))
        return state.raw if state is not None and state.at >= 0 else None

    def has_counted(self, *path: str) -> bool:
        """Return whether this counter of this gateway ever stood above zero."""
        return (self.register(path) or 0.0) > 0

    def expect_other_registers(self) -> None:
        """Expect other registers from now on: another gateway answers."""
        for state in self._state.counters.values():
            state.at = -1

    def integrate(
        self, path: Path, watts: float | None, side: Side = Side.BATTERY
    ) -> dict[Path, float]:
        """Add the energy since the last reading of a power; positive power discharges.

        Returns the joules charged and discharged so far; a power that is absurd is none. Over a gap
        in the readings nothing is added.
        """
        now = self._clock.monotonic()
        previous = self._powers.pop(path, None)
        charged = discharged = 0.0
        if watts is not None and abs(watts) <= self.limits.watts(side):
            self._powers[path] = (watts, now)
            if previous is not None and now - previous[1] <= self._longest_gap:
                discharged = _area(previous[0], watts, now - previous[1])
                charged = _area(-previous[0], -watts, now - previous[1])
        return self.add({(*path, "charged"): charged, (*path, "discharged"): discharged})

    def counts(self, path: Path) -> bool:
        """Return whether a power was ever integrated."""
        return "/".join((*path, "charged")) in self._state.integrals

    def add(self, joules: Mapping[Path, float]) -> dict[Path, float]:
        """Add to sums that have no register; return the joules of each so far."""
        totals: dict[Path, float] = {}
        for path, amount in joules.items():
            key = "/".join(path)
            total = self._state.integrals.get(key, 0.0) + amount
            self._state.integrals[key] = round(total, 3)
            totals[path] = self._export(key, total)
        self._record()
        return totals

    def days(self, path: Path, joules: float, side: Side) -> dict[Path, float]:
        """Return the energies by day of a sum, by path of the sum and field."""
        name = "/".join(path)
        days = self._daily.update(name, joules / 3600, self._clock.time(), side, GatewayFigures())
        return _exported_days(path, days)

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()

    def _zone(self) -> tzinfo | None:
        name = (self._config.timezone if self._config else None) or self._state.timezone
        try:
            return ZoneInfo(name) if name else None
        except (KeyError, ValueError, OSError):
            return None

    def _restore(self) -> None:
        """Let every counter go on from what was exported last."""
        state = self._state
        for guard in state.counters.values():
            if guard.total is None:  # written by an earlier version
                guard.total = guard.raw + guard.offset
                guard.offset = 0.0 if guard.summed else guard.offset
        exported = self._journal.totals if self._journal is not None else None
        if exported is None:
            if not state.closed:
                # Sums that are older than what was exported would look like a reset with all of
                # them counted again; beginning at zero is a reset that counts nothing twice.
                state.integrals.clear()
                for guard in state.counters.values():
                    guard.total = 0.0 if guard.summed else guard.total
            return
        self._exported.update(exported)
        for key, joules in exported.items():
            if key in state.counters:
                guard = state.counters[key]
                guard.total = max(guard.total or 0.0, joules / 3600)
            elif key.rpartition("/")[2] not in _REGISTER_FIELDS:
                state.integrals[key] = max(state.integrals.get(key, 0.0), joules)

    def _learn_size(self, data: Mapping[str, Any]) -> None:
        """Note how many inverters and batteries there are, at most."""
        state = self._state
        state.inverter_count = max(state.inverter_count, len(data.get("inverters") or ()))
        state.battery_count = max(state.battery_count, len(data.get("encharge_inventory") or ()))
        self.limits.inverters = state.inverter_count
        self.limits.batteries = state.battery_count

    def _follow(self, key: str, energy: Energy, raw: float) -> float | None:
        """Return the exported total in Wh, or None for a reading that cannot be believed."""
        signed = energy.balance or energy.can_be_balance
        if not (-_MAX_WH if signed else 0) <= raw <= _MAX_WH:
            self.rejected[energy.metric] += 1
            return None
        now = self._clock.time()
        state = self._state.counters.get(key)
        if state is not None and state.raw == raw and state.settled:
            # most registers stand where they stood
            state.at = now
            return state.total
        if state is None or (state.unproven and raw != 0):
            state = self._first(key, energy, raw, now)
            self._state.counters[key] = state
        if state.unproven:
            # A first reading of zero is either an unused register or a gateway that starts.
            state.unproven = now - state.changed_at < _PROOF_SECONDS
            return None if state.unproven else state.total
        if state.at < 0:
            # Another gateway, which starts with zeros; its register comes with the first others.
            if raw != 0:
                _rebase(state, raw, now)
                self.rebased = True
        elif self._plausible(
            state.raw,
            raw,
            energy,
            state,
            since_read=now - state.at,
            since_change=now - state.changed_at,
        ):
            _advance(state, raw, now, energy)
        elif self._proved(state, raw, now, energy):
            self.rebased = True
        else:
            self.rejected[energy.metric] += 1
            return None
        return state.total

    def _first(self, key: str, energy: Energy, raw: float, now: float) -> GuardState:
        """Return where a counter begins: where it stood, if a state file was lost meanwhile."""
        summed = energy.balance or raw < 0
        total = 0.0 if summed else raw
        state = GuardState(raw, at=now, changed_at=now, total=total, unproven=raw == 0)
        state.summed = summed
        exported = self._exported.get(key, 0.0) / 3600
        if exported > total:
            state.total = exported
            state.offset = 0.0 if summed else exported - raw
        return state

    def _plausible(
        self,
        previous: float,
        raw: float,
        energy: Energy,
        state: GuardState,
        *,
        since_read: float,
        since_change: float,
    ) -> bool:
        """Return whether a reading can follow another one."""
        falls = energy.balance or state.summed
        if raw == 0 and abs(previous) > 0:
            # No counter that has counted returns to exactly zero; a gateway that starts says zero.
            return falls and abs(previous) < _ROUNDING_WH / 10
        seconds = max(since_read, min(since_change, energy.update_interval))
        most = self.limits.watt_hours(energy.side, seconds) + _SLACK_WH
        if energy.can_be_balance and previous > 0 > raw:
            falls = True
        least = most if falls else _ROUNDING_WH
        return previous - least <= raw <= previous + most

    def _proved(self, state: GuardState, raw: float, now: float, energy: Energy) -> bool:
        """Take up the pending series that this reading belongs to, once it has held long enough."""
        first, last = state.pending_first, state.pending_last
        continues = (
            first is not None
            and last is not None
            and self._plausible(
                last,
                raw,
                energy,
                state,
                since_read=now - state.pending_at,
                since_change=now - state.pending_since,
            )
        )
        if not continues:
            state.pending_first, state.pending_since, state.pending_count = raw, now, 0
        state.pending_last, state.pending_at = raw, now
        state.pending_count += 1
        needed = _PROOF_SECONDS if raw != 0 else _PROOF_SECONDS_OF_ZERO
        proved = state.pending_count >= _PROOF_READINGS and now - state.pending_since >= needed
        if proved and state.pending_first is not None:
            _rebase(state, state.pending_first, now)
            _advance(state, raw, now, energy)
        return proved

    def _days(self, path: Path, name: str, energy: Energy, item: Any) -> dict[Path, float]:
        state = self._state.counters[name]
        signed = energy.balance or state.summed
        figures = GatewayFigures(
            getattr(item, "watt_hours_today", None), getattr(item, "watt_hours_last_7_days", None)
        )
        position = state.raw + state.offset if signed else state.total or 0.0
        days = self._daily.update(
            name, position, self._clock.time(), energy.side, figures, signed=signed
        )
        return _exported_days(path, days)

    def _export(self, key: str, joules: float) -> float:
        """Return what is exported of a counter, which never falls."""
        exported = max(min(round(joules), _MAX_JOULES), self._exported.get(key, 0))
        self._exported[key] = exported
        return exported

    def _record(self) -> None:
        if not self._begun and self._exported:
            self._begun = self.rebased = True
        if self._journal is not None:
            self._journal.write(self._exported)


def _exported_days(path: Path, days: Days) -> dict[Path, float]:
    fields = {TODAY: days.today, YESTERDAY: days.yesterday, LAST_7_DAYS: days.last_7_days}
    return {
        (*path, field): round(value * 3600) for field, value in fields.items() if value is not None
    }


def _items(node: Any, levels: int, path: Path) -> list[tuple[Path, Any]]:
    """Return what lies so many levels of keys below, with the path to it."""
    items = [(path, node)]
    for _ in range(levels):
        items = [
            ((*path, str(key)), child)
            for path, node in items
            if node is not None
            for key, child in node.items()
        ]
    return items


def _advance(state: GuardState, raw: float, now: float, energy: Energy) -> None:
    state.pending_first = None
    total = state.total or 0.0
    if energy.can_be_balance and raw < 0:
        state.summed = True
    if state.summed:
        state.total = total + max(0.0, raw - state.raw)
    else:
        state.total = max(total, raw + state.offset)
    if raw != state.raw:
        state.changed_at = now
    state.raw, state.at = raw, now


def _rebase(state: GuardState, raw: float, now: float) -> None:
    """Let the counter go on from where it stood, now with another register under it."""
    position = state.raw + state.offset if state.summed else state.total or 0.0
    state.offset = position - raw
    state.raw, state.at, state.changed_at, state.pending_first = raw, now, now, None


def _area(before: float, after: float, seconds: float) -> float:
    """Return the joules under the positive part of a line from one power to another."""
    if before >= 0 and after >= 0:
        return (before + after) / 2 * seconds
    if before <= 0 and after <= 0:
        return 0.0
    high = max(before, after)
    return high / 2 * seconds * high / (abs(before) + abs(after))
