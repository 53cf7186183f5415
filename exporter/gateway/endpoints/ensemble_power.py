"""`/ivp/ensemble/power`: power and charge of each battery."""

from typing import Any, ClassVar

from exporter.gateway.endpoints.base import (
    Endpoint,
    Model,
    Notes,
    as_object,
    by_identity,
    entries,
)
from exporter.gateway.endpoints.fields import DeviceMilliwatts, Percent


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


ENDPOINT = Endpoint("/ivp/ensemble/power", "battery_power", read, deadline=30, optional=True)
