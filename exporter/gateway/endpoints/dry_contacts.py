"""`/ivp/ensemble/dry_contacts` and `/ivp/ss/dry_contact_settings`: the relays for loads and solar.

A word that is not known yet is kept as it is: what a relay does must not depend on our vocabulary.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import (
    Endpoint,
    Model,
    Notes,
    as_object,
    by_identity,
    entries,
)
from exporter.gateway.endpoints.fields import FlagText, Number, Percent, Text, Words


class DryContact(Model):
    """State of one relay."""

    required: ClassVar[frozenset[str]] = frozenset({"status"})

    id: Text = None
    status: Text = None


class DryContactSettings(Model):
    """What one relay is for and when it switches; times in seconds since midnight."""

    required: ClassVar[frozenset[str]] = frozenset({"type", "mode", "soc_low", "soc_high"})

    id: Text = None
    black_start: Number = Field(None, alias="black_s_start")
    black_start_retries: Number = None
    action_retries: Number = None
    essential_end_time: Number = None
    essential_start_time: Number = None
    generator_action: Text = Field(None, alias="gen_action")
    grid_action: Text = None
    micro_grid_action: Text = None
    safe_state_action: Text = None
    load_name: Text = None
    manual_override: FlagText = None
    mode: Text = None
    override: FlagText = None
    priority: Number = None
    pv_serial_nb: Words = None
    pv_phase_select: Words = None
    soc_high: Percent = None
    soc_low: Percent = None
    type: Text = None


def _reader(member: str, model: type[Model]) -> Callable[[Any, Notes], dict[str, Any]]:
    def read(document: Any, notes: Notes) -> dict[str, Any]:
        listed = entries(as_object(document).get("dry_contacts"), notes, "dry_contacts")
        return {
            member: {
                name: relay
                for name, entry in by_identity(listed, "id", notes, "dry_contacts").items()
                if (relay := model.read(entry, notes, "dry_contacts"))
            }
        }

    return read


read_status = _reader("dry_contact_status", DryContact)
read_settings = _reader("dry_contact_settings", DryContactSettings)

STATUS = Endpoint(
    "/ivp/ensemble/dry_contacts", "dry_contacts", read_status, deadline=20, optional=True
)
SETTINGS = Endpoint(
    "/ivp/ss/dry_contact_settings",
    "dry_contacts",
    read_settings,
    max_age=300,
    deadline=20,
    optional=True,
)
