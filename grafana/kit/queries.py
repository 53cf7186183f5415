"""PromQL of the dashboards, written without the selectors that every query needs.

`scoped` adds the job, instance and gateway chosen above the dashboard to every selector. Energy is
counted in joules and displayed in kWh; prices are per kWh.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from grafana.kit.value_mappings import CODES

#: labels that identify a gateway
GATEWAY = "job, instance, gateway"
DEVICE = f"{GATEWAY}, serial"
#: the same for what rules record: a gateway has one series, however many exporters watch it
RECORDED_GATEWAY = "gateway"
RECORDED_DEVICE = "gateway, serial"
#: how long a value that is read every five minutes may be missing
RECENT = "15m"

_JOULES = "3.6e6"
_CHOSEN = 'job=~"$job", instance=~"$instance"'
#: with one gateway to choose Grafana does not escape its name for a regular expression
_ONE, _MANY = 'gateway="$gateway"', 'gateway=~"$gateways"'
#: an alert about the exporter has no gateway
_ONE_OR_NONE, _MANY_OR_NONE = 'gateway=~"|${gateway:regex}"', 'gateway=~"|${gateways:regex}"'
#: always fires while rules are evaluated, and is about nothing
WATCHDOG = 'ALERTS{alertname="EnphaseWatchdog"}'
_GATEWAY = {
    (False, False): _ONE,
    (False, True): _MANY,
    (True, False): _ONE_OR_NONE,
    (True, True): _MANY_OR_NONE,
}
_SELECTOR = re.compile(
    r"\b(enphase_[a-z0-9_]+|enphase:[a-z0-9_:]+|ALERTS(?:_FOR_STATE)?)(?:\{([^}]*)\})?"
)


@dataclass(frozen=True)
class Query:
    """One query of a panel; a `name` of a device contains its labels as `{{serial}}`."""

    expr: str
    name: str = ""
    #: the newest value, or the whole time range
    kind: Literal["range", "instant"] = "range"


def now(expr: str, name: str = "") -> Query:
    """Return a query for the newest value."""
    return Query(expr, name, "instant")


def scoped(expr: str, *, multi_gateway: bool = False) -> str:
    """Return the expression with every selector confined to what is chosen above the dashboard.

    What rules record, and alerts, have neither job nor instance.

    With `many` gateways to choose they are another variable, so that a link from a dashboard of one
    leads to all of them.
    """

    def selector(match: re.Match[str]) -> str:
        name, own = match.groups()
        if match[0] == WATCHDOG:
            return match[0]
        gateway = _GATEWAY[name.startswith("ALERTS"), multi_gateway]
        chosen = _CHOSEN if name.startswith("enphase_") else ""
        return f"{name}{{{', '.join(filter(None, (own, chosen, gateway)))}}}"

    return _SELECTOR.sub(selector, " ".join(expr.split()))


def state(
    metric: str,
    *states: str,
    by: str = DEVICE,
    label: str = "state",
    codes: Mapping[str, int] = CODES,
) -> str:
    """Return the code of the state that holds, see `value_mappings.STATES`."""
    codes = {"unknown": CODES["unknown"], **codes}
    parts = (f'{metric}{{{label}="{name}"}} * {codes[name]}' for name in (*states, "unknown"))
    return f"sum by ({by}) ({' or '.join(parts)})"


# --- power: watts, never below zero, so that a direction is a series of its own ---

SOLAR_WATTS = (
    f"clamp_min(enphase_production_watts or on ({RECORDED_GATEWAY}) enphase:solar_watts, 0)"
)
IMPORT_WATTS = "clamp_min(enphase_net_consumption_watts, 0)"
EXPORT_WATTS = "clamp_min(-enphase_net_consumption_watts, 0)"
DISCHARGE_WATTS = "clamp_min(enphase_storage_watts, 0)"
CHARGE_WATTS = "clamp_min(-enphase_storage_watts, 0)"
#: what a gateway calls consumption leaves the batteries out: it is production and net consumption
HOUSE_WATTS = (
    f"clamp_min(enphase_consumption_watts + on ({GATEWAY}) enphase_storage_watts"
    " or enphase_consumption_watts, 0)"
)

FLOWS = (
    ("Solar", SOLAR_WATTS),
    ("Battery discharging", DISCHARGE_WATTS),
    ("From the grid", IMPORT_WATTS),
    ("House", HOUSE_WATTS),
    ("Battery charging", CHARGE_WATTS),
    ("To the grid", EXPORT_WATTS),
)

# --- energy over a window: joules ---


def solar_joules(window: str) -> str:
    """Return the energy produced."""
    return f"increase(enphase_production_joules_total[{window}])"


def import_joules(window: str) -> str:
    """Return the energy imported from the grid."""
    return _grid_joules("delivered", window)


def export_joules(window: str) -> str:
    """Return the energy exported to the grid."""
    return _grid_joules("received", window)


def _grid_joules(direction: str, window: str) -> str:
    counter = f'enphase_meter_{direction}_joules_total{{meter="net-consumption"}}'
    return f"sum by ({GATEWAY}) (increase({counter}[{window}]))"


def discharged_joules(window: str) -> str:
    """Return the energy discharged from the batteries."""
    return f"increase(enphase_storage_discharged_joules_total[{window}])"


def charged_joules(window: str) -> str:
    """Return the energy charged into the batteries."""
    return f"increase(enphase_storage_charged_joules_total[{window}])"


def house_joules(window: str) -> str:
    """Return the energy used by the house; see `HOUSE_WATTS`."""
    consumed = f"increase(enphase_consumption_joules_total[{window}])"
    return (
        f"clamp_min({consumed} + on ({GATEWAY}) ({discharged_joules(window)}"
        f" - {charged_joules(window)}) or {consumed}, 0)"
    )


def kwh(joules: str) -> str:
    """Return an energy in kWh."""
    return f"({joules}) / {_JOULES}"


ENERGIES = (
    ("Solar", solar_joules),
    ("House", house_joules),
    ("From the grid", import_joules),
    ("To the grid", export_joules),
    ("Battery charging", charged_joules),
    ("Battery discharging", discharged_joules),
)


def self_consumption(window: str) -> str:
    """Return the share of solar production that was not exported."""
    solar = f"({solar_joules(window)} > 0)"
    return f"clamp(1 - {export_joules(window)} / on ({GATEWAY}) {solar}, 0, 1)"


def autonomy(window: str) -> str:
    """Return the share of the house's consumption that was not imported."""
    return f"clamp(1 - {import_joules(window)} / on ({GATEWAY}) ({house_joules(window)} > 0), 0, 1)"


# --- by day: kWh from midnight to midnight at the home, each at the midnight it begins with ---


def daily(flow: str, *, days_before: int = 0) -> str:
    """Return the energy of a flow by day, for steps of a day from midnight on.

    A day that is over is read from what the exporter called yesterday during the next day, and the
    present one from what it calls today. Both are read at least an hour from midnight, so that
    summer time, or a browser an hour or two away from the home, changes nothing.
    """
    hours = 24 * days_before
    over = f"last_over_time(enphase:{flow}_joules:yesterday[20h] offset {_offset(hours - 47)})"
    present = f"last_over_time(enphase:{flow}_joules:today[22h] offset {_offset(hours - 23)})"
    return kwh(f"{over} or {present}")


def _offset(hours: int) -> str:
    return f"{hours}h" if hours >= 0 else f"-{-hours}h"


def daily_sum(recorded: str, *, days_before: int = 0) -> str:
    """Return the sum of what is recorded every quarter of an hour, by day."""
    return f"sum_over_time({recorded}[1d] offset {_offset(24 * days_before - 24)})"


#: what a clear sky would have given, by day; watts, recorded four times an hour
DAILY_CLEAR_SKY = kwh("900 * sum_over_time(enphase:solar_clear_sky_watts[1d] offset -24h)")
#: what each panel gave, by day
DAILY_BY_PANEL = kwh("last_over_time(enphase:inverter_joules:increase1d[1h] offset -24h)")

#: names of the flows of the house, and their names in metrics
FLOW_NAMES = (
    ("Solar", "solar"),
    ("Battery discharging", "battery_discharge"),
    ("From the grid", "grid_import"),
    ("House", "house"),
    ("Battery charging", "battery_charge"),
    ("To the grid", "grid_export"),
)
_GRID_REGISTER = 'enphase_meter_{}_joules_total{{meter="net-consumption"}}'
_IMPORTED, _EXPORTED = (
    f"sum by ({GATEWAY}) ({_GRID_REGISTER.format(direction)})"
    for direction in ("delivered", "received")
)
#: registers of the gateway; those of the house begin when the exporter does
LIFETIMES = (
    ("Solar", kwh("enphase_production_joules_total")),
    ("From the grid", kwh(_IMPORTED)),
    ("To the grid", kwh(_EXPORTED)),
    (
        "House",
        kwh(
            f"enphase_production_joules_total + on ({GATEWAY}) {_IMPORTED}"
            f" - on ({GATEWAY}) {_EXPORTED}"
        ),
    ),
)
DAILY_SELF_CONSUMPTION = (
    f"clamp(1 - {daily('grid_export')} / on (gateway) ({daily('solar')} > 0), 0, 1)"
)
DAILY_AUTONOMY = f"clamp(1 - {daily('grid_import')} / on (gateway) ({daily('house')} > 0), 0, 1)"

# --- money: every quarter of an hour at its price, as prices change over the day ---

_MONEY = (
    ("Paid", "enphase:import_cost:increase15m"),
    ("Earned", "enphase:export_earnings:increase15m"),
    # what would have been paid without panels and batteries, less what was
    ("Saved", "enphase:avoided_cost:increase15m"),
)
MONEY = tuple(
    (f"{name}, {{{{currency}}}}", f"sum_over_time({recorded}[$__range])")
    for name, recorded in _MONEY
)
DAILY_MONEY = tuple((f"{name}, {{{{currency}}}}", daily_sum(recorded)) for name, recorded in _MONEY)

# --- devices ---


def with_inverter_names(expr: str) -> str:
    """Add the labels `panel` and `array` of an inverter: the owner's names, or its serial."""
    serial = 'label_replace(enphase_inverter_info, "panel", "$1", "serial", "(.*)")'
    name = f'label_replace({serial}, "panel", "$1", "name", "(.+)")'
    return f"({expr}) * on ({RECORDED_DEVICE}) group_left (panel, array) {name}"


FIRING = 'ALERTS{alertname=~"Enphase.+", alertstate="firing", severity=~"critical|warning"}'
#: what graphs are marked with: a warning can last for weeks and would shade all of them, and an
#: outage has a mark of its own
CRITICAL = (
    'ALERTS{alertname=~"Enphase.+", alertname!~"EnphaseGridOutage.*", alertstate="firing",'
    ' severity="critical"}'
)
#: 0 off grid, 1 on grid, 2 off grid by command; see `value_mappings.GRID`
GRID_STATE = (
    f"enphase_grid_connected + on ({GATEWAY})"
    " 2 * (enphase_grid_disconnect_commanded * (1 - enphase_grid_connected))"
    " or enphase_grid_connected"
)
