"""Turns a snapshot into a status: what is fresh, converted as for the metrics, in one place."""

from collections.abc import Mapping
from typing import Any

from exporter.metrics.grid import connected, disconnect_commanded
from exporter.metrics.units import (
    celsius,
    fahrenheit,
    flag,
    joules,
    ratio,
    raw_code,
    stored_joules,
    volts,
    watts,
)
from exporter.metrics.units import closed as relay_closed
from exporter.snapshot import Snapshot
from exporter.status.batteries import batteries, has_batteries, storage, truth
from exporter.status.models import (
    CloudStatus,
    CollectorStatus,
    Contact,
    EnergyToday,
    GatewayIdentity,
    GatewayStatus,
    GeneratorStatus,
    GridStatus,
    GridSwitch,
    MeterStatus,
    PowerFlow,
)
from exporter.status.panels import panels
from exporter.status.view import SnapshotView

#: reasons of failure that mean: no way in, though there is somebody
_REFUSALS = frozenset({"login_refused", "login_redirect", "cloud", "identity"})
#: below this a leg was never wired (V)
_LEAST_VOLTS = 50.0


def derive(snapshot: Snapshot, now: float, monotonic: float, host: str) -> GatewayStatus:
    """Return the status of a gateway, without what is wrong and without words."""
    fresh = SnapshotView(snapshot, now, monotonic)
    report = fresh.report
    grid, generator = _grid(fresh), _generator(fresh)
    power = _power(fresh, generator)
    last_successes = [c.last_success for c in report.collectors.values() if c.last_success]
    return GatewayStatus(
        gateway=snapshot.gateway,
        host=host,
        timestamp_seconds=now,
        contact=_contact(fresh),
        last_heard_timestamp_seconds=max(last_successes, default=None),
        identity=_identity(fresh),
        grid=grid,
        power=power,
        today=_today(fresh),
        storage=storage(fresh, power.storage_watts),
        batteries=batteries(fresh),
        panels=panels(fresh, islanded=grid.connected is False),
        switch=_switch(fresh),
        generator=generator,
        meters=_meters(fresh),
        legs_volts=_legs(fresh),
        cloud=_cloud(fresh),
        clock_skew_seconds=report.clock_skew,
        token_expiry_timestamp_seconds=report.token_expiry,
        collectors=_collectors(report.collectors),
    )


def _contact(fresh: SnapshotView) -> Contact:
    if fresh.report.up and fresh.any:
        return "answers"
    collectors = fresh.report.collectors
    if collectors["gateway"].reason in _REFUSALS:
        return "refused"
    # A gateway that has not failed and not given anything yet was only just begun with.
    begun = any(c.last_success for name, c in collectors.items() if name != "gateway")
    return "silent" if begun or collectors["gateway"].failures else "waiting"


def _identity(fresh: SnapshotView) -> GatewayIdentity | None:
    info = fresh.one("gateway", "gateway")
    return None if info is None else GatewayIdentity(info.serial, info.part_number, info.firmware)


def _grid(fresh: SnapshotView) -> GridStatus:
    data = fresh.data("ensemble")
    told, commanded = connected(data), disconnect_commanded(data)
    return GridStatus(
        connected=None if told is None else bool(told),
        disconnect_commanded=None if commanded is None else bool(commanded),
        has_switch=_has_switch(fresh),
    )


def _has_switch(fresh: SnapshotView) -> bool | None:
    data = fresh.data("ensemble")
    if not data and "ensemble" in fresh.report.collectors:
        return None
    return any(data.get(name) is not None for name in ("enpower", "collar"))


def _power(fresh: SnapshotView, generator: GeneratorStatus | None) -> PowerFlow:
    now = {
        name: watts(getattr(fresh.one("production", f"system_{name}"), "watts_now", None))
        for name in ("production", "consumption", "net_consumption")
    }
    told = fresh.one("battery_power", "storage_power") or fresh.one("production", "storage_power")
    stored = watts(getattr(told, "watts", None))
    solar, net = now["production"], now["net_consumption"]
    # A house is what flows in. What gateways call total consumption is solar and grid alone, and
    # knows nothing of batteries; it stands in where no meter looks at the grid. What a generator
    # gives nobody tells.
    known = solar + net if solar is not None and net is not None else now["consumption"]
    house = None
    if known is not None and not (generator and generator.running):
        if not has_batteries(fresh):
            house = known
        elif stored is not None:
            house = known + stored
    return PowerFlow(solar, net, stored, None if house is None else max(0.0, house))


def _today(fresh: SnapshotView) -> EnergyToday:
    told = {
        name: getattr(fresh.one("production", f"system_{name}"), "watt_hours_today", None)
        for name in ("production", "consumption")
    }
    produced, consumed = stored_joules(told["production"]), joules(told["consumption"])
    # Of net consumption many gateways tell no day, only a zero.
    net = None if produced is None or consumed is None else consumed - produced
    return EnergyToday(produced, consumed, net)


def _switch(fresh: SnapshotView) -> GridSwitch | None:
    enpower = fresh.one("ensemble", "enpower")
    if enpower is not None:
        heard = truth(enpower.communicating)
        return GridSwitch(
            "enpower",
            str(enpower.serial_number),
            heard,
            None if heard is False else fahrenheit(enpower.temperature),
            firmware=str(enpower.firmware_version or "") or None,
            last_report_timestamp_seconds=fresh.stamp(enpower.last_report_date),
        )
    collar = fresh.one("ensemble", "collar")
    if collar is None:
        return None
    heard = truth(collar.communicating)
    return GridSwitch(
        "collar",
        str(collar.serial_number),
        heard,
        None if heard is False else celsius(collar.temperature),
        raw_code(collar.control_error),
        str(collar.firmware_version or "") or None,
    )


def _generator(fresh: SnapshotView) -> GeneratorStatus | None:
    told = fresh.one("generator", "generator")
    if told is None or flag(told.present) != 1:
        return None
    running = relay_closed(told.oper_state)
    return GeneratorStatus(None if running is None else bool(running), ratio(told.start_soc))


def _meters(fresh: SnapshotView) -> tuple[MeterStatus, ...]:
    measured = fresh.all("meters", "ctmeters")
    found = []
    for name, setup in fresh.all("meters", "meter_setup").items():
        meter = measured.get(name)
        status = getattr(meter, "metering_status", None)
        found.append(
            MeterStatus(
                name,
                bool(setup.enabled),
                None if status is None else str(status),
                tuple(str(flag) for flag in getattr(meter, "status_flags", None) or ()),
            )
        )
    return tuple(found)


def _legs(fresh: SnapshotView) -> dict[str, float]:
    """Return the voltage of each leg in use; meters share the legs, so the highest counts."""
    found: dict[str, float] = {}
    for phases in fresh.all("meters", "ctmeters_phases").values():
        for phase, meter in (phases or {}).items():
            known = volts(getattr(meter, "voltage", None))
            if known is not None and known > max(_LEAST_VOLTS, found.get(str(phase), 0.0)):
                found[str(phase)] = known
    return dict(sorted(found.items()))


def _cloud(fresh: SnapshotView) -> CloudStatus:
    home = fresh.one("home", "home")
    if home is None:
        return CloudStatus()
    linked = {name for name, interface in home.interfaces.items() if interface.carrier}
    modems = {name for name, i in home.interfaces.items() if i.type == "cellular"} & linked
    cellular = bool(modems) and (home.primary_interface in modems or linked == modems)
    return CloudStatus(truth(home.cloud_connected), fresh.stamp(home.last_report), cellular)


def _collectors(reports: Mapping[str, Any]) -> tuple[CollectorStatus, ...]:
    return tuple(
        CollectorStatus(
            name,
            bool(report.up),
            report.last_success,
            report.duration,
            sum(report.failures.values()),
            report.reason,
            report.trouble,
        )
        for name, report in reports.items()
    )
