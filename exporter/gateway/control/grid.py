"""Going off grid and on grid: the relay of the system controller."""

from pyenphase.const import URL_PRODUCTION_JSON
from pyenphase.models.envoy import EnvoyData

from exporter.errors import InvalidDataError
from exporter.gateway.control.models import Args, Values
from exporter.gateway.endpoints import ensemble_power
from exporter.gateway.endpoints.base import Notes
from exporter.gateway.paths import BATTERY_POWER, INVENTORY, SECCTRL

_STAYS_OFF = (
    "the house runs on its batteries, panels and generator until"
    " `enphase-exporter control grid on`: nothing else reconnects it"
)
_OUTAGE = (
    "the relay is already open, without a command: this is an outage; after this command the house"
    " stays off grid even when the grid is back"
)


def state(data: EnvoyData, args: Args) -> Values:
    """Return the commanded and the actual state of the relay, and the reported grid mode."""
    if data.enpower is None:
        raise InvalidDataError("the gateway does not report the state of its system controller")
    return {
        "commanded": data.enpower.mains_admin_state,
        "relay": data.enpower.mains_oper_state,
        "grid_mode": data.enpower.grid_mode,
    }


def off_grid_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return how much energy is left, and for how long."""
    notes = [_STAYS_OFF]
    if before["relay"] == "open" and before["commanded"] == "closed":
        notes.append(_OUTAGE)
    return [*notes, _remaining(data)]


def _remaining(data: EnvoyData) -> str:
    if SECCTRL not in data.raw:
        return "the charge of the batteries is unknown: check it first"
    batteries = data.encharge_aggregate
    if batteries is None:
        return "NO BATTERY found: the house may lose power at once"
    limit = data.raw[SECCTRL].get("VLS_Limit") or 0.0
    left = max(0.0, batteries.available_energy - limit / 100 * batteries.max_available_capacity)
    text = f"the batteries are at {batteries.state_of_charge:g} %; {left / 1000:.1f} kWh are left"
    if limit:
        text += f" until they switch off at {limit:g} %"
    watts = _load(data)
    if watts:
        text += f": about {_duration(left / watts)} at {watts / 1000:.1f} kW, without sun"
    return text


def _duration(hours: float) -> str:
    return f"{hours:.0f} h" if hours >= 2 else f"{hours * 60:.0f} min"


def _load(data: EnvoyData) -> float | None:
    """Return the power of the house in W, None where it is not measured.

    The gateway's total consumption is the sum of panels and grid: it includes charging and lacks
    what the batteries discharge.
    """
    try:
        consumed = next(
            float(section["wNow"])
            for section in data.raw[URL_PRODUCTION_JSON]["consumption"]
            if section["measurementType"] == "total-consumption"
        )
        batteries = ensemble_power.ENDPOINT.read(data.raw[BATTERY_POWER], Notes())[
            "encharge_power"
        ].values()
        watts = consumed + sum(battery.real_power_mw for battery in batteries) / 1000
    except (KeyError, TypeError, ValueError, StopIteration):
        return None
    return watts if watts > 0 else None


def off_grid_hint(desired: Values, after: Values) -> str:
    """Return why the relay may not have followed."""
    if after["commanded"] == "open":
        return "the gateway has the command, but the relay is still closed: the house is on grid"
    return "the gateway gives no reason"


def on_grid_hint(desired: Values, after: Values) -> str:
    """Return why the relay may not have followed yet."""
    if after["commanded"] == "closed":
        return (
            "the gateway has the command, but the relay is still open: it closes once the grid has"
            " been stable for five minutes; do the neighbours have power?"
        )
    return "the gateway gives no reason"


#: what `off_grid_notes` uses
EXTRA_READS = (SECCTRL, BATTERY_POWER, URL_PRODUCTION_JSON)
READS = (INVENTORY,)
