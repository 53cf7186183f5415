"""The ensemble inventory taken apart: controller, batteries, collar and combiner, each on its own.

pyenphase reads five endpoints in one go and loses all when one fails. The grid state stands in the
first of them and must not hang on the others, so its models are filled here one endpoint and one
device at a time; a device that cannot be read costs only itself.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pyenphase.models.acb import EnvoyBatteryAggregate
from pyenphase.models.c6combiner import EnvoyC6CC
from pyenphase.models.collar import EnvoyCollar
from pyenphase.models.dry_contacts import EnvoyDryContactSettings, EnvoyDryContactStatus
from pyenphase.models.encharge import EnvoyEncharge, EnvoyEnchargeAggregate, EnvoyEnchargePower
from pyenphase.models.enpower import EnvoyEnpower

from exporter.errors import (
    FeatureMissingError,
    GatewayError,
    GatewayStartingError,
    InvalidDataError,
)
from exporter.gateway.extras import Device, DryContactSettings, DryContactStatus, Secctrl
from exporter.gateway.models import Presence
from exporter.gateway.state_model import GatewayState

#: group of the inventory, the member it fills, what remembers that it was there
_SINGLES: tuple[tuple[str, str, Callable[[dict[str, Any]], Any]], ...] = (
    ("ENPOWER", "enpower", EnvoyEnpower.from_api),
    ("COLLAR", "collar", EnvoyCollar.from_api),
    ("C6 COMBINER CONTROLLER", "c6cc", EnvoyC6CC.from_api),
)
_PRESENT, _MISSING = Presence(1), Presence(0)
_FEATURES = {"ENPOWER": "ENPOWER", "COLLAR": "COLLAR", "C6 COMBINER CONTROLLER": "C6CC"}


def read_inventory(told: Any, memory: GatewayState) -> tuple[dict[str, Any], list[GatewayError]]:
    """Return the members in `/ivp/ensemble/inventory` and what is wrong with it.

    Raises GatewayStartingError for the empty list of a gateway that starts, InvalidDataError for
    anything but a list.
    """
    if not isinstance(told, list):
        raise InvalidDataError("/ivp/ensemble/inventory: not a list")
    known = memory.features & {*_FEATURES.values(), "ENCHARGE"}
    if not told and known:
        raise GatewayStartingError(
            "/ivp/ensemble/inventory: empty, though devices were there before"
        )
    data: dict[str, Any] = {}
    problems: list[GatewayError] = []
    groups = _groups(told, problems)
    whole = not problems
    for name, member, model in _SINGLES:
        if groups.get(name):
            memory.features.add(_FEATURES[name])
            device = groups[name][0]
            data[f"{member}_extra"] = Device.model_validate(device)
            filled = _filled(model, device, member, problems)
            if filled is not None:
                data[member] = filled
        elif _FEATURES[name] in memory.features:
            problems.append(
                FeatureMissingError(f"{name} is not in the ensemble inventory any more")
            )
    data.update(_batteries(groups, memory, problems))
    if whole:
        # In half a list, what is not there may only be hidden.
        data["encharge_presence"] = presence("encharge", data["encharge_extra"], memory)
    return data, problems


def _groups(told: list[Any], problems: list[GatewayError]) -> dict[str, list[dict[str, Any]]]:
    """Return the devices by type; there can be two groups of one type."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for group in told:
        try:
            devices = [device for device in group["devices"] if isinstance(device, dict)]
            groups.setdefault(group["type"], []).extend(devices)
        except (KeyError, TypeError) as error:
            problems.append(
                InvalidDataError(f"/ivp/ensemble/inventory: {type(error).__name__} {error}")
            )
    return groups


def _batteries(
    groups: Mapping[str, list[dict[str, Any]]], memory: GatewayState, problems: list[GatewayError]
) -> dict[str, Any]:
    if "ENCHARGE" not in groups and "ENCHARGE" in memory.features:
        problems.append(FeatureMissingError("ENCHARGE is not in the ensemble inventory any more"))
    devices = {str(d["serial_num"]): d for d in groups.get("ENCHARGE", ()) if d.get("serial_num")}
    if devices:
        memory.features.add("ENCHARGE")
    return {
        "encharge_inventory": {
            serial: filled
            for serial, device in devices.items()
            if (filled := _filled(EnvoyEncharge.from_api, device, f"battery {serial}", problems))
        },
        "encharge_extra": {
            serial: Device.model_validate(device) for serial, device in devices.items()
        },
    }


def presence(kind: str, listed: Iterable[str], memory: GatewayState) -> dict[str, Presence]:
    """Remember the serials listed now and say of each serial ever listed whether it is."""
    now = frozenset(listed)
    ever = memory.devices.setdefault(kind, set())
    ever |= now
    return {serial: _PRESENT if serial in now else _MISSING for serial in sorted(ever)}


def _filled(
    model: Callable[[dict[str, Any]], Any],
    device: dict[str, Any],
    what: str,
    problems: list[GatewayError],
) -> Any:
    """Return the filled model, or None with a problem noted."""
    try:
        filled = model(device)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problems.append(InvalidDataError(f"{what}: {type(error).__name__} {error}"))
        return None
    if filled is None:
        problems.append(InvalidDataError(f"{what}: keys are missing"))
    return filled


def read_power(told: Any) -> tuple[dict[str, Any], list[GatewayError]]:
    """Return the member `encharge_power` of `/ivp/ensemble/power`; the colon in its key is real."""
    problems: list[GatewayError] = []
    power = {
        str(device["serial_num"]): filled
        for device in told["devices:"]
        if (filled := _filled(EnvoyEnchargePower.from_api, device, "battery power", problems))
    }
    return {"encharge_power": power}, problems


def read_secctrl(told: Any, with_acb: bool) -> dict[str, Any]:
    """Return the aggregates of `/ivp/ensemble/secctrl`; none where there is no battery.

    Gateways without any battery report a state of charge of 0 all the same; a battery exists only
    where there is capacity. The combined aggregate is of sites with ACBs.
    """
    data: dict[str, Any] = {}
    encharge = EnvoyEnchargeAggregate.from_api(told)
    if _positive(encharge.max_available_capacity) or _positive(
        told.get("Enc_commissioned_capacity")
    ):
        data["encharge_aggregate"] = encharge
    if with_acb and _positive(told.get("Max_energy")):
        data["battery_aggregate"] = EnvoyBatteryAggregate.from_api(told)
    if data:
        data["secctrl"] = Secctrl.model_validate(told)
    return data


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and value > 0


def read_dry_contacts(status: Any, settings: Any) -> tuple[dict[str, Any], list[GatewayError]]:
    """Return status and settings by relay; a word that pyenphase does not know is kept."""
    problems: list[GatewayError] = []
    return {
        "dry_contact_status": _relays(
            status, EnvoyDryContactStatus.from_api, DryContactStatus.model_validate, problems
        ),
        "dry_contact_settings": _relays(
            settings, EnvoyDryContactSettings.from_api, DryContactSettings.model_validate, problems
        ),
    }, problems


def _relays(
    told: Any,
    model: Callable[[dict[str, Any]], Any],
    plain: Callable[[dict[str, Any]], Any],
    problems: list[GatewayError],
) -> dict[str, Any]:
    relays: dict[str, Any] = {}
    for relay in told["dry_contacts"]:
        try:
            relays[str(relay["id"])] = model(relay)
        except ValueError:
            relays[str(relay["id"])] = plain(relay)
        except (KeyError, TypeError, AttributeError) as error:
            problems.append(InvalidDataError(f"dry contact: {type(error).__name__} {error}"))
    return relays
