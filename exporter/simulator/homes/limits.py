"""Limits of a home: export, production, batteries, production switched off, the grid profile."""

from typing import Any

from exporter.simulator.homes.models import HomeHardware, HomeState

#: name, id and version of the grid profile, by the nominal voltage of a leg
_AMERICAN = ("IEEE 1547 default 2015", "60000000000000000000a120", "1.2.8")
_EUROPEAN = ("EN 50549-1:2019 default", "60000000000000000000e230", "1.2.30")
_AMERICAN_VOLTS = 200.0


def export_limit(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ss/pel_settings`: the limit of export that the installer set."""
    limit = state.limits.export_watts
    return {
        "PEL": limit is not None,
        "Hard_PEL": False,
        "Soft_PEL": limit is not None,
        "Export_Limit_Type": "Aggregate",
        "percent": False,
        "apparent": False,
        "PEL_Limit": 0.0 if limit is None else limit,
        "Comm_Time_Loss": 0.0,
        "Resp_Time_SoftPEL": 0.0,
        "Resp_Time_HardPEL": 0.0,
        "msReset_HardPEL": 0.0,
        "PEL_db": 0.0,
    }


def production_limit(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/sc/pvlimit`: the share of the rated power that may be produced."""
    ratio = state.limits.production_ratio
    return {"enable": ratio < 1.0, "pv_limit_pct": round(100 * ratio)}


def dynamic_export_limit(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ss/dpel`: the limit of export that can be changed at any time."""
    limit = state.limits.dynamic_export_watts
    return {
        "dynamic_pel_settings": {
            "enable": limit is not None,
            "export_limit": limit is not None,
            "limit_value_W": 0.0 if limit is None else limit,
            "slew_rate": 50.0,
            "enable_dynamic_limiting": False,
        },
        "filename": "site_settings",
        "version": "00.00.01",
    }


def production_power(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/mod/603980032/mode/power`: whether production is switched off."""
    return {"powerForcedOff": state.limits.production_off}


def battery_current(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ss/enc_settings`: the limit of current of the batteries."""
    limit = state.limits.battery_amperes
    return {
        "enc_settings": {
            "enable": limit is not None,
            "country": "US" if site.volts < _AMERICAN_VOLTS else "EU",
            "current_limit": 0.0 if limit is None else limit,
            "per_phase": site.legs > 1,
        }
    }


def grid_profile(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/arf/profile`: the grid profile of the inverters."""
    name, profile_id, version = _AMERICAN if site.volts < _AMERICAN_VOLTS else _EUROPEAN
    return {
        "name": state.limits.grid_profile or name,
        "id": profile_id,
        "version": version,
        "item_count": 5004,
    }
