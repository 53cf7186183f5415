"""`/ivp/ensemble/inventory`: system controller, batteries, meter collar and combiner.

The grid state is in here, so nothing that happens to a battery may cost it. There can be several
groups of one type, and the devices of all of them count.
"""

from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import (
    Endpoint,
    Model,
    Unreadable,
    as_list,
    entries,
    identifier,
)
from exporter.gateway.endpoints.fields import (
    Celsius,
    Code,
    Epoch,
    Fahrenheit,
    Flag,
    Level,
    Percent,
    StoredWattHours,
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
    encharge_capacity: StoredWattHours = None
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


#: groups of which a site has one device, and the member it becomes
_SINGLES: dict[str, tuple[str, type[EnsembleDevice]]] = {
    "ENPOWER": ("enpower", Enpower),
    "COLLAR": ("collar", Collar),
    "C6 COMBINER CONTROLLER": ("c6cc", C6Combiner),
    "C6 RGM": ("c6_meter", C6Meter),
}
_BATTERIES = "ENCHARGE"


def read(document: Any, unreadable: Unreadable) -> dict[str, Any]:
    """Return controller, collar, combiner and meter where they are there, and all batteries."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for group in entries(as_list(document), unreadable, "groups"):
        kind = group.get("type")
        if kind not in _SINGLES and kind != _BATTERIES:
            if not isinstance(kind, str):
                unreadable.add("groups.type")
            continue
        groups.setdefault(kind, []).extend(
            entries(group.get("devices"), unreadable, f"{kind}.devices")
        )
    data: dict[str, Any] = {}
    for kind, (member, model) in _SINGLES.items():
        devices = [
            device
            for raw in groups.get(kind, ())
            if (device := model.read(raw, unreadable, member)) is not None
        ]
        if devices:
            # A replaced controller can stay in the list, where nobody reaches it any more.
            data[member] = next((device for device in devices if device.communicating), devices[0])
    batteries: dict[str, Encharge] = {}
    for raw in groups.get(_BATTERIES, ()):
        serial = identifier(raw, "serial_num", unreadable, "encharge")
        battery = Encharge.read(raw, unreadable, "encharge") if serial else None
        if serial and battery is not None:
            batteries[serial] = battery
    data["encharge_inventory"] = batteries
    return data


ENDPOINT = Endpoint("/ivp/ensemble/inventory", "ensemble", read, deadline=10)
