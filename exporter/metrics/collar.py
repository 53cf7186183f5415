"""The meter collar, a switch towards the grid at the meter, and the C6 combiner's controller."""

from exporter.metrics.common import device_status_ok
from exporter.metrics.table import InfoMetric, StateSet, Table, derived, gauge, timestamp
from exporter.metrics.units import celsius, flag, on_grid, raw_code

_COLLAR_SERIAL = ("collar.serial_number",)

COLLAR = Table(
    "Meter collar",
    "ensemble",
    "collar",
    (
        InfoMetric(
            "enphase_collar_info",
            "Part number and firmware of the meter collar.",
            describes=(("part_number", "part_number"), ("firmware", "firmware_version")),
        ),
        StateSet(
            "enphase_collar_mid_state",
            "State of the switch towards the grid in the meter collar.",
            "mid_state",
            label="state",
            states=("close", "open"),
        ),
        StateSet(
            "enphase_collar_grid_state",
            "State of the grid as the collar reports it; it can stay wrong, so trust its mode.",
            "grid_state",
            label="state",
            states=("on_grid", "off_grid"),
        ),
        gauge(
            "enphase_collar_on_grid",
            "Whether the mode of the meter collar is on-grid.",
            "admin_state_str",
            on_grid,
        ),
        gauge(
            "enphase_collar_admin_state",
            "Mode of the meter collar as a number.",
            "admin_state",
            raw_code,
        ),
        StateSet(
            "enphase_collar_admin_state_name",
            "Mode of the meter collar by name.",
            "admin_state_str",
            label="state",
            states=("ENCMN_MDE_ON_GRID", "ENCMN_MDE_OFF_GRID"),
        ),
        StateSet(
            "enphase_collar_state",
            "Whether the meter collar is installed.",
            "collar_state",
            label="state",
            states=("Installed",),
        ),
        gauge(
            "enphase_collar_control_error",
            "Error of the meter collar's control as a number; 0 is none.",
            "control_error",
            raw_code,
        ),
        gauge(
            "enphase_collar_communicating",
            "Whether the gateway can reach the meter collar.",
            "communicating",
            flag,
        ),
        gauge(
            "enphase_collar_temperature_celsius",
            "Temperature of the meter collar.",
            "temperature",
            celsius,
        ),
        timestamp(
            "enphase_collar_last_report_timestamp_seconds",
            "Last report of the meter collar, which stands still from its installation on.",
            "last_report_date",
        ),
        timestamp(
            "enphase_collar_installed_timestamp_seconds",
            "When the meter collar was installed.",
            "installed_date",
        ),
        timestamp(
            "enphase_collar_firmware_loaded_timestamp_seconds",
            "When firmware was loaded, as the gateway reports it: mostly the day of installation.",
            "firmware_loaded_date",
        ),
    ),
    keys=("serial",),
    label_paths=_COLLAR_SERIAL,
)

COLLAR_EXTRA = Table(
    "Meter collar",
    "ensemble",
    "collar",
    (
        derived(
            "enphase_collar_device_status_ok",
            "Whether the gateway lists no trouble with the meter collar.",
            device_status_ok,
            ("device_status",),
            flag,
        ),
        timestamp(
            "enphase_collar_created_timestamp_seconds",
            "When the meter collar was entered into the gateway.",
            "created_date",
        ),
    ),
    keys=("serial",),
    label_paths=_COLLAR_SERIAL,
)

COMBINER = Table(
    "C6 combiner",
    "ensemble",
    "c6cc",
    (
        InfoMetric(
            "enphase_c6cc_info",
            "Part number and firmwares of the C6 combiner's controller.",
            describes=(
                ("part_number", "part_number"),
                ("firmware", "firmware_version"),
                ("dmir_version", "dmir_version"),
            ),
        ),
        gauge(
            "enphase_c6cc_communicating",
            "Whether the gateway can reach the C6 combiner's controller.",
            "communicating",
            flag,
        ),
        gauge(
            "enphase_c6cc_admin_state",
            "State of the C6 combiner's controller as a number.",
            "admin_state",
            raw_code,
        ),
        StateSet(
            "enphase_c6cc_admin_state_name",
            "State of the C6 combiner's controller by name.",
            "admin_state_str",
            label="state",
            states=("ENCMN_C6_CC_READY",),
        ),
        timestamp(
            "enphase_c6cc_last_report_timestamp_seconds",
            "Last report of the C6 combiner, which stands still from its installation on.",
            "last_report_date",
        ),
        timestamp(
            "enphase_c6cc_installed_timestamp_seconds",
            "When the C6 combiner's controller was installed.",
            "installed_date",
        ),
        timestamp(
            "enphase_c6cc_firmware_loaded_timestamp_seconds",
            "When firmware was loaded, as the gateway reports it: mostly the day of installation.",
            "firmware_loaded_date",
        ),
    ),
    keys=("serial",),
    label_paths=("c6cc.serial_number",),
)

COMBINER_METER = Table(
    "C6 combiner",
    "ensemble",
    "c6_meter",
    (
        InfoMetric(
            "enphase_c6_meter_info",
            "Part number and firmware of the C6 combiner's meter.",
            describes=(("part_number", "part_number"), ("firmware", "firmware_version")),
        ),
        gauge(
            "enphase_c6_meter_state_code",
            "State of the C6 combiner's meter as a number.",
            "device_state",
            raw_code,
        ),
        timestamp(
            "enphase_c6_meter_installed_timestamp_seconds",
            "When the C6 combiner's meter was installed.",
            "installed_date",
        ),
    ),
    keys=("serial",),
    label_paths=("c6_meter.serial_number",),
)

TABLES = (COLLAR, COLLAR_EXTRA, COMBINER, COMBINER_METER)
