"""IQ Relays, conditions of devices, the firmware update and the gateway's own events."""

from collections.abc import Iterator

from exporter.metrics.units import celsius, closed, hertz, ratio, seconds, volts
from exporter.status.batteries import to_bool
from exporter.status.device_models import DeviceCondition, FirmwareUpdateStatus, RelayStatus
from exporter.status.models import EventStatus
from exporter.status.view import SnapshotView

#: classes of conditions that are part of every day, such as panels in the dark
_ORDINARY = frozenset({"dark", "passing"})
#: where they are listed
_MEMBERS = (("devices", "device_conditions"), ("ensemble", "ensemble_conditions"))
#: worst first
_CLASSES = ("danger", "broken", "grid", "silent", "limited", "other")
#: conditions and events that are shown
_MAX_CONDITIONS, _MAX_EVENTS = 100, 20


def relays(view: SnapshotView) -> tuple[RelayStatus, ...]:
    """Return the IQ Relays, which connect the panels to the grid."""
    lines = view.devices("devices", "iq_relay_lines")
    return tuple(
        RelayStatus(
            serial,
            name=view.device_name("iq_relay", serial),
            closed=to_bool(closed(relay.relay)),
            reason=str(relay.reason or ""),
            communicating=to_bool(relay.communicating),
            hertz=hertz(relay.hertz),
            temperature_celsius=celsius(relay.temperature),
            legs_volts={
                str(line): value
                for line, each in (lines.get(serial) or {}).items()
                if (value := volts(each.volts)) is not None
            },
            last_report_timestamp_seconds=view.to_local_time(relay.last_report_date),
        )
        for serial, relay in sorted(view.devices("devices", "iq_relays").items())
    )


def device_conditions(view: SnapshotView) -> tuple[DeviceCondition, ...]:
    """Return the conditions that devices name, worst first, without those of every day."""
    conditions = sorted(
        _conditions(view),
        key=lambda each: (_CLASSES.index(each.category), each.kind, each.serial, each.condition),
    )
    return tuple(conditions[:_MAX_CONDITIONS])


def _conditions(view: SnapshotView) -> Iterator[DeviceCondition]:
    for collector, member in _MEMBERS:
        for kind, serial, condition, category in view.devices(collector, member):
            if category not in _ORDINARY:
                name = view.device_name(kind, serial)
                named = category if category in _CLASSES else "other"
                yield DeviceCondition(kind, serial, condition, named, name)


def firmware_update(view: SnapshotView) -> FirmwareUpdateStatus | None:
    """Return the update of the storage devices, None where the gateway reports none."""
    update = view.member("firmware", "firmware_update")
    if update is None:
        return None
    return FirmwareUpdateStatus(
        running=to_bool(update.running),
        failed=to_bool(update.failed),
        kind=str(update.kind_name or ""),
        progress_ratio=ratio(update.progress),
        remaining_seconds=seconds(update.seconds_left),
        failure_reason=str(update.failure_reason or "") if update.failed else "",
    )


def events(view: SnapshotView) -> tuple[EventStatus, ...]:
    """Return the latest events of the gateway's own log, the newest first."""
    log = view.devices("events", "events")
    newest = sorted(log.items(), reverse=True)[:_MAX_EVENTS]
    return tuple(
        EventStatus(each.time, each.event, each.action, each.device, each.serial)
        for _, each in newest
    )
