"""`/ivp/ensemble/status` and `/ivp/ensemble/errors`: the storage devices with their modules."""

from typing import Any

from exporter.simulator.homes import ensemble
from exporter.simulator.homes.device_states import BatteryState
from exporter.simulator.homes.models import HomeHardware, HomeState

#: device types: battery, its inverters, its controller board and its cells, system controller
_BATTERY, _INVERTER, _BOARD, _CELLS, _CONTROLLER, _CONTROLLER_BOARD = 13, 14, 15, 16, 17, 18
_COLLAR = 27
_INVERTERS = 4
#: with this firmware devices say how they are connected, and phases have names
_CONNECTIONS_SINCE = (8, 2, 4264)
#: how the batteries and the controller are connected
_RADIO, _CABLE = "ZigBee", "CAN"
_RADIO_FIRMWARE = {"zb_fw_version": "100F", "zb_bootloader_vers": "1.B.5"}


def status(site: HomeHardware, state: HomeState) -> Any:
    """Return devices by serial, with what runs on their modules, and secctrl and relay."""
    devices: dict[str, Any] = {
        battery.serial: _battery(site, battery) for battery in state.batteries
    }
    if site.controller:
        devices[ensemble.CONTROLLER_SERIAL] = _controller(site, state)
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
        **_connection(site, battery.serial),
        "admin_state": battery.admin,
        "admin_state_str": battery.admin_name,
        "reported_grid_mode": battery.grid_state,
        "phase": "ph-a" if site.since(*_CONNECTIONS_SINCE) else 1,
        "der_index": 2,
        "encharge_revision": 4 if site.collar else 2,
        "encharge_capacity": battery.capacity_wh,
        "encharge_rated_power": battery.rated_watts,
        "reported_enc_grid_state": battery.grid_state,
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
        | (_fourth_generation_inverter(battery) if site.collar else {})
        for index in range(_INVERTERS)
    }
    board = f"{number + 60_000_000}"
    expected = battery.expected_firmware or battery.firmware
    modules[board] = _module(_BOARD, expected, battery.firmware)
    modules[f"{number + 70_000_000}"] = _module(_CELLS, "", battery.bmu_firmware)
    return common | {"submodule_count": len(modules), "submodules": modules}


def _connection(site: HomeHardware, serial: str) -> dict[str, str]:
    """Return how a battery or a controller is connected: by radio, or by cable with a collar."""
    medium = _CABLE if site.collar else _RADIO
    named = site.since(*_CONNECTIONS_SINCE)
    return {
        **({"com_interface_str": medium, "device_id": serial} if named else {}),
        **(_RADIO_FIRMWARE if medium == _RADIO else {}),
    }


def _fourth_generation_inverter(battery: BatteryState) -> dict[str, Any]:
    """Return what the inverters of a battery that goes with a collar have besides."""
    return {
        "alternate_device_type": 120,
        "fsm_state": "ENCMN_MDE_PCU_READY",
        "rated_power": battery.rated_watts // _INVERTERS,
        "is_ll": True,
        "pcu_phase": "ph-a",
    }


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


def _controller(site: HomeHardware, state: HomeState) -> dict[str, Any]:
    number, name = state.switch.admin
    firmware = ensemble.CONTROLLER_FIRMWARE
    module = _module(_CONTROLLER_BOARD, firmware, firmware)
    return {
        "device_type": _CONTROLLER,
        **_connection(site, ensemble.CONTROLLER_SERIAL),
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
