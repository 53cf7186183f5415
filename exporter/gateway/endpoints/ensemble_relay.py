"""`/ivp/ensemble/relay`: the switch towards the grid, in a hundred bytes.

The ensemble inventory has the same states, but is a hundred times as large.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import SWITCH_WORDS, Code, Text


class GridRelay(Model):
    """What the relay towards the grid was commanded to be, what it is, and the modes beside it."""

    required: ClassVar[frozenset[str]] = frozenset({"mains_admin_state", "mains_oper_state"})
    words: ClassVar[Mapping[str, frozenset[str]]] = {
        "mains_admin_state": SWITCH_WORDS,
        "mains_oper_state": SWITCH_WORDS,
    }

    mains_admin_state: Text = None
    mains_oper_state: Text = None
    srt12_state: Text = None
    srt13_state: Text = None
    der1_state: Code = None
    der2_state: Code = None
    der3_state: Code = None
    encharge_grid_mode: Text = Field(None, alias="Enchg_grid_mode")
    solar_grid_mode: Text = Field(None, alias="Solar_grid_mode")


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the relay; nothing for the empty object of a gateway without one."""
    raw = as_object(document)
    return {"relay": GridRelay.read(raw, notes)} if raw else {}


ENDPOINT = Endpoint(
    "/ivp/ensemble/relay", "grid", read, max_age=5, deadline=10, small=True, optional=True
)
