"""`/ivp/ensemble/errors`: the faults of a system controller, a bit for each."""

from typing import Any, ClassVar

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import Code


class ControllerErrors(Model):
    """A bit field; 0 where there is no fault."""

    required: ClassVar[frozenset[str]] = frozenset({"enpower_error_flags"})

    enpower_error_flags: Code = None


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the faults; nothing for the empty object of a site without controller."""
    raw = as_object(document)
    return {"controller_errors": ControllerErrors.read(raw, notes)} if raw else {}


ENDPOINT = Endpoint(
    "/ivp/ensemble/errors", "settings", read, max_age=300, deadline=20, optional=True
)
