"""Relays, limits, conditions of devices, the firmware update and the gateway's own events."""

from collections.abc import Iterator
from itertools import islice

from exporter.metrics.units import celsius, closed, hertz, ratio, seconds, volts, watts
from exporter.status.batteries import to_bool
from exporter.status.device_models import (
    DeviceCondition,
    FirmwareUpdateStatus,
    LoadRelayStatus,
    PanelStatus,
    ProductionLimits,
    RelayStatus,
)
from exporter.status.models import EventStatus
from exporter.status.view import SnapshotView

#: classes of conditions that are part of every day, such as panels in the dark
_ORDINARY = frozenset({"dark", "passing"})
#: where they are listed
_MEMBERS = (("devices", "device_conditions"), ("ensemble", "ensemble_conditions"))
#: worst first
_CLASSES = ("danger", "broken", "grid", "silent", "limited", "other")
#: events that are shown
_MAX_EVENTS = 20
#: answers of which one at least has a limit, where the gateway reports any
_LIMITS = ("export_limit", "dynamic_export_limit", "production_limit", "production_power")


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


def load_relays(view: SnapshotView) -> tuple[LoadRelayStatus, ...]:
    """Return the dry contacts of the system controller, each with what it switches."""
    states = view.devices("dry_contacts", "dry_contact_status")
    settings = view.devices("dry_contacts", "dry_contact_settings")
    names = view.devices("dry_contacts", "relay_names")
    relays = []
    for identity in sorted(states.keys() | settings.keys()):
        state, setting = states.get(identity), settings.get(identity)
        named = names.get(identity) or getattr(setting, "load_name", None)
        relays.append(
            LoadRelayStatus(
                identity,
                str(named or ""),
                to_bool(closed(getattr(state, "status", None))),
                str(getattr(setting, "type", None) or ""),
                str(getattr(setting, "mode", None) or ""),
                ratio(getattr(setting, "soc_low", None)),
                ratio(getattr(setting, "soc_high", None)),
            )
        )
    return tuple(relays)


def production_limits(view: SnapshotView) -> ProductionLimits | None:
    """Return what holds production or export back, None where the gateway reports no limits."""
    settings = view.collector("settings")
    export, dynamic, production, power = (settings.get(name) for name in _LIMITS)
    profile = settings.get("grid_profile")
    if all(each is None for each in (export, dynamic, production, power, profile)):
        return None
    production_ratio = ratio(getattr(production, "limit_percent", None))
    export_ratio = ratio(getattr(export, "limit_percent", None))
    return ProductionLimits(
        to_bool(getattr(power, "forced_off", None)),
        _limits(to_bool(getattr(production, "enabled", None)), production_ratio),
        production_ratio,
        _limits(to_bool(getattr(export, "enabled", None)), export_ratio),
        watts(getattr(export, "limit_watts", None)),
        export_ratio,
        to_bool(getattr(dynamic, "enabled", None)),
        watts(getattr(dynamic, "limit_watts", None)),
        to_bool(getattr(dynamic, "limits_export", None)),
        str(getattr(profile, "name", None) or ""),
    )


def _limits(enabled: bool | None, share: float | None) -> bool | None:
    """Return whether a limit limits anything: all of the rated power is none."""
    return False if share is not None and share >= 1 else enabled


def device_conditions(
    view: SnapshotView, panels: tuple[PanelStatus, ...]
) -> tuple[DeviceCondition, ...]:
    """Return the conditions that devices name, worst first, without those of every day.

    That the gateway does not hear an inverter in the dark is one of those.
    """
    dark = {panel.serial for panel in panels if panel.state == "dark"}
    conditions = (
        each
        for each in _conditions(view)
        if not (each.category == "silent" and each.kind == "inverter" and each.serial in dark)
    )
    return tuple(
        sorted(
            conditions,
            key=lambda each: (
                _CLASSES.index(each.category),
                each.kind,
                each.condition,
                each.label,
            ),
        )
    )


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
    """Return the latest events of the gateway's own log, the newest first.

    Of an outage every inverter has something to say: what many say at once is one event.
    """
    log = view.devices("events", "events")
    by_what: dict[tuple[str, str, str, str], set[str]] = {}
    for _, each in sorted(log.items(), reverse=True):
        by_what.setdefault((each.time, each.event, each.action, each.device), set()).add(
            each.serial
        )
    return tuple(
        EventStatus(*what, next(iter(serials)) if len(serials) == 1 else "", len(serials))
        for what, serials in islice(by_what.items(), _MAX_EVENTS)
    )
