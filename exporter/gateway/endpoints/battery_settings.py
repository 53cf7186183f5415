"""`/ivp/ss/enc_settings`: whether the current of the batteries is limited."""

from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import Amperes, FlagText, Text


class BatterySettings(Model):
    """The limit of current, in all or for each phase."""

    required: ClassVar[frozenset[str]] = frozenset({"enable"})

    limited: FlagText = Field(None, alias="enable")
    country: Text = None
    current_limit: Amperes = None
    per_phase: FlagText = None


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the limit; nothing where none was ever set."""
    raw = as_object(document)
    if not raw:
        return {}
    return {
        "battery_settings": BatterySettings.read(raw.get("enc_settings"), notes, "enc_settings")
    }


ENDPOINT = Endpoint(
    "/ivp/ss/enc_settings", "settings", read, max_age=900, deadline=20, optional=True
)
