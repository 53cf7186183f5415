"""What the exporter adds to the answers of a gateway: labels, presence, sums and their energies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.config import Gateway
from exporter.gateway.counters import CounterGuard, Path
from exporter.gateway.event_log import EventLog
from exporter.gateway.inventory import Inventory
from exporter.gateway.models import InverterLabels, Presence, StoragePower

_PRESENT, _MISSING = Presence(1), Presence(0)
_UNLABELLED = InverterLabels("", "")
_STORAGE = ("storage_power",)
#: sums of battery power held back at most while no production report was read
_WITHHELD = 2


@dataclass
class Additions:
    """Adds to the readings of one gateway."""

    config: Gateway
    inventory: Inventory
    guard: CounterGuard
    events: EventLog
    #: last power of the AC Batteries in W, of which the power of all batteries is a part
    acb_watts: float | None = None
    #: whether a production report was read, which is where AC Batteries show first
    production_read: bool = False
    #: sums withheld because it was not
    sums_withheld: int = 0
    #: whether the last one was, so that it is made as soon as the report is there
    sum_pending: bool = False

    def add(self, collector: str, data: dict[str, Any]) -> dict[Path, float]:
        """Add to the members of a collector's reading; return the energies that it sums up to."""
        addition = _ADDITIONS.get(collector)
        return {} if addition is None else addition(self, data)

    def _inverters(self, data: dict[str, Any]) -> dict[Path, float]:
        presence = self._presence(data.get("inverters"), "inverters", "inverter")
        if presence:
            data["inverter_presence"] = presence
            # Of those that are missing too: a gap is found by its name and its place.
            data["inverter_labels"] = {
                serial: InverterLabels(label.name, label.array, label.x, label.y)
                if (label := self.config.inverters.get(serial))
                else _UNLABELLED
                for serial in presence
            }
        return {}

    def _ensemble(self, data: dict[str, Any]) -> dict[Path, float]:
        batteries = data.get("encharge_inventory")
        presence = self._presence(batteries, "encharge_inventory", "battery")
        if presence:
            data["encharge_presence"] = presence
        return {}

    def _battery_power(self, data: dict[str, Any]) -> dict[Path, float]:
        powers = data.get("encharge_power")
        if not powers:
            return {}
        counters: dict[Path, float] = {}
        remembered = self.inventory.remembered("battery")
        total: float | None = 0.0
        for serial, battery in powers.items():
            milliwatts = battery.real_power_mw
            watts = None if milliwatts is None else milliwatts / 1000
            if serial in remembered:  # there is no end of serial numbers, but one of these
                counters |= self.guard.integrate(("encharge_power", serial), watts)
            total = None if total is None or watts is None else total + watts
        if remembered - powers.keys():
            # The sum of a part is not the power of all.
            total = None
        if total is not None and (self.acb_watts is not None or self.inventory.remembered("acb")):
            total = None if self.acb_watts is None else total + self.acb_watts
        self.sum_pending = self._acb_undecided()
        if self.sum_pending:
            total = None
        return counters | self._storage(data, total)

    def _acb_undecided(self) -> bool:
        """Return whether AC Batteries may be part of the sum and nothing was read that shows them.

        A report that cannot be read at all holds the sum back twice, not for good.
        """
        if (
            self.production_read
            or self.inventory.remembered("section")
            or self.sums_withheld >= _WITHHELD
        ):
            return False
        self.sums_withheld += 1
        return True

    def _production(self, data: dict[str, Any]) -> dict[Path, float]:
        self.production_read = True
        acb = data.get("acb_power")
        self.acb_watts = None if acb is None else acb.power
        if acb is None or self.inventory.remembered("battery"):
            return {}
        return self._storage(data, self.acb_watts)

    def _events(self, data: dict[str, Any]) -> dict[Path, float]:
        data["event_counts"] = self.events.follow(data.get("events") or {})
        return {}

    def _storage(self, data: dict[str, Any], watts: float | None) -> dict[Path, float]:
        if watts is None and not self.guard.counts(_STORAGE):
            return {}
        # Without a power the energies so far stand still.
        data["storage_power"] = StoragePower(watts)
        return self.guard.integrate(_STORAGE, watts)

    def _presence(
        self, listed: Mapping[str, Any] | None, member: str, kind: str
    ) -> dict[str, Presence]:
        """Return for each device that was ever listed whether it is listed now."""
        now = listed or {}
        ever = self.inventory.lists(member, kind) | now.keys()
        return {serial: _PRESENT if serial in now else _MISSING for serial in sorted(ever)}


_ADDITIONS: Mapping[str, Callable[[Additions, dict[str, Any]], dict[Path, float]]] = {
    "inverters": Additions._inverters,
    "ensemble": Additions._ensemble,
    "battery_power": Additions._battery_power,
    "production": Additions._production,
    "events": Additions._events,
}
