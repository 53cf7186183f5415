"""Battery and grid endpoints of a home: most of what is below `/ivp/ensemble`."""

from typing import Any

from exporter.simulator.homes.device_states import BatteryState, device_status
from exporter.simulator.homes.models import HomeHardware, HomeState

CONTROLLER_SERIAL, COLLAR_SERIAL = "482900000901", "482900000911"
CONTROLLER_FIRMWARE = "3.0.6200_rel/31.44"
#: how voltage and frequency are steered off grid
_OFF_GRID = {
    **dict.fromkeys(("F", "V", "Vd_neg", "Vq_neg", "Vd_zero", "Vq_zero"), 0.0),
    "is_active": False,
    "is_system_balanced": True,
}


def inventory(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ensemble/inventory`: batteries, system controller, meter collar, combiner."""
    groups: list[tuple[str, list[Any]]] = []
    if site.batteries or site.controller:
        batteries = [_battery(state, battery) | _dongle(site) for battery in state.batteries]
        groups.append(("ENCHARGE", batteries))
    if site.controller:
        groups.append(("ENPOWER", [_controller(state) | _dongle(site)]))
    if site.collar:
        groups.append(("COLLAR", [_collar(state)]))
    if site.combiner:
        groups.append(("C6 COMBINER CONTROLLER", [_combiner(state)]))
        groups.append(("C6 RGM", [_revenue_meter(state)]))
    return [{"type": kind, "devices": devices} for kind, devices in groups]


def power(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ensemble/power`: power of every battery. The colon in the key is the gateway's own."""
    return {
        "devices:": [
            {
                "serial_num": battery.serial,
                "real_power_mw": round(1000 * battery.watts),
                "apparent_power_mva": round(1000 * battery.watts / 0.995),
                "soc": round(100 * battery.soc),
            }
            for battery in state.batteries
        ]
    }


def secctrl(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ensemble/secctrl`: all batteries together."""
    storage = state.storage
    energy = storage.available_capacity * state.soc
    acb_energy = site.acb_capacity_wh * state.acb_soc
    capacity = storage.available_capacity + site.acb_capacity_wh
    reserve = round(100 * storage.reserve) if site.batteries else 0
    legs = ("", "_phaseb", "_phasec")
    return {
        "shutdown": storage.shutdown,
        **{
            f"{name}{leg}": 0 if "_q" in name else 0.0
            for leg in legs
            for name in ("freq_bias_hz", "voltage_bias_v", "freq_bias_hz_q8", "voltage_bias_v_q5")
        },
        "configured_backup_soc": reserve,
        "adjusted_backup_soc": reserve,
        "agg_soc": round(100 * (energy + acb_energy) / capacity) if capacity else 0,
        "Max_energy": round(capacity),
        "ENC_agg_soc": round(100 * state.soc) if site.batteries else 0,
        "ENC_agg_soh": round(100 * storage.health) if site.batteries else 0,
        "ENC_agg_backup_energy": round(storage.available_capacity) * reserve // 100,
        "ENC_agg_avail_energy": round(energy),
        "Enc_commissioned_capacity": site.battery_capacity_wh,
        "Enc_max_available_capacity": round(storage.available_capacity),
        "ACB_agg_soc": round(100 * state.acb_soc) if site.acbs else 0,
        "ACB_agg_energy": round(acb_energy),
        "VLS_Limit": round(100 * storage.very_low),
        "soc_rec_enabled": True,
        "soc_recovery_entry": 2,
        "soc_recovery_exit": 10,
        "Commission_in_progress": False,
        "ESS_in_progress": False,
        **({"offgrid_secctrl": _OFF_GRID} if site.since(8, 3) else {}),
        **({"ESS_R3_To_R4_in_progress": False} if site.collar else {}),
    }


def relay(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ensemble/relay`: the states of the grid relay alone; closed where there is none."""
    switch = state.switch
    installed = site.controller or site.collar
    sources = int(bool(site.inverters))
    return {
        "mains_admin_state": switch.commanded if installed else "closed",
        "mains_oper_state": switch.actual if installed else "closed",
        **({"srt12_state": "open", "srt13_state": "open"} if site.since(8) else {}),
        "der1_state": sources if installed else 0,
        "der2_state": sources if installed else 0,
        **({"der3_state": 0} if site.since(8) else {}),
        "Enchg_grid_mode": switch.battery_grid_mode if site.batteries else "unknown",
        "Solar_grid_mode": switch.grid_mode if installed else "unknown",
    }


def _common(serial: str, part: str, state: HomeState, reported: int) -> dict[str, Any]:
    """Return what every device of the inventory has."""
    return {
        "part_num": part,
        "serial_num": serial,
        "installed": state.installed,
        "device_status": ["envoy.global.ok", "prop.done"],
        "last_rpt_date": reported,
        "created_date": state.installed,
        "img_load_date": state.installed,
        "communicating": True,
    }


def _battery(state: HomeState, battery: BatteryState) -> dict[str, Any]:
    return _common(battery.serial, battery.part, state, battery.reported) | {
        "device_status": device_status(
            battery.conditions, healthy=("envoy.global.ok", "prop.done")
        ),
        "communicating": battery.communicating,
        "admin_state": battery.admin,
        "admin_state_str": battery.admin_name,
        "img_pnum_running": battery.firmware,
        "bmu_fw_version": battery.bmu_firmware,
        "sleep_enabled": False,
        "percentFull": round(100 * battery.soc_reported),
        "temperature": round(battery.temperature),
        "maxCellTemp": round(battery.cell_temperature),
        "reported_enc_grid_state": battery.grid_state,
        "comm_level_sub_ghz": 0,
        "comm_level_2_4_ghz": 0,
        "led_status": _led(battery),
        "dc_switch_off": battery.dc_switch_off,
        "encharge_rev": 3,
        "encharge_capacity": battery.capacity_wh,
        "phase": "ph-a",
        "der_index": 2,
    }


def _dongle(site: HomeHardware) -> dict[str, Any]:
    """Return the radio fields of every device, up to firmware 7."""
    if site.since(8):
        return {}
    return {"operating": True, "zigbee_dongle_fw_version": "0x1000"}


def _led(battery: BatteryState) -> int:
    """Return the LED pattern: charging, discharging or idle."""
    if battery.led is not None:
        return battery.led
    if abs(battery.watts) < 1:
        return 14
    return 13 if battery.watts > 0 else 12


def _controller(state: HomeState) -> dict[str, Any]:
    switch = state.switch
    number, name = switch.admin
    return _common(CONTROLLER_SERIAL, "865-00378-r20", state, switch.reported) | {
        "device_status": device_status(switch.conditions, healthy=("envoy.global.ok", "prop.done")),
        "communicating": switch.communicating,
        "admin_state": number,
        "admin_state_str": name,
        "img_pnum_running": CONTROLLER_FIRMWARE,
        "temperature": switch.fahrenheit,
        "comm_level_sub_ghz": 0,
        "comm_level_2_4_ghz": 0,
        "mains_admin_state": switch.commanded,
        "mains_oper_state": switch.actual,
        "Enpwr_grid_mode": switch.grid_mode,
        "Enchg_grid_mode": switch.battery_grid_mode,
        "Enpwr_relay_state_bm": 496,
        "Enpwr_curr_state_id": switch.inner_state,
    }


def _collar(state: HomeState) -> dict[str, Any]:
    switch = state.switch
    number, name = switch.collar_admin
    # collar and combiner report once, when they are installed
    return _common(COLLAR_SERIAL, "865-00400-r20", state, state.installed) | {
        "communicating": switch.communicating,
        "admin_state": number,
        "admin_state_str": name,
        "img_pnum_running": "3.0.9-D0",
        "temperature": switch.celsius,
        "mid_state": "close" if switch.actual == "closed" else switch.actual,
        "grid_state": switch.collar_grid_state,
        "control_error": switch.control_error,
        "collar_state": "Installed",
    }


def _combiner(state: HomeState) -> dict[str, Any]:
    common = _common("482900000921", "800-02403-r00", state, state.installed)
    del common["device_status"]
    return common | {
        "communicating": state.switch.combiner_communicating,
        "admin_state": 82,
        "admin_state_str": "ENCMN_C6_CC_READY",
        "fw_version": "0.1.24-D1",
        "dmir_version": "0.1.24-D1",
    }


def _revenue_meter(state: HomeState) -> dict[str, Any]:
    return {
        "part_num": "800-02403-r00",
        "serial_num": "482900000922",
        "installed": state.installed,
        "FW Version": "2.2.0-D4000",
        "Device State": 80,
    }
