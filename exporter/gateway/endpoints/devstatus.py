"""`/ivp/peb/devstatus`: counts of devices of each kind, and details that older firmware has too.

Details are rows under a list of field names. Read is what the inventory does not have.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from exporter.gateway.endpoints.base import (
    LARGE_BODY,
    MAX_ENTRIES,
    Endpoint,
    Model,
    Notes,
    as_object,
    by_identity,
)
from exporter.gateway.endpoints.fields import (
    Celsius,
    Count,
    Epoch,
    Flag,
    Milliamperes,
    Millivolts,
    Milliwatts,
    Percent,
)


class DeviceCounters(Model):
    """How many devices of one kind there are, and how many of them are well."""

    expected: Count = None
    discovered: Count = None
    ctrls_total: Count = Field(None, alias="ctrlsTotal")
    ctrls_gone: Count = Field(None, alias="ctrlsGone")
    ctrls_communicating: Count = Field(None, alias="ctrlsCommunicating")
    chans_total: Count = Field(None, alias="chansTotal")
    chans_recent: Count = Field(None, alias="chansRecent")
    chans_producing: Count = Field(None, alias="chansProducing")


class InverterStatus(Model):
    """An inverter, as it last reported."""

    report_date: Epoch = Field(None, alias="reportDate")
    temperature: Celsius = None
    dc_millivolts: Millivolts = Field(None, alias="dcVoltageINmV")
    dc_milliamperes: Milliamperes = Field(None, alias="dcCurrentINmA")
    ac_millivolts: Millivolts = Field(None, alias="acVoltageINmV")
    ac_milliwatts: Milliwatts = Field(None, alias="acPowerINmW")


class AcbStatus(Model):
    """An AC Battery, as it last reported."""

    state_of_charge: Percent = Field(None, alias="SOC")
    min_cell_temp: Celsius = Field(None, alias="minCellTemp")
    max_cell_temp: Celsius = Field(None, alias="maxCellTemp")
    pack_millivolts: Millivolts = Field(None, alias="totVoltage")


class RelayContact(Model):
    """An IQ Relay, as it last reported."""

    forced: Flag = None


_KINDS: dict[str, tuple[str, type[Model]]] = {
    "pcu": ("inverter_status", InverterStatus),
    "acb": ("acb_status", AcbStatus),
    "nsrb": ("relay_status", RelayContact),
}
_COUNTED = ("pcu", "acb", "nsrb", "pld", "esub")


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the counters by kind, and the details of each kind by serial."""
    raw = as_object(document)
    data: dict[str, Any] = {}
    counters = raw.get("counters")
    if isinstance(counters, dict):
        data["device_counters"] = {
            kind: read
            for kind in _COUNTED
            if kind in counters
            and (read := DeviceCounters.read(counters[kind], notes, f"counters.{kind}"))
        }
    elif raw:
        notes.unreadable("counters")
    for kind, (member, model) in _KINDS.items():
        rows = list(_rows(raw[kind], notes, kind)) if kind in raw else []
        data[member] = {
            serial: device
            for serial, entry in by_identity(rows, "serialNumber", notes, kind).items()
            if (device := model.read(entry, notes, kind)) is not None
        }
    return data


def _rows(raw: Any, notes: Notes, name: str) -> Iterable[dict[str, Any]]:
    """Return the rows of a table as objects; a row of another length has no meaning."""
    fields = raw.get("fields") if isinstance(raw, dict) else None
    values = raw.get("values") if isinstance(raw, dict) else None
    if not isinstance(fields, list) or not isinstance(values, list):
        notes.unreadable(name)
        return []
    counters = []
    for row in values[:MAX_ENTRIES]:
        if isinstance(row, list) and len(row) == len(fields):
            counters.append(
                {key: value for key, value in zip(fields, row, strict=True) if isinstance(key, str)}
            )
        else:
            notes.unreadable(f"{name}.values")
    return counters


ENDPOINT = Endpoint(
    "/ivp/peb/devstatus",
    "device_detail",
    read,
    max_age=300,
    deadline=60,
    installer=True,
    optional=True,
    max_body=LARGE_BODY,
)
