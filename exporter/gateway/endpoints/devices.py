"""IQ Relays, and the conditions of all devices, from the answers that list and detail them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.gateway.endpoints import device_data, devstatus, inventory
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.conditions import conditions
from exporter.gateway.endpoints.context import Context
from exporter.gateway.endpoints.device_data import RelayChannel
from exporter.gateway.endpoints.devstatus import RelayContact
from exporter.gateway.endpoints.inventory import RelayDevice
from exporter.gateway.endpoints.joining import member, milli, most

_LINES = ("L1", "L2", "L3")
#: mV on a line that nothing is connected to
_PICKED_UP = 50_000
#: relays report less often than inverters
_AGE = 10800.0


@dataclass(frozen=True, slots=True)
class NamedCondition:
    """A condition that a device names; it holds as long as it is named."""

    holds: int = 1


@dataclass(frozen=True, slots=True)
class IqRelay:
    """An IQ Relay, in Hz and degrees Celsius; time stamps in epoch seconds."""

    serial_num: str
    part_num: str | None
    firmware_version: str | None
    phase: str | None
    relay: str | None
    reason: str | None
    reason_code: int | None
    forced: bool | None
    communicating: bool | None
    operating: bool | None
    installed_date: int | None
    firmware_loaded_date: int | None
    last_report_date: int | None
    line_count: int | None
    hertz: float | None
    temperature: float | None
    state_changes: int | None


@dataclass(frozen=True, slots=True)
class RelayLine:
    """One line that an IQ Relay switches."""

    connected: bool | None
    volts: float | None


#: kind of device in metrics, by the member of the inventory
_KINDS = {
    "inverter_devices": "inverter",
    "acb_devices": "acb",
    "iq_relays": "iq_relay",
    "esub_devices": "esub",
}
_ENSEMBLE_KINDS = {
    "enpower": "controller",
    "collar": "collar",
    "c6cc": "combiner",
    "c6_meter": "combiner_meter",
}


def _named(kind: str, serial: str, device: Any) -> Iterator[tuple[tuple[str, ...], NamedCondition]]:
    for name, meaning in conditions(device.device_status).items():
        yield (kind, serial, name, meaning), NamedCondition()


def combine(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return the devices of the inventory, IQ Relays in detail, and all conditions.

    A gateway without an inventory has the IQ Relays that its other answers know.
    """
    answer = parsed.get(inventory.ENDPOINT.path)
    if answer is None:
        listed = inventory.ENDPOINT.path in context.previous
        relays = {} if listed else _relays({}, parsed, context)
        return relays if relays.get("iq_relays") else {}
    data = dict(answer.data)
    data["device_conditions"] = {
        key: condition
        for listing, kind in _KINDS.items()
        for serial, device in data[listing].items()
        for key, condition in _named(kind, serial, device)
    }
    return data | _relays(data["iq_relays"], parsed, context)


def _relays(
    listed: Mapping[str, RelayDevice], parsed: Mapping[str, Parsed], context: Context
) -> dict[str, Any]:
    """Return the IQ Relays and their lines: the listed ones, and others while they report."""
    every: Mapping[str, RelayChannel] = member(parsed, device_data.ENDPOINT.path, "relay_details")
    details = {serial: detail for serial, one in every.items() if (detail := _of_now(one, context))}
    states: Mapping[str, RelayContact] = member(parsed, devstatus.ENDPOINT.path, "relay_status")
    seen = [serial for serial in details if serial not in listed]
    relays = {**listed, **{serial: RelayDevice() for serial in seen}}
    return {
        "iq_relays": {
            serial: _relay(serial, relay, details.get(serial), states.get(serial))
            for serial, relay in relays.items()
        },
        "iq_relay_lines": {
            serial: _lines(relay, details.get(serial)) for serial, relay in relays.items()
        },
    }


def _of_now(detail: RelayChannel, context: Context) -> RelayChannel | None:
    if detail.end_date is None or context.is_stale(detail.end_date, _AGE):
        return None
    return detail


def _relay(
    serial: str, relay: RelayDevice, detail: RelayChannel | None, status: RelayContact | None
) -> IqRelay:
    return IqRelay(
        serial_num=serial,
        part_num=relay.part_num,
        firmware_version=relay.firmware_version,
        phase=relay.phase,
        relay=relay.relay,
        reason=relay.reason,
        reason_code=relay.reason_code,
        forced=status.forced if status else None,
        communicating=relay.communicating,
        operating=relay.operating,
        installed_date=relay.installed_date,
        firmware_loaded_date=relay.firmware_loaded_date,
        last_report_date=most((relay.last_report_date, detail.end_date if detail else None)),
        line_count=relay.line_count,
        hertz=milli(detail.millihertz) if detail else None,
        temperature=detail.temperature if detail else None,
        state_changes=detail.state_changes if detail else None,
    )


def _lines(relay: RelayDevice, detail: RelayChannel | None) -> dict[str, RelayLine]:
    """Return the lines that the relay has; what the others pick up is no voltage."""
    connected = (relay.line1_connected, relay.line2_connected, relay.line3_connected)
    volts: tuple[float | None, ...] = (None, None, None)
    if detail is not None:
        volts = (detail.millivolts_l1, detail.millivolts_l2, detail.millivolts_l3)
    count = relay.line_count
    if count is None:
        live = [index for index, volt in enumerate(volts, 1) if volt and volt > _PICKED_UP]
        count = len(_LINES) if any(each is not None for each in connected) else max(live, default=1)
    return {
        line: RelayLine(closed, milli(volt))
        for line, closed, volt in list(zip(_LINES, connected, volts, strict=True))[:count]
        if closed is not None or volt is not None
    }


def combine_ensemble(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the devices of the ensemble with the conditions of all of them."""
    named = [
        *(("battery", battery) for battery in data.get("encharge_inventory", {}).values()),
        *((kind, data[name]) for name, kind in _ENSEMBLE_KINDS.items() if name in data),
    ]
    return {
        **data,
        "ensemble_conditions": {
            key: condition
            for kind, device in named
            for key, condition in _named(kind, device.serial_number or "", device)
        },
    }
