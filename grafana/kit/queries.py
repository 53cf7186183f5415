"""PromQL of the dashboards, written without the selectors that every query needs.

`scoped` adds the job, instance and gateway chosen above the dashboard to every selector. Energy is
counted in joules and displayed in kWh; prices are per kWh.
"""

import re
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


def state(metric: str, *states: str, by: str = DEVICE, label: str = "state") -> str:
    """Return the code of the state that holds, see `value_mappings.STATES`."""
    parts = (f'{metric}{{{label}="{name}"}} * {CODES[name]}' for name in (*states, "unknown"))
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


# --- money: every quarter of an hour at its price, as prices change over the day ---

_MOMENT = "15m"


def _priced(direction: Literal["import", "export"], joules: str) -> str:
    price = f"last_over_time(enphase_tariff_{direction}_price[30m])"
    moments = f"{price} * on ({GATEWAY}) group_left () ({kwh(joules)})"
    return f"sum_over_time(({moments})[$__range:{_MOMENT}])"


PAID = _priced("import", import_joules(_MOMENT))
EARNED = _priced("export", export_joules(_MOMENT))
#: what would have been paid without panels and batteries, less what was
SAVED = _priced(
    "import",
    f"clamp_min({house_joules(_MOMENT)} - on ({GATEWAY}) {import_joules(_MOMENT)}, 0)",
)

# --- devices ---


def with_inverter_names(expr: str) -> str:
    """Add the labels `panel` and `array` of an inverter: the owner's names, or its serial."""
    serial = 'label_replace(enphase_inverter_info, "panel", "$1", "serial", "(.*)")'
    name = f'label_replace({serial}, "panel", "$1", "name", "(.+)")'
    return f"({expr}) * on ({RECORDED_DEVICE}) group_left (panel, array) {name}"


FIRING = 'ALERTS{alertname=~"Enphase.+", alertstate="firing", severity=~"critical|warning"}'
#: 0 off grid, 1 on grid, 2 off grid by command; see `value_mappings.GRID`
GRID_STATE = (
    f"enphase_grid_connected + on ({GATEWAY})"
    " 2 * (enphase_grid_disconnect_commanded * (1 - enphase_grid_connected))"
    " or enphase_grid_connected"
)
