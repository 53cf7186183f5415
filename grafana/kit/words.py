"""What numbers mean in words, for state timelines and tables.

A state set has one series for each state. A timeline wants one line for each device, so
`queries.state` turns the set into the code of the state that holds; the code of a state is the same
everywhere, and so are its words and its colour.
"""

from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.models import dashboard

from grafana.kit.colours import BAD, CHARGE, DISCHARGE, FINE, NEUTRAL, OUTAGE, WATCH

#: words and colour by value
Words = Mapping[float, tuple[str, str]]

#: said where it would be "No data"
NO_BATTERY = "No battery at this gateway"
NO_METER = "No consumption meter at this gateway"

YES_GOOD: Words = {0: ("No", BAD), 1: ("Yes", FINE)}
YES_BAD: Words = {0: ("No", FINE), 1: ("Yes", BAD)}
YES_PLAIN: Words = {0: ("No", NEUTRAL), 1: ("Yes", DISCHARGE)}
GRID: Words = {
    0: ("Off grid", OUTAGE),
    1: ("On grid", FINE),
    2: ("Off grid by command", WATCH),
}
ANSWERS: Words = {0: ("Silent", BAD), 1: ("Answers", FINE)}
REACHED: Words = {0: ("Cut off", BAD), 1: ("Connected", FINE)}
SUCCEEDS: Words = {0: ("Fails", BAD), 1: ("Works", FINE)}
LINK: Words = {0: ("No link", NEUTRAL), 1: ("Up", FINE)}
#: of panels on the plan of the roof
UNCOMPARED: Words = {-1: ("Nothing to compare", NEUTRAL)}
UNPLACED: Words = {0: ("None has x and y in the configuration", NEUTRAL)}
#: as `enphase_encharge_led_status`
LIGHT: Words = {
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
STATES: Words = {CODES[state]: told for state, told in _STATES.items()}


def mappings(words: Words) -> list[dashboard.ValueMapping]:
    """Return the value mappings that show these words."""
    return [
        dashboard.ValueMap(
            {
                f"{value:g}": dashboard.ValueMappingResult(text=text, color=colour, index=index)
                for index, (value, (text, colour)) in enumerate(words.items())
            }
        )
    ]


def merged(tables: Iterable[Words]) -> Words:
    """Return several tables as one; raise ValueError where they contradict each other."""
    found: dict[float, tuple[str, str]] = {}
    for table in tables:
        for value, told in table.items():
            if found.setdefault(value, told) != told:
                raise ValueError(f"{value:g} means {found[value][0]} and {told[0]}")
    return found
