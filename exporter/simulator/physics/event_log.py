"""The gateway's event log: an entry whenever a condition of a device begins or ends."""

from collections import deque
from collections.abc import Iterator, Mapping

from exporter.simulator.homes.device_states import LoggedEvent

#: entries that are kept, and the number of the first
_KEPT, _FIRST = 500, 16_000
#: texts by condition; others are logged by their own name
_TEXTS: Mapping[str, str] = {
    "obs_strs.failure": "Device failed to report",
    "pcu_ctrl.dc-pwr-low": "DC power too low",
    "pcu_chan.gfitripped": "Ground fault detected",
    "pcu_chan.dcresistancelow": "DC resistance low",
    "pcu_chan.hardwareError": "Hardware error",
    "pcu_chan.gridgone": "Grid gone",
    "pcu_chan.gridinstability": "Grid instability",
    "pcu_chan.acvoltageoosp1": "AC voltage out of range",
    "pcu_chan.acfrequencyoor": "Grid frequency out of range",
    "pcu_chan.agfpowerlimiting": "Power limited by grid function",
    "pcu_ctrl.pwrgenoffbycmd": "Power generation off by command",
    "nsrb_ctrl.relayopen": "Relay open",
    "mains.open": "Disconnected from grid",
    "gateway.restart": "Gateway restarted",
}

#: serial, kind and condition of a device
Condition = tuple[str, str, str]


class SimulatedEventLog:
    """The newest entries of the log."""

    def __init__(self) -> None:
        self._entries: deque[LoggedEvent] = deque(maxlen=_KEPT)
        self._active: frozenset[Condition] = frozenset()
        self._number = _FIRST
        self._cached: tuple[LoggedEvent, ...] = ()

    @property
    def entries(self) -> tuple[LoggedEvent, ...]:
        """The entries, oldest first."""
        if not self._cached or self._cached[-1].number != self._number:
            self._cached = tuple(self._entries)
        return self._cached

    def update(self, conditions: Iterator[Condition], at: int) -> None:
        """Log what has begun and ended; `at` is epoch seconds of the gateway's clock."""
        active = frozenset(conditions)
        if active == self._active:
            return
        for ended in sorted(self._active - active):
            self._add(ended, at, begins=False)
        for begun in sorted(active - self._active):
            self._add(begun, at, begins=True)
        self._active = active

    def _add(self, condition: Condition, at: int, *, begins: bool) -> None:
        serial, kind, name = condition
        self._number += 1
        text = _TEXTS.get(name, name.rpartition(".")[2])
        self._entries.append(LoggedEvent(self._number, text, begins, serial, kind, at))
