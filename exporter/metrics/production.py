"""Energy of the house: produced, consumed and exchanged with the grid, in sum and by phase."""

from exporter.metrics.table import EnergyCounter, EnergyGauge, Table, gauge, timestamp
from exporter.metrics.units import count, joules, watts

_COLLECTOR = "production"

PRODUCTION = Table(
    "Energy",
    _COLLECTOR,
    "system_production",
    (
        gauge(
            "enphase_production_watts",
            "Power that the panels produce; a few watts below zero at night is normal.",
            "watts_now",
            watts,
        ),
        EnergyCounter(
            "enphase_production_joules_total",
            "Energy that the panels have produced.",
            "watt_hours_lifetime",
        ),
        EnergyGauge(
            "enphase_production_today_joules",
            "Energy that the panels have produced since midnight.",
            "watt_hours_today",
            reads=("watt_hours_lifetime", "watt_hours_today"),
        ),
        EnergyGauge(
            "enphase_production_yesterday_joules",
            "Energy that the panels have produced yesterday.",
            "yesterday",
            reads=("watt_hours_lifetime",),
        ),
        EnergyGauge(
            "enphase_production_previous_week_joules",
            "Energy that the panels produced in the seven days before today.",
            "watt_hours_last_7_days",
            reads=("watt_hours_lifetime", "watt_hours_last_7_days"),
        ),
    ),
)

PRODUCTION_PHASES = Table(
    "Energy",
    _COLLECTOR,
    "system_production_phases.*",
    (
        gauge(
            "enphase_production_phase_watts",
            "Power that the panels produce on the phase.",
            "watts_now",
            watts,
        ),
        EnergyCounter(
            "enphase_production_phase_joules_total",
            "Energy that the panels have produced on the phase.",
            "watt_hours_lifetime",
        ),
        EnergyGauge(
            "enphase_production_phase_today_joules",
            "Energy that the panels have produced on the phase since midnight.",
            "watt_hours_today",
            reads=("watt_hours_lifetime", "watt_hours_today"),
        ),
        EnergyGauge(
            "enphase_production_phase_yesterday_joules",
            "Energy that the panels have produced on the phase yesterday.",
            "yesterday",
            reads=("watt_hours_lifetime",),
        ),
        EnergyGauge(
            "enphase_production_phase_previous_week_joules",
            "Energy that the panels produced on the phase in the seven days before today.",
            "watt_hours_last_7_days",
            reads=("watt_hours_lifetime", "watt_hours_last_7_days"),
        ),
    ),
    keys=("phase",),
)

CONSUMPTION = Table(
    "Energy",
    _COLLECTOR,
    "system_consumption",
    (
        gauge(
            "enphase_consumption_watts",
            "Power that the house consumes.",
            "watts_now",
            watts,
        ),
        EnergyCounter(
            "enphase_consumption_joules_total",
            "Energy that the house has consumed.",
            "watt_hours_lifetime",
        ),
        EnergyGauge(
            "enphase_consumption_today_joules",
            "Energy that the house has consumed since midnight.",
            "watt_hours_today",
            reads=("watt_hours_lifetime", "watt_hours_today"),
        ),
        EnergyGauge(
            "enphase_consumption_yesterday_joules",
            "Energy that the house has consumed yesterday.",
            "yesterday",
            reads=("watt_hours_lifetime",),
        ),
        EnergyGauge(
            "enphase_consumption_previous_week_joules",
            "Energy that the house consumed in the seven days before today.",
            "watt_hours_last_7_days",
            reads=("watt_hours_lifetime", "watt_hours_last_7_days"),
        ),
    ),
)

CONSUMPTION_PHASES = Table(
    "Energy",
    _COLLECTOR,
    "system_consumption_phases.*",
    (
        gauge(
            "enphase_consumption_phase_watts",
            "Power that the house consumes on the phase.",
            "watts_now",
            watts,
        ),
        EnergyCounter(
            "enphase_consumption_phase_joules_total",
            "Energy that the house has consumed on the phase.",
            "watt_hours_lifetime",
        ),
        EnergyGauge(
            "enphase_consumption_phase_today_joules",
            "Energy that the house has consumed on the phase since midnight.",
            "watt_hours_today",
            reads=("watt_hours_lifetime", "watt_hours_today"),
        ),
        EnergyGauge(
            "enphase_consumption_phase_yesterday_joules",
            "Energy that the house has consumed on the phase yesterday.",
            "yesterday",
            reads=("watt_hours_lifetime",),
        ),
        EnergyGauge(
            "enphase_consumption_phase_previous_week_joules",
            "Energy that the house consumed on the phase in the seven days before today.",
            "watt_hours_last_7_days",
            reads=("watt_hours_lifetime", "watt_hours_last_7_days"),
        ),
    ),
    keys=("phase",),
)

NET_CONSUMPTION = Table(
    "Energy",
    _COLLECTOR,
    "system_net_consumption",
    (
        gauge(
            "enphase_net_consumption_watts",
            "Power exchanged with the grid; positive is drawn from it, negative fed into it.",
            "watts_now",
            watts,
        ),
        EnergyCounter(
            "enphase_net_consumption_joules_total",
            "Energy drawn from the grid, summed over the rises of the balance between readings.",
            "watt_hours_lifetime",
        ),
        gauge(
            "enphase_net_consumption_lifetime_joules",
            "Balance of all energy drawn from the grid less all fed into it, so it can fall.",
            "watt_hours_lifetime",
            joules,
        ),
        EnergyGauge(
            "enphase_net_consumption_today_joules",
            "Balance since midnight of energy drawn from the grid less energy fed into it.",
            "watt_hours_today",
            reads=("watt_hours_lifetime", "watt_hours_today"),
        ),
        EnergyGauge(
            "enphase_net_consumption_yesterday_joules",
            "Balance of yesterday, of energy drawn from the grid less energy fed into it.",
            "yesterday",
            reads=("watt_hours_lifetime",),
        ),
        EnergyGauge(
            "enphase_net_consumption_previous_week_joules",
            "Balance of the seven days before today of energy drawn less energy fed in.",
            "watt_hours_last_7_days",
            reads=("watt_hours_lifetime", "watt_hours_last_7_days"),
        ),
    ),
)

NET_CONSUMPTION_PHASES = Table(
    "Energy",
    _COLLECTOR,
    "system_net_consumption_phases.*",
    (
        gauge(
            "enphase_net_consumption_phase_watts",
            "Power exchanged with the grid on the phase; positive is drawn, negative fed in.",
            "watts_now",
            watts,
        ),
        EnergyCounter(
            "enphase_net_consumption_phase_joules_total",
            "Energy drawn from the grid on the phase, summed over the rises of its balance.",
            "watt_hours_lifetime",
        ),
        gauge(
            "enphase_net_consumption_phase_lifetime_joules",
            "Balance on the phase of all energy drawn from the grid less all fed into it.",
            "watt_hours_lifetime",
            joules,
        ),
        EnergyGauge(
            "enphase_net_consumption_phase_today_joules",
            "Balance on the phase since midnight of energy drawn less energy fed in.",
            "watt_hours_today",
            reads=("watt_hours_lifetime", "watt_hours_today"),
        ),
        EnergyGauge(
            "enphase_net_consumption_phase_yesterday_joules",
            "Balance on the phase of yesterday, of energy drawn less energy fed in.",
            "yesterday",
            reads=("watt_hours_lifetime",),
        ),
        EnergyGauge(
            "enphase_net_consumption_phase_previous_week_joules",
            "Balance on the phase of the seven days before today of energy drawn less fed in.",
            "watt_hours_last_7_days",
            reads=("watt_hours_lifetime", "watt_hours_last_7_days"),
        ),
    ),
    keys=("phase",),
)

SECTIONS = Table(
    "Energy",
    _COLLECTOR,
    "production_sections.*",
    (
        gauge(
            "enphase_production_section_devices",
            "Number of devices that a section of the gateway's production report counts.",
            "active",
            count,
        ),
        timestamp(
            "enphase_production_section_reading_timestamp_seconds",
            "When the values in a section of the gateway's production report were read.",
            "reading_time",
        ),
    ),
    keys=("section",),
)

TABLES = (
    PRODUCTION,
    PRODUCTION_PHASES,
    CONSUMPTION,
    CONSUMPTION_PHASES,
    NET_CONSUMPTION,
    NET_CONSUMPTION_PHASES,
    SECTIONS,
)
