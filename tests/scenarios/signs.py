"""The sign of every failure: what /metrics says when it is there, as a table by row.

Each sign is an expression over one look, which also knows the looks before. It says no more than
that the failure can be seen; how long it must last to be told is the business of the alert rules.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from exporter.simulator.homes.device_states import acb_serial, battery_serial, inverter_serial
from tests.scenarios.audience import Look

Sign = Callable[[Look], bool]


@dataclass(frozen=True)
class Row:
    """When to look at a scenario, and which sign must be there; none is before the failure."""

    #: looks at which no sign may be there
    before: tuple[str, ...]
    #: looks with the sign that must be there, and what else has to be looked at to know it
    signs: Mapping[str, Sign]
    seen: tuple[str, ...] = ()
    #: looks after the failure at which no sign may be there any more
    after: tuple[str, ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)


def battery(number: int) -> str:
    """Return the serial of a battery counted from 1, as levers do."""
    return battery_serial(number - 1)


def islanded(m: Look) -> bool:
    """Whether the house is cut off from the grid."""
    return m.value("enphase_grid_connected") == 0


def spread(m: Look, name: str, **labels: str) -> float:
    """Return how far the samples of a name are apart."""
    found = m.all(name, **labels)
    return max(found) - min(found) if found else 0.0


def runtime(m: Look) -> float:
    """Return for how many seconds the batteries last at this rate."""
    watts = m.value("enphase_storage_watts")
    return m.value("enphase_storage_available_joules") / watts if watts > 0 else float("inf")


def share_of_siblings(m: Look, serial: str) -> float:
    """Return the power of an inverter as a share of the most that one makes."""
    return m.value("enphase_inverter_watts", serial=serial) / max(m.all("enphase_inverter_watts"))


def stuck(m: Look, name: str) -> list[float]:
    """Return the last nine looks at the battery that is stuck; not a number for none."""
    found = m.past(name, serial=battery(6))[-9:]
    return found if len(found) == 9 else [float("nan")]


def changes(values: list[float]) -> int:
    """Return how often a value differs from the one before."""
    return sum(a != b for a, b in pairwise(values))


_QUIET = ("5m", "19m")

SIGNS: Mapping[str, Row] = {
    "F01": Row(
        _QUIET,
        {"22m": lambda m: islanded(m) and m.value("enphase_grid_disconnect_commanded") == 0},
        after=("1h",),
    ),
    "F02": Row(_QUIET, {"50m": islanded, "90m": islanded}, after=("1h 50m",)),
    "F03": Row(
        _QUIET,
        {"43m": lambda m: changes(m.past("enphase_grid_connected")) >= 3},
        seen=("22m", "28m", "33m", "38m"),
    ),
    "F04": Row(
        _QUIET,
        {
            "30m": lambda m: (
                max(m.all("enphase_meter_phase_volts")) > 130
                and m.value("enphase_grid_connected") == 1
            ),
            "1h 20m": lambda m: max(m.all("enphase_meter_hertz")) > 60.5,
        },
        after=("1h 50m",),
    ),
    "F05": Row(
        _QUIET,
        {"30m": lambda m: spread(m, "enphase_meter_phase_volts", meter="net-consumption") > 15},
        after=("50m",),
    ),
    "F06": Row(
        _QUIET,
        {"30m": lambda m: islanded(m) and m.value("enphase_grid_disconnect_commanded") == 1},
        after=("1h 10m",),
    ),
    "F07": Row(
        _QUIET,
        {"1h 40m": lambda m: islanded(m) and m.value("enphase_storage_soc_ratio") < 0.25},
        after=("2h 5m",),
    ),
    "F08": Row(_QUIET, {"30m": lambda m: islanded(m) and runtime(m) < 7200}, after=("85m",)),
    "F09": Row(
        _QUIET,
        {
            "1h 40m": lambda m: (
                m.value("enphase_up") == 0
                and m.past("enphase_grid_connected")[-1] == 0
                and min(m.past("enphase_storage_soc_ratio"))
                <= min(m.past("enphase_storage_shutdown_soc_ratio")) + 0.015
            ),
        },
        seen=tuple(f"{minute}m" for minute in range(40, 76, 3)),
        after=("2h 50m",),
    ),
    "F10": Row(
        _QUIET,
        {
            "30m": lambda m: (
                m.value("enphase_encharge_soc_ratio", serial=battery(4)) < 0.05
                and m.value("enphase_grid_connected") == 1
            )
        },
    ),
    "F11": Row(
        _QUIET,
        {
            "35m": lambda m: (
                m.value("enphase_up") == 0 and m.one("enphase_storage_soc_ratio") is None
            )
        },
        after=("55m",),
    ),
    "F13": Row(
        ("10m", "58m"),
        {
            "3h": lambda m: m.age("enphase_gateway_cloud_last_report_timestamp_seconds") > 3600,
            "26h": lambda m: m.age("enphase_gateway_cloud_last_report_timestamp_seconds") > 86400,
        },
        after=("1d 3h 30m",),
    ),
    "F14": Row(
        _QUIET,
        {
            "30m": lambda m: (
                m.value("enphase_up") == 0
                and sum(m.all("enphase_collector_failures_total", reason="login_refused")) > 0
            )
        },
    ),
    "F15": Row(
        ("1h", "23h"),
        {
            "1d 1h": lambda m: m.age("enphase_token_expiry_timestamp_seconds") > -14 * 86400,
            "14d 23h": lambda m: (
                m.age("enphase_token_expiry_timestamp_seconds") > -86400
                and m.value("enphase_up") == 1
            ),
            "15d 1h": lambda m: m.value("enphase_up") == 0,
        },
    ),
    "F16": Row(
        _QUIET,
        {
            "35m": lambda m: (
                m.value("enphase_up") == 1
                and m.value("enphase_collector_up", collector="storage") == 0
                and m.value("enphase_collector_up", collector="tariff") == 0
                and m.one("enphase_storage_soc_ratio") is None
            )
        },
        after=("55m",),
    ),
    "F17": Row(
        _QUIET,
        {
            "1h 20m": lambda m: (
                m.age("enphase_encharge_last_report_timestamp_seconds", serial=battery(2)) > 2700
                and m.age("enphase_enpower_last_report_timestamp_seconds") > 2700
            )
        },
        after=("1h 50m",),
    ),
    "F18": Row(
        _QUIET,
        {"30m": lambda m: m.value("enphase_encharge_communicating", serial=battery(3)) == 0},
        after=("1h 10m",),
    ),
    "F19": Row(
        _QUIET,
        {
            "30m": lambda m: m.value("enphase_encharge_present", serial=battery(5)) == 0,
            "60m": lambda m: (
                m.value("enphase_encharge_present", serial=battery(5)) == 0
                and m.one("enphase_encharge_communicating", serial=battery(5)) is None
            ),
        },
        after=("1h 25m",),
    ),
    "F20": Row(
        ("4h", "5h"),
        {
            "2d 10h": lambda m: (
                m.all("enphase_encharge_watts", serial=battery(1))[0] >= 0
                and all(0.97 <= soc < 1 for soc in stuck(m, "enphase_encharge_soc_ratio"))
                and all(watts < 0 for watts in stuck(m, "enphase_encharge_watts"))
            )
        },
        seen=("8h", "14h", "20h", "1d 2h", "1d 8h", "1d 14h", "1d 20h", "2d 2h"),
    ),
    "F21": Row(("10m", "1h 50m"), {"10h": lambda m: spread(m, "enphase_encharge_soc_ratio") > 0.3}),
    "F22": Row(
        ("10m", "50m"),
        {
            "2h": lambda m: len(m.labels("enphase_encharge_info", "firmware")) == 2,
            "7d 20h": lambda m: len(m.labels("enphase_encharge_info", "firmware")) == 2,
        },
    ),
    "F23": Row(
        ("10m", "50m"),
        {
            time: lambda m: (
                m.value("enphase_storage_soc_ratio") < m.value("enphase_storage_reserve_soc_ratio")
                and abs(m.value("enphase_storage_watts")) < 50
                and m.value("enphase_production_watts") > m.value("enphase_consumption_watts")
            )
            for time in ("6h", "9h")
        },
        after=("13h 40m",),
    ),
    "F24": Row(
        _QUIET,
        {
            "35m": lambda m: (
                m.value("enphase_encharge_temperature_celsius", serial=battery(1)) > 50
                and m.value("enphase_encharge_temperature_celsius", serial=battery(2)) < -10
            )
        },
        after=("1h 10m",),
    ),
    "F25": Row(
        _QUIET,
        {"30m": lambda m: m.value("enphase_encharge_dc_switch_off", serial=battery(2)) == 1},
        after=("55m",),
    ),
    "F26": Row(
        _QUIET,
        {
            "30m": lambda m: (
                m.value("enphase_encharge_admin_state", serial=battery(4)) not in (6, 63)
                and m.value("enphase_encharge_admin_state_name", serial=battery(4), state="unknown")
                == 1
            )
        },
        after=("1h 20m",),
    ),
    "F27": Row(
        _QUIET,
        {
            "30m": lambda m: (
                m.value("enphase_storage_capacity_joules")
                < 0.95 * m.value("enphase_storage_commissioned_capacity_joules")
            )
        },
    ),
    "F28": Row(("10m", "50m"), {"1d 4h": lambda m: m.value("enphase_storage_health_ratio") < 0.7}),
    "F29": Row(
        _QUIET,
        {
            "30m": lambda m: (
                m.value("enphase_enpower_communicating") == 0
                and m.one("enphase_grid_connected") is None
            )
        },
        after=("1h 10m",),
    ),
    "F30": Row(
        _QUIET, {"30m": lambda m: m.value("enphase_collar_control_error") == 3}, after=("55m",)
    ),
    "F31": Row(
        ("10m", "85m"),
        {
            time: lambda m: (
                m.value("enphase_production_watts") < 20 and m.value("enphase_grid_connected") == 1
            )
            for time in ("2h", "4h 20m")
        },
        after=("5h",),
    ),
    "F32": Row(
        ("10m", "85m"),
        {
            "4h": lambda m: (
                m.age("enphase_inverter_last_report_timestamp_seconds", serial=inverter_serial(6))
                > 3600
                > m.age("enphase_inverter_last_report_timestamp_seconds", serial=inverter_serial(5))
            )
        },
        after=("5h 50m",),
    ),
    "F33": Row(
        ("day 1 12:30",),
        {
            f"day {day} 12:30": lambda m: share_of_siblings(m, inverter_serial(4)) < 0.6
            for day in (2, 3, 5)
        },
    ),
    "F34": Row(
        ("10m", "50m"),
        {
            time: lambda m: m.all("enphase_inverter_present").count(0.0) == 2
            for time in ("2h", "1d 2h")
        },
        after=("1d 3h 40m",),
    ),
    "F35": Row(
        _QUIET,
        {
            "30m": lambda m: (
                m.value(
                    "enphase_meter_metering_status", meter="net-consumption", status="check-wiring"
                )
                == 1
                and m.value(
                    "enphase_meter_status_flag", meter="production", flag="production-imbalance"
                )
                == 1
            ),
            "90m": lambda m: (
                m.value("enphase_meter_metering_status", meter="production", status="not-metering")
                == 1
            ),
        },
        after=("2h 10m",),
    ),
    "F36": Row(
        _QUIET,
        {
            "22m": lambda m: (
                m.value("enphase_counter_anomalies_total", metric="enphase_production_joules_total")
                > 0
            ),
            "80m": lambda m: (
                m.value(
                    "enphase_counter_anomalies_total",
                    metric="enphase_meter_delivered_joules_total",
                )
                > 0
            ),
        },
    ),
    "F37": Row(
        _QUIET,
        {
            "30m": lambda m: (
                m.value("enphase_storage_mode", mode="economy") == 1
                and m.value("enphase_storage_wanted_mode", mode="self-consumption") == 1
                and m.value("enphase_storage_configured_reserve_soc_ratio")
                < m.value("enphase_storage_wanted_reserve_soc_ratio")
            )
        },
        config={"wanted": {"storage_mode": "self-consumption", "reserve_soc": 20}},
    ),
    "F38": Row(
        _QUIET,
        {
            "40m": lambda m: (
                0 < m.age("enphase_gateway_firmware_changed_timestamp_seconds") < 1200
                and m.labels("enphase_gateway_info", "firmware") == {"8.3.5286"}
            )
        },
    ),
    "F39": Row(
        _QUIET,
        {
            "1h 50m": lambda m: (
                islanded(m)
                and m.value("enphase_generator_running") == 0
                and m.value("enphase_storage_soc_ratio")
                < m.value("enphase_generator_start_soc_ratio")
            ),
            "1d 8h": lambda m: m.past("enphase_generator_running")[-5:] == [1.0] * 5,
        },
        seen=("4h", "10h", "16h", "1d"),
        after=("1d 11h",),
    ),
    "F40": Row(
        ("5m", "28m"),
        {
            "2h": lambda m: (
                m.value("enphase_acb_communicating", serial=acb_serial(1)) == 0
                and m.value("enphase_acb_sleep_state", serial=acb_serial(2), state="asleep") == 1
            )
        },
        after=("3h 50m",),
    ),
    "F41": Row(
        _QUIET,
        {"30m": lambda m: m.value("enphase_gateway_clock_skew_seconds") > 1700},
        after=("55m",),
    ),
    "F42": Row(
        _QUIET,
        {
            "45m": lambda m: (
                0 < m.age("enphase_gateway_replaced_timestamp_seconds") < 1500
                and m.labels("enphase_gateway_info", "serial") == {"202499000042"}
            )
        },
    ),
}

#: rows whose sign is outside of the gateway
ELSEWHERE = frozenset({"F12", "F43"})
