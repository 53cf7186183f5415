"""The gateway's reports of its meters, and the sums that it makes of them."""

from exporter.metrics.table import MetricRow, Table, gauge, timestamp
from exporter.metrics.units import (
    amperes,
    hertz,
    joules,
    number,
    power_factor,
    volt_ampere_seconds,
    volts,
    watts,
)

_TITLE = "Meter reports"


def _rows(prefix: str, place: str) -> tuple[MetricRow, ...]:
    return (
        gauge(f"{prefix}_watts", f"Power {place} in the report.", "watts", watts),
        gauge(
            f"{prefix}_active_watts", f"Active power {place} in the report.", "active_power", watts
        ),
        gauge(
            f"{prefix}_volt_amperes",
            f"Apparent power {place} in the report.",
            "apparent_power",
            number,
        ),
        gauge(
            f"{prefix}_volt_amperes_reactive",
            f"Reactive power {place} in the report.",
            "reactive_power",
            number,
        ),
        gauge(f"{prefix}_volts", f"Voltage {place} in the report.", "voltage", volts),
        gauge(f"{prefix}_amperes", f"Current {place} in the report.", "current", amperes),
        gauge(f"{prefix}_hertz", f"Frequency {place} in the report.", "frequency", hertz),
        gauge(
            f"{prefix}_power_factor_ratio",
            f"Power factor {place} in the report.",
            "power_factor",
            power_factor,
        ),
        gauge(
            f"{prefix}_delivered_joules",
            f"Energy delivered {place}, as the register stands.",
            "energy_delivered",
            joules,
        ),
        gauge(
            f"{prefix}_received_joules",
            f"Energy received {place}, as the register stands.",
            "energy_received",
            joules,
        ),
        gauge(
            f"{prefix}_lagging_volt_ampere_reactive_seconds",
            f"Lagging reactive energy {place}, as the register stands.",
            "reactive_energy_lagging",
            volt_ampere_seconds,
        ),
        gauge(
            f"{prefix}_leading_volt_ampere_reactive_seconds",
            f"Leading reactive energy {place}, as the register stands.",
            "reactive_energy_leading",
            volt_ampere_seconds,
        ),
        gauge(
            f"{prefix}_apparent_volt_ampere_seconds",
            f"Apparent energy {place}, as the register stands.",
            "apparent_energy",
            volt_ampere_seconds,
        ),
    )


REPORTS = Table(
    _TITLE,
    "meter_reports",
    "meter_reports.*",
    (
        *_rows("enphase_meter_report", "in sum"),
        timestamp(
            "enphase_meter_report_created_timestamp_seconds",
            "When the report was made.",
            "created_at",
        ),
    ),
    keys=("report",),
)

LINES = Table(
    _TITLE,
    "meter_reports",
    "meter_report_lines.*.*",
    _rows("enphase_meter_report_phase", "on the phase"),
    keys=("report", "phase"),
)

SUMS = Table(
    _TITLE,
    "pdm_energy",
    "pdm_energy.*",
    (
        gauge(
            "enphase_pdm_watts",
            "Power by what is measured and who measures it: inverters, a grade meter, CTs.",
            "watts_now",
            watts,
        ),
        gauge(
            "enphase_pdm_lifetime_joules",
            "Energy by what is measured and who measures it, as the register stands.",
            "watt_hours_lifetime",
            joules,
        ),
        gauge(
            "enphase_pdm_today_joules",
            "Energy since midnight by what is measured and who measures it.",
            "watt_hours_today",
            joules,
        ),
        gauge(
            "enphase_pdm_previous_week_joules",
            "Energy of the seven days before by what is measured and who measures it.",
            "watt_hours_last_7_days",
            joules,
        ),
    ),
    keys=("quantity", "source"),
)

TABLES = (REPORTS, LINES, SUMS)
