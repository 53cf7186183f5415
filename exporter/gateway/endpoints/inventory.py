"""`/inventory.json?deleted=1`: every inverter, AC Battery and IQ Relay, and its conditions.

Numbers are text in this answer. A device of state 0 was taken out of service.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import (
    LARGE_BODY,
    Endpoint,
    Model,
    Notes,
    as_list,
    by_identity,
    entries,
    stamp,
)
from exporter.gateway.endpoints.conditions import ASLEEP, plain
from exporter.gateway.endpoints.fields import (
    Celsius,
    Code,
    EpochText,
    Flag,
    Percent,
    Text,
    Words,
)

_REMOVED = 0


class InventoryDevice(Model):
    """What all devices of the inventory have in common."""

    required: ClassVar[frozenset[str]] = frozenset(
        {"part_num", "device_status", "last_rpt_date", "producing", "communicating", "operating"}
    )

    serial_num: Text = None
    part_num: Text = None
    #: names of the conditions that hold, as the gateway spells them
    device_status: Words = None
    last_report_date: EpochText = Field(None, alias="last_rpt_date")
    installed_date: EpochText = Field(None, alias="installed")
    created_date: EpochText = None
    firmware_loaded_date: EpochText = Field(None, alias="img_load_date")
    firmware_version: Text = Field(None, alias="img_pnum_running")
    parameter_table: Text = Field(None, alias="ptpn")
    admin_state: Code = None
    device_type: Code = Field(None, alias="dev_type")
    producing: Flag = None
    communicating: Flag = None
    provisioned: Flag = None
    operating: Flag = None
    phase: Text = None


class AcbDevice(InventoryDevice):
    """An AC Battery."""

    sleep_enabled: Flag = None
    charge_status: Text = None
    percent_full: Percent = Field(None, alias="percentFull")
    max_cell_temp: Celsius = Field(None, alias="maxCellTemp")
    sleep_min_soc: Percent = None
    sleep_max_soc: Percent = None

    @property
    def sleep_state(self) -> str | None:
        """Whether the battery is awake, asleep or on its way, from its order and its flags."""
        if self.sleep_enabled is None or self.device_status is None:
            return None
        sleeps = any(plain(status) == ASLEEP for status in self.device_status)
        return {
            (True, True): "asleep",
            (True, False): "going_to_sleep",
            (False, True): "waking",
            (False, False): "awake",
        }[self.sleep_enabled, sleeps]


class RelayDevice(InventoryDevice):
    """An IQ Relay (NSRB), which disconnects the panels from a grid that is out of bounds."""

    relay: Text = None
    reason: Text = None
    reason_code: Code = None
    line_count: Annotated[int | None, Field(ge=0, le=3)] = Field(None, alias="line-count")
    line1_connected: Flag = Field(None, alias="line1-connected")
    line2_connected: Flag = Field(None, alias="line2-connected")
    line3_connected: Flag = Field(None, alias="line3-connected")


#: type in the answer, member, model
_KINDS: dict[str, tuple[str, type[InventoryDevice]]] = {
    "PCU": ("inverter_devices", InventoryDevice),
    "ACB": ("acb_devices", AcbDevice),
    "NSRB": ("iq_relays", RelayDevice),
    "ESUB": ("esub_devices", InventoryDevice),
}


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the devices of each kind by serial, without those taken out of service."""
    data: dict[str, dict[str, InventoryDevice]] = {member: {} for member, _ in _KINDS.values()}
    listed: dict[str, list[dict[str, Any]]] = {}
    for group in entries(as_list(document), notes, "groups"):
        kind = group.get("type")
        kind = kind.upper() if isinstance(kind, str) else None
        if kind not in _KINDS:
            notes.unreadable("groups.type")
            kind = _kind(group)
        if kind is not None:
            listed.setdefault(kind, []).extend(
                entries(group.get("devices"), notes, f"{kind}.devices")
            )
    for kind, devices in listed.items():
        member, model = _KINDS[kind]
        for serial, entry in by_identity(devices, "serial_num", notes, kind, rank=_rank).items():
            device = model.read(entry, notes, kind)
            if device is not None and device.admin_state != _REMOVED:
                data[member][serial] = device
    return dict(data)


def _rank(entry: dict[str, Any]) -> tuple[bool, float]:
    """Return how much an entry counts: one that was taken out of service can be listed again."""
    return entry.get("admin_state") != _REMOVED, stamp(entry.get("last_rpt_date"))


def _kind(group: dict[str, Any]) -> str | None:
    """Return the type of a group by the type of its devices."""
    devices = group.get("devices")
    for device in devices if isinstance(devices, list) else ():
        kind = device.get("dev_type") if isinstance(device, dict) else None
        if isinstance(kind, int) and kind in _DEVICE_TYPES:
            return _DEVICE_TYPES[kind]
    return None


_DEVICE_TYPES = {1: "PCU", 11: "ACB", 12: "NSRB"}

ENDPOINT = Endpoint(
    "/inventory.json?deleted=1", "devices", read, max_age=75, deadline=60, max_body=LARGE_BODY
)
