"""What is expected of a gateway and not known now: by name, since when, and why.

Nothing may look well while something is missing. What was never there is not expected. Each entry
names the alert that fires when it lasts, and so what to do.
"""

from collections.abc import Iterator
from dataclasses import replace

from exporter.status.checks import alert_text
from exporter.status.formatting import listed
from exporter.status.models import CollectorStatus, GatewayStatus, MissingData
from exporter.status.summary import connection
from exporter.status.view import SnapshotView

#: what people miss when a collector fails
_COLLECTORS = {
    "gateway": "Identity and firmware of the gateway",
    "grid": "Grid state",
    "ensemble": "Grid state and list of batteries",
    "battery_power": "Power and charge of each battery",
    "storage": "State of charge",
    "meters": "Meters (CTs)",
    "production": "Solar and house power",
    "inverters": "Panels",
    "home": "Cloud connection",
    "tariff": "Storage mode and prices",
    "dry_contacts": "Load relays",
    "generator": "Generator",
    "acb": "AC Batteries",
    "livedata": "Live data",
    "devices": "Conditions of the devices",
    "device_detail": "Details of the panels",
    "firmware": "Firmware update",
    "events": "Event log",
    "settings": "Limits and settings",
}
_KINDS = {
    "inverter": ("Panel", "Panels"),
    "battery": ("Battery", "Batteries"),
    "acb": ("AC Battery", "AC Batteries"),
    "controller": ("System controller", "System controllers"),
    "collar": ("Meter collar", "Meter collars"),
    "combiner": ("Combiner", "Combiners"),
    "meter": ("Meter", "Meters"),
    "meter_phase": ("Meter leg", "Meter legs"),
    "section": ("Production section", "Production sections"),
    "dry_contact": ("Load relay", "Load relays"),
    "generator": ("Generator", "Generators"),
    "iq_relay": ("IQ Relay", "IQ Relays"),
}
_MISSING = "EnphaseDataMissing"
#: alert of each kind, and the severity of which its text is; others are devices in the answers
_ALERTS = {
    "quantity": (_MISSING, "critical"),
    "value": (_MISSING, "critical"),
    "collector": ("EnphaseCollectorFailing", "warning"),
    "battery": ("EnphaseBatteryMissing", "critical"),
    "inverter": ("EnphaseInvertersMissing", "warning"),
}
#: what tells the state of the grid
_GRID_STATE = frozenset({("quantity", "grid_state"), ("collector", "grid")})
_QUANTITIES = {
    "grid_state": "Grid state",
    "soc": "State of charge",
    "power": "All power readings",
    "storage": "Sums of the batteries",
}
_NOT_LISTED = "no longer in the gateway's answers"
_REASONS = {
    "timeout": "no answer in time",
    "not_permitted": "the gateway does not permit it with this login",
    "absent": "the gateway has no such page any more",
    "not_json": "the answer is not readable",
    "login_redirect": "the gateway answers with its login page",
    "bad_status": "the gateway answers with an error",
}


def missing(status: GatewayStatus, view: SnapshotView) -> tuple[MissingData, ...]:
    """Return everything that is expected and not known, what matters most first."""
    if status.contact == "waiting":
        return ()
    if status.contact != "answers":
        return (
            MissingData(
                "gateway",
                "",
                "Everything behind the gateway",
                status.trouble or f"the gateway {connection(status)}",
                status.last_heard_timestamp_seconds,
            ),
        )
    entries = (
        *_grid(status),
        *_values(status),
        *_quantities(view),
        *_collectors(status),
        *_devices(view),
    )
    unique: dict[tuple[str, str], MissingData] = {}
    for entry in entries:
        unique.setdefault((entry.kind, entry.id), entry)
    return tuple(map(_with_alert, unique.values()))


def _with_alert(entry: MissingData) -> MissingData:
    alert, severity = _ALERTS.get(entry.kind, (_MISSING, "warning"))
    if entry.alert:
        alert = entry.alert
    elif (entry.kind, entry.id) in _GRID_STATE:
        alert, severity = "EnphaseGridStateUnknown", "critical"
    text = alert_text(alert, severity)
    return replace(entry, alert=alert, first=text.first, runbook_url=text.runbook_url)


def _grid(status: GatewayStatus) -> Iterator[MissingData]:
    grid, switch = status.grid, status.switch
    if grid.connected is not None or switch is None:
        return
    device = {"enpower": "system controller", "collar": "meter collar"}[switch.kind]
    reason = (
        f"the {device} does not communicate"
        if switch.communicating is False
        else f"the {device} reports no usable state of its switch"
    )
    last = status.last_known.get("connected")
    yield MissingData(
        "quantity", "grid_state", "Grid state", reason, last.timestamp_seconds if last else None
    )


def _values(status: GatewayStatus) -> Iterator[MissingData]:
    """Yield what every such site has and no device reports, although every request is answered."""
    if status.starting or not all(collector.up for collector in status.collectors):
        return
    power, storage, generator = status.power, status.storage, status.generator
    values: list[tuple[str, str, float | None]] = [("solar_watts", "Solar", power.solar_watts)]
    if status.measured and not (generator and generator.running):
        values.append(("house_watts", "House power", power.house_watts))
    if storage is not None:
        values.append(("soc_ratio", "State of charge", storage.soc_ratio))
        values.append(("storage_watts", "Battery power", power.storage_watts))
    for field, name, value in values:
        if value is None:
            last = status.last_known.get(field)
            reason = "the gateway answers, and reports no usable value"
            since = last.timestamp_seconds if last else None
            # one entry, also where it is expected by name
            identity = "soc" if field == "soc_ratio" else field
            yield MissingData("quantity", identity, name, reason, since)


def _quantities(view: SnapshotView) -> Iterator[MissingData]:
    for identity, since in view.missing_since("quantity").items():
        name = _QUANTITIES.get(identity, identity)
        yield MissingData("quantity", identity, name, "no device reports it now", since)


def _collectors(status: GatewayStatus) -> Iterator[MissingData]:
    for collector in status.collectors:
        name = _COLLECTORS.get(collector.name, collector.name.replace("_", " ").capitalize())
        if not collector.up and (collector.failures or collector.reason):
            # Another of its endpoints may have answered since.
            stamps = (
                collector.last_success_timestamp_seconds,
                collector.failing_since_timestamp_seconds,
            )
            since = min((stamp for stamp in stamps if stamp is not None), default=None)
            yield MissingData("collector", collector.name, name, _reason(collector), since)
        elif collector.up and not collector.complete:
            yield MissingData(
                "collector",
                collector.name,
                f"{name}, in part",
                "the last answer was incomplete",
                alert=_MISSING,
            )
        if collector.up and collector.unreadable:
            since = collector.unreadable_since_timestamp_seconds
            yield MissingData(
                "value",
                collector.name,
                f"{name}, some values",
                f"in the gateway's answers these cannot be read: {listed([*collector.unreadable])}",
                since,
            )


def _reason(collector: CollectorStatus) -> str:
    return collector.trouble or _REASONS.get(collector.reason) or "the last run failed"


def _devices(view: SnapshotView) -> Iterator[MissingData]:
    kinds = [kind for kind, _ in view.expected if kind not in ("quantity", "collector")]
    for kind in dict.fromkeys(kinds):
        gone = view.missing_since(kind)
        if not gone:
            continue
        one, many = _KINDS.get(kind, (kind.replace("_", " ").capitalize(),) * 2)
        names = [view.device_name(kind, identity) or identity for identity in gone]
        since = min((stamp for stamp in gone.values() if stamp is not None), default=None)
        heading = one if len(gone) == 1 else f"{len(gone)} {many.lower()}"
        yield MissingData(kind, " ".join(gone), f"{heading} {listed(names)}", _NOT_LISTED, since)
