"""Reading all answers of a capture at once, as they are or after a change."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from exporter.errors import GatewayError
from exporter.gateway.endpoints import ENDPOINTS, PATHS, assemble
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context
from exporter.simulator import replay as captures
from exporter.simulator.replay import ReplayGateway

#: a change of the JSON of one answer
Change = Callable[[Any], Any]


def answers(gateway: ReplayGateway) -> dict[str, bytes]:
    """Return the bodies of the paths that the gateway answers with 200."""
    parsed = {}
    for path in ENDPOINTS:
        answer = gateway.answer(path)
        if answer is not None and answer.status == 200:
            parsed[path] = answer.body
    return parsed


def parse_all(bodies: Mapping[str, bytes]) -> dict[str, Parsed]:
    """Return the data of each response, without empty ones."""
    parsed = {}
    for path, body in bodies.items():
        try:
            parsed[path] = ENDPOINTS[path].parse(body)
        except GatewayError:
            continue
    return parsed


def context_of(gateway: ReplayGateway, parsed: Mapping[str, Parsed]) -> Context:
    """Return the context in which the capture was made."""
    now = float(gateway.recorded_at or 0)
    info = parsed["/info"].data["info"]
    return Context(
        gateway_time=now,
        firmware=info.version,
        metered=bool(info.metered),
        local_time=datetime.fromtimestamp(now, UTC),
    )


def assemble_all(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return the members of all collectors."""
    members: dict[str, Any] = {}
    for collector in PATHS:
        try:
            members |= assemble(collector, parsed, context)
        except GatewayError:
            continue
    return members


def read_capture(folder: Path, changes: Mapping[str, Change] | None = None) -> dict[str, Any]:
    """Return the members of all collectors, after changes of answers by path."""
    gateway = captures.load_capture(folder)
    bodies = answers(gateway)
    for path, change in (changes or {}).items():
        bodies[path] = orjson.dumps(change(orjson.loads(bodies[path])))
    parsed = parse_all(bodies)
    return assemble_all(parsed, context_of(gateway, parsed))
