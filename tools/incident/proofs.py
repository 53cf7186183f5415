"""The table of proofs: for every row of the failure catalogue, which alert must ring by when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Expected:
    """An alert that must fire within its deadline."""

    alert: str
    deadline: str
    #: from when on the deadline counts: a time in the scenario, or the first visible sign of the
    #: failure in /metrics, as an expression
    since: str = ""
    sign: str = ""
    severity: str = "critical"
    #: how long before that it may fire, where it warns of what is to come
    early: str = "0s"


@dataclass(frozen=True, slots=True)
class Proof:
    """How a row is proved."""

    expected: tuple[Expected, ...]
    #: what may fire as well, with the reason
    allowed: Mapping[str, str] = field(default_factory=dict)
    #: seconds between two scrapes; coarse where hours are affordable only so
    interval: float = 30
    #: how much of the scenario is played; all of it without
    until: str = ""
    #: more of the exporter's configuration
    config: Mapping[str, Any] = field(default_factory=dict)


def _one(alert: str, deadline: str, since: str = "20m", **more: str) -> tuple[Expected, ...]:
    return (Expected(alert, deadline, "" if "sign" in more else since, **more),)


_ISLANDED = " and on (gateway) enphase_grid_connected == 0"
_OUTAGE = "the house is off the grid in this scenario"
_HUNGRY = {
    "EnphaseBackupBatteryLow": "an evening in the dark season empties the batteries",
    "EnphaseBackupRuntimeShort": "an evening in the dark season empties the batteries",
}
_LONG = {"EnphaseGridOutage": _OUTAGE, "EnphaseGridOutageProlonged": _OUTAGE}
_SPREAD = "max(enphase_encharge_soc_ratio) - min(enphase_encharge_soc_ratio) > 0.15"
_RUNTIME = "enphase_storage_available_joules / (enphase_storage_watts > 0) < 7200"

PROOFS: Mapping[str, Proof] = {
    "F01": Proof(
        _one("EnphaseGridOutage", "60s"),
        {"EnphaseGridOutageProlonged": "after a quarter of an hour off the grid"},
        interval=15,
    ),
    "F02": Proof(
        _one("EnphaseGridOutageProlonged", "15m"),
        {"EnphaseGridOutage": "the outage itself", **_HUNGRY},
    ),
    "F03": Proof(
        _one(
            "EnphaseGridFlapping",
            "15s",
            sign="changes(enphase_grid_connected[1h]) >= 3",
            severity="warning",
        ),
        {"EnphaseGridOutage": "every opening of the switch is one", **_HUNGRY},
        interval=15,
    ),
    "F04": Proof(
        (
            Expected("EnphaseGridVoltageAbnormal", "5m", "20m", severity="warning"),
            Expected("EnphaseGridFrequencyAbnormal", "5m", "70m", severity="warning"),
        )
    ),
    "F05": Proof(_one("EnphaseGridVoltageImbalance", "2m"), interval=15),
    "F06": Proof(_one("EnphaseOffGridByCommand", "15m", severity="warning")),
    "F07": Proof(
        _one(
            "EnphaseBackupBatteryLow",
            "2m",
            sign="enphase_storage_soc_ratio < 0.25" + _ISLANDED,
        ),
        {
            **_LONG,
            "EnphaseBackupRuntimeShort": "so little does not last for two hours",
            "EnphaseBackupBatteryExhausted": "they reach their limit just before the grid is back",
        },
    ),
    "F08": Proof(
        _one("EnphaseBackupRuntimeShort", "10m", sign=_RUNTIME + _ISLANDED),
        _LONG,
    ),
    "F09": Proof(
        _one(
            "EnphaseBackupBatteryExhausted",
            "2m",
            sign="enphase_storage_soc_ratio <= enphase_storage_shutdown_soc_ratio + 0.01"
            + _ISLANDED,
        ),
        {
            **_LONG,
            "EnphaseBackupBatteryLow": "on the way to empty",
            "EnphaseBackupRuntimeShort": "on the way to empty",
            "EnphaseGatewayUnreachable": "the gateway goes dark with the house",
        },
    ),
    "F10": Proof(_one("EnphaseBatteryDeepDischarge", "10m")),
    "F11": Proof(_one("EnphaseGatewayUnreachable", "10m")),
    "F12": Proof(_one("EnphaseExporterDown", "5m"), interval=15),
    "F13": Proof(
        (
            Expected("EnphaseCloudReportingStopped", "1h", "1h", severity="warning"),
            Expected("EnphaseCloudReportingStopped", "1h", "1d 1h"),
        ),
        interval=180,
        until="1d 2h 10m",
    ),
    "F14": Proof(_one("EnphaseAuthenticationFailing", "10m")),
    "F15": Proof(
        _one("EnphaseTokenExpiring", "0s", "1d", severity="warning", early="12h"),
        interval=300,
        until="1d 3h",
    ),
    "F16": Proof(_one("EnphaseCollectorFailing", "15m", severity="warning"), interval=60),
    "F17": Proof(
        (
            Expected("EnphaseBatteryReportStale", "45m", "20m", severity="warning"),
            Expected("EnphaseSystemControllerReportStale", "45m", "20m", severity="warning"),
        ),
        interval=60,
    ),
    "F18": Proof(_one("EnphaseBatteryNotCommunicating", "15m"), interval=60),
    "F19": Proof(_one("EnphaseBatteryMissing", "30m"), interval=60),
    "F20": Proof(
        _one("EnphaseBatteryStuckCharging", "24h", "6h", severity="warning"),
        interval=300,
        until="1d 6h 30m",
    ),
    "F21": Proof(
        _one("EnphaseBatteryChargeImbalance", "6h", sign=_SPREAD, severity="warning"),
        interval=300,
        until="1d",
    ),
    "F22": Proof(
        _one("EnphaseBatteryFirmwareMismatch", "7d", "1h", severity="warning"),
        interval=600,
        until="7d 2h",
    ),
    "F23": Proof(
        _one("EnphaseBatteryNotCharging", "6h", "1h"),
        {"EnphaseStorageModeChanged": "the scenario begins with another reserve"},
        interval=120,
    ),
    "F24": Proof(_one("EnphaseBatteryTemperatureAbnormal", "15m", severity="warning"), interval=60),
    "F25": Proof(_one("EnphaseBatteryDcSwitchOff", "15m", severity="warning"), interval=60),
    "F26": Proof(_one("EnphaseBatteryNotReady", "30m", severity="warning"), interval=60),
    "F27": Proof(_one("EnphaseStorageCapacityLost", "1h", severity="warning"), interval=60),
    "F28": Proof(
        _one("EnphaseStorageDegraded", "1d", "1h", severity="info"),
        interval=300,
        until="1d 1h 30m",
    ),
    "F29": Proof(_one("EnphaseSystemControllerNotCommunicating", "15m"), interval=60),
    "F30": Proof(_one("EnphaseCollarControlError", "15m", severity="warning"), interval=60),
    "F31": Proof(_one("EnphaseNoProduction", "2h", "90m"), interval=60),
    "F32": Proof(_one("EnphaseInverterSilent", "3h", "90m", severity="warning"), interval=60),
    "F33": Proof(
        _one("EnphaseInverterUnderperforming", "3d", "day 2 05:00", severity="warning"),
        interval=300,
        until="day 5 05:30",
    ),
    "F34": Proof(
        _one("EnphaseInvertersMissing", "1d", "1h", severity="warning"),
        interval=300,
        until="1d 1h 30m",
    ),
    "F35": Proof(_one("EnphaseMeterFault", "30m", severity="warning")),
    "F36": Proof(
        _one(
            "EnphaseCounterAnomaly",
            "1m",
            sign="enphase_counter_anomalies_total > 0",
            severity="info",
        )
    ),
    "F37": Proof(
        _one("EnphaseStorageModeChanged", "10m", severity="warning"),
        config={"wanted": {"storage_mode": "self-consumption", "reserve_soc": 20}},
    ),
    "F38": Proof(
        _one("EnphaseGatewayFirmwareChanged", "1h", severity="info"),
        {"EnphaseCounterAnomaly": "a gateway that has just started says 0"},
    ),
    "F39": Proof(
        (
            Expected(
                "EnphaseGeneratorNotRunning",
                "15m",
                sign="enphase_storage_soc_ratio <= on (gateway) enphase_generator_start_soc_ratio"
                " and on (gateway) enphase_generator_running == 0" + _ISLANDED,
            ),
            Expected(
                "EnphaseGeneratorRunningLong",
                "24h",
                "3h",
                severity="warning",
            ),
        ),
        {**_LONG, **_HUNGRY},
        interval=180,
        until="1d 4h",
    ),
    "F40": Proof(
        (
            Expected(
                "EnphaseAcbNotCommunicating",
                "45m",
                sign="enphase_acb_communicating == 0",
                severity="warning",
            ),
            Expected(
                "EnphaseAcbAsleep",
                "1h",
                sign='enphase_acb_sleep_state{state="asleep"} == 1',
                severity="warning",
            ),
        ),
        interval=60,
    ),
    "F41": Proof(_one("EnphaseGatewayClockSkew", "15m", severity="warning"), interval=60),
    "F42": Proof(
        _one(
            "EnphaseGatewayReplaced",
            "1m",
            sign="enphase_gateway_replaced_timestamp_seconds",
            severity="info",
        ),
        {"EnphaseGatewayUnreachable": "it is off the wall for a quarter of an hour"},
    ),
    "F43": Proof(
        _one("EnphaseWatchdog", "0s", "0s", severity="none", early="0s"),
        _LONG,
        interval=60,
    ),
}
