"""`/api/v1/production`: the production of a site without a production meter."""

from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import WattHours, Watts


class ProductionTotals(Model):
    """Power now and energies of all inverters, in W and Wh."""

    required: ClassVar[frozenset[str]] = frozenset(
        {"wattsNow", "wattHoursToday", "wattHoursSevenDays", "wattHoursLifetime"}
    )

    watts_now: Watts = Field(None, alias="wattsNow")
    watt_hours_lifetime: WattHours = Field(None, alias="wattHoursLifetime")
    watt_hours_today: WattHours = Field(None, alias="wattHoursToday")
    watt_hours_last_7_days: WattHours = Field(None, alias="wattHoursSevenDays")


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the totals."""
    return {"production_totals": ProductionTotals.read(as_object(document), notes)}


ENDPOINT = Endpoint("/api/v1/production", "production", read, deadline=60, optional=True)
