"""The system controller (Enpower): the switch between house and grid, and what it says of itself.

Whether the house is on the grid is derived in `exporter.house`; the states here are as reported.
"""

from exporter.metrics.common import BANDS, GRID_MODES, device_status_ok
from exporter.metrics.table import (
    InfoMetric,
    LabelledFields,
    StateSet,
    Table,
    derived,
    gauge,
    timestamp,
)
from exporter.metrics.units import fahrenheit, flag, level, raw_code

_TITLE = "System controller"
_SERIAL = ("enpower.serial_number",)

CONTROLLER = Table(
    _TITLE,
    "ensemble",
    "enpower",
    (
        InfoMetric(
            "enphase_enpower_info",
            "Part number and firmwares of the system controller.",
            describes=(
                ("part_number", "part_number"),
                ("firmware", "firmware_version"),
                ("zigbee_firmware", "zigbee_dongle_fw_version"),
            ),
        ),
        StateSet(
            "enphase_enpower_mains_admin_state",
            "What the switch towards the grid was commanded to be.",
            "mains_admin_state",
            label="state",
            states=("closed", "open"),
        ),
        StateSet(
            "enphase_enpower_mains_oper_state",
            "What the switch towards the grid is.",
            "mains_oper_state",
            label="state",
            states=("closed", "open"),
        ),
        StateSet(
            "enphase_enpower_grid_mode",
            "Mode of the system; it can say on-grid during an outage, so trust the switch.",
            "grid_mode",
            label="mode",
            states=GRID_MODES,
        ),
        gauge(
            "enphase_enpower_admin_state",
            "State of the system controller as a number.",
            "admin_state",
            raw_code,
        ),
        StateSet(
            "enphase_enpower_admin_state_name",
            "State of the system controller by name.",
            "admin_state_str",
            label="state",
            states=(
                "ENPWR_STATE_OPER_CLOSED",
                "ENPWR_STATE_OPER_OPEN",
                "ENPWR_STATE_OPER_NO_GRID",
                "ENPWR_STATE_OPER_GEN_CLOSE",
                "ENPWR_STATE_OPER_SYNC_READY",
                "ENPWR_STATE_GRIDMODE_CONFIRM",
                "ENPWR_STATE_GRIDMODE_WAIT",
            ),
        ),
        gauge(
            "enphase_enpower_communicating",
            "Whether the gateway can reach the system controller.",
            "communicating",
            flag,
        ),
        gauge(
            "enphase_enpower_operating",
            "Whether the system controller operates; not reported by firmware 8 and later.",
            "operating",
            flag,
        ),
        gauge(
            "enphase_enpower_temperature_celsius",
            "Temperature of the system controller.",
            "temperature",
            fahrenheit,
        ),
        LabelledFields(
            "enphase_enpower_comm_level",
            "Quality of the radio link to the controller, 0 to 5; 0 is normal on a wired one.",
            convert=level,
            label="band",
            parts=BANDS,
        ),
        timestamp(
            "enphase_enpower_last_report_timestamp_seconds",
            "When the system controller last reported to the gateway.",
            "last_report_date",
        ),
        timestamp(
            "enphase_enpower_installed_timestamp_seconds",
            "When the system controller was installed.",
            "installed_date",
        ),
        timestamp(
            "enphase_enpower_firmware_loaded_timestamp_seconds",
            "When firmware was loaded, as the gateway reports it: mostly the day of installation.",
            "firmware_loaded_date",
        ),
    ),
    keys=("serial",),
    label_paths=_SERIAL,
)

EXTRA = Table(
    _TITLE,
    "ensemble",
    "enpower",
    (
        derived(
            "enphase_enpower_device_status_ok",
            "Whether the gateway lists no trouble with the system controller.",
            device_status_ok,
            ("device_status",),
            flag,
        ),
        StateSet(
            "enphase_enpower_encharge_grid_mode",
            "Mode of the batteries as the system controller reports it.",
            "encharge_grid_mode",
            label="mode",
            states=GRID_MODES,
        ),
        gauge(
            "enphase_enpower_relay_state",
            "State of the relays of the system controller, one binary digit for each.",
            "relay_bits",
            raw_code,
        ),
        gauge(
            "enphase_enpower_current_state",
            "Step of the system controller's inner sequence as a number.",
            "state_id",
            raw_code,
        ),
        timestamp(
            "enphase_enpower_created_timestamp_seconds",
            "When the system controller was entered into the gateway.",
            "created_date",
        ),
    ),
    keys=("serial",),
    label_paths=_SERIAL,
)

TABLES = (CONTROLLER, EXTRA)
