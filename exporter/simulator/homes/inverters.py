"""Inverter and device lists of a home.

`/api/v1/production/inverters`, `/ivp/pdm/device_data` and `/inventory.json`, which also list the AC
Batteries.
"""

from typing import Any

from exporter.simulator.homes.device_states import AcbState, InverterState
from exporter.simulator.homes.models import HomeHardware, HomeState
from exporter.simulator.homes.production import charge_status

#: devices beyond this many are left out of `/ivp/pdm/device_data`
DEVICE_LIMIT = 50

_SOLAR, _ACB = 1, 11
#: what an inverter's status says while it is not heard, and an AC Battery's while it sleeps
_LOST = ("envoy.cond_flags.pcu_ctrl.dc-pwr-low", "envoy.cond_flags.obs_strs.failure")
_SLEEPS = "envoy.cond_flags.pcu_ctrl.sleep-mode"


def production(site: HomeHardware, state: HomeState) -> Any:
    """`/api/v1/production/inverters`: last power of every inverter and AC Battery."""
    solar = [_last_report(inverter, _SOLAR) for inverter in state.inverters]
    return solar + [_last_report(acb, _ACB) for acb in state.acbs]


def device_data(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/pdm/device_data`: everything about at most fifty inverters, by device id."""
    devices: dict[str, Any] = {
        str(550_000_000 + 256 * inverter.index): _device(state, inverter)
        for inverter in state.inverters[:DEVICE_LIMIT]
    }
    return devices | {"deviceCount": len(state.inverters), "deviceDataLimit": DEVICE_LIMIT}


def inventory(site: HomeHardware, state: HomeState) -> Any:
    """`/inventory.json`: what is installed; its time stamps are texts."""
    return [
        {"type": "PCU", "devices": [_inverter(site, state, each) for each in state.inverters]},
        {"type": "ACB", "devices": [_storage(state, each) for each in state.acbs]},
        {"type": "NSRB", "devices": []},
        {"type": "ESUB", "devices": [_submodule(state)] if site.controller else []},
    ]


def _last_report(device: InverterState | AcbState, kind: int) -> dict[str, Any]:
    return {
        "serialNumber": device.serial,
        "lastReportDate": device.reported,
        "devType": kind,
        "lastReportWatts": device.watts,
        "maxReportWatts": device.max_watts,
    }


def _device(state: HomeState, inverter: InverterState) -> dict[str, Any]:
    channel = 1_600_000_000 + 256 * inverter.index
    return {
        "devName": "pcu",
        "sn": inverter.serial,
        "active": True,
        "modGone": inverter.gone,
        "channels": [
            {
                "chanEid": channel,
                "created": inverter.reported,
                "wattHours": {
                    "today": round(inverter.today),
                    "yesterday": round(inverter.yesterday),
                    "week": round(inverter.week),
                },
                "watts": {"now": inverter.watts, "nowUsed": 0, "max": inverter.max_watts},
                "lastReading": {
                    "eid": channel,
                    "interval_type": 0,
                    "endDate": inverter.reported,
                    "duration": inverter.interval,
                    "flags": 0,
                    "flags_hex": "0x0000000000000000",
                    "joulesProduced": inverter.joules,
                    "acVoltageINmV": round(1000 * inverter.volts),
                    "acFrequencyINmHz": round(1000 * inverter.hertz),
                    "dcVoltageINmV": round(1000 * inverter.panel_volts),
                    "dcCurrentINmA": round(1000 * inverter.watts / 0.97 / inverter.panel_volts),
                    "channelTemp": inverter.temperature,
                    "pwrConvErrSecs": 0,
                    "pwrConvMaxErrCycles": 0,
                    "joulesUsed": 0,
                    "leadingVArs": 12,
                    "laggingVArs": 3,
                    "acCurrentInmA": round(1000 * inverter.watts / inverter.volts),
                    "l1NAcVoltageInmV": 0,
                    "l2NAcVoltageInmV": 0,
                    "l3NAcVoltageInmV": 0,
                    "rssi": 100,
                    "issi": 60,
                },
                "lifetime": {
                    "createdTime": state.installed,
                    "duration": state.now - state.installed,
                    "joulesProduced": round(3600 * inverter.lifetime),
                },
            }
        ],
    }


def _inverter(site: HomeHardware, state: HomeState, inverter: InverterState) -> dict[str, Any]:
    return {
        "part_num": "800-01736-r02",
        "installed": str(state.installed),
        "serial_num": inverter.serial,
        "device_status": ["envoy.global.ok"] if inverter.communicating else list(_LOST),
        "last_rpt_date": str(inverter.reported),
        "admin_state": 2,
        "dev_type": _SOLAR,
        "created_date": str(state.installed),
        "img_load_date": "0",
        "img_pnum_running": "521-00005-r00-v02.80.06",
        "ptpn": "549-00040-r00-v02.80.06",
        "chaneid": 1_600_000_000 + 256 * inverter.index,
        "device_control": [{"gficlearset": False}],
        "producing": inverter.producing,
        "communicating": inverter.communicating,
        "provisioned": True,
        "operating": inverter.communicating,
        "phase": f"ph-{'abc'[inverter.index % site.legs]}",
    }


def _storage(state: HomeState, acb: AcbState) -> dict[str, Any]:
    sleeps = acb.sleep in ("asleep", "waking")
    return {
        "part_num": "800-00930-r00",
        "installed": str(state.installed),
        "serial_num": acb.serial,
        "device_status": [_SLEEPS if sleeps else "envoy.global.ok"],
        "last_rpt_date": str(acb.reported),
        "admin_state": 2,
        "dev_type": _ACB,
        "created_date": str(state.installed),
        "img_load_date": str(state.installed),
        "img_pnum_running": "520-00092-r00-v02.13.02",
        "ptpn": "540-00155-r00-v02.13.01",
        "chaneid": 1_790_000_000 + 256 * state.acbs.index(acb),
        "device_control": [{"gficlearset": False}],
        "producing": not sleeps,
        "communicating": acb.communicating,
        "provisioned": True,
        "operating": acb.operating,
        "sleep_enabled": acb.sleep in ("going_to_sleep", "asleep"),
        "percentFull": round(100 * acb.soc),
        "maxCellTemp": acb.cell_temperature,
        "sleep_min_soc": acb.sleep_min,
        "sleep_max_soc": acb.sleep_max,
        "charge_status": charge_status(acb.watts),
    }


def _submodule(state: HomeState) -> dict[str, Any]:
    """Return the part of the system controller that speaks over the power line."""
    return {
        "part_num": "800-01855-r00",
        "installed": str(state.installed),
        "serial_num": "202900000902",
        "device_status": ["envoy.global.ok"],
        "last_rpt_date": str(state.switch.reported),
        "admin_state": 1,
        "dev_type": 19,
        "created_date": str(state.installed),
        "img_load_date": "0",
        "img_pnum_running": "523-00001-r00-v01.10.00",
        "ptpn": "551-00064-r00-v01.10.00",
        "chaneid": 1_929_000_000,
        "device_control": [{"gficlearset": False}],
        "producing": False,
        "communicating": state.switch.communicating,
        "operating": state.switch.communicating,
    }
