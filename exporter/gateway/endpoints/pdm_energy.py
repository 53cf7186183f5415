"""`/ivp/pdm/energy`: power and energies as the gateway adds them up, by who measures them."""

from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import WattHours, Watts

#: what is measured, and by what: inverters, a revenue grade meter, CTs, a power meter unit
_PARTS = (
    ("production", "pcu"),
    ("production", "rgm"),
    ("production", "eim"),
    ("production", "pmu"),
    ("consumption", "eim"),
)


class PdmEnergy(Model):
    """Power now and energies, in W and Wh."""

    required: ClassVar[frozenset[str]] = frozenset({"wattsNow", "wattHoursLifetime"})

    watts_now: Watts = Field(None, alias="wattsNow")
    watt_hours_lifetime: WattHours = Field(None, alias="wattHoursLifetime")
    watt_hours_today: WattHours = Field(None, alias="wattHoursToday")
    watt_hours_last_7_days: WattHours = Field(None, alias="wattHoursSevenDays")


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the energies by what is measured and by what."""
    raw = as_object(document)
    energies: dict[tuple[str, str], PdmEnergy] = {}
    for what, who in _PARTS:
        part = raw.get(what)
        if isinstance(part, dict) and who in part:
            energy = PdmEnergy.read(part[who], notes, f"{what}.{who}")
            if energy is not None:
                energies[what, who] = energy
        elif what in raw and not isinstance(part, dict):
            notes.unreadable(what)
    return {"pdm_energy": energies}


ENDPOINT = Endpoint(
    "/ivp/pdm/energy",
    "pdm_energy",
    read,
    max_age=300,
    deadline=30,
    sometimes_installer=True,
    optional=True,
)
