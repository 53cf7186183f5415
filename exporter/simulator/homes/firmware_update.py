"""`/ivp/firmware_manager/state`: the firmware update of the storage devices."""

from typing import Any

from exporter.simulator.homes.models import HomeHardware, HomeState

_IDLE, _RUNNING = (10, "No Update Running"), (4, "Update In Progress")
#: results of the last update: number and name
_RESULTS = {"success": (6, "Update Success"), "failed": (7, "Update Failed")}


def update_state(site: HomeHardware, state: HomeState) -> Any:
    """Return what is updated, how far it is, and how the last update ended."""
    update = state.update
    number, name = _RUNNING if update.running else _IDLE
    last_number, last_name = _RESULTS[update.last_result]
    progress = update.progress if update.running else 0.0
    return {
        "SiteSync": {
            "Current_Status": number,
            "Current_Status_str": name,
            "Last_Status": last_number,
            "Last_Status_str": last_name,
            "Type": 2,
            "Type_str": "Encharge",
            "Estimated Time Left": _duration(update.seconds_left if update.running else 0),
            "Total Duration": _duration(update.seconds_running),
            "Current essimg version": "500-00020-r01-v31.44.10",
            "Failure Reason": update.failure_reason if update.last_result == "failed" else "None",
            "Zigbee Dongle": 5,
            "Zigbee Status_str": "No update",
            "Zigbee Firmware": "100F",
            "auto_update_enable": "true",
            "auto_update_8_hrs_disable": "false",
            "Progress": f"{100 * progress:.2f}",
        },
        "updates": [
            {"serial_num": serial, "Progress": f"{100 * progress:.2f}"}
            for serial in update.serials
            if update.running
        ],
    }


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60:02}::{minutes % 60:02}::{rest:02}"
