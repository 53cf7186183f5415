"""The microinverters, each by its serial number; how often they report depends on the gateway."""

from exporter.metrics.table import (
    EnergyCounter,
    InfoMetric,
    LabelledFields,
    Table,
    gauge,
    timestamp,
)
from exporter.metrics.units import (
    amperes,
    celsius,
    count,
    flag,
    hertz,
    number,
    scaled,
    seconds,
    stored_joules,
    volts,
    volts_above_zero,
    watts,
    watts_from_milliwatt_hours_per_second,
)

#: from Wh; no microinverter gives 750 W for all 24 hours of a day
_day_joules = scaled(3600, 0, 24 * 750 * 3600)
_week_joules = scaled(3600, 0, 7 * 24 * 750 * 3600)

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
            "Energy that the inverter has produced since midnight, as the gateway reports it.",
            "energy_today",
            _day_joules,
        ),
        gauge(
            "enphase_inverter_yesterday_joules",
            "Energy that the inverter produced yesterday, as the gateway reports it.",
            "energy_yesterday",
            _day_joules,
        ),
        gauge(
            "enphase_inverter_week_joules",
            "Energy that the inverter produced in this week, as the gateway reports it.",
            "energy_week",
            _week_joules,
        ),
        gauge(
            "enphase_inverter_gone",
            "Whether the gateway has lost the inverter, as it does in the dark.",
            "gone",
            flag,
        ),
        gauge(
            "enphase_inverter_flags",
            "Conditions of the inverter as a number, a bit for each.",
            "flags",
            number,
        ),
        gauge(
            "enphase_inverter_used_watts",
            "Power that the inverter draws from the mains.",
            "watts_used",
            watts,
        ),
        gauge(
            "enphase_inverter_used_joules",
            "Energy that the inverter drew from the mains over its last reporting interval.",
            "joules_used",
            number,
        ),
        LabelledFields(
            "enphase_inverter_phase_volts",
            "Voltage of the phase at a three-phase inverter.",
            convert=volts_above_zero,
            label="phase",
            parts=(
                ("L1", "ac_voltage_l1"),
                ("L2", "ac_voltage_l2"),
                ("L3", "ac_voltage_l3"),
            ),
        ),
        gauge(
            "enphase_inverter_conversion_error_seconds",
            "Time over the last reporting interval in which the inverter failed to convert.",
            "conversion_error_seconds",
            seconds,
        ),
        gauge(
            "enphase_inverter_conversion_error_cycles",
            "Longest run of cycles over the last reporting interval that failed to convert.",
            "conversion_error_cycles",
            count,
        ),
        gauge(
            "enphase_inverter_leading_volt_amperes_reactive",
            "Leading reactive power of the inverter.",
            "leading_vars",
            number,
        ),
        gauge(
            "enphase_inverter_lagging_volt_amperes_reactive",
            "Lagging reactive power of the inverter.",
            "lagging_vars",
            number,
        ),
        gauge(
            "enphase_inverter_rssi",
            "Strength of the inverter's signal on the power line, in the gateway's own unit.",
            "rssi",
            number,
        ),
        gauge(
            "enphase_inverter_issi",
            "Strength of interference on the power line, in the gateway's own unit.",
            "issi",
            number,
        ),
        timestamp(
            "enphase_inverter_created_timestamp_seconds",
            "Since when the gateway counts the energy of the inverter.",
            "created_date",
        ),
    ),
    keys=("serial",),
)

CHANNELS = Table(
    "Inverters",
    _COLLECTOR,
    "inverter_channels.*.*",
    (
        gauge(
            "enphase_inverter_channel_watts",
            "Power of one panel of an inverter with several.",
            "watts",
            watts,
        ),
        gauge(
            "enphase_inverter_channel_dc_volts",
            "Voltage of one panel of an inverter with several.",
            "dc_voltage",
            volts,
        ),
        gauge(
            "enphase_inverter_channel_dc_amperes",
            "Current from one panel of an inverter with several.",
            "dc_current",
            amperes,
        ),
        gauge(
            "enphase_inverter_channel_lifetime_joules",
            "Energy that one panel of an inverter with several has produced, as registered.",
            "lifetime_energy",
            stored_joules,
        ),
        gauge(
            "enphase_inverter_channel_today_joules",
            "Energy that one panel of an inverter with several has produced since midnight.",
            "energy_today",
            _day_joules,
        ),
    ),
    keys=("serial", "channel"),
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

TABLES = (LABELS, PRESENCE, READINGS, CHANNELS)
