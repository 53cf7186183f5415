"""Inverter and device lists of a home.

`/api/v1/production/inverters`, `/ivp/pdm/device_data` and `/inventory.json`, which also list the AC
Batteries.
"""

from typing import Any

from exporter.simulator.homes.device_states import (
    AcbState,
    InverterState,
    IqRelayState,
    device_status,
)
from exporter.simulator.homes.models import HomeHardware, HomeState
from exporter.simulator.homes.production import charge_status

#: devices beyond this many are left out of `/ivp/pdm/device_data`
DEVICE_LIMIT = 50

_SOLAR, _ACB, _IQ_RELAY = 1, 11, 12
#: what an inverter's status says while it does not communicate, and an AC Battery's while it sleeps
_LOST = ("pcu_ctrl.dc-pwr-low", "obs_strs.failure")
_SLEEPS = ("pcu_ctrl.sleep-mode",)


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
    devices |= {
        str(730_000_000 + 256 * index): _relay_data(relay, index)
        for index, relay in enumerate(state.iq_relays)
    }
    return devices | {"deviceCount": len(state.inverters), "deviceDataLimit": DEVICE_LIMIT}


def inventory(site: HomeHardware, state: HomeState) -> Any:
    """`/inventory.json`: what is installed; its time stamps are texts."""
    return [
        {"type": "PCU", "devices": [_inverter(site, state, each) for each in state.inverters]},
        {"type": "ACB", "devices": [_storage(state, each) for each in state.acbs]},
        {"type": "NSRB", "devices": [_iq_relay(state, each) for each in state.iq_relays]},
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
                    "pwrConvErrSecs": inverter.error_seconds,
                    "pwrConvMaxErrCycles": inverter.error_cycles,
                    "joulesUsed": 0,
                    "leadingVArs": 12,
                    "laggingVArs": 3,
                    "acCurrentInmA": round(1000 * inverter.watts / inverter.volts),
                    "l1NAcVoltageInmV": 0,
                    "l2NAcVoltageInmV": 0,
                    "l3NAcVoltageInmV": 0,
                    "rssi": inverter.rssi,
                    "issi": inverter.issi,
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
        "device_status": device_status(
            inverter.conditions or (() if inverter.communicating else _LOST)
        ),
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
        "operating": inverter.communicating and not inverter.conditions,
        "phase": f"ph-{'abc'[inverter.index % site.legs]}",
    }


def _storage(state: HomeState, acb: AcbState) -> dict[str, Any]:
    sleeps = acb.sleep in ("asleep", "waking")
    return {
        "part_num": "800-00930-r00",
        "installed": str(state.installed),
        "serial_num": acb.serial,
        "device_status": device_status(acb.conditions or (_SLEEPS if sleeps else ())),
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


def _iq_relay(state: HomeState, relay: IqRelayState) -> dict[str, Any]:
    lines = len(relay.volts)
    connected = {
        f"line{number}-connected": relay.communicating and number <= lines for number in (1, 2, 3)
    }
    return {
        "part_num": "800-00598-r04",
        "installed": str(state.installed),
        "serial_num": relay.serial,
        "device_status": device_status(relay.conditions),
        "last_rpt_date": str(relay.reported),
        "admin_state": 1,
        "dev_type": _IQ_RELAY,
        "created_date": str(state.installed),
        "img_load_date": str(state.installed),
        "img_pnum_running": "520-00086-r01-v02.12.07",
        "ptpn": "540-00139-r01-v02.12.00",
        "chaneid": 1_811_000_000 + 256 * state.iq_relays.index(relay),
        "device_control": [{"gficlearset": False}],
        "producing": False,
        "communicating": relay.communicating,
        "provisioned": True,
        "operating": relay.communicating,
        "relay": "closed" if relay.closed else "open",
        "reason_code": relay.reason_code,
        "reason": relay.reason,
        "line-count": lines,
        **connected,
    }


def _relay_data(relay: IqRelayState, index: int) -> dict[str, Any]:
    volts = [*relay.volts, 0.0, 0.0][:3]
    channel = 1_811_000_000 + 256 * index
    return {
        "devName": "nsrb",
        "sn": relay.serial,
        "active": True,
        "modGone": not relay.communicating,
        "channels": [
            {
                "chanEid": channel,
                "created": relay.reported,
                "wattHours": {"today": 0, "yesterday": 0, "week": 0},
                "watts": {"now": 0, "nowUsed": 0, "max": 0},
                "lastReading": {
                    "eid": channel,
                    "interval_type": 0,
                    "endDate": relay.reported,
                    "duration": 900,
                    "flags": 0 if relay.closed else 16,
                    "flags_hex": f"0x{0 if relay.closed else 16:016x}",
                    "temperature": relay.temperature,
                    "acCurrOffset": -48,
                    **{
                        f"VrmsL{number}N": round(1000 * each)
                        for number, each in enumerate(volts, start=1)
                    },
                    "freqInmHz": round(1000 * relay.hertz),
                    "stateChngCnt": relay.state_changes,
                    "vrmsB1L12_or_L12": 0,
                    "vrmsB2L12_or_L23": 0,
                    "vrmsL31": 0,
                },
                "lifetime": {},
            }
        ],
    }
