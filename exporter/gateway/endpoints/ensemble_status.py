"""`/ivp/ensemble/status`: the modules of batteries and controllers, and which firmware they run.

`dmir` is what a module should run and `procload` what it does run. Only where both are versions of
the same thing can they be compared.
"""

import re
from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import (
    MAX_ENTRIES,
    MAX_TEXT,
    Endpoint,
    Model,
    Notes,
    as_object,
)
from exporter.gateway.endpoints.fields import (
    Code,
    Count,
    DeviceWattHours,
    DeviceWatts,
    Flag,
    Text,
    Version,
)

#: types of devices that are batteries
_BATTERY = 13
_VERSION = re.compile(r"\d+\.\d+\.\d+")
#: placeholder for an unset version
_UNSET = "0.0.0"


class EnsembleModule(Model):
    """A device of the ensemble, or a module inside one."""

    required: ClassVar[frozenset[str]] = frozenset({"device_type"})

    device_type: Code = None
    alternate_device_type: Code = None
    com_interface_str: Text = None
    admin_state: Code = None
    admin_state_str: Text = None
    fsm_state: Text = None
    reported_grid_mode: Text = None
    der_index: Code = None
    encharge_revision: Code = None
    encharge_capacity: DeviceWattHours = None
    encharge_rated_power: DeviceWatts = None
    rated_power: DeviceWatts = None
    msg_retry_count: Count = None
    part_number: Text = None
    assembly_number: Text = None
    app_fw_version: Text = None
    zb_fw_version: Text = None
    zb_bootloader_vers: Text = None
    ibl_fw_version: Text = None
    swift_asic_fw_version: Text = None
    bmu_fw_version: Text = None
    submodule_count: Count = None
    is_ll: Flag = None
    pcu_phase: Text = None
    #: version that should run and version that runs
    intended_version: Version = Field(None, alias="dmir.assembly_number")
    running_version: Version = Field(None, alias="procload.assembly_number")

    @property
    def outdated(self) -> bool | None:
        """Whether the module runs another version than it should; None if unknown."""
        intended, running = self.intended_version or "", self.running_version or ""
        for version in (intended, running):
            if not _VERSION.match(version) or version.startswith(_UNSET):
                return None
        return intended != running


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return devices, batteries among them, and the modules inside each by serial."""
    inventory = as_object(document).get("inventory")
    devices = _devices(
        inventory.get("serial_nums") if isinstance(inventory, dict) else None, notes, "serial_nums"
    )
    modules = {serial: _module(raw, notes, "serial_nums") for serial, raw in devices.items()}
    submodules = {
        serial: {
            name: module
            for name, entry in _devices(raw["submodules"], notes, "submodules").items()
            if (module := _module(entry, notes, "submodules")) is not None
        }
        for serial, raw in devices.items()
        if raw.get("submodules")
    }
    readable = {serial: module for serial, module in modules.items() if module is not None}
    return {
        "ensemble_modules": readable,
        "encharge_modules": {
            serial: module for serial, module in readable.items() if module.device_type == _BATTERY
        },
        "ensemble_submodules": submodules,
    }


def _devices(raw: Any, notes: Notes, name: str) -> dict[str, dict[str, Any]]:
    """Return the objects that stand under serial numbers."""
    if not isinstance(raw, dict):
        notes.unreadable(name)
        return {}
    devices: dict[str, dict[str, Any]] = {}
    for serial, device in list(raw.items())[:MAX_ENTRIES]:
        if isinstance(device, dict) and 0 < len(serial) <= MAX_TEXT:
            devices[serial] = device
        else:
            notes.unreadable(name)
    return devices


def _module(raw: dict[str, Any], notes: Notes, name: str) -> EnsembleModule | None:
    flat = dict(raw)
    for part in ("dmir", "procload"):
        firmware = raw.get(part)
        if isinstance(firmware, dict):
            flat |= {f"{part}.{key}": value for key, value in firmware.items()}
        elif part in raw:
            notes.unreadable(f"{name}.{part}")
    return EnsembleModule.read(flat, notes, name)


ENDPOINT = Endpoint(
    "/ivp/ensemble/status", "ensemble_status", read, max_age=900, deadline=30, optional=True
)
