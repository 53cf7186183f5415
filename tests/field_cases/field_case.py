"""A capture whose answers are changed before they are read, as one was in the field."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context
from exporter.simulator import replay as captures
from tests.gateway.endpoints.reading import (
    answers,
    assemble_all,
    context_of,
    parse_all,
)


class FieldCase:
    """A capture whose answers are changed before they are read."""

    def __init__(self, folder: Path) -> None:
        gateway = captures.load_capture(folder)
        self.bodies = answers(gateway)
        self.context = context_of(gateway, parse_all(self.bodies))

    def change(self, path: str, change: Callable[[Any], Any]) -> None:
        """Change an answer, in place or for what the function returns."""
        document = orjson.loads(self.bodies[path])
        result = change(document)
        self.bodies[path] = orjson.dumps(document if result is None else result)

    def read(self, context: Context | None = None) -> dict[str, Any]:
        """Return all members as they are read now."""
        return assemble_all(parse_all(self.bodies), context or self.context)

    def parsed(self) -> Mapping[str, Parsed]:
        """Return what each answer says now."""
        return parse_all(self.bodies)


Open = Callable[[str], FieldCase]
