"""Dry contacts of a system controller, and how the sample homes have set them."""

from dataclasses import replace
from typing import Any

from exporter.simulator.homes.device_states import DryContactState, DryContactUse
from exporter.simulator.homes.models import HomeHardware, HomeState

#: id, use, name of the load, and the charge in percent that opens and closes it
_INSTALLED: tuple[tuple[str, DryContactUse, str, float, float], ...] = (
    ("NC1", "LOAD", "Heat pump", 30.0, 70.0),
    ("NC2", "LOAD", "Pool pump", 40.0, 80.0),
    ("NO1", "PV", "Garage roof", 25.0, 90.0),
    ("NO2", "NONE", "", 30.0, 70.0),
)

#: settings that only systems with a meter collar know
_OF_COLLARS = {
    "safe_state_action": "shed",
    "black_start_retries": 3.0,
    "action_retries": 1.0,
    "pv_phase_select": [],
}

#: as installed; the system controller opens and closes them by these settings
INSTALLED_CONTACTS: tuple[DryContactState, ...] = tuple(
    DryContactState(
        id=contact,
        use=use,
        name=name,
        priority=float(rank),
        status="closed" if use != "NONE" else "open",
        mode="soc" if use == "LOAD" else "manual",
        soc_low=low,
        soc_high=high,
        grid_action="apply" if use != "NONE" else "none",
        micro_grid_action="shed" if use != "NONE" else "none",
        gen_action="shed" if use != "NONE" else "none",
    )
    for rank, (contact, use, name, low, high) in enumerate(_INSTALLED, start=1)
)


#: the response of firmware 7 and later where there is no system controller
_ABSENT: tuple[DryContactState, ...] = tuple(
    replace(
        contact,
        use="NONE",
        name="",
        status="open",
        mode="manual",
        grid_action="none",
        micro_grid_action="none",
        gen_action="none",
    )
    for contact in INSTALLED_CONTACTS
)


def status(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ensemble/dry_contacts`: which contacts are closed."""
    contacts = _contacts(site, state)
    return {"dry_contacts": [{"id": each.id, "status": each.status} for each in contacts]}


def settings(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ss/dry_contact_settings`: what the contacts are for."""
    return {"dry_contacts": [_settings(site, each) for each in _contacts(site, state)]}


def _contacts(site: HomeHardware, state: HomeState) -> tuple[DryContactState, ...]:
    return state.contacts if site.controller else _ABSENT


def _settings(site: HomeHardware, contact: DryContactState) -> dict[str, Any]:
    return {
        "id": contact.id,
        "type": contact.use,
        "grid_action": contact.grid_action,
        "micro_grid_action": contact.micro_grid_action,
        "gen_action": contact.gen_action,
        "essential_start_time": contact.essential_start,
        "essential_end_time": contact.essential_end,
        "priority": contact.priority,
        "black_s_start": contact.black_start,
        # booleans travel as texts here
        "override": str(contact.override).lower(),
        "manual_override": str(contact.manual_override).lower(),
        "load_name": contact.name,
        "mode": contact.mode,
        "soc_low": contact.soc_low,
        "soc_high": contact.soc_high,
        "pv_serial_nb": [],
        **(_OF_COLLARS if site.collar else {}),
    }
