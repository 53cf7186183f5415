"""Storage settings: mode, reserve, charging from the grid."""

from typing import Any

from pyenphase import Envoy
from pyenphase.models.envoy import EnvoyData
from pyenphase.models.tariff import EnvoyStorageMode

from exporter.errors import ControlError
from exporter.gateway.control.models import Args, Values
from exporter.gateway.paths import TARIFF

READS = (TARIFF,)
_OFFER = "add --disable-optimized-schedules to turn them off as well"


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


def desired_mode(args: Args, before: Values) -> Values:
    """Return the mode, and optimized schedules off if asked for."""
    desired: Values = {"mode": args["mode"]}
    if args.get("disable_optimized_schedules") and before["optimized_schedules"] is not None:
        desired["optimized_schedules"] = False
    return desired


def mode_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return why it may not work."""
    if before["optimized_schedules"] and not args.get("disable_optimized_schedules"):
        return [
            "optimized schedules are on: gateways then accept another mode, but ignore it;"
            f" {_OFFER}"
        ]
    return []


def mode_hint(desired: Values, after: Values) -> str:
    """Return why a mode was accepted but not applied."""
    if after["optimized_schedules"]:
        return f"optimized schedules are on, so the gateway keeps its mode; {_OFFER}"
    return "the gateway gives no reason; the Enphase cloud may have restored its own value"


def cloud_hint(desired: Values, after: Values) -> str:
    """Return why a value was accepted but not applied."""
    return "the gateway gives no reason; the Enphase cloud may have restored its own value"


async def write_mode(envoy: Envoy, args: Args, desired: Values) -> Any:
    """Send the mode."""
    return await envoy.set_storage_mode(
        EnvoyStorageMode(args["mode"]),
        disable_optimized_schedules=bool(args.get("disable_optimized_schedules")),
    )


def check_reserve(args: Args, before: Values) -> None:
    """Refuse a reserve below the level at which the batteries switch off."""
    minimum = before["switch_off_percent"]
    if minimum is not None and args["reserve"] < minimum:
        raise ControlError(
            f"a reserve of {args['reserve']} % is below {minimum:g} %, where the batteries switch"
            " off"
        )


def reserve_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return where the reserve has no effect."""
    if before["mode"] == EnvoyStorageMode.BACKUP.value:
        return ["in mode backup the batteries are kept full: the reserve applies in other modes"]
    return []


async def write_charging(envoy: Envoy, args: Args, desired: Values) -> Any:
    """Allow or forbid charging from the grid."""
    if args["on"]:
        return await envoy.enable_charge_from_grid()
    return await envoy.disable_charge_from_grid()
