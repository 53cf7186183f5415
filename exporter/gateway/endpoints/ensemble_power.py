"""`/ivp/ensemble/power`: power and charge of each battery."""

from typing import Any, ClassVar

from exporter.gateway.endpoints.base import (
    Endpoint,
    Model,
    Unreadable,
    as_object,
    entries,
    identifier,
)
from exporter.gateway.endpoints.fields import Milliwatts, Percent


class EnchargePower(Model):
    """Power of one battery; positive discharges."""

    required: ClassVar[frozenset[str]] = frozenset({"real_power_mw", "apparent_power_mva", "soc"})

    real_power_mw: Milliwatts = None
    apparent_power_mva: Milliwatts = None
    soc: Percent = None


def read(document: Any, unreadable: Unreadable) -> dict[str, Any]:
    """Return the power of each battery by its serial; the colon in the gateway's key is real."""
    raw = as_object(document)
    power: dict[str, EnchargePower] = {}
    for device in entries(raw.get("devices:", raw.get("devices")), unreadable, "devices"):
        serial = identifier(device, "serial_num", unreadable, "devices")
        battery = EnchargePower.read(device, unreadable, "devices") if serial else None
        if serial and battery is not None:
            power[serial] = battery
    return {"encharge_power": power}


ENDPOINT = Endpoint(
    "/ivp/ensemble/power", "battery_power", read, deadline=30, small=True, optional=True
)
