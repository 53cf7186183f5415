"""A home as its gateway knows it: its hardware, and its state at a moment.

`HomeHardware` never changes while it is served; `HomeState` is one moment of it, with the state of
each device (`device_states`). The endpoint modules turn the two into response bodies and decide
nothing themselves, so that every source of states (a table of fixed numbers, or a simulation) gets
consistent responses from every endpoint.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from exporter.simulator.homes.device_states import (
    NO_GENERATOR,
    NO_LIMITS,
    NO_UPDATE,
    AcbState,
    BatteryState,
    CloudState,
    DryContactState,
    FirmwareUpdateState,
    GeneratorState,
    GridSwitchState,
    InverterState,
    IqRelayState,
    LegReading,
    LimitState,
    LoggedEvent,
    MeterState,
    StorageState,
)

CtKind = Literal[
    "production",
    "net-consumption",
    "total-consumption",
    "storage",
    "backfeed",
    "load",
    "evse",
    "pv3p",
]
#: CTs that a meter collar lists, and for which sample homes have no use
UNUSED_CTS: frozenset[CtKind] = frozenset({"load", "evse", "pv3p"})

#: usable energy of one AC Battery, in Wh
ACB_WH = 1240
#: seconds between installation and any `now`: sample homes are always a year and a half old
INSTALLATION_AGE = 550 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeHardware:
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
    #: IQ Relays (NSRB) between inverters and grid
    iq_relays: int = 0
    #: system controller (ENPOWER)
    controller: bool = False
    collar: bool = False
    combiner: bool = False
    generator: bool = False
    #: whether there is a time-of-use tariff; otherwise the price is flat
    time_of_use: bool = False
    currency: str = "USD"
    #: whether an owner's token may read the event log
    owner_reads_events: bool = True

    @property
    def major(self) -> int:
        """Major version of the firmware."""
        return int(self.firmware.partition(".")[0])

    def since(self, *version: int) -> bool:
        """Return whether the firmware is this version, or a later one."""
        return tuple(int(part) for part in self.firmware.split(".")) >= version

    @property
    def line_volts(self) -> float:
        """Nominal voltage that an inverter sees: of both legs on a split-phase service."""
        return self.volts * min(self.legs, 2) if self.volts < 200 else self.volts

    @property
    def battery_capacity_wh(self) -> int:
        """Capacity of all Encharge batteries together."""
        return self.batteries * self.battery_wh

    @property
    def acb_capacity_wh(self) -> int:
        """Capacity of all AC Batteries together."""
        return self.acbs * ACB_WH


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeState:
    """One moment of a home, as its gateway sees it.

    Power in watts, energy in watt-hours since installation. What flows in equals what flows out:
    the grid takes or gives the rest.
    """

    #: epoch seconds by the gateway's clock
    now: int
    #: when the hardware was installed (epoch seconds)
    installed: int
    #: whether the gateway has mains power; without it, nothing answers
    powered: bool = True
    #: identity, where it is no longer that of the site
    serial: str | None = None
    firmware: str | None = None

    #: solar production, by the CT where there is one
    sun: float = 0.0
    #: solar production as the inverters last reported it, and when the last of them did
    sun_reported: float = 0.0
    sun_read: int
    #: consumption of the house, without the charging of batteries
    load: float = 0.0
    #: Encharge batteries together; positive discharges
    battery: float = 0.0
    #: AC Batteries together, as they last reported; positive discharges
    acb: float = 0.0
    acb_read: int = 0
    generator: float = 0.0
    #: power from the grid; negative is exported
    grid: float = 0.0
    #: state of charge, 0 to 1
    soc: float = 0.0
    acb_soc: float = 0.0

    produced: float = 0.0
    imported: float = 0.0
    exported: float = 0.0
    #: into and out of all batteries, measured at their AC side
    charged: float = 0.0
    discharged: float = 0.0
    generated: float = 0.0
    produced_today: float = 0.0
    consumed_today: float = 0.0
    #: in the seven days before today
    produced_week: float = 0.0
    consumed_week: float = 0.0
    #: when the meters were read for `/production.json` (epoch seconds)
    meters_read: int
    #: a defect of some firmware: total consumption shows net consumption
    total_is_net: bool = False

    legs: tuple[LegReading, ...]
    inverters: tuple[InverterState, ...] = ()
    batteries: tuple[BatteryState, ...] = ()
    acbs: tuple[AcbState, ...] = ()
    iq_relays: tuple[IqRelayState, ...] = ()
    switch: GridSwitchState
    contacts: tuple[DryContactState, ...] = ()
    storage: StorageState
    unit: GeneratorState = NO_GENERATOR
    #: CTs that are not as they should be
    meters: Mapping[CtKind, MeterState] = field(default_factory=dict)
    cloud: CloudState
    update: FirmwareUpdateState = NO_UPDATE
    limits: LimitState = NO_LIMITS
    #: an earlier state whose CT readings are still reported
    meters_kept: "HomeState | None" = None
    #: the event log, oldest first
    log: tuple[LoggedEvent, ...] = ()
    #: whether the live stream is on, and when its values were read (epoch seconds)
    live_stream: bool = False
    live_read: int = 0

    @property
    def on_grid(self) -> bool:
        """Whether the home is connected to the grid."""
        return self.switch.actual == "closed"

    @property
    def consumed(self) -> float:
        """Energy the house used since installation."""
        supplied = self.produced + self.imported + self.discharged + self.generated
        return supplied - self.exported - self.charged

    @property
    def total(self) -> float:
        """Power that the gateway calls total consumption: production and net consumption.

        It has no meter for that, so charging batteries count as consumers, discharging ones as
        consumption that is not there.
        """
        return self.grid if self.total_is_net else self.sun + self.grid

    @property
    def total_energy(self) -> float:
        """Energy that the gateway calls total consumption."""
        net = self.imported - self.exported
        return net if self.total_is_net else self.produced + net
