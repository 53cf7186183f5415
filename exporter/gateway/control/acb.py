"""AC Batteries: sleep, for a winter without sun or a repair, and wake."""

from typing import Any

from pyenphase import Envoy
from pyenphase.const import URL_INVENTORY
from pyenphase.models.envoy import EnvoyData

from exporter.errors import ControlError
from exporter.gateway.control.models import Args, Values, printable

READS = (URL_INVENTORY,)
#: AC Batteries report every ten to fifteen minutes
TIMEOUT, POLL_INTERVAL, WATCHED = 1200.0, 30.0, 1200.0
_FIELDS = ("sleep_enabled", "sleep_state", "sleep_min_soc", "sleep_max_soc")


def state(data: EnvoyData, args: Args) -> Values:
    """Return of each battery whether it shall sleep, whether it does, and its sleep charge."""
    batteries = data.acb_inventory or {}
    unknown = [serial for serial in args["serials"] if serial not in batteries]
    if unknown:
        raise ControlError(
            f"there is no AC Battery {printable(', '.join(unknown))}; the gateway has"
            f" {', '.join(sorted(batteries)) or 'none'}"
        )
    return {
        _name(serial, field): _plain(getattr(batteries[serial], field))
        for serial in args["serials"]
        for field in _FIELDS
    }


def _name(serial: str, field: str) -> str:
    return f"{serial}_{field}"


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def desired_asleep(args: Args, before: Values) -> Values:
    """Return sleep with the given charge, else with the present setting."""
    desired: Values = {}
    for serial in args["serials"]:
        desired[_name(serial, "sleep_enabled")] = True
        for field in ("sleep_min_soc", "sleep_max_soc"):
            value = args.get(field)
            desired[_name(serial, field)] = before[_name(serial, field)] if value is None else value
    return desired


def check_asleep(args: Args, before: Values) -> None:
    """Refuse a missing sleep charge, or an empty range."""
    desired = desired_asleep(args, before)
    for serial in args["serials"]:
        low, high = (desired[_name(serial, f"sleep_{which}_soc")] for which in ("min", "max"))
        if low is None or high is None:
            raise ControlError(
                f"AC Battery {serial} has no sleep charge yet: give --min-soc and --max-soc"
            )
        if low > high:
            raise ControlError(f"min soc {low} % is above max soc {high} % for AC Battery {serial}")


def asleep_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return what sleeping means, and how long it takes to be visible."""
    return [
        "a sleeping battery neither charges nor discharges; before it sleeps, it charges or"
        " discharges to its sleep charge",
        *lag_notes(args, before, data),
    ]


def lag_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return how long it takes to be visible."""
    return ["AC Batteries report every 10 to 15 minutes: the change is visible only then"]


async def sleep(envoy: Envoy, args: Args, desired: Values) -> Any:
    """Send all of them to sleep."""
    return await envoy.set_acb_sleep(
        [
            {
                "serial_num": serial,
                "sleep_min_soc": desired[_name(serial, "sleep_min_soc")],
                "sleep_max_soc": desired[_name(serial, "sleep_max_soc")],
            }
            for serial in args["serials"]
        ]
    )


def desired_awake(args: Args, before: Values) -> Values:
    """Return no sleep."""
    return {_name(serial, "sleep_enabled"): False for serial in args["serials"]}


async def wake(envoy: Envoy, args: Args, desired: Values) -> Any:
    """Wake all of them up."""
    return await envoy.clear_acb_sleep(list(args["serials"]))


def failure_hint(desired: Values, after: Values) -> str:
    """Return why a battery may not follow."""
    return (
        "a battery that does not communicate with the gateway gets no command; is it communicating?"
    )
