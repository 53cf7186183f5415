"""A sunny noon: fixed numbers for any hardware, that add up."""

from math import sin

from exporter.simulator.homes.device_states import (
    AcbState,
    BatteryState,
    CloudState,
    GridSwitchState,
    InverterState,
    IqRelayState,
    LegReading,
    MeterState,
    StorageState,
    acb_serial,
    battery_serial,
    inverter_serial,
    iq_relay_serial,
)
from exporter.simulator.homes.dry_contacts import INSTALLED_CONTACTS
from exporter.simulator.homes.models import INSTALLATION_AGE, UNUSED_CTS, HomeHardware, HomeState

#: power of one inverter, of one battery and of one AC Battery (charging), in watts
_INVERTER, _BATTERY, _ACB = 304.0, -600.0, -90.0
#: what the house uses, in watts
_LOAD = 1900.0
#: energy of one inverter in Wh: since installation, today so far, in the seven days before
_PRODUCED, _PRODUCED_TODAY, _PRODUCED_WEEK = 640_000.0, 780.0, 9_800.0
#: energy of the house in Wh: today so far, in the seven days before
_CONSUMED_TODAY, _CONSUMED_WEEK = 9_200.0, 171_000.0
#: since installation: energy from the grid in Wh, and how often the batteries were charged
_IMPORTED, _CHARGED = 3_900_000.0, 122.0
#: share of the production that was exported, and of what was charged that came back
_EXPORTED, _RETURNED = 0.35, 0.89
#: charge of the batteries and of the AC Batteries
_SOC, _ACB_SOC = 0.64, 0.41
#: seconds between two reports of an inverter
_INTERVAL = 300


def sample_state(site: HomeHardware, now: float) -> HomeState:
    """Return the state of this hardware at noon of a sunny day; `now` is epoch seconds."""
    at = int(now)
    charged = _CHARGED * (site.battery_capacity_wh + site.acb_capacity_wh)
    sun = _INVERTER * site.inverters * site.inverter_watts / 366
    battery, acb = _BATTERY * site.batteries, _ACB * site.acbs
    return HomeState(
        now=at,
        installed=at - INSTALLATION_AGE,
        sun=sun,
        sun_reported=sun,
        sun_read=at - 40,
        load=_LOAD,
        battery=battery,
        acb=acb,
        acb_read=at - 600,
        grid=_LOAD - sun - battery - acb,
        soc=_SOC if site.batteries else 0.0,
        acb_soc=_ACB_SOC if site.acbs else 0.0,
        produced=_PRODUCED * site.inverters,
        imported=_IMPORTED,
        exported=_EXPORTED * _PRODUCED * site.inverters,
        charged=charged,
        discharged=_RETURNED * charged,
        produced_today=_PRODUCED_TODAY * site.inverters,
        consumed_today=_CONSUMED_TODAY,
        produced_week=_PRODUCED_WEEK * site.inverters,
        consumed_week=_CONSUMED_WEEK,
        meters_read=at - 2,
        legs=(LegReading(site.volts, site.hertz),) * site.legs,
        inverters=tuple(_inverter(site, at, index) for index in range(site.inverters)),
        batteries=tuple(_battery(site, at, index) for index in range(site.batteries)),
        acbs=tuple(_acb(at, index) for index in range(site.acbs)),
        switch=GridSwitchState(reported=at - 30),
        contacts=INSTALLED_CONTACTS,
        meters={kind: MeterState(enabled=False) for kind in site.cts if kind in UNUSED_CTS},
        storage=StorageState(available_capacity=site.battery_capacity_wh, changed=at - 20 * 86400),
        iq_relays=tuple(_iq_relay(site, at, index) for index in range(site.iq_relays)),
        cloud=CloudState(reported=at - 190),
        live_read=at - at % 60,
    )


def _inverter(site: HomeHardware, now: int, index: int) -> InverterState:
    """Return an inverter with an equal share of the sun, a little off as roofs are."""
    watts = max(0, round(_INVERTER * site.inverter_watts / 366 * (1 + 0.03 * sin(1.7 * index))))
    return InverterState(
        serial=inverter_serial(index),
        index=index,
        watts=watts,
        max_watts=site.inverter_watts,
        # they take turns
        reported=now - 5 - (index * 37) % _INTERVAL,
        interval=_INTERVAL,
        joules=watts * _INTERVAL,
        today=_PRODUCED_TODAY,
        yesterday=_PRODUCED_WEEK / 7,
        week=_PRODUCED_WEEK,
        lifetime=_PRODUCED,
        volts=site.line_volts,
        hertz=site.hertz,
        panel_volts=38.0 + 0.1 * (index % 8),
        temperature=24 + watts // 15,
    )


def _battery(site: HomeHardware, now: int, index: int) -> BatteryState:
    return BatteryState(
        serial=battery_serial(index),
        part=site.battery_part,
        capacity_wh=site.battery_wh,
        watts=_BATTERY,
        soc=_SOC,
        soc_reported=_SOC,
        reported=now - 20 - 45 * (index % 6),
        temperature=24 + index % 3,
        cell_temperature=25 + index % 3,
        rated_watts=round(0.768 * site.battery_wh),
    )


def _acb(now: int, index: int) -> AcbState:
    return AcbState(
        serial=acb_serial(index),
        watts=round(_ACB),
        soc=_ACB_SOC,
        reported=now - 300 - 60 * index,
        cell_temperature=27 + index,
    )


def _iq_relay(site: HomeHardware, now: int, index: int) -> IqRelayState:
    return IqRelayState(
        serial=iq_relay_serial(index),
        reported=now - 120 - 60 * index,
        volts=(site.volts,) * site.legs,
        hertz=site.hertz,
    )
