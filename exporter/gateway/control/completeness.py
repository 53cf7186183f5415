"""Refuses to send settings back that could not be read completely.

Some writes carry all settings of an endpoint, changed or not. What a gateway that is starting has
answered as null, or what pyenphase does not know, would then be lost for good.
"""

from collections.abc import Iterator
from typing import Any

from exporter.errors import ControlError
from exporter.gateway.control.models import WriteRequest, printable

_MISSING = object()


def refuse_incomplete(request: WriteRequest, original: Any) -> None:
    """Raise ControlError if the request would null or drop a setting of the original."""
    lost = next(_lost(request.body, original, ""), None)
    if lost is not None:
        raise ControlError(
            f"the gateway's settings cannot be sent back unchanged ({printable(lost)}): try again"
            " in some minutes; if this stays, change them in the Enphase app"
        )


def _lost(body: Any, original: Any, path: str) -> Iterator[str]:
    """Yield the paths of settings that are null, or that only the original has."""
    if body is None:
        yield f"{path} is null"
    elif isinstance(body, dict):
        pairs = original if isinstance(original, dict) else {}
        for key, value in body.items():
            yield from _lost(value, pairs.get(key), f"{path}.{key}" if path else str(key))
        # only within what is sent back as a whole: other writes have a format of their own
        shared = [key for key in pairs if key in body]
        if path and shared and len(shared) * 2 > len(pairs):
            yield from (f"{path}.{key} would be lost" for key in pairs if key not in body)
    elif isinstance(body, list):
        items = original if isinstance(original, list) else []
        for index, value in enumerate(body):
            other = items[index] if index < len(items) else None
            yield from _lost(value, other, f"{path}[{index}]")
