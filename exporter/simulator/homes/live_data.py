"""`/ivp/livedata/status`: the powers of the site at the moment, and the channel to the cloud."""

from typing import Any

from exporter.simulator.homes.models import HomeHardware, HomeState
from exporter.simulator.homes.production import LEG_SHARES

_PHASES = "abc"
#: states of the relay to the grid, and of a generator that does not exist
_CLOSED, _OPEN, _CHANGING, _ABSENT = 1, 2, 3, 5
_RELAY_STATES = {"closed": _CLOSED, "open": _OPEN}
#: ratio of real to apparent power
_POWER_FACTOR = 0.98
#: legs of a split-phase service
_SPLIT = 2
_HINT = (
    "Last available status data shown. Live stream not enabled. "
    "Enable using /ivp/livedata/stream/ API"
)


def status(site: HomeHardware, state: HomeState) -> Any:
    """Return powers in mW and mVA in total and by phase; storage is positive when discharging."""
    storage, acb = state.storage, round(site.acb_capacity_wh * state.acb_soc)
    energy = round(storage.available_capacity * state.soc)
    capacity = storage.available_capacity + site.acb_capacity_wh
    has_generator = _CLOSED if state.unit.running else _OPEN
    return {
        **({} if state.live_stream else {"info": _HINT}),
        "connection": _connection(state),
        "meters": {
            "last_update": state.live_read,
            "soc": round(100 * (energy + acb) / capacity) if capacity else 0,
            "main_relay_state": _RELAY_STATES.get(state.switch.actual, _CHANGING),
            "gen_relay_state": has_generator if site.generator else _ABSENT,
            "backup_bat_mode": 1,
            "backup_soc": round(100 * storage.reserve) if site.batteries else 0,
            "is_split_phase": int(site.legs == _SPLIT),
            "phase_count": site.legs,
            "enc_agg_soc": round(100 * state.soc) if site.batteries else 0,
            "enc_agg_energy": energy if site.batteries else 0,
            "acb_agg_soc": round(100 * state.acb_soc) if site.acbs else 0,
            "acb_agg_energy": acb,
            "pv": _power(site, state.sun),
            "storage": _power(site, state.battery + state.acb),
            "grid": _power(site, state.grid),
            "load": _power(site, state.load),
            "generator": _power(site, state.generator),
        },
        "tasks": {"task_id": 0, "timestamp": 0},
        "counters": {
            "main_CfgLoad": 1,
            "main_CfgChanged": 1,
            "MqttClient_publish": (state.now - state.installed) // 900,
            "MqttClient_connect": 1 + state.cloud.channel_errors,
            "MqttClient_connect_err": state.cloud.channel_errors,
        },
        "dry_contacts": {},
    }


def stream(state: HomeState) -> Any:
    """Return the response to `/ivp/livedata/stream`."""
    return {"sc_stream": _stream(state)}


def _connection(state: HomeState) -> dict[str, str]:
    return {
        "mqtt_state": "connected" if state.cloud.channel else "not_connected",
        "prov_state": "configured",
        "auth_state": "ok",
        "sc_stream": _stream(state),
        "sc_debug": "disabled",
    }


def _stream(state: HomeState) -> str:
    return "enabled" if state.live_stream else "disabled"


def _power(site: HomeHardware, watts: float) -> dict[str, int]:
    shares = [*LEG_SHARES[site.legs], 0.0, 0.0][: len(_PHASES)]
    real = {
        f"agg_p_ph_{phase}_mw": round(1000 * watts * share)
        for phase, share in zip(_PHASES, shares, strict=True)
    }
    apparent = {
        f"agg_s_ph_{phase}_mva": round(1000 * abs(watts) * share / _POWER_FACTOR)
        for phase, share in zip(_PHASES, shares, strict=True)
    }
    return {
        "agg_p_mw": round(1000 * watts),
        "agg_s_mva": round(1000 * abs(watts) / _POWER_FACTOR),
        **real,
        **apparent,
    }
