"""How the batteries are used: storage mode, reserve, charging from the grid."""

from typing import Any

from pyenphase import Envoy
from pyenphase.models.envoy import EnvoyData
from pyenphase.models.tariff import EnvoyStorageMode

from exporter.errors import ControlError
from exporter.gateway.control.models import Args, Values
from exporter.gateway.policy import TARIFF

READS = (TARIFF,)
_OFFER = "run it again with --disable-optimized-schedules, which turns them off as well"


def state(data: EnvoyData, args: Args) -> Values:
    """Return the storage settings."""
    settings = data.tariff.storage_settings if data.tariff else None
    if settings is None:
        raise ControlError("the gateway has no storage settings: are the batteries commissioned?")
    return {
        "mode": settings.mode.value if settings.mode else None,
        "reserve_percent": settings.reserved_soc,
        "charge_from_grid": settings.charge_from_grid,
        "optimized_schedules": settings.opt_schedules,
        "switch_off_percent": settings.very_low_soc,
    }


def wanted_mode(args: Args, before: Values) -> Values:
    """Return the mode, and no optimized schedules where they shall be turned off."""
    found: Values = {"mode": args["mode"]}
    if args.get("disable_optimized_schedules") and before["optimized_schedules"] is not None:
        found["optimized_schedules"] = False
    return found


def mode_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Say beforehand what will not work."""
    if before["optimized_schedules"] and not args.get("disable_optimized_schedules"):
        return [
            f"optimized schedules are on: gateways take another mode then, and ignore it; {_OFFER}"
        ]
    return []


def why_mode(wanted: Values, after: Values) -> str:
    """Say why a mode was taken and not set."""
    if after["optimized_schedules"]:
        return f"optimized schedules are on, and the gateway keeps its mode; {_OFFER}"
    return "the gateway does not say why; the Enphase cloud may have put its own value back"


def why_other(wanted: Values, after: Values) -> str:
    """Say why a value was taken and not set."""
    return "the gateway does not say why; the Enphase cloud may have put its own value back"


async def write_mode(envoy: Envoy, args: Args, wanted: Values) -> Any:
    """Send the mode."""
    return await envoy.set_storage_mode(
        EnvoyStorageMode(args["mode"]),
        disable_optimized_schedules=bool(args.get("disable_optimized_schedules")),
    )


def check_reserve(args: Args, before: Values) -> None:
    """Refuse a reserve that the batteries cannot keep."""
    least = before["switch_off_percent"]
    if least is not None and args["reserve"] < least:
        raise ControlError(
            f"a reserve of {args['reserve']} % is below {least:g} %, where the batteries switch off"
        )


def reserve_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Say where the reserve does not count."""
    if before["mode"] == EnvoyStorageMode.BACKUP.value:
        return ["in mode backup the batteries are kept full: the reserve counts in other modes"]
    return []


async def write_charging(envoy: Envoy, args: Args, wanted: Values) -> Any:
    """Allow or forbid charging from the grid."""
    if args["on"]:
        return await envoy.enable_charge_from_grid()
    return await envoy.disable_charge_from_grid()
