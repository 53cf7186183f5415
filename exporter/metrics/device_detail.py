"""What the gateway's lists say of its devices beyond their own reports."""

from exporter.metrics.table import InfoMetric, LabelledFields, Table, gauge, timestamp
from exporter.metrics.units import count, flag, level, raw_code

INVERTERS = Table(
    "Inverters",
    "devices",
    "inverter_devices.*",
    (
        InfoMetric(
            "enphase_inverter_hardware_info",
            "Part number, firmware and phase of the inverter.",
            describes=(
                ("part_number", "part_num"),
                ("firmware", "firmware_version"),
                ("parameter_table", "parameter_table"),
                ("phase", "phase"),
            ),
        ),
        gauge(
            "enphase_inverter_communicating",
            "Whether the inverter communicates with the gateway; it does not in the dark.",
            "communicating",
            flag,
        ),
        gauge(
            "enphase_inverter_producing",
            "Whether the inverter produces.",
            "producing",
            flag,
        ),
        gauge(
            "enphase_inverter_operating",
            "Whether the inverter operates.",
            "operating",
            flag,
        ),
        gauge(
            "enphase_inverter_provisioned",
            "Whether the inverter is set up in the gateway.",
            "provisioned",
            flag,
        ),
        gauge(
            "enphase_inverter_admin_state",
            "State of the inverter as a number.",
            "admin_state",
            raw_code,
        ),
        timestamp(
            "enphase_inverter_installed_timestamp_seconds",
            "When the inverter was installed.",
            "installed_date",
        ),
        timestamp(
            "enphase_inverter_added_timestamp_seconds",
            "When the inverter was entered into the gateway.",
            "created_date",
        ),
        timestamp(
            "enphase_inverter_firmware_loaded_timestamp_seconds",
            "When the firmware of the inverter was loaded.",
            "firmware_loaded_date",
        ),
        timestamp(
            "enphase_inverter_inventory_report_timestamp_seconds",
            "When the inverter last reported, in the gateway's inventory.",
            "last_report_date",
        ),
        gauge(
            "enphase_inverter_device_type",
            "Type of the inverter as a number.",
            "device_type",
            raw_code,
        ),
    ),
    keys=("serial",),
)

ACB = Table(
    "AC Batteries",
    "devices",
    "acb_devices.*",
    (
        InfoMetric(
            "enphase_acb_hardware_info",
            "Part number, firmware and phase of the AC Battery.",
            describes=(
                ("part_number", "part_num"),
                ("firmware", "firmware_version"),
                ("parameter_table", "parameter_table"),
                ("phase", "phase"),
            ),
        ),
        gauge(
            "enphase_acb_provisioned",
            "Whether the AC Battery is set up in the gateway.",
            "provisioned",
            flag,
        ),
        gauge(
            "enphase_acb_admin_state",
            "State of the AC Battery as a number.",
            "admin_state",
            raw_code,
        ),
        timestamp(
            "enphase_acb_installed_timestamp_seconds",
            "When the AC Battery was installed.",
            "installed_date",
        ),
        timestamp(
            "enphase_acb_added_timestamp_seconds",
            "When the AC Battery was entered into the gateway.",
            "created_date",
        ),
        timestamp(
            "enphase_acb_firmware_loaded_timestamp_seconds",
            "When the firmware of the AC Battery was loaded.",
            "firmware_loaded_date",
        ),
        timestamp(
            "enphase_acb_inventory_report_timestamp_seconds",
            "When the AC Battery last reported, in the gateway's inventory.",
            "last_report_date",
        ),
    ),
    keys=("serial",),
)

ESUB = Table(
    "System controller",
    "devices",
    "esub_devices.*",
    (
        InfoMetric(
            "enphase_esub_info",
            "Part number and firmware of the sub-panel of the system controller.",
            describes=(("part_number", "part_num"), ("firmware", "firmware_version")),
        ),
        gauge(
            "enphase_esub_communicating",
            "Whether the sub-panel communicates with the gateway.",
            "communicating",
            flag,
        ),
        gauge(
            "enphase_esub_operating",
            "Whether the sub-panel operates.",
            "operating",
            flag,
        ),
        gauge(
            "enphase_esub_producing",
            "Whether the sub-panel passes power on.",
            "producing",
            flag,
        ),
        timestamp(
            "enphase_esub_last_report_timestamp_seconds",
            "When the sub-panel last reported to the gateway.",
            "last_report_date",
        ),
        timestamp(
            "enphase_esub_installed_timestamp_seconds",
            "When the sub-panel was installed.",
            "installed_date",
        ),
    ),
    keys=("serial",),
)

COUNTERS = Table(
    "Inverters",
    "device_detail",
    "device_counters.*",
    (
        LabelledFields(
            "enphase_gateway_devices",
            "Number of devices of a kind by state; only with an installer's token.",
            convert=count,
            label="state",
            parts=(
                ("expected", "expected"),
                ("discovered", "discovered"),
                ("total", "ctrls_total"),
                ("gone", "ctrls_gone"),
                ("communicating", "ctrls_communicating"),
                ("channels", "chans_total"),
                ("recent_channels", "chans_recent"),
                ("producing_channels", "chans_producing"),
            ),
        ),
    ),
    keys=("kind",),
)

PLC = Table(
    "Inverters",
    "plc",
    "plc_levels.*",
    (
        gauge(
            "enphase_inverter_plc_level",
            "Quality of the link to the inverter over the power line, 0 to 5.",
            "level",
            level,
        ),
    ),
    keys=("serial",),
)

TABLES = (INVERTERS, ACB, ESUB, COUNTERS, PLC)
