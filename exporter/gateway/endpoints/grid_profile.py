"""`/ivp/arf/profile`: the grid profile, which says when inverters must leave the grid."""

from typing import Any, ClassVar

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import Count, Text


class GridProfile(Model):
    """Name, version and number of settings of the profile."""

    required: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Text = None
    id: Text = None
    version: Text = None
    item_count: Count = None


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the profile."""
    raw = as_object(document)
    return {"grid_profile": GridProfile.read(raw, notes)} if raw else {}


ENDPOINT = Endpoint("/ivp/arf/profile", "settings", read, max_age=3600, deadline=20, optional=True)
