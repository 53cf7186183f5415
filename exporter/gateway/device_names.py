"""The owner's names of devices, as members of the readings that list the devices."""

from collections.abc import Mapping
from typing import Any

from exporter.config import DeviceName, Gateway


def device_names(config: Gateway, collector: str) -> dict[str, Any]:
    """Return the configured names of the devices that a collector lists, by their key.

    Returned as a member to add to the reading; empty where no name is configured.
    """
    named: Mapping[str, tuple[str, Mapping[str, DeviceName]]] = {
        "ensemble": ("battery_names", config.batteries),
        "meters": ("meter_names", config.meters),
        "dry_contacts": ("relay_names", config.relays),
    }
    member, devices = named.get(collector, ("", {}))
    return {member: {key: each.name for key, each in devices.items()}} if devices else {}
