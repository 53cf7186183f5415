"""`/ivp/ensemble/power`: power and charge of each battery.

While a gateway starts, or cannot reach a battery, it reports zeros of it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from exporter.gateway.endpoints import ensemble_inventory
from exporter.gateway.endpoints.base import (
    Endpoint,
    Model,
    Notes,
    Parsed,
    as_object,
    by_identity,
    entries,
)
from exporter.gateway.endpoints.context import Context
from exporter.gateway.endpoints.ensemble_inventory import Encharge
from exporter.gateway.endpoints.fields import DeviceMilliwatts, Percent

#: percent; a battery of which the list says more than this is not empty
_CHARGED = 5.0


class EnchargePower(Model):
    """Power of one battery; positive discharges."""

    required: ClassVar[frozenset[str]] = frozenset({"real_power_mw", "apparent_power_mva", "soc"})

    real_power_mw: DeviceMilliwatts = None
    apparent_power_mva: DeviceMilliwatts = None
    soc: Percent = None


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the power of each battery by its serial; the colon in the gateway's key is real."""
    raw = as_object(document)
    listed = entries(raw.get("devices:", raw.get("devices")), notes, "devices")
    return {
        "encharge_power": {
            serial: battery
            for serial, entry in by_identity(listed, "serial_num", notes, "devices").items()
            if (battery := EnchargePower.read(entry, notes, "devices")) is not None
        }
    }


def combine(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return the power of each battery, nothing of one that has zeros alone and is not empty."""
    answer, listed = parsed.get(ENDPOINT.path), parsed.get(ensemble_inventory.ENDPOINT.path)
    if answer is None:
        return {}
    powers: Mapping[str, EnchargePower] = answer.data["encharge_power"]
    batteries: Mapping[str, Encharge] = listed.data["encharge_inventory"] if listed else {}
    return {
        "encharge_power": {
            serial: _UNREAD if _is_unread(power, batteries.get(serial)) else power
            for serial, power in powers.items()
        }
    }


_UNREAD = EnchargePower()


def _is_unread(power: EnchargePower, battery: Encharge | None) -> bool:
    if power.soc != 0 or power.real_power_mw or power.apparent_power_mva:
        return False
    return battery is not None and (battery.percent_full or 0.0) > _CHARGED


ENDPOINT = Endpoint("/ivp/ensemble/power", "battery_power", read, deadline=30, optional=True)
