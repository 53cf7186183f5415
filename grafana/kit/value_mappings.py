"""Texts for numeric states, for state timelines and tables.

A state set has one series for each state. A timeline wants one line for each device, so
`queries.state` turns the set into the code of the state that holds; the code of a state is the same
everywhere, and so are its words and its colour.
"""

from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.models import dashboard

from grafana.kit.colours import BAD, CHARGE, DISCHARGE, FINE, NEUTRAL, NONE, OUTAGE, WATCH

#: words and colour by value, a number or a text
ValueMap = Mapping[float | str, tuple[str, str]]

#: text in place of "No data"
NO_BATTERY = "No battery at this gateway"
NO_METER = "No consumption meter at this gateway"

YES_GOOD: ValueMap = {0: ("No", BAD), 1: ("Yes", FINE)}
YES_BAD: ValueMap = {0: ("No", FINE), 1: ("Yes", BAD)}
YES_PLAIN: ValueMap = {0: ("No", NEUTRAL), 1: ("Yes", DISCHARGE)}
GRID: ValueMap = {
    0: ("Off grid", OUTAGE),
    1: ("On grid", FINE),
    2: ("Off grid by command", WATCH),
}
RESPONDING: ValueMap = {0: ("Unreachable", BAD), 1: ("Reachable", FINE)}
CLOUD_CONNECTED: ValueMap = {0: ("Disconnected", BAD), 1: ("Connected", FINE)}
WORKING: ValueMap = {0: ("Failing", BAD), 1: ("OK", FINE)}
LINK: ValueMap = {0: ("No link", NEUTRAL), 1: ("Up", FINE)}
SEVERITY: ValueMap = {"critical": ("Critical", BAD), "warning": ("Warning", WATCH)}
#: as the gateway calls kinds of devices
DEVICE_TYPES: ValueMap = {
    "pcu": ("Inverters", NONE),
    "encharge": ("IQ Batteries", NONE),
    "acb": ("AC Batteries", NONE),
    "esub": ("System controller", NONE),
    "nsrb": ("IQ Relays", NONE),
}
#: of panels in the roof layout
UNCOMPARED: ValueMap = {-1: ("Nothing to compare", NEUTRAL)}
UNPLACED: ValueMap = {0: ("None", NEUTRAL)}
#: as `enphase_encharge_led_status`
LED_STATUS: ValueMap = {
    12: ("Charging", CHARGE),
    13: ("Discharging", DISCHARGE),
    14: ("Idle, nearly full", FINE),
    15: ("Idle, more than half", FINE),
    16: ("Idle, less than half", FINE),
    17: ("Idle, nearly empty", WATCH),
}
#: states of all state sets: words and colour; their place is their code, from a thousand on, out of
#: the way of the gateway's own numbers
_STATES: Mapping[str, tuple[str, str]] = {
    "closed": ("Closed", FINE),
    "close": ("Closed", FINE),
    "open": ("Open", OUTAGE),
    "backup": ("Full backup", DISCHARGE),
    "self-consumption": ("Self-consumption", FINE),
    "economy": ("Savings", CHARGE),
    "off": ("Off", NEUTRAL),
    "on": ("On", DISCHARGE),
    "auto": ("Automatic", FINE),
    "charging": ("Charging", CHARGE),
    "discharging": ("Discharging", DISCHARGE),
    "idle": ("Idle", FINE),
    "awake": ("Awake", FINE),
    "going_to_sleep": ("Going to sleep", WATCH),
    "asleep": ("Asleep", BAD),
    "waking": ("Waking", WATCH),
    "multimode-ongrid": ("On grid", FINE),
    "multimode-offgrid": ("Off grid", OUTAGE),
    "grid-tied": ("Tied to the grid", FINE),
    "grid-forming": ("Forming its own grid", OUTAGE),
    "synchronizing-to-grid": ("Synchronizing", WATCH),
    "on_grid": ("On grid", FINE),
    "off_grid": ("Off grid", OUTAGE),
    "ENCHG_STATE_READY": ("Ready", FINE),
    "ENCMN_MDE_ENCHARGE_READY": ("Ready", FINE),
    "normal": ("Normal", FINE),
    "not-metering": ("Not metering", BAD),
    "check-wiring": ("Check the wiring", BAD),
    "connected": ("Connected", FINE),
    "connecting": ("Connecting", WATCH),
    "unknown": ("Unknown", NEUTRAL),
}
CODES: Mapping[str, int] = {state: code for code, state in enumerate(_STATES, start=1000)}
STATES: ValueMap = {CODES[state]: entry for state, entry in _STATES.items()}


def build_value_mappings(value_map: ValueMap) -> list[dashboard.ValueMapping]:
    """Return a value map as Grafana value mappings."""
    return [
        dashboard.ValueMap(
            {
                _written(value): dashboard.ValueMappingResult(text=text, color=colour, index=index)
                for index, (value, (text, colour)) in enumerate(value_map.items())
            }
        )
    ]


def _written(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def build_missing_mappings(text: str) -> list[dashboard.ValueMapping]:
    """Return a text for the lack of a value, which is neither good nor bad."""
    return [
        dashboard.SpecialValueMap(
            dashboard.DashboardSpecialValueMapOptions(
                match=dashboard.SpecialValueMatch.NULL_AND_NAN,
                result=dashboard.ValueMappingResult(text=text, color=NONE, index=0),
            )
        )
    ]


def merge_value_maps(tables: Iterable[ValueMap]) -> ValueMap:
    """Return several tables as one; raise ValueError where they contradict each other."""
    result: dict[float | str, tuple[str, str]] = {}
    for table in tables:
        for value, entry in table.items():
            if result.setdefault(value, entry) != entry:
                raise ValueError(f"{_written(value)} means {result[value][0]} and {entry[0]}")
    return result
