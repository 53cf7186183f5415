"""`/ivp/ensemble/status` and `/ivp/ensemble/errors`: the storage devices with their modules."""

from typing import Any

from exporter.simulator.homes import ensemble
from exporter.simulator.homes.device_states import BatteryState
from exporter.simulator.homes.models import HomeHardware, HomeState

#: device types: battery, its inverters, its controller board and its cells, system controller
_BATTERY, _INVERTER, _BOARD, _CELLS, _CONTROLLER, _CONTROLLER_BOARD = 13, 14, 15, 16, 17, 18
_COLLAR = 27
_INVERTERS = 4


def status(site: HomeHardware, state: HomeState) -> Any:
    """Return devices by serial, with what runs on their modules, and secctrl and relay."""
    devices: dict[str, Any] = {
        battery.serial: _battery(site, battery) for battery in state.batteries
    }
    if site.controller:
        devices[ensemble.CONTROLLER_SERIAL] = _controller(state)
    if site.collar:
        devices[ensemble.COLLAR_SERIAL] = _collar(state)
    return {
        "inventory": {"serial_nums": devices},
        "secctrl": ensemble.secctrl(site, state),
        "relay": ensemble.relay(site, state),
    }


def errors(site: HomeHardware, state: HomeState) -> Any:
    """Return the error flags of the system controller, 0 without a fault."""
    return {"enpower_error_flags": state.switch.error_flags}


def _battery(site: HomeHardware, battery: BatteryState) -> dict[str, Any]:
    common = {
        "device_type": _BATTERY,
        "admin_state": battery.admin,
        "admin_state_str": battery.admin_name,
        "reported_grid_mode": battery.grid_state,
        "phase": 1,
        "der_index": 2,
        "encharge_revision": 2,
        "encharge_capacity": battery.capacity_wh,
        "encharge_rated_power": battery.rated_watts,
        "msg_retry_count": 0 if battery.communicating else 5,
        "part_number": battery.part,
        "assembly_number": "890-00023-r39",
        "app_fw_version": battery.firmware,
        "ibl_fw_version": "1.3.413",
        "swift_asic_fw_version": "001.002.1.7.2",
        "bmu_fw_version": battery.bmu_firmware,
    }
    number = int(battery.serial)
    # `dmir` is the firmware that a module should run, `procload` the one that it runs
    modules = {
        f"{number + 50_000_000 + index}": _module(_INVERTER, "3.28.2-D48", "3.28.2-D48")
        for index in range(_INVERTERS)
    }
    board = f"{number + 60_000_000}"
    expected = battery.expected_firmware or battery.firmware
    modules[board] = _module(_BOARD, expected, battery.firmware)
    modules[f"{number + 70_000_000}"] = _module(_CELLS, "", battery.bmu_firmware)
    return common | {"submodule_count": len(modules), "submodules": modules}


def _module(kind: int, expected: str, running: str) -> dict[str, Any]:
    return {
        "device_type": kind,
        "admin_state": 1,
        "part_number": "800-01335-r01",
        "assembly_number": "880-01335-r10",
        "dmir": {
            "part_number": "549-00030-r00" if expected else "",
            "assembly_number": expected,
        },
        "procload": {"part_number": "521-00003-r00", "assembly_number": running},
    }


def _controller(state: HomeState) -> dict[str, Any]:
    number, name = state.switch.admin
    firmware = ensemble.CONTROLLER_FIRMWARE
    module = _module(_CONTROLLER_BOARD, firmware, firmware)
    return {
        "device_type": _CONTROLLER,
        "admin_state": number,
        "admin_state_str": name,
        "msg_retry_count": 0 if state.switch.communicating else 5,
        "part_number": "865-00378-r20",
        "assembly_number": "885-00378-r20",
        "app_fw_version": firmware,
        "ibl_fw_version": "1.3.413",
        "swift_asic_fw_version": "",
        "bmu_fw_version": "",
        "submodule_count": 1,
        "submodules": {ensemble.CONTROLLER_SERIAL: module},
    }


def _collar(state: HomeState) -> dict[str, Any]:
    number, name = state.switch.collar_admin
    return {
        "device_type": _COLLAR,
        "com_interface_str": "CAN",
        "device_id": ensemble.COLLAR_SERIAL,
        "admin_state": number,
        "admin_state_str": name,
        "prop_set": True,
        "installed": 1,
        "msg_retry_count": 0 if state.switch.communicating else 5,
        "part_number": "865-00400-r20",
        "assembly_number": "885-00400-r20",
        "app_fw_version": "3.0.9-D0",
        "ibl_fw_version": "",
        "swift_asic_fw_version": "",
        "bmu_fw_version": "",
        "dmir": {"part_number": "", "assembly_number": ""},
        "procload": {"part_number": "000-00000-r00", "assembly_number": "3.0.9-D0"},
        "submodule_count": 0,
        "submodules": {},
    }
