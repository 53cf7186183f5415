"""The sources of each power, the best first."""

from collections.abc import Callable, Iterable
from typing import Any

from exporter.house.grid import is_true
from exporter.house.models import BATTERIES, INVERTERS, LIVE, METER, SECTION, Power
from exporter.house.view import NET, PRODUCTION, STORAGE, HouseView

#: CT around panels of another make
_OTHER_PANELS = "pv3p"
_LIVE_SOLAR, _LIVE_GRID, _LIVE_STORAGE, _LIVE_LOAD = "pv", "grid", "storage", "load"
#: the largest commercial sites
_MAX_WATTS = 1e8
#: seconds
_LONGEST_NIGHT = 86400.0


def watts_of(value: Any, divisor: float = 1) -> float | None:
    """Return a power that can be true, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    watts = value if divisor == 1 else value / divisor
    return watts if abs(watts) <= _MAX_WATTS else None


def metering(view: HouseView, kind: str) -> Any:
    """Return a CT that measures something, or None."""
    meter = (view.get("ctmeters") or {}).get(kind)
    return None if getattr(meter, "metering_status", None) == "not-metering" else meter


def ct_watts(view: HouseView, kind: str) -> float | None:
    """Return the power that a CT measures, None where it measures nothing."""
    meter = metering(view, kind)
    return None if meter is None else watts_of(meter.active_power)


def ct(view: HouseView, kind: str) -> Power | None:
    """Return the power that a CT measures, with its registers."""
    watts = ct_watts(view, kind)
    if watts is None:
        return None
    return Power(
        watts,
        METER,
        view.registers(("ctmeters", kind, "energy_delivered")),
        view.registers(("ctmeters", kind, "energy_received")),
    )


def _section_watts(view: HouseView, member: str, kind: str) -> float | None:
    """Return the power of a section; none of 0 W where the CT behind it measures nothing."""
    watts = watts_of(getattr(view.get(member), "watts_now", None))
    at_fault = kind in (view.get("ctmeters") or {}) and metering(view, kind) is None
    return watts or (None if at_fault else watts)


def _solar_ct(view: HouseView) -> Power | None:
    own = ct(view, PRODUCTION)
    return None if own is None else _with_other_panels(view, own)


def _with_other_panels(view: HouseView, own: Power) -> Power | None:
    """Add panels of another make that have a CT of their own."""
    if _OTHER_PANELS not in (view.get("ctmeters") or {}):
        return own
    other = ct(view, _OTHER_PANELS)
    if other is None:
        return None
    return Power(own.watts + other.watts, own.source, {**own.incoming, **other.incoming})


def _solar_section(view: HouseView) -> Power | None:
    watts = _section_watts(view, "system_production", PRODUCTION)
    if watts is None:
        return None
    registers = view.registers(("system_production", "watt_hours_lifetime"))
    return _with_other_panels(view, Power(watts, SECTION, registers))


def _report_date(inverter: Any) -> int | None:
    date: int | None = getattr(inverter, "last_report_date", None)
    return date


def _solar_inverters(view: HouseView) -> Power | None:
    inverters = view.get("inverters")
    presence = view.get("inverter_presence") or {}
    if not inverters or any(not is_true(each.present) for each in presence.values()):
        return None
    watts = [
        value
        for inverter in inverters.values()
        if (value := watts_of(inverter.last_report_watts)) is not None
    ]
    if len(watts) < len(inverters):
        return None
    dates = [date for each in inverters.values() if (date := _report_date(each))]
    if not any(watts) and dates and max(dates) < view.read_at("inverters") - _LONGEST_NIGHT:
        # All are silent for longer than any night: nobody knows whether that is still so.
        return None
    paths = [("inverters", serial, "lifetime_energy") for serial in inverters]
    registers = view.registers(*paths)
    complete = registers if len(registers) == len(paths) else {}
    return _with_other_panels(view, Power(float(sum(watts)), INVERTERS, complete))


def _live(flow: str) -> Callable[[HouseView], Power | None]:
    def power(view: HouseView) -> Power | None:
        live = (view.get("live_flows") or {}).get(flow)
        watts = watts_of(getattr(live, "power_mw", None), 1000)
        return None if watts is None else Power(watts, LIVE)

    return power


def live_grid(view: HouseView) -> Power | None:
    """Return what live data says of the grid, where something measures it."""
    return _live(_LIVE_GRID)(view) if view.measures_grid else None


def live_load(view: HouseView) -> Power | None:
    """Return what live data says of the house, where something measures it."""
    return _live(_LIVE_LOAD)(view) if view.measures_grid else None


def _batteries(view: HouseView) -> Power | None:
    """Return the power of all batteries, which the exporter adds up and integrates itself."""
    watts = watts_of(getattr(view.get("storage_power"), "watts", None))
    if watts is None:
        return None
    return Power(
        watts,
        BATTERIES,
        view.registers(("storage_power", "discharged")),
        view.registers(("storage_power", "charged")),
    )


def _storage_ct(view: HouseView) -> Power | None:
    """Return what the CT of batteries of another make measures."""
    return None if view.get("encharge_inventory") else ct(view, STORAGE)


def _net_section(view: HouseView) -> Power | None:
    watts = _section_watts(view, "system_net_consumption", NET)
    return None if watts is None else Power(watts, SECTION)


Source = Callable[[HouseView], Power | None]
SOLAR_SOURCES: tuple[Source, ...] = (
    _solar_ct,
    _solar_section,
    _solar_inverters,
    _live(_LIVE_SOLAR),
)
BATTERY_SOURCES: tuple[Source, ...] = (_batteries, _storage_ct, _live(_LIVE_STORAGE))
GRID_SOURCES: tuple[Source, ...] = (lambda view: ct(view, NET), _net_section)


def best(view: HouseView, sources: Iterable[Source]) -> Power | None:
    """Return the power of the first source that has one."""
    return next((power for source in sources if (power := source(view)) is not None), None)
