"""`/ivp/ensemble/inventory`: system controller, batteries, meter collar and combiner.

The grid state is in here, so nothing that happens to a battery may cost it. There can be several
groups of one type, and the devices of all of them count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import (
    Endpoint,
    Model,
    Notes,
    as_list,
    by_identity,
    entries,
    newest,
)
from exporter.gateway.endpoints.fields import (
    SWITCH_WORDS,
    Celsius,
    Code,
    DeviceWattHours,
    Epoch,
    Fahrenheit,
    Flag,
    Level,
    Percent,
    Text,
    Words,
)

_COMMON = frozenset({"part_num", "installed", "serial_num", "last_rpt_date", "communicating"})


class EnsembleDevice(Model):
    """What all devices of the ensemble have in common."""

    required: ClassVar[frozenset[str]] = _COMMON

    serial_number: Text = Field(None, alias="serial_num")
    part_number: Text = Field(None, alias="part_num")
    admin_state: Code = None
    admin_state_str: Text = None
    communicating: Flag = None
    operating: Flag = None
    installed_date: Epoch = Field(None, alias="installed")
    last_report_date: Epoch = Field(None, alias="last_rpt_date")
    firmware_loaded_date: Epoch = Field(None, alias="img_load_date")
    created_date: Epoch = None
    #: names of the conditions that hold, as the gateway spells them
    device_status: Words = None
    phase: Text = None
    der_index: Code = None


class Encharge(EnsembleDevice):
    """A battery (Encharge, IQ Battery)."""

    required: ClassVar[frozenset[str]] = _COMMON | {
        "admin_state",
        "percentFull",
        "temperature",
        "maxCellTemp",
        "led_status",
        "dc_switch_off",
        "encharge_capacity",
        "device_status",
    }

    bmu_firmware_version: Text = Field(None, alias="bmu_fw_version")
    firmware_version: Text = Field(None, alias="img_pnum_running")
    zigbee_dongle_fw_version: Text = None
    comm_level_2_4_ghz: Level = None
    comm_level_sub_ghz: Level = None
    dc_switch_off: Flag = None
    encharge_capacity: DeviceWattHours = None
    encharge_revision: Code = Field(None, alias="encharge_rev")
    led_status: Code = None
    max_cell_temp: Celsius = Field(None, alias="maxCellTemp")
    percent_full: Percent = Field(None, alias="percentFull")
    temperature: Celsius = None
    temperature_unit: ClassVar[str] = "C"
    sleep_enabled: Flag = None
    reported_grid_state: Text = Field(None, alias="reported_enc_grid_state")


class Enpower(EnsembleDevice):
    """The system controller (Enpower), which switches the house off and onto the grid."""

    required: ClassVar[frozenset[str]] = _COMMON | {
        "admin_state",
        "temperature",
        "mains_admin_state",
        "mains_oper_state",
        "Enpwr_grid_mode",
        "device_status",
    }
    words: ClassVar[Mapping[str, frozenset[str]]] = {
        "mains_admin_state": SWITCH_WORDS,
        "mains_oper_state": SWITCH_WORDS,
    }

    grid_mode: Text = Field(None, alias="Enpwr_grid_mode")
    comm_level_2_4_ghz: Level = None
    comm_level_sub_ghz: Level = None
    firmware_version: Text = Field(None, alias="img_pnum_running")
    mains_admin_state: Text = None
    mains_oper_state: Text = None
    temperature: Fahrenheit = None
    temperature_unit: ClassVar[str] = "F"
    zigbee_dongle_fw_version: Text = None
    encharge_grid_mode: Text = Field(None, alias="Enchg_grid_mode")
    relay_bits: Code = Field(None, alias="Enpwr_relay_state_bm")
    state_id: Code = Field(None, alias="Enpwr_curr_state_id")


class Collar(EnsembleDevice):
    """The IQ Meter Collar, a switch towards the grid behind the utility's meter."""

    required: ClassVar[frozenset[str]] = _COMMON | {
        "admin_state_str",
        "temperature",
        "mid_state",
        "grid_state",
        "control_error",
    }
    words: ClassVar[Mapping[str, frozenset[str]]] = {
        "admin_state_str": frozenset({"encmn_mde_on_grid", "encmn_mde_off_grid"})
    }

    firmware_version: Text = Field(None, alias="img_pnum_running")
    mid_state: Text = None
    grid_state: Text = None
    temperature: Celsius = None
    temperature_unit: ClassVar[str] = "C"
    control_error: Code = None
    collar_state: Text = None


class C6Combiner(EnsembleDevice):
    """The controller of an IQ Combiner 6C."""

    firmware_version: Text = Field(None, alias="fw_version")
    dmir_version: Text = None


class C6Meter(EnsembleDevice):
    """The revenue grade meter of an IQ Combiner 6C."""

    required: ClassVar[frozenset[str]] = frozenset({"serial_num"})

    firmware_version: Text = Field(None, alias="FW Version")
    device_state: Code = Field(None, alias="Device State")


@dataclass(frozen=True, slots=True)
class _Group:
    """A type of devices: the member they become, their model, and a key that only they have."""

    member: str
    model: type[EnsembleDevice]
    telling: str


_GROUPS: dict[str, _Group] = {
    "ENPOWER": _Group("enpower", Enpower, "mains_oper_state"),
    "ENCHARGE": _Group("encharge_inventory", Encharge, "encharge_capacity"),
    "COLLAR": _Group("collar", Collar, "mid_state"),
    "C6 COMBINER CONTROLLER": _Group("c6cc", C6Combiner, "dmir_version"),
    "C6 RGM": _Group("c6_meter", C6Meter, "Device State"),
}
#: the one type of which a site can have several
_BATTERIES = _GROUPS["ENCHARGE"]


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return controller, collar, combiner and meter where they are there, and all batteries."""
    listed: dict[str, list[dict[str, Any]]] = {}
    for group in entries(as_list(document), notes, "groups"):
        kind = group.get("type")
        name = kind.upper() if isinstance(kind, str) else None
        if name not in _GROUPS:
            # A type of a name not known yet can be one that is, by what its devices say.
            name = _type(group)
            if name is not None or not isinstance(kind, str):
                notes.unreadable("groups.type")
        if name is not None:
            name = _GROUPS[name].member
            listed.setdefault(name, []).extend(
                entries(group.get("devices"), notes, f"{name}.devices")
            )
    data: dict[str, Any] = {_BATTERIES.member: {}}
    for kind in _GROUPS.values():
        raw = by_identity(
            listed.get(kind.member, ()),
            "serial_num",
            notes,
            kind.member,
            rank=newest("last_rpt_date"),
        )
        devices = {
            serial: device
            for serial, entry in raw.items()
            if (device := kind.model.read(entry, notes, kind.member))
        }
        if kind is _BATTERIES:
            data[kind.member] = devices
        elif devices:
            # A replaced controller can remain in the list; it no longer communicates.
            data[kind.member] = next(
                (device for device in devices.values() if device.communicating),
                next(iter(devices.values())),
            )
    return data


def _type(group: dict[str, Any]) -> str | None:
    """Return the type of a group by what its devices say."""
    devices = group.get("devices")
    for device in devices if isinstance(devices, list) else ():
        for kind, definition in _GROUPS.items():
            if isinstance(device, dict) and definition.telling in device:
                return kind
    return None


ENDPOINT = Endpoint("/ivp/ensemble/inventory", "ensemble", read, deadline=10)
