"""What is wrong, what to do first, where it is written: checks that follow the alert rules."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.findings.texts import alert_texts
from exporter.findings.thresholds import resolve
from exporter.status.checks import CHECKS
from exporter.status.checks import problems as find_problems
from exporter.status.device_models import (
    BatteryStatus,
    DeviceCondition,
    FirmwareUpdateStatus,
    GeneratorStatus,
    GridSwitchStatus,
    MeterStatus,
    PanelStatus,
    ProductionLimits,
    RelayStatus,
)
from exporter.status.models import (
    SEVERITIES,
    CloudStatus,
    CollectorStatus,
    GatewayStatus,
    GridStatus,
    PowerFlow,
    Problem,
    StorageStatus,
)
from exporter.status.summary import by_alert
from tests.alerts.rule_files import ALERTS, RUNBOOKS
from tests.status.scenario_player import playing

NOW = 1_782_000_000.0
HOUR, DAY = 3600.0, 86400.0

WELL = GatewayStatus(
    "home",
    "192.0.2.10",
    NOW,
    "answers",
    grid=GridStatus(connected=True, disconnect_commanded=False, has_switch=True),
    storage=StorageStatus(
        soc_ratio=0.6,
        backup_soc_ratio=0.6,
        shutdown_soc_ratio=0.1,
        mode="backup",
        wanted_mode="backup",
    ),
    batteries=(
        BatteryStatus("1", "encharge", "idle", 0.6, 0, 25, communicating=True, part_number="a"),
        BatteryStatus("2", "acb", "idle", 0.6, 0, 25, communicating=True),
    ),
    panels=(PanelStatus("3", "reporting", watts=100, max_watts=300),),
    switch=GridSwitchStatus(
        "enpower", "4", communicating=True, last_report_timestamp_seconds=NOW - 60
    ),
    generator=GeneratorStatus(running=False, start_soc_ratio=0.3),
    meters=(
        MeterStatus("production", True, "normal"),
        MeterStatus("storage", False, "check-wiring"),
    ),
    legs_volts={"L1": 120.0, "L2": 121.0},
    cloud=CloudStatus(True, NOW - 120),
    clock_skew_seconds=1.0,
    token_expiry_timestamp_seconds=NOW + 300 * DAY,
    collectors=(
        CollectorStatus("gateway", True, NOW - 10),
        CollectorStatus("home", True, NOW - 10),
    ),
)
ISLAND = replace(
    WELL, grid=GridStatus(connected=False, disconnect_commanded=False, has_switch=True)
)


def problems(status: GatewayStatus, **thresholds: float) -> tuple[Problem, ...]:
    """Return what is wrong by the default thresholds, or others."""
    return find_problems(status, resolve(thresholds))


def island(soc: float = 0.6, **storage: Any) -> GatewayStatus:
    """Return an off-grid house with this charge."""
    assert WELL.storage
    return replace(ISLAND, storage=replace(WELL.storage, backup_soc_ratio=soc, **storage))


def battery(**changes: Any) -> GatewayStatus:
    """Return a house with another first battery."""
    return replace(WELL, batteries=(replace(WELL.batteries[0], **changes), WELL.batteries[1]))


def reported(ago: float, **cloud: Any) -> GatewayStatus:
    """Return a house whose last cloud report was so long ago."""
    return replace(WELL, cloud=CloudStatus(last_report_timestamp_seconds=NOW - ago, **cloud))


def lone(name: str, **changes: Any) -> GatewayStatus:
    """Return a house of which one field is another."""
    return replace(WELL, **{name: changes.pop("to")}, **changes)


def condition(category: str, kind: str = "inverter", name: str = "failure") -> GatewayStatus:
    """Return a house of which the only panel, or another device, reports a condition."""
    return lone("conditions", to=(DeviceCondition(kind, "3", name, category),))


def overloaded(watts: float) -> GatewayStatus:
    """Return an off-grid house that draws so much from batteries that can give 1,000 W."""
    return replace(island(rated_watts=1000.0), power=PowerFlow(storage_watts=watts))


def capacity(**storage: Any) -> GatewayStatus:
    """Return a house with batteries that were commissioned with 10 J."""
    assert WELL.storage
    return replace(
        WELL, storage=replace(WELL.storage, commissioned_capacity_joules=10.0, **storage)
    )


def relay(*, daylight: bool | None, **changes: Any) -> GatewayStatus:
    """Return a house with an IQ Relay that is open unless `changes` close it."""
    return lone("relays", to=(RelayStatus("5", **{"closed": False, **changes}),), daylight=daylight)


def dark(ago: float, **changes: Any) -> GatewayStatus:
    """Return a house whose only panel reported so long ago; the sun is not known."""
    panel = PanelStatus("3", "dark", max_watts=300, last_report_timestamp_seconds=NOW - ago)
    return replace(WELL, panels=(panel,), **changes)


OUTAGE = {"EnphaseGridOutage"}

#: each kind of problem by itself, with the expected alerts
WRONG: list[tuple[GatewayStatus, set[str]]] = [
    (WELL, set()),
    (lone("contact", to="waiting"), set()),
    (lone("contact", to="silent"), {"EnphaseGatewayUnreachable"}),
    (lone("contact", to="refused"), {"EnphaseAuthenticationFailing"}),
    (lone("token_expiry_timestamp_seconds", to=NOW + 15 * DAY), set()),
    (lone("token_expiry_timestamp_seconds", to=NOW + 14 * DAY), {"EnphaseTokenExpiring"}),
    (lone("token_expiry_timestamp_seconds", to=NOW + 11 * HOUR), set()),
    (lone("token_expiry_timestamp_seconds", to=NOW + 2 * HOUR), {"EnphaseTokenExpiring"}),
    (lone("token_expiry_timestamp_seconds", to=NOW - 60), {"EnphaseTokenExpiring"}),
    (lone("clock_skew_seconds", to=-121.0), {"EnphaseGatewayClockSkew"}),
    (lone("clock_skew_seconds", to=119.0), set()),
    (reported(1000), set()),
    (reported(1200), {"EnphaseCloudReportingStopped"}),
    (reported(2800, cellular=True), set()),
    (reported(8 * HOUR, cellular=True), {"EnphaseCloudReportingStopped"}),
    (reported(42 * DAY), {"EnphaseCloudReportingStopped"}),
    (lone("collectors", to=(CollectorStatus("home", False, NOW - 60, failures=1),)), set()),
    (
        lone("collectors", to=(CollectorStatus("home", False, NOW - HOUR, failures=12),)),
        {"EnphaseCollectorFailing"},
    ),
    (ISLAND, OUTAGE),
    (replace(ISLAND, grid=replace(ISLAND.grid, since_timestamp_seconds=NOW - 60)), OUTAGE),
    (
        replace(ISLAND, grid=replace(ISLAND.grid, since_timestamp_seconds=NOW - HOUR)),
        {"EnphaseGridOutageProlonged"},
    ),
    (replace(ISLAND, grid=replace(ISLAND.grid, reconnecting=True)), set()),
    (
        replace(ISLAND, grid=replace(ISLAND.grid, disconnect_commanded=True)),
        {"EnphaseOffGridByCommand"},
    ),
    (lone("legs_volts", to={"L1": 112.0, "L2": 128.0}), {"EnphaseGridVoltageImbalance"}),
    (lone("legs_volts", to={"L1": 112.0}), set()),
    (
        lone("switch", to=GridSwitchStatus("enpower", "4", communicating=False)),
        {"EnphaseSystemControllerNotCommunicating"},
    ),
    (
        lone(
            "switch",
            to=GridSwitchStatus("enpower", "4", True, last_report_timestamp_seconds=NOW - HOUR),
        ),
        {"EnphaseSystemControllerReportStale"},
    ),
    (
        lone("switch", to=GridSwitchStatus("collar", "4", True, control_error=3)),
        {"EnphaseCollarControlError"},
    ),
    (island(0.35), OUTAGE),
    (
        island(0.24),
        OUTAGE | {"EnphaseBackupBatteryLow", "EnphaseGeneratorNotRunning"},
    ),
    (
        replace(island(0.24), generator=GeneratorStatus(running=True, start_soc_ratio=0.3)),
        OUTAGE | {"EnphaseBackupBatteryLow"},
    ),
    (island(0.29), OUTAGE | {"EnphaseGeneratorNotRunning"}),
    (
        island(0.11),
        OUTAGE | {"EnphaseBackupBatteryExhausted", "EnphaseGeneratorNotRunning"},
    ),
    (island(runtime_seconds=7000.0), OUTAGE | {"EnphaseBackupRuntimeShort"}),
    (replace(WELL, storage=island(0.12, runtime_seconds=60.0).storage), set()),
    (battery(soc_ratio=0.04), {"EnphaseBatteryDeepDischarge"}),
    (battery(soc_ratio=0.06), set()),
    (battery(state="not communicating", communicating=False), {"EnphaseBatteryNotCommunicating"}),
    (battery(state="missing"), {"EnphaseBatteryMissing"}),
    (battery(state="switched off", dc_switch_off=True), {"EnphaseBatteryDcSwitchOff"}),
    (battery(state="not ready"), {"EnphaseBatteryNotReady"}),
    (battery(temperature_celsius=56), {"EnphaseBatteryTemperatureAbnormal"}),
    (battery(temperature_celsius=-16), {"EnphaseBatteryTemperatureAbnormal"}),
    (battery(last_report_timestamp_seconds=NOW - HOUR), {"EnphaseBatteryReportStale"}),
    (battery(state="not communicating", kind="acb"), {"EnphaseAcbNotCommunicating"}),
    (
        replace(
            WELL,
            batteries=tuple(
                BatteryStatus(serial, "encharge", "idle", part_number="a", firmware=firmware)
                for serial, firmware in (("1", "2.0"), ("2", "2.0"), ("3", "1.9"))
            ),
        ),
        {"EnphaseBatteryFirmwareMismatch"},
    ),
    (
        lone("storage", to=StorageStatus(mode="economy", wanted_mode="backup")),
        {"EnphaseStorageModeChanged"},
    ),
    (
        # firmware that leaves an old mode where it is read
        lone("storage", to=StorageStatus(mode="economy", wanted_mode="backup", mode_current=False)),
        set(),
    ),
    (lone("meters", to=(MeterStatus("production", True, "not-metering"),)), {"EnphaseMeterFault"}),
    (
        lone("meters", to=(MeterStatus("production", True, "normal", ("negative-production",)),)),
        {"EnphaseMeterFault"},
    ),
    (
        lone(
            "panels", to=(PanelStatus("3", "silent", last_report_timestamp_seconds=NOW - 2 * HOUR),)
        ),
        {"EnphaseInverterSilent"},
    ),
    (
        lone("panels", to=(PanelStatus("3", "silent", last_report_timestamp_seconds=NOW - HOUR),)),
        set(),
    ),
    (lone("panels", to=(PanelStatus("3", "dark"),)), set()),
    (dark(2 * HOUR), set()),
    (dark(2 * HOUR, daylight=True), {"EnphaseAllInvertersSilent"}),
    (dark(2 * HOUR, power=PowerFlow(solar_watts=300.0)), {"EnphaseAllInvertersSilent"}),
    (dark(2 * HOUR, power=PowerFlow(solar_watts=3.0)), set()),
    (dark(HOUR / 2, daylight=True), set()),
    (dark(2 * DAY, daylight=True), set()),
    (
        dark(2 * HOUR, daylight=True, production_limits=ProductionLimits(forced_off=True)),
        {"EnphaseProductionForcedOff"},
    ),
    (dark(2 * HOUR, daylight=True, grid=ISLAND.grid), OUTAGE),
    (lone("panels", to=(PanelStatus("3", "missing"),)), {"EnphaseInvertersMissing"}),
    (condition("danger", "acb"), {"EnphaseDeviceDanger"}),
    (condition("broken"), {"EnphaseDeviceBroken"}),
    (condition("silent"), set()),
    (condition("limited"), {"EnphaseProductionLimited"}),
    (condition("grid"), {"EnphaseInverterGridFault"}),
    (condition("grid", "iq_relay", "acvoltageooshigh"), {"EnphaseInverterGridFault"}),
    (condition("grid", "iq_relay", "relay-open"), set()),
    (replace(condition("grid"), grid=ISLAND.grid), OUTAGE),
    (
        replace(condition("grid"), panels=tuple(PanelStatus(str(n), "dark") for n in range(4))),
        set(),
    ),
    (lone("production_limits", to=ProductionLimits(forced_off=False)), set()),
    (
        lone("production_limits", to=ProductionLimits(forced_off=True)),
        {"EnphaseProductionForcedOff"},
    ),
    *(
        (lone("production_limits", to=limits), {"EnphaseProductionLimited"})
        for limits in (
            ProductionLimits(production_limited=True, production_ratio=0.7),
            ProductionLimits(export_limited=True, export_watts=5000.0),
            ProductionLimits(dynamic_limited=True, dynamic_watts=0.0),
        )
    ),
    (relay(daylight=True), {"EnphaseIqRelayOpen"}),
    (relay(daylight=True, closed=True), set()),
    (relay(daylight=True, communicating=False), set()),
    (relay(daylight=False), set()),
    (relay(daylight=None), set()),
    (replace(relay(daylight=True), grid=ISLAND.grid), OUTAGE),
    (lone("firmware_update", to=FirmwareUpdateStatus(running=True, failed=False)), set()),
    (
        lone("firmware_update", to=FirmwareUpdateStatus(failed=True, failure_reason="timeout")),
        {"EnphaseFirmwareUpdateFailed"},
    ),
    (overloaded(800.0), OUTAGE),
    (overloaded(900.0), OUTAGE | {"EnphaseBackupOverload"}),
    (overloaded(1000.0), OUTAGE | {"EnphaseBackupOverload"}),
    (replace(overloaded(1000.0), grid=WELL.grid), set()),
    (battery(state="asleep", kind="acb", sleep_enabled=False), {"EnphaseAcbAsleep"}),
    (battery(state="asleep", kind="acb", sleep_enabled=True), set()),
    (battery(state="asleep", kind="acb"), set()),
    (capacity(), set()),
    (capacity(backup_capacity_joules=9.8), set()),
    (capacity(backup_capacity_joules=9.6), {"EnphaseStorageCapacityLost"}),
    (capacity(backup_capacity_joules=9.6, health_ratio=0.96), set()),
    (capacity(backup_capacity_joules=5.0, missing_capacity_joules=5.0), set()),
    (capacity(backup_capacity_joules=5.0, commissioning=True), set()),
    (capacity(health_ratio=0.69), {"EnphaseStorageDegraded"}),
    (lone("hertz", to=50.4), set()),
    (lone("hertz", to=59.3), {"EnphaseGridFrequencyAbnormal"}),
    (replace(ISLAND, hertz=62.0), OUTAGE),
    (
        lone("cloud", to=replace(WELL.cloud, interfaces_without_address=("eth0",))),
        {"EnphaseGatewayInterfaceWithoutAddress"},
    ),
    (
        lone("meters", to=(MeterStatus("load", True, last_report_timestamp_seconds=NOW - HOUR),)),
        {"EnphaseDataStale"},
    ),
    (
        lone("meters", to=(MeterStatus("load", False, last_report_timestamp_seconds=NOW - HOUR),)),
        set(),
    ),
]


@pytest.mark.parametrize(("status", "alerts"), WRONG)
def test_each_problem_is_found_by_itself(status: GatewayStatus, alerts: set[str]) -> None:
    """A condition is listed as its alert while it holds, and nothing else is listed."""
    assert {problem.alert for problem in problems(status)} == alerts


def test_every_check_can_find_something() -> None:
    """The table above leaves out no row of the checks."""
    covered = {(p.alert, p.severity) for status, _ in WRONG for p in problems(status)}
    assert covered == {(check.alert, check.severity) for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.alert}-{check.severity}")
def test_a_problem_is_an_alert_with_a_runbook(check: Any) -> None:
    """Each is an alert of the rules, with at most their severity, their texts and runbook."""
    rules = [rule for rule in ALERTS if rule.name == check.alert]
    assert rules
    assert min(SEVERITIES.index(rule.severity) for rule in rules) <= SEVERITIES.index(
        check.severity
    )
    assert check.alert in {path.stem for path in RUNBOOKS}
    problem = next(
        p
        for status, _ in WRONG
        for p in problems(status)
        if (p.alert, p.severity) == (check.alert, check.severity)
    )
    same = [rule for rule in rules if rule.severity == check.severity] or rules
    assert problem.runbook_url == same[0].annotations["runbook_url"]
    assert problem.text.startswith(same[0].annotations["summary"].rstrip("."))
    assert problem.text.endswith(".")
    assert problem.first == alert_texts()[check.alert, same[0].severity].first


def test_the_thresholds_are_those_of_the_configuration() -> None:
    """With a threshold of 50 degrees, a battery at 51 degrees is hot."""
    status = battery(temperature_celsius=51)
    assert problems(status) == ()
    (problem,) = problems(status, battery_hot_celsius=50.0)
    assert problem.alert == "EnphaseBatteryTemperatureAbnormal"
    assert problem.text.endswith(": 1, 51 °C.")


def test_names_come_before_serials() -> None:
    """A battery with a name in the configuration is called by it."""
    (problem,) = problems(battery(state="missing", name="Garage left"))
    assert problem.text.endswith(": Garage left.")


def test_conditions_of_one_name_are_one_problem() -> None:
    """What many devices report alike is one sentence, with the kind and the names of them."""
    devices = tuple(DeviceCondition("inverter", str(n), "hwerr", "broken") for n in range(7))
    (problem,) = problems(lone("conditions", to=devices))
    assert problem.detail == "inverter 0, 1, 2, 3, 4 and 2 more, hwerr"
    assert problem.text == f"{problem.summary.rstrip('.')}: {problem.detail}."


def test_problems_of_one_alert_stand_together() -> None:
    """The page has one entry for an alert, with a line for each device."""
    status = replace(
        WELL,
        batteries=tuple(BatteryStatus(str(n), "encharge", "not communicating") for n in range(3)),
        clock_skew_seconds=500.0,
    )
    assert [len(group) for group in by_alert(problems(status))] == [3, 1]


def test_the_worst_comes_first() -> None:
    """Critical before warning before info."""
    status = replace(
        WELL,
        contact="silent",
        clock_skew_seconds=500.0,
        meters=(MeterStatus("load", True, "check"),),
    )
    severities = [problem.severity for problem in problems(status)]
    assert severities == sorted(severities, key=SEVERITIES.index)
    assert replace(status, problems=problems(status)).worst == "critical"
    assert WELL.worst is None


@pytest.mark.parametrize(
    ("scenario", "minute", "warm", "alerts"),
    [
        ("f06-off-grid-by-command", 30, 300, {"EnphaseOffGridByCommand"}),
        ("f13-cloud-silent", 240, 400, {"EnphaseCloudReportingStopped"}),
        ("f18-battery-silent", 40, 300, {"EnphaseBatteryNotCommunicating"}),
        ("f25-dc-switch-off", 40, 300, {"EnphaseBatteryDcSwitchOff"}),
        ("f32-inverter-silent", 270, 400, {"EnphaseInverterSilent"}),
        ("f41-clock-wrong", 40, 300, {"EnphaseGatewayClockSkew"}),
        ("f48-ground-fault", 45, 400, {"EnphaseDeviceDanger"}),
        ("f53-firmware-update-failed", 130, 1000, {"EnphaseFirmwareUpdateFailed"}),
        ("sunny-day", 600, 400, set()),
        ("sunny-day", 900, 400, set()),
    ],
)
async def test_a_failure_that_is_played_is_found(
    scenario: str, minute: float, warm: float, alerts: set[str], tmp_path: Path
) -> None:
    """From the gateway's answers to the sentence; a healthy day and its night have none."""
    async with playing(scenario, tmp_path) as played:
        await played.go_to(minute, warm)
        status = played.watched.status()
    assert {problem.alert for problem in status.problems} == alerts
