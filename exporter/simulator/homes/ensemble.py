"""Battery and grid endpoints of a sample home: everything below `/ivp/ensemble` and `/ivp/ss`."""

from typing import Any

from exporter.simulator.homes.site import Site, State

#: share of the capacity kept for outages, in percent
RESERVE = 20
#: discharge limit off grid, in percent
VERY_LOW = 10

#: dry contacts of a system controller: id, use, name of the load, SOC limits in percent
_CONTACTS = (
    ("NC1", "LOAD", "Heat pump", 30.0, 70.0),
    ("NC2", "LOAD", "Pool pump", 40.0, 80.0),
    ("NO1", "PV", "Garage roof", 25.0, 90.0),
    ("NO2", "NONE", "", 30.0, 70.0),
)


def inventory(site: Site, state: State) -> Any:
    """`/ivp/ensemble/inventory`: batteries, system controller, meter collar, combiner."""
    groups: list[tuple[str, list[Any]]] = []
    if site.batteries:
        groups.append(("ENCHARGE", [_battery(site, state, n) for n in range(site.batteries)]))
    elif site.controller:
        groups.append(("ENCHARGE", []))
    if site.controller:
        groups.append(("ENPOWER", [_controller(state)]))
    if site.collar:
        groups.append(("COLLAR", [_collar(state)]))
    if site.combiner:
        groups.append(("C6 COMBINER CONTROLLER", [_combiner(state)]))
    return [{"type": kind, "devices": devices} for kind, devices in groups]


def power(site: Site, state: State) -> Any:
    """`/ivp/ensemble/power`: power of every battery. The colon in the key is the gateway's own."""
    return {
        "devices:": [
            {
                "serial_num": battery_serial(index),
                "real_power_mw": round(1000 * state.battery / site.batteries),
                "apparent_power_mva": round(1000 * state.battery / site.batteries / 0.995),
                "soc": round(100 * state.soc),
            }
            for index in range(site.batteries)
        ]
    }


def secctrl(site: Site, state: State) -> Any:
    """`/ivp/ensemble/secctrl`: all batteries together."""
    energy = site.battery_capacity_wh * state.soc
    acb_energy = site.acb_capacity_wh * state.acb_soc
    capacity = site.battery_capacity_wh + site.acb_capacity_wh
    reserve = RESERVE if site.batteries else 0
    legs = ("", "_phaseb", "_phasec")
    return {
        "shutdown": False,
        **{
            f"{name}{leg}": 0 if "_q" in name else 0.0
            for leg in legs
            for name in ("freq_bias_hz", "voltage_bias_v", "freq_bias_hz_q8", "voltage_bias_v_q5")
        },
        "configured_backup_soc": reserve,
        "adjusted_backup_soc": reserve,
        "agg_soc": round(100 * (energy + acb_energy) / capacity) if capacity else 0,
        "Max_energy": capacity,
        "ENC_agg_soc": round(100 * state.soc) if site.batteries else 0,
        "ENC_agg_soh": 99 if site.batteries else 0,
        "ENC_agg_backup_energy": site.battery_capacity_wh * reserve // 100,
        "ENC_agg_avail_energy": round(energy),
        "Enc_commissioned_capacity": site.battery_capacity_wh,
        "Enc_max_available_capacity": site.battery_capacity_wh,
        "ACB_agg_soc": round(100 * state.acb_soc) if site.acbs else 0,
        "ACB_agg_energy": round(acb_energy),
        "VLS_Limit": VERY_LOW,
        "soc_rec_enabled": True,
        "soc_recovery_entry": 2,
        "soc_recovery_exit": 10,
        "Commission_in_progress": False,
        "ESS_in_progress": False,
    }


def relay(site: Site, state: State) -> Any:
    """`/ivp/ensemble/relay`: the grid relay alone."""
    controller = _controller(state)
    keys = ("mains_admin_state", "mains_oper_state", "Enpwr_grid_mode", "Enchg_grid_mode")
    return {key: controller[key] for key in keys}


def contacts(site: Site, state: State) -> Any:
    """`/ivp/ensemble/dry_contacts`: which contacts are closed."""
    return {
        "dry_contacts": [
            {"id": contact, "status": "closed" if use != "NONE" else "open"}
            for contact, use, *_ in _CONTACTS
        ]
    }


def contact_settings(site: Site, state: State) -> Any:
    """`/ivp/ss/dry_contact_settings`: what the contacts are for."""
    return {
        "dry_contacts": [
            {
                "id": contact,
                "type": use,
                "grid_action": "apply" if use != "NONE" else "none",
                "micro_grid_action": "shed" if use != "NONE" else "none",
                "gen_action": "shed" if use != "NONE" else "none",
                "essential_start_time": 32400.0,
                "essential_end_time": 57600.0,
                "priority": float(rank),
                "black_s_start": 5.0,
                "override": "false",
                "manual_override": "false",
                "load_name": name,
                "mode": "soc" if use == "LOAD" else "manual",
                "soc_low": low,
                "soc_high": high,
                "pv_serial_nb": [],
            }
            for rank, (contact, use, name, low, high) in enumerate(_CONTACTS, start=1)
        ]
    }


def battery_serial(index: int) -> str:
    """Return the made-up serial number of an Encharge battery."""
    return f"4929{index + 1:08d}"


def _common(serial: str, part: str, state: State, reported: int) -> dict[str, Any]:
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


def _battery(site: Site, state: State, index: int) -> dict[str, Any]:
    led = 14 if abs(state.battery) < 1 else 13 if state.battery > 0 else 12
    serial = battery_serial(index)
    return _common(serial, site.battery_part, state, state.now - 20 - 45 * (index % 6)) | {
        "admin_state": 6,
        "admin_state_str": "ENCHG_STATE_READY",
        "img_pnum_running": "3.0.7900_rel/31.44",
        "bmu_fw_version": "3.9.20",
        "sleep_enabled": False,
        "percentFull": round(100 * state.soc),
        "temperature": 24 + index % 3,
        "maxCellTemp": 25 + index % 3,
        "reported_enc_grid_state": "grid-tied" if state.on_grid else "grid-forming",
        "comm_level_sub_ghz": 0,
        "comm_level_2_4_ghz": 0,
        "led_status": led,
        "dc_switch_off": False,
        "encharge_rev": 3,
        "encharge_capacity": site.battery_wh,
        "phase": "ph-a",
        "der_index": 2,
    }


def _controller(state: State) -> dict[str, Any]:
    mode = f"multimode-{'on' if state.on_grid else 'off'}grid"
    return _common("482900000901", "865-00378-r20", state, state.now - 30) | {
        "admin_state": 24 if state.on_grid else 26,
        "admin_state_str": "ENPWR_STATE_OPER_CLOSED"
        if state.on_grid
        else "ENPWR_STATE_OPER_NO_GRID",
        "img_pnum_running": "3.0.6200_rel/31.44",
        "temperature": 84,
        "comm_level_sub_ghz": 0,
        "comm_level_2_4_ghz": 0,
        "mains_admin_state": "closed",
        "mains_oper_state": "closed" if state.on_grid else "open",
        "Enpwr_grid_mode": mode,
        "Enchg_grid_mode": mode,
        "Enpwr_relay_state_bm": 496,
        "Enpwr_curr_state_id": 16 if state.on_grid else 18,
    }


def _collar(state: State) -> dict[str, Any]:
    # collar and combiner report once, when they are installed
    return _common("482900000911", "865-00400-r20", state, state.installed) | {
        "admin_state": 88 if state.on_grid else 89,
        "admin_state_str": f"ENCMN_MDE_{'ON' if state.on_grid else 'OFF'}_GRID",
        "img_pnum_running": "3.0.9-D0",
        "temperature": 38,
        "mid_state": "close" if state.on_grid else "open",
        "grid_state": "on_grid" if state.on_grid else "off_grid",
        "control_error": 0,
        "collar_state": "Installed",
    }


def _combiner(state: State) -> dict[str, Any]:
    return _common("482900000921", "800-02403-r00", state, state.installed) | {
        "admin_state": 82,
        "admin_state_str": "ENCMN_C6_CC_READY",
        "fw_version": "0.1.24-D1",
        "dmir_version": "0.1.24-D1",
    }
