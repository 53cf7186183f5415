"""The AC Batteries (ACB), each by its serial number and together; their data lags 15 minutes."""

from exporter.metrics.common import device_status_ok
from exporter.metrics.table import InfoMetric, StateSet, Table, derived, gauge, timestamp
from exporter.metrics.units import celsius, count, flag, number, ratio, stored_joules, volts, watts

_CHARGE = ("charging", "discharging", "idle")

INVENTORY = Table(
    "AC Batteries",
    "acb",
    "acb_inventory.*",
    (
        InfoMetric(
            "enphase_acb_info",
            "Part number of the AC Battery.",
            describes=(("part_number", "part_num"),),
        ),
        gauge(
            "enphase_acb_soc_ratio",
            "Charge of the AC Battery: 0 empty, 1 full.",
            "percent_full",
            ratio,
        ),
        gauge(
            "enphase_acb_watts",
            "Power of the AC Battery when it last reported; positive discharges.",
            "last_report_watts",
            watts,
        ),
        gauge(
            "enphase_acb_max_watts",
            "Highest power that the AC Battery has reported.",
            "max_report_watts",
            watts,
        ),
        StateSet(
            "enphase_acb_charge_status",
            "Whether the AC Battery charges, discharges or does nothing.",
            "charge_status",
            label="status",
            states=_CHARGE,
        ),
        StateSet(
            "enphase_acb_sleep_state",
            "Whether the AC Battery is awake, asleep or on its way.",
            value=lambda battery: battery.sleep_state,
            reads=("sleep_state", "sleep_enabled", "device_status"),
            label="state",
            states=("awake", "going_to_sleep", "asleep", "waking"),
        ),
        gauge(
            "enphase_acb_sleep_enabled",
            "Whether the AC Battery is set to sleep.",
            "sleep_enabled",
            flag,
        ),
        gauge(
            "enphase_acb_sleep_min_soc_ratio",
            "Charge that the AC Battery is brought up to before it sleeps.",
            "sleep_min_soc",
            ratio,
        ),
        gauge(
            "enphase_acb_sleep_max_soc_ratio",
            "Charge that the AC Battery is brought down to before it sleeps.",
            "sleep_max_soc",
            ratio,
        ),
        gauge(
            "enphase_acb_communicating",
            "Whether the gateway can reach the AC Battery.",
            "communicating",
            flag,
        ),
        gauge(
            "enphase_acb_operating",
            "Whether the AC Battery operates.",
            "operating",
            flag,
        ),
        gauge(
            "enphase_acb_producing",
            "Whether the AC Battery gives power.",
            "producing",
            flag,
        ),
        derived(
            "enphase_acb_device_status_ok",
            "Whether the gateway lists no trouble with the AC Battery; sleep is none.",
            device_status_ok,
            ("device_status",),
            flag,
        ),
        gauge(
            "enphase_acb_max_cell_temperature_celsius",
            "Temperature of the AC Battery's hottest cell.",
            "max_cell_temp",
            celsius,
        ),
        gauge(
            "enphase_acb_min_cell_temperature_celsius",
            "Temperature of the AC Battery's coldest cell.",
            "min_cell_temp",
            celsius,
        ),
        gauge(
            "enphase_acb_health_ratio",
            "State of health of the AC Battery: 1 as new.",
            "state_of_health",
            ratio,
        ),
        gauge(
            "enphase_acb_pack_volts",
            "Voltage of all cells of the AC Battery together.",
            "pack_voltage",
            volts,
        ),
        gauge(
            "enphase_acb_discharged_joules",
            "Energy that the AC Battery has given, as the register stands.",
            "joules_discharged",
            number,
        ),
        gauge(
            "enphase_acb_charged_joules",
            "Energy that the AC Battery has taken, as the register stands.",
            "joules_charged",
            number,
        ),
        timestamp(
            "enphase_acb_last_report_timestamp_seconds",
            "When the AC Battery last reported to the gateway.",
            "last_report_date",
        ),
    ),
    keys=("serial",),
)

SYSTEM = Table(
    "AC Batteries",
    "production",
    "acb_power",
    (
        gauge(
            "enphase_acb_system_watts",
            "Power of the AC Batteries together; positive discharges, negative charges.",
            "power",
            watts,
        ),
        gauge(
            "enphase_acb_system_available_joules",
            "Energy in the AC Batteries together.",
            "charge_wh",
            stored_joules,
        ),
        gauge(
            "enphase_acb_system_soc_ratio",
            "Charge of the AC Batteries together: 0 empty, 1 full.",
            "state_of_charge",
            ratio,
        ),
        StateSet(
            "enphase_acb_system_charge_status",
            "Whether the AC Batteries together charge, discharge or do nothing.",
            "state",
            label="status",
            states=_CHARGE,
        ),
        gauge(
            "enphase_acb_system_devices",
            "Number of AC Batteries that report.",
            "batteries",
            count,
        ),
    ),
)

TABLES = (INVENTORY, SYSTEM)
