"""Builds the status of a gateway from a snapshot: converted as for the metrics, in one place."""

from collections.abc import Mapping
from typing import Any

from exporter.metrics.units import (
    celsius,
    fahrenheit,
    flag,
    hertz,
    ratio,
    raw_code,
    volts,
)
from exporter.metrics.units import closed as relay_closed
from exporter.metrics.units import watts as plain_watts
from exporter.snapshot import HOUSE
from exporter.status import equipment
from exporter.status.batteries import (
    batteries,
    storage,
    to_bool,
)
from exporter.status.device_models import (
    GeneratorStatus,
    GridSwitchStatus,
    MeterStatus,
    PanelStatus,
)
from exporter.status.models import (
    CloudStatus,
    CollectorStatus,
    Contact,
    EnergyToday,
    GatewayIdentity,
    GatewayStatus,
    GridStatus,
    PowerFlow,
)
from exporter.status.panels import panels
from exporter.status.system import limits, measured, system
from exporter.status.view import SnapshotView

#: reasons of failure that mean: the gateway is there and refuses the login
_REFUSALS = frozenset({"auth", "cloud", "login_refused", "login_redirect"})
#: flows whose energy of today is shown
_FLOWS = ("solar", "house", "grid_import", "grid_export", "battery_charge", "battery_discharge")
#: below this a leg was never wired (V)
_MIN_LEG_VOLTS = 50.0
#: height of the sun from which on panels give something
_DAYLIGHT_DEGREES = 10.0


def build(view: SnapshotView, gateway: str, host: str) -> GatewayStatus:
    """Return the status of a gateway, without problems, missing data and sentences."""
    report = view.report
    grid, generator, power = grid_status(view), _generator(view), power_flow(view)
    each, roof = batteries(view), panels(view, islanded=grid.connected is False)
    last_successes = [c.last_success for c in report.collectors.values() if c.last_success]
    return GatewayStatus(
        gateway=gateway,
        host=host,
        timestamp_seconds=view.now,
        contact=_contact(view),
        last_heard_timestamp_seconds=max(last_successes, default=None),
        identity=_identity(view),
        grid=grid,
        power=power,
        today=_today(view),
        storage=storage(view, power.storage_watts, each),
        batteries=each,
        panels=roof,
        switch=_switch(view),
        generator=generator,
        meters=_meters(view),
        legs_volts=_legs(view),
        hertz=_hertz(view),
        daylight=_daylight(view, roof),
        cloud=_cloud(view),
        relays=equipment.relays(view),
        load_relays=equipment.load_relays(view),
        production_limits=equipment.production_limits(view),
        conditions=equipment.device_conditions(view, roof),
        firmware_update=equipment.firmware_update(view),
        events=equipment.events(view),
        gateway_alerts=tuple(getattr(view.member("home", "home"), "alerts", None) or ()),
        clock_skew_seconds=report.clock_skew,
        token_expiry_timestamp_seconds=report.token_expiry,
        collectors=_collectors(view),
        system=system(view),
        limits=limits(view),
        measured=measured(view),
    )


def grid_status(view: SnapshotView) -> GridStatus:
    """Return whether the house is on the grid, without since when."""
    house = view.member(HOUSE, "house")
    return GridStatus(
        connected=to_bool(getattr(house, "grid_connected", None)),
        disconnect_commanded=to_bool(getattr(house, "grid_disconnect_commanded", None)),
        has_switch=_has_switch(view),
    )


def power_flow(view: SnapshotView) -> PowerFlow:
    """Return what flows where; a sum with an unknown part is unknown."""
    house = view.member(HOUSE, "house")
    if house is None:
        return PowerFlow()
    return PowerFlow(
        house.solar_watts,
        _signed(house.grid_import_watts, house.grid_export_watts),
        _signed(house.battery_discharge_watts, house.battery_charge_watts),
        house.house_watts,
        _generator_watts(view),
    )


def _generator_watts(view: SnapshotView) -> float | None:
    """Return what the generator gives; only live data knows."""
    milliwatts = getattr(view.devices("livedata", "live_flows").get("generator"), "power_mw", None)
    return None if milliwatts is None else plain_watts(milliwatts / 1000)


def _signed(positive: float | None, negative: float | None) -> float | None:
    """Return one number for two directions."""
    return None if positive is None or negative is None else positive - negative


def _contact(view: SnapshotView) -> Contact:
    if view.report.up and view.has_data:
        return "answers"
    collectors = view.report.collectors
    reasons = {collector.reason for collector in collectors.values() if collector.reason}
    # It may be a while until everything was asked and the gateway as a whole counts as failed.
    if collectors["gateway"].reason in _REFUSALS or (reasons and reasons <= _REFUSALS):
        return "refused"
    # A gateway that has neither failed nor answered yet was only just started.
    answered = any(c.last_success for name, c in collectors.items() if name != "gateway")
    failed = any(c.failures for c in collectors.values())
    return "silent" if answered or failed else "waiting"


def _identity(view: SnapshotView) -> GatewayIdentity | None:
    info = view.member("gateway", "gateway")
    return None if info is None else GatewayIdentity(info.serial, info.part_number, info.firmware)


def _has_switch(view: SnapshotView) -> bool | None:
    data = view.collector("ensemble")
    if any(data.get(name) is not None for name in ("enpower", "collar")):
        return True
    if view.expects("controller", "collar"):
        return True
    return None if not data and "ensemble" in view.report.collectors else False


def _today(view: SnapshotView) -> EnergyToday:
    produced, consumed = (
        view.counter("production", f"system_{name}", "watt_hours_today")
        for name in ("production", "consumption")
    )
    # Many gateways report no day of net consumption, only a zero.
    net = None if produced is None or consumed is None else consumed - produced
    if view.expects("generator") or _generator(view) is not None:
        net = None  # what a generator gave is in it as well
    solar, house, imported, exported, charged, discharged = (
        view.counter(HOUSE, HOUSE, f"{name}_today") for name in _FLOWS
    )
    autonomy = None
    if house and imported is not None:
        autonomy = max(0.0, 1 - imported / house)
    return EnergyToday(
        solar if produced is None else produced,
        consumed,
        net,
        house,
        imported,
        exported,
        charged,
        discharged,
        autonomy,
    )


def _switch(view: SnapshotView) -> GridSwitchStatus | None:
    enpower = view.member("ensemble", "enpower")
    if enpower is not None:
        communicating = to_bool(enpower.communicating)
        return GridSwitchStatus(
            "enpower",
            str(enpower.serial_number),
            communicating,
            None if communicating is False else fahrenheit(enpower.temperature),
            firmware=str(enpower.firmware_version or "") or None,
            last_report_timestamp_seconds=view.to_local_time(enpower.last_report_date),
        )
    collar = view.member("ensemble", "collar")
    if collar is None:
        return None
    communicating = to_bool(collar.communicating)
    return GridSwitchStatus(
        "collar",
        str(collar.serial_number),
        communicating,
        None if communicating is False else celsius(collar.temperature),
        raw_code(collar.control_error),
        str(collar.firmware_version or "") or None,
    )


def _generator(view: SnapshotView) -> GeneratorStatus | None:
    generator = view.member("generator", "generator")
    if generator is None or flag(generator.present) != 1:
        return None
    running = relay_closed(generator.oper_state)
    return GeneratorStatus(to_bool(running), ratio(generator.start_soc))


def _meters(view: SnapshotView) -> tuple[MeterStatus, ...]:
    readings = view.devices("meters", "ctmeters")
    meters = []
    for name, setup in view.devices("meters", "meter_setup").items():
        reading = readings.get(name)
        status = getattr(reading, "metering_status", None)
        flags = tuple(str(each) for each in getattr(reading, "status_flags", None) or ())
        meters.append(
            MeterStatus(
                name,
                bool(setup.enabled),
                None if status is None else str(status),
                flags,
                view.device_name("meter", name),
                view.to_local_time(getattr(reading, "timestamp", None)),
            )
        )
    return tuple(meters)


def _legs(view: SnapshotView) -> dict[str, float]:
    """Return the voltage of each leg in use; meters share the legs, so the highest counts."""
    legs: dict[str, float] = {}
    for phases in view.devices("meters", "ctmeters_phases").values():
        for phase, meter in (phases or {}).items():
            value = volts(getattr(meter, "voltage", None))
            if value is not None and value > max(_MIN_LEG_VOLTS, legs.get(str(phase), 0.0)):
                legs[str(phase)] = value
    return dict(sorted(legs.items()))


def _hertz(view: SnapshotView) -> float | None:
    """Return the frequency that a CT or an IQ Relay measures; 0 is none."""
    readings = view.devices("meters", "ctmeters")
    setups = view.devices("meters", "meter_setup").items()
    meters = [readings.get(name) for name, setup in setups if setup.enabled]
    relays = view.devices("devices", "iq_relays").values()
    values = [
        *(hertz(getattr(meter, "frequency", None)) for meter in meters),
        *(hertz(relay.hertz) for relay in relays),
    ]
    return next((value for value in values if value), None)


def _daylight(view: SnapshotView, roof: tuple[PanelStatus, ...]) -> bool | None:
    """Return whether there is light for the panels, by the sun's height or by what they give."""
    if view.sun is not None:
        return bool(view.sun.elevation > _DAYLIGHT_DEGREES)
    return True if any(panel.watts for panel in roof) else None


def _cloud(view: SnapshotView) -> CloudStatus:
    home = view.member("home", "home")
    channel = view.member("livedata", "cloud_channel")
    connected = to_bool(getattr(channel, "connected", None))
    if home is None:
        return CloudStatus(channel_connected=connected)
    linked = {name for name, interface in home.interfaces.items() if interface.carrier}
    modems = {name for name, i in home.interfaces.items() if i.type == "cellular"} & linked
    cellular = bool(modems) and (home.primary_interface in modems or linked == modems)
    return CloudStatus(
        to_bool(home.cloud_connected),
        view.to_local_time(home.last_report),
        cellular,
        connected,
        tuple(
            sorted(
                name
                for name, interface in home.interfaces.items()
                if to_bool(interface.carrier) and to_bool(interface.has_address) is False
            )
        ),
    )


def _collectors(view: SnapshotView) -> tuple[CollectorStatus, ...]:
    reports: Mapping[str, Any] = view.report.collectors
    return tuple(
        CollectorStatus(
            name,
            bool(report.up),
            report.last_success,
            report.duration,
            sum(report.failures.values()),
            report.reason,
            report.trouble,
            report.failing_since,
            view.complete(name),
            tuple(report.unreadable),
            min(report.unreadable.values(), default=None),
        )
        for name, report in reports.items()
    )
