"""A home as the sample gateways know it: its hardware, and what is going on there at a moment.

`Site` never changes while it is served; `State` is one moment of it. The endpoint modules turn the
two into answers and decide nothing themselves, so that whoever computes states (a table of fixed
numbers, or a simulation of the weather) gets consistent answers from every endpoint.
"""

from dataclasses import dataclass
from typing import Literal

CtKind = Literal["production", "net-consumption", "total-consumption", "storage", "backfeed"]

#: usable energy of one AC Battery, in Wh
ACB_WH = 1240
#: seconds between installation and any `now`: sample homes are always a year and a half old
AGE = 550 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The hardware of a home. Power in watts, energy in watt-hours, counts of devices."""

    serial: str
    firmware: str
    part_number: str = "800-00555-r03"
    timezone: str = "US/Pacific"

    #: current transformers, in the order of `/ivp/meters`; none means the gateway is not metered
    cts: tuple[CtKind, ...] = ()
    #: legs that the meters see
    legs: int = 1
    #: nominal voltage of one leg, and frequency
    volts: float = 240.0
    hertz: float = 60.0

    inverters: int = 0
    #: rated power of one inverter
    inverter_watts: int = 366
    #: whether `/ivp/pdm/device_data` exists
    device_data: bool = False

    batteries: int = 0
    battery_wh: int = 5000
    battery_part: str = "836-00750-r10"
    acbs: int = 0
    #: system controller (ENPOWER)
    controller: bool = False
    collar: bool = False
    combiner: bool = False
    generator: bool = False
    #: whether there is a time-of-use tariff; otherwise the price is flat
    time_of_use: bool = False
    currency: str = "USD"

    @property
    def major(self) -> int:
        """Major version of the firmware."""
        return int(self.firmware.partition(".")[0])

    @property
    def battery_capacity_wh(self) -> int:
        """Capacity of all Encharge batteries together."""
        return self.batteries * self.battery_wh

    @property
    def acb_capacity_wh(self) -> int:
        """Capacity of all AC Batteries together."""
        return self.acbs * ACB_WH


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One moment of a home.

    Power in watts, energy in watt-hours since installation. What flows in equals what flows out:
    the grid takes or gives the rest.
    """

    #: epoch seconds
    now: int
    #: solar production
    sun: float = 0.0
    #: consumption of the house, without the charging of batteries
    load: float = 0.0
    #: Encharge batteries together; positive discharges
    battery: float = 0.0
    #: AC Batteries together; positive discharges
    acb: float = 0.0
    generator: float = 0.0
    #: state of charge, 0 to 1
    soc: float = 0.0
    acb_soc: float = 0.0

    #: whether the home is connected to the grid
    on_grid: bool = True

    produced: float = 0.0
    imported: float = 0.0
    exported: float = 0.0
    charged: float = 0.0
    discharged: float = 0.0
    produced_today: float = 0.0
    consumed_today: float = 0.0
    #: in the seven days before today
    produced_week: float = 0.0
    consumed_week: float = 0.0

    @property
    def grid(self) -> float:
        """Power from the grid; negative is exported."""
        return self.load - self.sun - self.battery - self.acb - self.generator

    @property
    def consumed(self) -> float:
        """Energy the house used since installation."""
        return self.produced + self.imported + self.discharged - self.exported - self.charged

    @property
    def installed(self) -> int:
        """When the hardware was installed (epoch seconds)."""
        return self.now - AGE
