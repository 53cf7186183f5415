"""Encharge batteries: single batteries, and the bank as the system uses it."""

from typing import Any

from exporter.simulator.homes.device_states import READY, BatteryState, battery_serial
from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.physics.rng import random_value

#: share of the energy that remains after charging, and again after discharging
_EFFICIENCY = 0.943
#: watts by capacity: a battery of 5 kWh gives 3.84 kW
_WATTS_PER_WH = 0.768
#: from this charge on it takes less and less, down to a share of its limit
_TAPER, _TRICKLE = 0.95, 0.08
#: watts that a battery stuck below full draws forever
_STUCK_WATTS = 8.0
#: watts that its electronics take from its own cells without mains voltage, or left alone
_STANDBY = 10.0
#: below this charge it is off until serviced
EXHAUSTED = 0.02
#: seconds between two reports
_INTERVAL = 300
#: how fast it follows the temperature around it (seconds), and how much full power warms it (K)
_INERTIA, _WARMED = 5400.0, 7.0
_NOT_READY = (5, "ENCHG_STATE_NOT_READY")
_LED_OFF = 0


class SimulatedBattery:
    """One battery. Energy in Wh, power in W at its AC side (positive discharges)."""

    def __init__(self, site: HomeHardware, index: int, seed: int) -> None:
        self.index = index
        self.nominal = float(site.battery_wh)
        self.limit = _WATTS_PER_WH * site.battery_wh
        self._part = site.battery_part
        #: what differs from one to the next
        self._efficiency = _EFFICIENCY + 0.006 * (random_value(seed, "battery", index) - 0.5)
        self._place = 3.0 * random_value(seed, "battery place", index)
        #: charge, 0 to 1
        self.soc = 0.5
        self.watts = 0.0
        self.temperature = 20.0
        #: usable share of what it was made for, now and by age
        self.capacity = 1.0
        self.health = 0.99
        self.communicating = True
        self.listed = True
        self.dc_switch_off = False
        self.frozen = False
        #: whether it takes charge when it could
        self.charges = True
        self.exhausted = False
        #: charge at which it is stuck, 0 to 1
        self.stuck: float | None = None
        #: degrees above what its surroundings make
        self.temperature_offset = 0.0
        #: its last report: when, charge, temperature, and what the grid was
        self.reported = 0
        self._soc_reported = 0.5
        self._temperature_reported = 20.0
        self._grid_reported = "grid-tied"
        self._live_watts = 0.0
        self._live_soc = 0.5
        #: overrides of reported values, by field of `BatteryState`
        self.overrides: dict[str, Any] = {}

    @property
    def energy_capacity(self) -> float:
        """Energy it holds when full."""
        return self.nominal * self.capacity * self.health

    @property
    def in_service(self) -> bool:
        """Whether the system can use it."""
        return not (
            self.exhausted or self.dc_switch_off or not self.communicating or self.stuck is not None
        )

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that it reports."""
        reported: tuple[str, ...] | None = self.overrides.get("conditions")
        if reported is not None:
            return reported
        online = self.communicating and not self.exhausted
        return () if online or not self.listed else ("obs_strs.failure",)

    def charge_limit(self, seconds: float) -> float:
        """Return the most it takes for so long, in watts."""
        room = 1.0 - self.soc
        if room <= 0.0 or not self.charges:
            return 0.0
        limit = self.limit
        if self.soc > _TAPER:
            limit *= max(_TRICKLE, room / (1.0 - _TAPER))
        return min(limit, room * self.energy_capacity / self._efficiency * 3600 / seconds)

    def discharge_limit(self, floor: float, seconds: float) -> float:
        """Return the most it gives for so long without going below a charge, in watts."""
        left = self.soc - floor
        if left <= 0.0:
            return 0.0
        return min(self.limit, left * self.energy_capacity * self._efficiency * 3600 / seconds)

    def after(self, seconds: float, *, powered: bool) -> float:
        """Return its charge when this has gone on for so long."""
        if not powered or not self.communicating:
            return max(0.0, self.soc - _STANDBY * seconds / 3600 / self.energy_capacity)
        if self.stuck is not None:
            return self.soc
        lost = 1 / self._efficiency if self.watts > 0 else self._efficiency
        drawn = self.watts * lost * seconds / 3600
        return min(1.0, max(0.0, self.soc - drawn / self.energy_capacity))

    def commit(self, seconds: float, air: float, *, powered: bool) -> None:
        """Let time pass, at an air temperature in °C."""
        self.soc = self.after(seconds, powered=powered)
        if self.soc < EXHAUSTED:
            self.exhausted = True
        around = 18.0 + 0.45 * (air - 15.0) + self._place
        aim = around + _WARMED * abs(self.watts) / self.limit
        self.temperature += (aim - self.temperature) * min(1.0, seconds / _INERTIA)

    def report(self, now: float, *, islanded: bool) -> None:
        """Report if its turn has come and it can."""
        if self.frozen or self.exhausted or not self.communicating:
            return
        self._live_watts, self._live_soc = self.watts, self.soc
        phase = 7 + self.index * 53 % _INTERVAL
        due = int((now - phase) // _INTERVAL) * _INTERVAL + phase
        if due > self.reported:
            self.reported = due
            self._soc_reported = self.soc
            self._temperature_reported = self.temperature
            self._grid_reported = "grid-forming" if islanded else "grid-tied"

    def show(self, soc: float, clock: int) -> BatteryState:
        """Return what the gateway knows of it, with this charge at the moment.

        `clock` is how many seconds the gateway's clock is ahead.
        """
        live = not self.frozen and not self.exhausted and self.communicating
        warm = self._temperature_reported + self.temperature_offset
        number, name = READY if self.in_service or self.stuck is not None else _NOT_READY
        truth: dict[str, Any] = {
            "serial": battery_serial(self.index),
            "part": self._part,
            "capacity_wh": round(self.nominal),
            "watts": self.watts if live else self._live_watts if self.frozen else 0.0,
            "soc": self._claimed(soc if live else self._live_soc),
            "soc_reported": self._claimed(self._soc_reported),
            "reported": self.reported + clock,
            "temperature": warm,
            "cell_temperature": warm + 1.0,
            "grid_state": self._grid_reported,
            "communicating": self.communicating and not self.exhausted,
            "dc_switch_off": self.dc_switch_off,
            "admin": number,
            "admin_name": name,
            "led": _LED_OFF if self.exhausted else None,
            "rated_watts": round(self.limit),
            "conditions": self.conditions,
        }
        return BatteryState(**(truth | self.overrides))

    def _claimed(self, soc: float) -> float:
        return soc if self.stuck is None else self.stuck


class BatteryBank:
    """All batteries of a home."""

    def __init__(self, site: HomeHardware, seed: int) -> None:
        self.units = [SimulatedBattery(site, index, seed) for index in range(site.batteries)]
        self._charge: list[float] = []
        self._discharge: list[float] = []
        self._serving: list[SimulatedBattery] = []

    @property
    def soc(self) -> float:
        """Charge of those in service, 0 to 1; 0 without any."""
        serving = [unit for unit in self.units if unit.in_service]
        capacity = sum(unit.energy_capacity for unit in serving)
        if not capacity:
            return 0.0
        return sum(unit.soc * unit.energy_capacity for unit in serving) / capacity

    @property
    def stuck_watts(self) -> float:
        """Power that stuck batteries draw whatever happens."""
        return sum([_STUCK_WATTS for unit in self.units if unit.stuck is not None])

    def limits(self, floor: float, seconds: float) -> tuple[float, float]:
        """Return the most they take and give for so long, in watts, above a charge of `floor`."""
        self._serving = [unit for unit in self.units if unit.in_service]
        self._charge = [unit.charge_limit(seconds) for unit in self._serving]
        self._discharge = [unit.discharge_limit(floor, seconds) for unit in self._serving]
        return sum(self._charge), sum(self._discharge)

    def run(self, watts: float) -> None:
        """Share power among them, within the latest `limits`; positive discharges."""
        shares = self._discharge if watts > 0 else self._charge
        whole = sum(shares)
        for unit in self.units:
            unit.watts = 0.0 if unit.stuck is None else -_STUCK_WATTS
        if whole:
            for unit, share in zip(self._serving, shares, strict=True):
                unit.watts = watts * share / whole

    def rest(self) -> None:
        """Neither take nor give."""
        for unit in self.units:
            unit.watts = 0.0

    def drain(self, share: float) -> None:
        """Take a share of the capacity of those in service, as a start in vain does."""
        for unit in self.units:
            if unit.in_service:
                unit.soc = max(0.0, unit.soc - share)
