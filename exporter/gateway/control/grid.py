"""Leaving the grid and joining it: the relay of the system controller, and what lives on then."""

from pyenphase.const import URL_PRODUCTION_JSON
from pyenphase.models.envoy import EnvoyData

from exporter.errors import InvalidDataError
from exporter.gateway.control.models import Args, Values
from exporter.gateway.ensemble import read_power
from exporter.gateway.extras import Secctrl
from exporter.gateway.policy import BATTERY_POWER, INVENTORY, SECCTRL

_NOBODY_ELSE = (
    "the house will live on its batteries, panels and generator until"
    " `enphase-exporter control grid on`: nothing else brings the grid back"
)
_ALREADY_AWAY = (
    "the relay is open already, though nobody asked for it: this is an outage; after this command"
    " the house stays off grid even when the grid comes back"
)


def state(data: EnvoyData, args: Args) -> Values:
    """Return what the relay was told to be, what it is, and the mode it claims."""
    if data.enpower is None:
        raise InvalidDataError("the gateway does not say how its system controller is")
    return {
        "commanded": data.enpower.mains_admin_state,
        "relay": data.enpower.mains_oper_state,
        "grid_mode": data.enpower.grid_mode,
    }


def before_leaving(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Say what remains of the batteries, and for how long."""
    notes = [_NOBODY_ELSE]
    if before["relay"] == "open" and before["commanded"] == "closed":
        notes.append(_ALREADY_AWAY)
    return [*notes, _remains(data)]


def _remains(data: EnvoyData) -> str:
    if SECCTRL not in data.raw:
        return "how much charge the batteries have is not known: look before you leave"
    batteries = data.encharge_aggregate
    if batteries is None:
        return "NO BATTERY is known here: the house may be dark at once"
    limit = Secctrl.model_validate(data.raw[SECCTRL]).very_low_soc or 0.0
    left = max(0.0, batteries.available_energy - limit / 100 * batteries.max_available_capacity)
    said = f"the batteries are at {batteries.state_of_charge} %; {left / 1000:.1f} kWh are left"
    if limit:
        said += f" until they switch off at {limit:g} %"
    watts = _load(data)
    if watts:
        said += f": at {watts / 1000:.1f} kW, as now, about {_duration(left / watts)} without sun"
    return said


def _duration(hours: float) -> str:
    return f"{hours:.0f} h" if hours >= 2 else f"{hours * 60:.0f} min"


def _load(data: EnvoyData) -> float | None:
    """Return what the house uses in W, None where nobody measures.

    What the gateway calls total consumption is panels and grid together: charging is in it, and
    what the batteries give is not.
    """
    try:
        consumed = next(
            float(section["wNow"])
            for section in data.raw[URL_PRODUCTION_JSON]["consumption"]
            if section["measurementType"] == "total-consumption"
        )
        batteries = read_power(data.raw[BATTERY_POWER])[0]["encharge_power"].values()
        watts = consumed + sum(battery.real_power_mw for battery in batteries) / 1000
    except (KeyError, TypeError, ValueError, StopIteration):
        return None
    return watts if watts > 0 else None


def why_not_left(wanted: Values, after: Values) -> str:
    """Say why the relay may not have followed."""
    if after["commanded"] == "open":
        return "the gateway has the command, but the relay is still closed: the house is on grid"
    return "the gateway does not say why"


def why_not_joined(wanted: Values, after: Values) -> str:
    """Say why the relay may not have followed yet."""
    if after["commanded"] == "closed":
        return (
            "the gateway has the command, but the relay is still open: it closes once the grid has"
            " been good for five minutes; is there power at the neighbours?"
        )
    return "the gateway does not say why"


#: what `before_leaving` would like to know
LOOKS = (SECCTRL, BATTERY_POWER, URL_PRODUCTION_JSON)
READS = (INVENTORY,)
