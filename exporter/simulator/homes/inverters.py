"""Inverter and device lists of a sample home.

`/api/v1/production/inverters`, `/ivp/pdm/device_data` and `/inventory.json`, which also list the AC
Batteries.
"""

from math import sin
from typing import Any

from exporter.simulator.homes.metering import charge_status
from exporter.simulator.homes.site import Site, State

#: devices beyond this many are left out of `/ivp/pdm/device_data`
DEVICE_LIMIT = 50

_SOLAR, _ACB = 1, 11
#: seconds between two reports of an inverter
_INTERVAL = 300


def production(site: Site, state: State) -> Any:
    """`/api/v1/production/inverters`: last power of every inverter and AC Battery."""
    solar = [
        _last_report(
            _inverter_serial(index),
            _reported(state, index),
            _SOLAR,
            _watts(site, state, index),
            site.inverter_watts,
        )
        for index in range(site.inverters)
    ]
    storage = [
        _last_report(acb_serial(index), _acb_reported(state, index), _ACB, power, 260)
        for index in range(site.acbs)
        for power in [round(state.acb / site.acbs)]
    ]
    return solar + storage


def device_data(site: Site, state: State) -> Any:
    """`/ivp/pdm/device_data`: everything about at most fifty inverters, by device id."""
    listed = min(site.inverters, DEVICE_LIMIT)
    devices: dict[str, Any] = {
        str(550_000_000 + 256 * index): _device(site, state, index) for index in range(listed)
    }
    return devices | {"deviceCount": site.inverters, "deviceDataLimit": DEVICE_LIMIT}


def inventory(site: Site, state: State) -> Any:
    """`/inventory.json`: what is installed; its time stamps are texts."""
    return [
        {"type": "PCU", "devices": [_inverter(site, state, n) for n in range(site.inverters)]},
        {"type": "ACB", "devices": [_storage(site, state, n) for n in range(site.acbs)]},
        {"type": "NSRB", "devices": []},
        {"type": "ESUB", "devices": []},
    ]


def acb_serial(index: int) -> str:
    """Return the made-up serial number of an AC Battery."""
    return f"1299{index + 1:08d}"


def _inverter_serial(index: int) -> str:
    return f"4899{index + 1:08d}"


def _reported(state: State, index: int) -> int:
    """Return when an inverter reported; they take turns."""
    return state.now - 5 - (index * 37) % _INTERVAL


def _acb_reported(state: State, index: int) -> int:
    return state.now - 300 - 60 * index


def _watts(site: Site, state: State, index: int) -> int:
    """Return the power of one inverter: an equal share, a little off as roofs are."""
    share = state.sun / site.inverters
    return max(0, round(share * (1 + 0.03 * sin(1.7 * index))))


def _last_report(serial: str, at: int, kind: int, watts: int, most: int) -> dict[str, Any]:
    return {
        "serialNumber": serial,
        "lastReportDate": at,
        "devType": kind,
        "lastReportWatts": watts,
        "maxReportWatts": most,
    }


def _device(site: Site, state: State, index: int) -> dict[str, Any]:
    watts = _watts(site, state, index)
    at = _reported(state, index)
    channel = 1_600_000_000 + 256 * index
    line_volts = site.volts * min(site.legs, 2) if site.volts < 200 else site.volts
    panel_volts = 38.0 + 0.1 * (index % 8)
    return {
        "devName": "pcu",
        "sn": _inverter_serial(index),
        "active": True,
        "modGone": watts == 0,
        "channels": [
            {
                "chanEid": channel,
                "created": at,
                "wattHours": {
                    "today": round(state.produced_today / site.inverters),
                    "yesterday": round(state.produced_week / 7 / site.inverters),
                    "week": round(state.produced_week / site.inverters),
                },
                "watts": {"now": watts, "nowUsed": 0, "max": site.inverter_watts},
                "lastReading": {
                    "eid": channel,
                    "interval_type": 0,
                    "endDate": at,
                    "duration": _INTERVAL,
                    "flags": 0,
                    "flags_hex": "0x0000000000000000",
                    "joulesProduced": watts * _INTERVAL,
                    "acVoltageINmV": round(1000 * line_volts),
                    "acFrequencyINmHz": round(1000 * site.hertz),
                    "dcVoltageINmV": round(1000 * panel_volts),
                    "dcCurrentINmA": round(1000 * watts / 0.97 / panel_volts),
                    "channelTemp": 24 + watts // 15,
                    "pwrConvErrSecs": 0,
                    "pwrConvMaxErrCycles": 0,
                    "joulesUsed": 0,
                    "leadingVArs": 12,
                    "laggingVArs": 3,
                    "acCurrentInmA": round(1000 * watts / line_volts),
                    "l1NAcVoltageInmV": 0,
                    "l2NAcVoltageInmV": 0,
                    "l3NAcVoltageInmV": 0,
                    "rssi": 100,
                    "issi": 60,
                },
                "lifetime": {
                    "createdTime": state.installed,
                    "duration": state.now - state.installed,
                    "joulesProduced": round(3600 * state.produced / site.inverters),
                },
            }
        ],
    }


def _inverter(site: Site, state: State, index: int) -> dict[str, Any]:
    return {
        "part_num": "800-01736-r02",
        "installed": str(state.installed),
        "serial_num": _inverter_serial(index),
        "device_status": ["envoy.global.ok"],
        "last_rpt_date": str(_reported(state, index)),
        "admin_state": 2,
        "dev_type": _SOLAR,
        "created_date": str(state.installed),
        "img_load_date": "0",
        "img_pnum_running": "521-00005-r00-v02.80.06",
        "ptpn": "549-00040-r00-v02.80.06",
        "chaneid": 1_600_000_000 + 256 * index,
        "device_control": [{"gficlearset": False}],
        "producing": state.sun > 0,
        "communicating": True,
        "provisioned": True,
        "operating": True,
        "phase": f"ph-{'abc'[index % site.legs]}",
    }


def _storage(site: Site, state: State, index: int) -> dict[str, Any]:
    return {
        "part_num": "800-00930-r00",
        "installed": str(state.installed),
        "serial_num": acb_serial(index),
        "device_status": ["envoy.global.ok"],
        "last_rpt_date": str(_acb_reported(state, index)),
        "admin_state": 2,
        "dev_type": _ACB,
        "created_date": str(state.installed),
        "img_load_date": str(state.installed),
        "img_pnum_running": "520-00092-r00-v02.13.02",
        "ptpn": "540-00155-r00-v02.13.01",
        "chaneid": 1_790_000_000 + 256 * index,
        "device_control": [{"gficlearset": False}],
        "producing": True,
        "communicating": True,
        "provisioned": True,
        "operating": True,
        "sleep_enabled": False,
        "percentFull": round(100 * state.acb_soc),
        "maxCellTemp": 27 + index,
        "sleep_min_soc": 25,
        "sleep_max_soc": 30,
        "charge_status": charge_status(state.acb),
    }
