"""The batteries (Encharge, IQ Battery), each by its serial number."""

from exporter.metrics.common import BANDS, GRID_MODES, device_status_ok
from exporter.metrics.table import (
    EnergyCounter,
    InfoMetric,
    LabelledFields,
    StateSet,
    Table,
    derived,
    gauge,
    timestamp,
)
from exporter.metrics.units import (
    celsius,
    flag,
    level,
    milli_volt_amperes,
    milliwatts,
    ratio,
    raw_code,
    stored_joules,
)

INVENTORY = Table(
    "Batteries",
    "ensemble",
    "encharge_inventory.*",
    (
        InfoMetric(
            "enphase_encharge_info",
            "Part number, revision and firmwares of the battery.",
            describes=(
                ("part_number", "part_number"),
                ("revision", "encharge_revision"),
                ("firmware", "firmware_version"),
                ("bmu_firmware", "bmu_firmware_version"),
                ("zigbee_firmware", "zigbee_dongle_fw_version"),
            ),
            names="battery_names",
        ),
        gauge(
            "enphase_encharge_communicating",
            "Whether the gateway can reach the battery.",
            "communicating",
            flag,
        ),
        gauge(
            "enphase_encharge_operating",
            "Whether the battery operates; not reported by firmware 8 and later.",
            "operating",
            flag,
        ),
        gauge(
            "enphase_encharge_dc_switch_off",
            "Whether the DC switch of the battery is off.",
            "dc_switch_off",
            flag,
        ),
        gauge(
            "enphase_encharge_admin_state",
            "State of the battery as a number; 6 and 63 are ready.",
            "admin_state",
            raw_code,
        ),
        StateSet(
            "enphase_encharge_admin_state_name",
            "State of the battery by name; both known ones are ready.",
            "admin_state_str",
            label="state",
            states=("ENCHG_STATE_READY", "ENCMN_MDE_ENCHARGE_READY"),
        ),
        gauge(
            "enphase_encharge_led_status",
            "Light of the battery: 12 charging, 13 discharging, 14 to 17 idle, by charge.",
            "led_status",
            raw_code,
        ),
        gauge(
            "enphase_encharge_inventory_soc_ratio",
            "Charge of the battery in the gateway's inventory, which can lag behind.",
            "percent_full",
            ratio,
        ),
        gauge(
            "enphase_encharge_capacity_joules",
            "Energy that the battery holds by its type.",
            "encharge_capacity",
            stored_joules,
        ),
        gauge(
            "enphase_encharge_temperature_celsius",
            "Temperature of the battery.",
            "temperature",
            celsius,
        ),
        gauge(
            "enphase_encharge_max_cell_temperature_celsius",
            "Temperature of the battery's hottest cell.",
            "max_cell_temp",
            celsius,
        ),
        LabelledFields(
            "enphase_encharge_comm_level",
            "Quality of the radio link to the battery, 0 to 5; 0 is normal on a wired one.",
            convert=level,
            label="band",
            parts=BANDS,
        ),
        timestamp(
            "enphase_encharge_last_report_timestamp_seconds",
            "When the battery last reported to the gateway.",
            "last_report_date",
        ),
        timestamp(
            "enphase_encharge_installed_timestamp_seconds",
            "When the battery was installed.",
            "installed_date",
        ),
        timestamp(
            "enphase_encharge_firmware_loaded_timestamp_seconds",
            "When firmware was loaded, as the gateway reports it: mostly the day of installation.",
            "firmware_loaded_date",
        ),
    ),
    keys=("serial",),
)

EXTRA = Table(
    "Batteries",
    "ensemble",
    "encharge_inventory.*",
    (
        InfoMetric(
            "enphase_encharge_wiring_info",
            "Phase that the battery is wired to, and its place among the energy sources.",
            describes=(("phase", "phase"), ("der_index", "der_index")),
        ),
        gauge(
            "enphase_encharge_sleep_enabled",
            "Whether the battery is set to sleep.",
            "sleep_enabled",
            flag,
        ),
        derived(
            "enphase_encharge_device_status_ok",
            "Whether the gateway lists no trouble with the battery.",
            device_status_ok,
            ("device_status",),
            flag,
        ),
        StateSet(
            "enphase_encharge_reported_grid_state",
            "State of the grid as the battery reports it.",
            "reported_grid_state",
            label="state",
            states=GRID_MODES,
        ),
        timestamp(
            "enphase_encharge_created_timestamp_seconds",
            "When the battery was entered into the gateway.",
            "created_date",
        ),
    ),
    keys=("serial",),
)

PRESENCE = Table(
    "Batteries",
    "ensemble",
    "encharge_presence.*",
    (
        gauge(
            "enphase_encharge_present",
            "Whether a battery that was seen before is in the gateway's list.",
            "present",
            flag,
        ),
    ),
    keys=("serial",),
)

POWER = Table(
    "Batteries",
    "battery_power",
    "encharge_power.*",
    (
        gauge(
            "enphase_encharge_soc_ratio",
            "Charge of the battery: 0 empty, 1 full.",
            "soc",
            ratio,
        ),
        gauge(
            "enphase_encharge_watts",
            "Power of the battery; positive discharges, negative charges.",
            "real_power_mw",
            milliwatts,
        ),
        gauge(
            "enphase_encharge_volt_amperes",
            "Apparent power of the battery; positive discharges, negative charges.",
            "apparent_power_mva",
            milli_volt_amperes,
        ),
        EnergyCounter(
            "enphase_encharge_charged_joules_total",
            "Energy charged into the battery while the exporter watched, from its power.",
            "charged",
            reads=("real_power_mw",),
        ),
        EnergyCounter(
            "enphase_encharge_discharged_joules_total",
            "Energy discharged from the battery while the exporter watched, from its power.",
            "discharged",
            reads=("real_power_mw",),
        ),
    ),
    keys=("serial",),
)

TABLES = (INVENTORY, EXTRA, PRESENCE, POWER)
