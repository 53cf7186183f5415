"""The energy of derived powers: from the registers behind them, else integrated.

What flows where is derived from several answers (`exporter.house`), and its best source can change
from one moment to the next. The energy of a flow goes on with what the registers of its present
source add; a source without a register is integrated over time. While no source is known, the
energy stands still.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from exporter.clock import Clock
from exporter.gateway.counters import TODAY, YESTERDAY, CounterGuard, Path
from exporter.gateway.site_limits import Side
from exporter.gateway.state_model import GatewayState
from exporter.snapshot import Snapshot

#: seconds; a longer gap in the power leaves a gap in the energy
_LONGEST_GAP = 180.0
#: seconds after which flows that have not changed are counted again
_INTERVAL = 30.0
#: longest path of a flow whose days are kept: those of the whole house, not of its legs
_DAILY = 2


@dataclass(frozen=True, slots=True)
class Flow:
    """A power that flows in one direction, with its source.

    `registers` are the guarded energies (joules) whose increase is the energy of this flow.
    """

    watts: float
    source: str
    side: Side
    registers: Mapping[str, float] = field(default_factory=dict)


class Derived(Protocol):
    """What was derived from a snapshot: members of a reading, and the flows to be counted."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The members of the reading."""

    @property
    def flows(self) -> Mapping[Path, Flow]:
        """The flows that are known, by the path of their energy without the unit."""

    @property
    def expires(self) -> float:
        """The monotonic time at which a value behind it expires."""

    @property
    def read_at(self) -> float:
        """When the newest value behind it was read, in epoch seconds."""


class Derive(Protocol):
    """Derives what no single answer has; `now` is in monotonic seconds."""

    def __call__(self, snapshot: Snapshot, now: float) -> Derived:
        """Return what follows from a snapshot."""


class FlowEnergies:
    """Counts the energy of the flows of one site."""

    def __init__(self, guard: CounterGuard, state: GatewayState, clock: Clock) -> None:
        self._guard = guard
        self._state = state
        self._clock = clock
        #: watts, source and monotonic time of each flow when it was last known
        self._previous: dict[Path, tuple[float, str, float]] = {}
        #: all flows that were ever known, and what limits each
        self._sides: dict[Path, Side] = {}
        #: what was counted last, with its result and monotonic time
        self._counted: tuple[Mapping[Path, Flow], dict[Path, float], float] | None = None

    def update(self, flows: Mapping[Path, Flow]) -> dict[Path, float]:
        """Return the joules of each flow so far, and those of today and yesterday.

        The field of each is named after the flow: `solar` has `solar_joules`, `solar_today` and
        `solar_yesterday`.
        """
        now = self._clock.monotonic()
        if self._counted is not None:
            counted, counters, at = self._counted
            if counted is flows and now - at < _INTERVAL:
                return counters
        added: dict[Path, float] = {}
        for path, flow in flows.items():
            added[_field(path, "joules")] = (
                self._from_registers(path, flow)
                if flow.registers
                else self._integrated(path, flow, now)
            )
        self._previous = {path: (flow.watts, flow.source, now) for path, flow in flows.items()}
        self._sides |= {path: flow.side for path, flow in flows.items()}
        # What is not known now stands still: nothing is added, and nothing of it is lost.
        totals = self._guard.add({_field(path, "joules"): 0.0 for path in self._sides} | added)
        counters = dict(totals)
        for path, side in self._sides.items():
            if len(path) > _DAILY:
                continue
            total = _field(path, "joules")
            days = self._guard.days(total, totals[total], side)
            for name, key in (("today", TODAY), ("yesterday", YESTERDAY)):
                if (*total, key) in days:
                    counters[_field(path, name)] = days[*total, key]
        self._counted = flows, counters, now
        return counters

    def _from_registers(self, path: Path, flow: Flow) -> float:
        """Return what the registers of the flow's source have added since they were last read."""
        key = "/".join(path)
        present = {f"{flow.source}:{name}": joules for name, joules in flow.registers.items()}
        previous = self._state.registers.get(key, {})
        mine = {name: joules for name, joules in previous.items() if name in present}
        # Registers of another source stand for the same energy: they do not count it again later.
        same_source = {n: j for n, j in previous.items() if n.startswith(f"{flow.source}:")}
        self._state.registers[key] = same_source | present
        return sum(max(0.0, present[name] - joules) for name, joules in mine.items())

    def _integrated(self, path: Path, flow: Flow, now: float) -> float:
        self._state.registers.pop("/".join(path), None)
        previous = self._previous.get(path)
        if max(flow.watts, previous[0] if previous else 0.0) > self._guard.limits.watts(flow.side):
            return 0.0
        if previous is None or now - previous[2] > _LONGEST_GAP:
            return 0.0
        return (previous[0] + flow.watts) / 2 * (now - previous[2])


def _field(path: Path, suffix: str) -> Path:
    return (*path[:-1], f"{path[-1]}_{suffix}")
