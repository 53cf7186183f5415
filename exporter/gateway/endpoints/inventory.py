"""`/inventory.json?deleted=1`: every inverter, AC Battery and IQ Relay, and its conditions.

Numbers are text in this answer. A device of state 0 was taken out of service.
"""

from typing import Annotated, Any, ClassVar

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
    EpochText,
    Flag,
    Percent,
    Text,
    Words,
)

_REMOVED = 0
_SLEEPS = "envoy.cond_flags.pcu_ctrl.sleep-mode"


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
        sleeps = any(status.lower() == _SLEEPS for status in self.device_status)
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


def read(document: Any, unreadable: Unreadable) -> dict[str, Any]:
    """Return the devices of each kind by serial, without those taken out of service."""
    data: dict[str, dict[str, InventoryDevice]] = {member: {} for member, _ in _KINDS.values()}
    for group in entries(as_list(document), unreadable, "groups"):
        kind = group.get("type")
        if not isinstance(kind, str) or kind not in _KINDS:
            unreadable.add("groups.type")
            continue
        member, model = _KINDS[kind]
        for entry in entries(group.get("devices"), unreadable, f"{kind}.devices"):
            serial = identifier(entry, "serial_num", unreadable, kind)
            device = model.read(entry, unreadable, kind) if serial else None
            if serial and device is not None and device.admin_state != _REMOVED:
                data[member][serial] = device
    return dict(data)


ENDPOINT = Endpoint("/inventory.json?deleted=1", "devices", read, max_age=300, deadline=60)
