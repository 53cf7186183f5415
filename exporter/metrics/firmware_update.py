"""The update of the storage devices' firmware, and what each of their modules runs."""

from exporter.metrics.common import GRID_MODES
from exporter.metrics.table import InfoMetric, PlainCounter, StateSet, Table, derived, gauge
from exporter.metrics.units import count, flag, ratio, raw_code, seconds, stored_joules, watts

_TITLE = "Firmware updates"

UPDATE = Table(
    _TITLE,
    "firmware",
    "firmware_update",
    (
        InfoMetric(
            "enphase_firmware_update_info",
            "What is updated, how that stands, and why the last update failed.",
            describes=(
                ("kind", "kind_name"),
                ("status", "status_name"),
                ("last_status", "last_status_name"),
                ("failure_reason", "failure_reason"),
                ("image", "image_version"),
                ("zigbee_status", "zigbee_status_name"),
                ("zigbee_firmware", "zigbee_version"),
            ),
        ),
        gauge(
            "enphase_firmware_update_running",
            "Whether an update is going on.",
            "running",
            flag,
        ),
        gauge(
            "enphase_firmware_update_failed",
            "Whether the last update failed.",
            "failed",
            flag,
        ),
        gauge(
            "enphase_firmware_update_progress_ratio",
            "How far the update has come.",
            "progress",
            ratio,
        ),
        gauge(
            "enphase_firmware_update_remaining_seconds",
            "How long the update will still take, as the gateway estimates it.",
            "seconds_left",
            seconds,
        ),
        gauge(
            "enphase_firmware_update_duration_seconds",
            "How long the update has been going on, or the last one took.",
            "seconds_running",
            seconds,
        ),
        gauge(
            "enphase_firmware_update_devices",
            "Number of devices that are being updated.",
            "devices",
            count,
        ),
        gauge(
            "enphase_firmware_update_automatic",
            "Whether updates start by themselves.",
            "automatic",
            flag,
        ),
        gauge(
            "enphase_firmware_update_paused",
            "Whether updates are paused for eight hours.",
            "paused",
            flag,
        ),
        gauge(
            "enphase_firmware_update_status_code",
            "State of the update as a number; 10 if no update is running.",
            "status",
            raw_code,
        ),
        gauge(
            "enphase_firmware_update_last_status_code",
            "State that the last update ended in, as a number.",
            "last_status",
            raw_code,
        ),
        gauge(
            "enphase_firmware_update_kind_code",
            "What is updated, as a number.",
            "kind",
            raw_code,
        ),
        gauge(
            "enphase_firmware_update_zigbee_status_code",
            "State of the update of the radio as a number.",
            "zigbee_status",
            raw_code,
        ),
    ),
)

MODULES = Table(
    _TITLE,
    "ensemble_status",
    "ensemble_modules.*",
    (
        InfoMetric(
            "enphase_ensemble_module_info",
            "Kind, parts and firmwares of a device of the ensemble.",
            describes=(
                ("device_type", "device_type"),
                ("interface", "com_interface_str"),
                ("part_number", "part_number"),
                ("assembly_number", "assembly_number"),
                ("firmware", "app_fw_version"),
                ("intended_version", "intended_version"),
                ("running_version", "running_version"),
                ("zigbee_firmware", "zb_fw_version"),
                ("zigbee_bootloader", "zb_bootloader_vers"),
                ("ibl_firmware", "ibl_fw_version"),
                ("swift_firmware", "swift_asic_fw_version"),
                ("bmu_firmware", "bmu_fw_version"),
                ("state", "admin_state_str"),
            ),
        ),
        gauge(
            "enphase_ensemble_module_state_code",
            "State of the device as a number.",
            "admin_state",
            raw_code,
        ),
        gauge(
            "enphase_ensemble_module_der_index",
            "Place of the device among the energy sources.",
            "der_index",
            raw_code,
        ),
        PlainCounter(
            "enphase_ensemble_module_message_retries_total",
            "Number of messages to the device that had to be repeated.",
            "msg_retry_count",
        ),
        gauge(
            "enphase_ensemble_module_submodules",
            "Number of modules in the device.",
            "submodule_count",
            count,
        ),
        gauge(
            "enphase_ensemble_module_firmware_outdated",
            "Whether the device runs another firmware than it should.",
            "outdated",
            flag,
        ),
    ),
    keys=("serial",),
)

BATTERIES = Table(
    "Batteries",
    "ensemble_status",
    "encharge_modules.*",
    (
        gauge(
            "enphase_encharge_rated_watts",
            "Power that the battery can give continuously.",
            "encharge_rated_power",
            watts,
        ),
        gauge(
            "enphase_encharge_rated_joules",
            "Energy that the battery holds by its type, in the state of the ensemble.",
            "encharge_capacity",
            stored_joules,
        ),
        gauge(
            "enphase_encharge_revision",
            "Revision of the battery.",
            "encharge_revision",
            raw_code,
        ),
        StateSet(
            "enphase_encharge_reported_grid_mode",
            "Mode of the grid as the battery reports it.",
            "reported_grid_mode",
            label="mode",
            states=GRID_MODES,
        ),
    ),
    keys=("serial",),
)

SUBMODULES = Table(
    _TITLE,
    "ensemble_status",
    "ensemble_submodules.*.*",
    (
        InfoMetric(
            "enphase_ensemble_submodule_info",
            "Kind, parts and firmware of a module in a device of the ensemble.",
            describes=(
                ("device_type", "device_type"),
                ("alternate_type", "alternate_device_type"),
                ("part_number", "part_number"),
                ("assembly_number", "assembly_number"),
                ("intended_version", "intended_version"),
                ("running_version", "running_version"),
                ("state", "fsm_state"),
                ("phase", "pcu_phase"),
            ),
        ),
        gauge(
            "enphase_ensemble_submodule_state_code",
            "State of the module as a number.",
            "admin_state",
            raw_code,
        ),
        gauge(
            "enphase_ensemble_submodule_rated_watts",
            "Power that the module can give continuously.",
            "rated_power",
            watts,
        ),
        gauge(
            "enphase_ensemble_submodule_firmware_outdated",
            "Whether the module runs another firmware than it should.",
            "outdated",
            flag,
        ),
        derived(
            "enphase_ensemble_submodule_leader",
            "Whether the module leads the others of its device.",
            lambda module: module.is_ll,
            ("is_ll",),
            flag,
        ),
    ),
    keys=("serial", "submodule"),
)

TABLES = (UPDATE, MODULES, BATTERIES, SUBMODULES)
