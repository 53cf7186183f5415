"""The guard that makes lying counters safe, and the integration of power where no meter exists.

Gateways report zeros after a restart, single readings far too low, steps of 2^32 J and other
registers after an update. Prometheus would take each for a reset and add a lifetime of energy. Here
a reading that cannot follow the one before is rejected; when its successors prove that it was
meant, the counter goes on from where it stood. What a counter missed is never invented.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporter.clock import Clock
from exporter.gateway.state_model import GatewayState, GuardState

Path = tuple[str, ...]

#: no register of a site is beyond this, nor can floating point count on
_MOST_WH = 1e12
#: nor has any battery this much power
_MOST_WATTS = 1e6
#: a decrease that small is rounding, and the counter stands still
_ROUNDING_WH = 1000.0
#: an increase that small is never a jump
_SLACK_WH = 1000.0
#: how long and how often a new series must hold to be believed
_PROOF_SECONDS = 300.0
_PROOF_READINGS = 3
#: power readings further apart than this, or than three cadences, leave a gap in the energy
_LEAST_GAP = 180.0


@dataclass(frozen=True, slots=True)
class Energy:
    """A lifetime energy in Wh: its metric, where it stands, the most it can rise by in W.

    A `balance` may also fall, being import less export; what is counted are its rises.
    """

    metric: str
    member: str
    levels: int
    field: str
    limit: float = 1e6
    balance: bool = False


def _per_phase(member: str, name: str, *, balance: bool = False) -> tuple[Energy, Energy]:
    field = "watt_hours_lifetime"
    return (
        Energy(f"enphase_{name}_joules_total", member, 0, field, balance=balance),
        Energy(f"enphase_{name}_phase_joules_total", f"{member}_phases", 1, field, balance=balance),
    )


def _meter(direction: str) -> tuple[Energy, Energy]:
    name, field = f"{direction}_joules_total", f"energy_{direction}"
    return (
        Energy(f"enphase_meter_{name}", "ctmeters", 1, field),
        Energy(f"enphase_meter_phase_{name}", "ctmeters_phases", 2, field),
    )


#: every guarded counter by the collector that reads it
ENERGIES: Mapping[str, tuple[Energy, ...]] = {
    "production": (
        *_per_phase("system_production", "production"),
        *_per_phase("system_consumption", "consumption"),
        *_per_phase("system_net_consumption", "net_consumption", balance=True),
    ),
    "meters": (*_meter("delivered"), *_meter("received")),
    "inverters": (Energy("enphase_inverter_joules_total", "inverters", 1, "lifetime_energy", 1e4),),
}


class CounterGuard:
    """Judges every counter reading of one gateway; remembers where each stands."""

    def __init__(self, memory: GatewayState, clock: Clock, power_cadence: float) -> None:
        self.anomalies: Counter[str] = Counter()
        #: set when a counter took up another register, which must not be lost in a crash
        self.rebased = False
        self._memory = memory
        self._clock = clock
        self._longest_gap = max(_LEAST_GAP, 3 * power_cadence)
        #: watts and monotonic time of the last reading of each integrated power
        self._powers: dict[Path, tuple[float, float]] = {}

    def judge(self, collector: str, data: Mapping[str, Any]) -> dict[Path, float]:
        """Return the joules of every counter of a collector's data that can be believed."""
        believed: dict[Path, float] = {}
        for energy in ENERGIES.get(collector, ()):
            for path, item in _items(data.get(energy.member), energy.levels, (energy.member,)):
                raw = getattr(item, energy.field, None)
                if not isinstance(raw, (int, float)) or not math.isfinite(raw):
                    continue
                key = (*path, energy.field)
                total = self._follow("/".join(key), energy, raw)
                if total is not None:
                    believed[key] = round(total * 3600)
        return believed

    def known_lifetime(self, *path: str) -> bool:
        """Return whether this counter of this gateway ever stood above zero."""
        state = self._memory.counters.get("/".join(path))
        return state is not None and state.at >= 0 and state.raw > 0

    def start_afresh(self) -> None:
        """Take the next reading of every counter as a new beginning, for another gateway."""
        for state in self._memory.counters.values():
            state.at = -1

    def _follow(self, key: str, energy: Energy, raw: float) -> float | None:
        """Return the exported total in Wh, or None for a reading that cannot be believed."""
        if not (-_MOST_WH if energy.balance else 0) <= raw <= _MOST_WH:
            self.anomalies[energy.metric] += 1
            return None
        now = self._clock.time()
        state = self._memory.counters.get(key)
        if state is None or (state.unproven and raw > 0):
            state = GuardState(raw=raw, at=now, unproven=raw == 0, summed=energy.balance)
            state.offset = -raw if energy.balance else 0
            self._memory.counters[key] = state
        if state.unproven:
            # A first reading of zero is either an unused register or a gateway that starts.
            state.unproven = now - state.at < _PROOF_SECONDS
            return None if state.unproven else state.raw + state.offset
        if state.at < 0:
            _rebase(state, raw, now)
            self.rebased = True
        elif _plausible(state.raw, raw, now - state.at, energy):
            _advance(state, raw, now, energy)
        elif _proved(state, raw, now, energy):
            self.rebased = True
        else:
            self.anomalies[energy.metric] += 1
            return None
        return state.raw + state.offset

    def integrate(self, path: Path, watts: float | None) -> dict[Path, float]:
        """Add the energy since the last reading of a power; positive power discharges.

        Returns the joules charged and discharged so far; a power that is absurd is none. Over a gap
        in the readings nothing is added.
        """
        now = self._clock.monotonic()
        before = self._powers.pop(path, None)
        charged = discharged = 0.0
        if watts is not None and abs(watts) <= _MOST_WATTS:
            self._powers[path] = (watts, now)
            if before is not None and now - before[1] <= self._longest_gap:
                discharged = _area(before[0], watts, now - before[1])
                charged = _area(-before[0], -watts, now - before[1])
        return {
            (*path, "charged"): self._add((*path, "charged"), charged),
            (*path, "discharged"): self._add((*path, "discharged"), discharged),
        }

    def _add(self, path: Path, joules: float) -> float:
        key = "/".join(path)
        total = self._memory.integrals.get(key, 0.0) + joules
        self._memory.integrals[key] = round(total, 3)
        return round(total)


def _items(node: Any, levels: int, path: Path) -> list[tuple[Path, Any]]:
    """Return what lies so many levels of keys below, with the path to it."""
    found = [(path, node)]
    for _ in range(levels):
        found = [
            ((*path, str(key)), child)
            for path, node in found
            if node is not None
            for key, child in node.items()
        ]
    return found


def _plausible(before: float, raw: float, seconds: float, energy: Energy) -> bool:
    """Return whether a reading can follow another within that time."""
    if raw == 0 and abs(before) > 0:
        # No counter that has counted returns to exactly zero; a gateway that starts says zero.
        return energy.balance and abs(before) < _ROUNDING_WH / 10
    most = energy.limit * max(0.0, seconds) / 3600 + _SLACK_WH
    least = most if energy.balance else _ROUNDING_WH
    return before - least <= raw <= before + most


def _advance(state: GuardState, raw: float, now: float, energy: Energy) -> None:
    state.pending_first = None
    if energy.balance and raw < state.raw:
        state.offset += state.raw - raw
    elif raw < state.raw:
        return
    if raw != state.raw:
        state.raw, state.at = raw, now


def _proved(state: GuardState, raw: float, now: float, energy: Energy) -> bool:
    """Take up the pending series that this reading belongs to, once it has held long enough."""
    first, last = state.pending_first, state.pending_last
    continues = (
        first is not None
        and last is not None
        and raw != 0
        and _plausible(last, raw, now - state.pending_since, energy)
    )
    if not continues:
        state.pending_first, state.pending_since, state.pending_count = raw, now, 0
    state.pending_last = raw
    state.pending_count += 1
    proved = (
        raw != 0
        and state.pending_count >= _PROOF_READINGS
        and now - state.pending_since >= _PROOF_SECONDS
    )
    if proved and state.pending_first is not None:
        _rebase(state, state.pending_first, now)
        _advance(state, raw, now, energy)
    return proved


def _rebase(state: GuardState, raw: float, now: float) -> None:
    """Let the counter go on from where it stood, now with another register under it."""
    state.offset += state.raw - raw
    state.raw, state.at, state.pending_first = raw, now, None


def _area(before: float, after: float, seconds: float) -> float:
    """Return the joules under the positive part of a line from one power to another."""
    if before >= 0 and after >= 0:
        return (before + after) / 2 * seconds
    if before <= 0 and after <= 0:
        return 0.0
    high = max(before, after)
    return high / 2 * seconds * high / (abs(before) + abs(after))
