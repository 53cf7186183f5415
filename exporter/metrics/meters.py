"""The current transformers (CT): what enabled meters measure, in sum and by phase, and how well."""

from exporter.metrics.table import (
    EnergyCounter,
    FlagSet,
    InfoMetric,
    StateSet,
    Table,
    gauge,
    timestamp,
)
from exporter.metrics.units import (
    amperes,
    count,
    flag,
    hertz,
    number,
    power_factor,
    volt_ampere_seconds,
    volts,
    watts,
)

SETUP = Table(
    "Meters",
    "meters",
    "meter_setup.*",
    (
        gauge(
            "enphase_meter_enabled",
            "Whether the meter is enabled; of the others nothing more is exported.",
            "enabled",
            flag,
        ),
        InfoMetric(
            "enphase_meter_setup_info",
            "Kind of service that the meter is set up for.",
            describes=(("phase_mode", "phase_mode"),),
        ),
        gauge(
            "enphase_meter_phases",
            "Number of phases that the meter is set up for.",
            "phase_count",
            count,
        ),
    ),
    keys=("meter",),
)

METERS = Table(
    "Meters",
    "meters",
    "ctmeters.*",
    (
        InfoMetric(
            "enphase_meter_info",
            "Number by which the gateway knows the meter, and its name by the owner.",
            describes=(("eid", "eid"),),
            names="meter_names",
        ),
        StateSet(
            "enphase_meter_metering_status",
            "Whether the meter measures as it should.",
            "metering_status",
            label="status",
            states=("normal", "not-metering", "check-wiring"),
        ),
        FlagSet(
            "enphase_meter_status_flag",
            "Whether a condition that points to wrong wiring or set-up holds at the meter.",
            "status_flags",
            label="flag",
            states=(
                "production-imbalance",
                "negative-production",
                "power-on-unused-phase",
                "negative-total-consumption",
            ),
        ),
        timestamp(
            "enphase_meter_last_report_timestamp_seconds",
            "When the meter was last read by the gateway.",
            "timestamp",
        ),
        gauge(
            "enphase_meter_watts",
            "Power through the meter; positive is delivered, at the grid meter drawn from it.",
            "active_power",
            watts,
        ),
        gauge(
            "enphase_meter_volts",
            "Voltage at the meter, the sum of the voltages of its legs.",
            "voltage",
            volts,
        ),
        gauge(
            "enphase_meter_amperes",
            "Current through the meter.",
            "current",
            amperes,
        ),
        gauge(
            "enphase_meter_hertz",
            "Frequency at the meter.",
            "frequency",
            hertz,
        ),
        gauge(
            "enphase_meter_power_factor_ratio",
            "Power factor at the meter, from -1 to 1; its sign is the direction of the power.",
            "power_factor",
            power_factor,
        ),
        gauge(
            "enphase_meter_volt_amperes",
            "Apparent power at the meter.",
            "apparent_power",
            number,
        ),
        gauge(
            "enphase_meter_volt_amperes_reactive",
            "Reactive power at the meter.",
            "reactive_power",
            number,
        ),
        gauge(
            "enphase_meter_apparent_volt_ampere_seconds",
            "Apparent energy at the meter, as the register stands.",
            "apparent_energy",
            volt_ampere_seconds,
        ),
        gauge(
            "enphase_meter_lagging_volt_ampere_reactive_seconds",
            "Lagging reactive energy at the meter, as the register stands.",
            "reactive_energy_lagging",
            volt_ampere_seconds,
        ),
        gauge(
            "enphase_meter_leading_volt_ampere_reactive_seconds",
            "Leading reactive energy at the meter, as the register stands.",
            "reactive_energy_leading",
            volt_ampere_seconds,
        ),
        EnergyCounter(
            "enphase_meter_delivered_joules_total",
            "Energy delivered through the meter, at the grid meter drawn from the grid.",
            "energy_delivered",
        ),
        EnergyCounter(
            "enphase_meter_received_joules_total",
            "Energy received through the meter, at the grid meter fed into the grid.",
            "energy_received",
        ),
    ),
    keys=("meter",),
)

PHASES = Table(
    "Meters",
    "meters",
    "ctmeters_phases.*.*",
    (
        timestamp(
            "enphase_meter_phase_last_report_timestamp_seconds",
            "When the phase was last read by the gateway.",
            "timestamp",
        ),
        gauge(
            "enphase_meter_phase_watts",
            "Power through the meter on the phase; positive is delivered.",
            "active_power",
            watts,
        ),
        gauge(
            "enphase_meter_phase_volts",
            "Voltage of the phase against neutral.",
            "voltage",
            volts,
        ),
        gauge(
            "enphase_meter_phase_amperes",
            "Current through the meter on the phase.",
            "current",
            amperes,
        ),
        gauge(
            "enphase_meter_phase_hertz",
            "Frequency of the phase.",
            "frequency",
            hertz,
        ),
        gauge(
            "enphase_meter_phase_power_factor_ratio",
            "Power factor of the phase, from -1 to 1; its sign is the direction of the power.",
            "power_factor",
            power_factor,
        ),
        gauge(
            "enphase_meter_phase_volt_amperes",
            "Apparent power at the meter on the phase.",
            "apparent_power",
            number,
        ),
        gauge(
            "enphase_meter_phase_volt_amperes_reactive",
            "Reactive power at the meter on the phase.",
            "reactive_power",
            number,
        ),
        gauge(
            "enphase_meter_phase_apparent_volt_ampere_seconds",
            "Apparent energy at the meter on the phase, as the register stands.",
            "apparent_energy",
            volt_ampere_seconds,
        ),
        gauge(
            "enphase_meter_phase_lagging_volt_ampere_reactive_seconds",
            "Lagging reactive energy at the meter on the phase, as the register stands.",
            "reactive_energy_lagging",
            volt_ampere_seconds,
        ),
        gauge(
            "enphase_meter_phase_leading_volt_ampere_reactive_seconds",
            "Leading reactive energy at the meter on the phase, as the register stands.",
            "reactive_energy_leading",
            volt_ampere_seconds,
        ),
        EnergyCounter(
            "enphase_meter_phase_delivered_joules_total",
            "Energy delivered through the meter on the phase.",
            "energy_delivered",
        ),
        EnergyCounter(
            "enphase_meter_phase_received_joules_total",
            "Energy received through the meter on the phase.",
            "energy_received",
        ),
    ),
    keys=("meter", "phase"),
)

TABLES = (SETUP, METERS, PHASES)
