"""`/installer/pcu_comm_check`: the power-line signal level of each inverter, 0 to 5.

The gateway asks every inverter for this, which takes a minute and loads the power line.
"""

from typing import Any

from exporter.gateway.endpoints.base import (
    LARGE_BODY,
    MAX_ENTRIES,
    MAX_TEXT,
    Endpoint,
    Model,
    Notes,
    as_object,
)
from exporter.gateway.endpoints.fields import Level

_DAY = 86400.0


class PlcLevel(Model):
    """Quality of the link over the power line."""

    level: Level = None


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the level by serial."""
    levels: dict[str, PlcLevel] = {}
    for serial, value in list(as_object(document).items())[:MAX_ENTRIES]:
        level = PlcLevel.read({"level": value}, notes)
        if level is not None and level.level is not None and 0 < len(serial) <= MAX_TEXT:
            levels[serial] = level
    return {"plc_levels": levels}


ENDPOINT = Endpoint(
    "/installer/pcu_comm_check",
    "plc",
    read,
    max_age=_DAY,
    deadline=120,
    installer=True,
    optional=True,
    max_body=LARGE_BODY,
)
