"""AC Batteries: sleep, for storage over a winter or a repair, and waking up."""

from typing import Any

from pyenphase import Envoy
from pyenphase.const import URL_INVENTORY
from pyenphase.models.envoy import EnvoyData

from exporter.errors import ControlError
from exporter.gateway.control.models import Args, Values, printable

READS = (URL_INVENTORY,)
#: AC Batteries report every ten to fifteen minutes
TIMEOUT, PACE, WATCHED = 1200.0, 30.0, 1200.0
_FIELDS = ("sleep_enabled", "sleep_state", "sleep_min_soc", "sleep_max_soc")


def state(data: EnvoyData, args: Args) -> Values:
    """Tell whether each of the batteries is to sleep, does, and with which charge."""
    known = data.acb_inventory or {}
    strangers = [serial for serial in args["serials"] if serial not in known]
    if strangers:
        raise ControlError(
            f"there is no AC Battery {printable(', '.join(strangers))}; the gateway knows"
            f" {', '.join(sorted(known)) or 'none'}"
        )
    return {
        _name(serial, field): _plain(getattr(known[serial], field))
        for serial in args["serials"]
        for field in _FIELDS
    }


def _name(serial: str, field: str) -> str:
    return f"{serial}_{field}"


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def wanted_asleep(args: Args, before: Values) -> Values:
    """Want sleep with the charge that was given, else with the one that is set."""
    found: Values = {}
    for serial in args["serials"]:
        found[_name(serial, "sleep_enabled")] = True
        for field in ("sleep_min_soc", "sleep_max_soc"):
            given = args.get(field)
            found[_name(serial, field)] = before[_name(serial, field)] if given is None else given
    return found


def check_asleep(args: Args, before: Values) -> None:
    """Refuse a charge that is not known, or no range."""
    wanted = wanted_asleep(args, before)
    for serial in args["serials"]:
        low, high = (wanted[_name(serial, f"sleep_{which}_soc")] for which in ("min", "max"))
        if low is None or high is None:
            raise ControlError(
                f"AC Battery {serial} has no charge to sleep with yet: give --min-soc and --max-soc"
            )
        if low > high:
            raise ControlError(f"min soc {low} % is above max soc {high} % for AC Battery {serial}")


def asleep_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Say what sleeping costs, and how long it takes to be seen."""
    return [
        "asleep, a battery neither charges nor discharges; first it goes to the charge it is to"
        " sleep with",
        *lag_notes(args, before, data),
    ]


def lag_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Say how long it takes to be seen."""
    return ["AC Batteries report every 10 to 15 minutes: the change is seen that late"]


async def sleep(envoy: Envoy, args: Args, wanted: Values) -> Any:
    """Send all of them to sleep."""
    return await envoy.set_acb_sleep(
        [
            {
                "serial_num": serial,
                "sleep_min_soc": wanted[_name(serial, "sleep_min_soc")],
                "sleep_max_soc": wanted[_name(serial, "sleep_max_soc")],
            }
            for serial in args["serials"]
        ]
    )


def wanted_awake(args: Args, before: Values) -> Values:
    """Want no sleep."""
    return {_name(serial, "sleep_enabled"): False for serial in args["serials"]}


async def wake(envoy: Envoy, args: Args, wanted: Values) -> Any:
    """Wake all of them up."""
    return await envoy.clear_acb_sleep(list(args["serials"]))


def why(wanted: Values, after: Values) -> str:
    """Say why a battery may not follow."""
    return "an AC Battery that the gateway does not hear gets no command; is it communicating?"
