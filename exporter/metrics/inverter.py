"""The microinverters, each by its serial number; how often they report depends on the gateway."""

from exporter.metrics.table import EnergyCounter, InfoMetric, Table, gauge, timestamp
from exporter.metrics.units import (
    amperes,
    celsius,
    flag,
    hertz,
    number,
    seconds,
    stored_joules,
    volts,
    watts,
    watts_from_milliwatt_hours_per_second,
)

_COLLECTOR = "inverters"

READINGS = Table(
    "Inverters",
    _COLLECTOR,
    "inverters.*",
    (
        gauge(
            "enphase_inverter_watts",
            "Power that the inverter produced when it last reported.",
            "last_report_watts",
            watts,
        ),
        gauge(
            "enphase_inverter_max_watts",
            "Highest power that the inverter has reported.",
            "max_report_watts",
            watts,
        ),
        gauge(
            "enphase_inverter_mean_watts",
            "Mean power of the inverter over its last reporting interval.",
            "energy_produced",
            watts_from_milliwatt_hours_per_second,
        ),
        timestamp(
            "enphase_inverter_last_report_timestamp_seconds",
            "When the inverter last reported; it is silent in the dark.",
            "last_report_date",
        ),
        gauge(
            "enphase_inverter_report_interval_seconds",
            "Time that the last report of the inverter covers.",
            "last_report_duration",
            seconds,
        ),
        gauge(
            "enphase_inverter_dc_volts",
            "Voltage of the panel.",
            "dc_voltage",
            volts,
        ),
        gauge(
            "enphase_inverter_dc_amperes",
            "Current from the panel.",
            "dc_current",
            amperes,
        ),
        gauge(
            "enphase_inverter_ac_volts",
            "Voltage of the mains at the inverter.",
            "ac_voltage",
            volts,
        ),
        gauge(
            "enphase_inverter_ac_amperes",
            "Current from the inverter into the mains.",
            "ac_current",
            amperes,
        ),
        gauge(
            "enphase_inverter_hertz",
            "Frequency of the mains at the inverter.",
            "ac_frequency",
            hertz,
        ),
        gauge(
            "enphase_inverter_temperature_celsius",
            "Temperature of the inverter.",
            "temperature",
            celsius,
        ),
        EnergyCounter(
            "enphase_inverter_joules_total",
            "Energy that the inverter has produced.",
            "lifetime_energy",
        ),
        gauge(
            "enphase_inverter_today_joules",
            "Energy that the inverter has produced since midnight, as the gateway tells it.",
            "energy_today",
            stored_joules,
        ),
    ),
    keys=("serial",),
)

LABELS = Table(
    "Inverters",
    _COLLECTOR,
    "inverter_labels.*",
    (
        InfoMetric(
            "enphase_inverter_info",
            "Name and array that the configuration gives to the inverter.",
            describes=(("name", "name"), ("array", "array")),
        ),
        gauge(
            "enphase_inverter_position_x",
            "Place that the configuration gives to the inverter, to the right, in its own unit.",
            "x",
            number,
        ),
        gauge(
            "enphase_inverter_position_y",
            "Place that the configuration gives to the inverter, upwards, in its own unit.",
            "y",
            number,
        ),
    ),
    keys=("serial",),
)

PRESENCE = Table(
    "Inverters",
    _COLLECTOR,
    "inverter_presence.*",
    (
        gauge(
            "enphase_inverter_present",
            "Whether an inverter that was seen before is in the gateway's list.",
            "present",
            flag,
        ),
    ),
    keys=("serial",),
)

TABLES = (LABELS, PRESENCE, READINGS)
