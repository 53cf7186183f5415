"""Dry contacts of a system controller, and how the sample homes have set them."""

from typing import Any

from exporter.simulator.homes.devices import Contact, ContactUse
from exporter.simulator.homes.site import Site, State

#: id, use, name of the load, and the charge in percent that opens and closes it
_INSTALLED: tuple[tuple[str, ContactUse, str, float, float], ...] = (
    ("NC1", "LOAD", "Heat pump", 30.0, 70.0),
    ("NC2", "LOAD", "Pool pump", 40.0, 80.0),
    ("NO1", "PV", "Garage roof", 25.0, 90.0),
    ("NO2", "NONE", "", 30.0, 70.0),
)

#: as installed; the system controller opens and closes them by these settings
CONTACTS: tuple[Contact, ...] = tuple(
    Contact(
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


def status(site: Site, state: State) -> Any:
    """`/ivp/ensemble/dry_contacts`: which contacts are closed."""
    return {
        "dry_contacts": [{"id": contact.id, "status": contact.status} for contact in state.contacts]
    }


def settings(site: Site, state: State) -> Any:
    """`/ivp/ss/dry_contact_settings`: what the contacts are for."""
    return {"dry_contacts": [_settings(contact) for contact in state.contacts]}


def _settings(contact: Contact) -> dict[str, Any]:
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
    }
