"""The faults and the moments as tables: a new fault is one row."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from exporter.gateway.paths import CHECK_JWT, INFO, INVENTORY
from exporter.simulator.faults import (
    Echo,
    Edit,
    Encoded,
    EndlessHeaders,
    Fault,
    Hang,
    OversizedBody,
    PartialHeaders,
    Reset,
    Rewrite,
    SlowDrip,
    Stall,
    Truncated,
    WithoutLength,
    body,
    login_page,
    redirect,
    status,
)
from exporter.simulator.listener import ListenerState
from exporter.simulator.tls import server_context
from tests.faults.gateways import PLAIN

if TYPE_CHECKING:
    from tests.faults.case import GatewayCase


class Effect(Enum):
    """What a fault may do to what hangs on it."""

    #: nothing can be read: this is reported, and the series end when they expire
    FAILS = "nothing can be read"
    #: wrong values may be read: whatever is exported is possible
    BENDS = "something wrong is read"
    #: nothing changes
    HARMLESS = "nothing changes"


@dataclass(frozen=True)
class Row:
    """A fault of one endpoint (`fault`), or of a whole gateway (`switch`, on and off)."""

    name: str
    effect: Effect
    fault: Callable[[], Fault] | None = None
    switch: "Callable[[GatewayCase, bool], None] | None" = None
    #: endpoints that can have it
    can: Callable[[str], bool] = lambda endpoint: True
    #: seconds until the exporter looks again, where there was nothing but this since it started
    settles: float = 0.0
    #: endpoints that a fault of a whole gateway does not touch
    spares: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Moment:
    """When a fault begins, in seconds after the exporter did, and how long it lasts.

    One that lasts None hits one answer; where it is the gateway's, it lasts one cycle of 15 s.
    """

    name: str
    begins: float
    lasts: float | None


def _json(endpoint: str) -> bool:
    return endpoint not in PLAIN


def _inventory(endpoint: str) -> bool:
    return endpoint == INVENTORY


def every(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a change that is made to every value of a document."""

    def edit(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: edit(value) for key, value in value.items()}
        if isinstance(value, list):
            return [edit(value) for value in value]
        return change(value)

    return edit


def _other_type(value: Any) -> Any:
    """Return text for a number, a number for text, a list for anything else."""
    if isinstance(value, bool) or value is None:
        return [value]
    return str(value) if isinstance(value, (int, float)) else len(value)


def _negative(value: Any) -> Any:
    return -abs(value) - 1 if type(value) in (int, float) else value


def _each_dict(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    def edit(document: Any) -> Any:
        if isinstance(document, dict):
            return change({key: edit(value) for key, value in document.items()})
        return [edit(value) for value in document] if isinstance(document, list) else document

    return edit


def _without_last(document: dict[str, Any]) -> dict[str, Any]:
    return dict(list(document.items())[:-1])


def _with_more(document: dict[str, Any]) -> dict[str, Any]:
    return {"a_new_key": {"deep": [1, None, "x"]}, **document, "another": 3}


def _twice(document: Any) -> Any:
    """Return the document with the first device of every list in it twice."""
    if isinstance(document, dict):
        return {key: _twice(value) for key, value in document.items()}
    if isinstance(document, list):
        items = [_twice(value) for value in document]
        return [*items, items[0]] if items and isinstance(items[0], dict) else items
    return document


def _two_groups(document: list[dict[str, Any]]) -> Any:
    """Return the inventory with each battery in a group of its own."""
    return [
        {**group, "devices": devices}
        for group in document
        for devices in (
            [[device] for device in group["devices"]]
            if group["type"] == "ENCHARGE"
            else [group["devices"]]
        )
    ]


_NUMBER = re.compile(rb"(?<=[:\[,])-?[0-9]+(?:\.[0-9]+)?(?=[,}\]])")


def _no_numbers(content: bytes) -> bytes:
    changed = _NUMBER.sub(b"NaN", _NUMBER.sub(b"Infinity", content, count=3))
    return changed if changed != content else b"[NaN]"


_WORD = re.compile(rb'(?<=[a-z])e(?=[a-z ]*"[,}\\]])')
#: two megabytes of objects within objects, each level with a list of many
_NESTED = b'{"a":' * 50 + b"[" + b'{"b":[{},{},{}]},' * 120_000 + b"0]" + b"}" * 50


def _latin_1(content: bytes) -> bytes:
    """Return the body with an accent in every text that has a place for one."""
    return _WORD.sub(b"\xe9", content)


def _doubled(content: bytes) -> bytes:
    """Return an object with all of its members twice; a list stays."""
    inner = content.strip()[1:-1]
    return b"{%b,%b}" % (inner, inner) if content.lstrip()[:1] == b"{" and inner else content


def _listening_as(state: ListenerState) -> "Callable[[GatewayCase, bool], None]":
    def switch(case: "GatewayCase", on: bool) -> None:
        case.running.listener.state = state if on else ListenerState.OPEN

    return switch


def _only_identity(case: "GatewayCase", on: bool) -> None:
    faults = case.running.faults
    if on:
        faults |= {"*": status(503), INFO: Fault(), CHECK_JWT: Fault()}
    else:
        faults.clear()


def _dns_gone(case: "GatewayCase", on: bool) -> None:
    case.set_resolvable(not on)
    if on:
        # a connection that is there needs no name
        case.running.up = False
        case.running.up = True


def _expired(case: "GatewayCase", on: bool) -> None:
    if case.running.gateway.uses_tls:
        case.running.listener.show(server_context(expired=on))


def _gateway_ahead(case: "GatewayCase", on: bool) -> None:
    case.gateway_ahead = 86400.0 if on else 0.0


def _own_clock(seconds: float) -> "Callable[[GatewayCase, bool], None]":
    def switch(case: "GatewayCase", on: bool) -> None:
        case.clock.start += seconds if on else -seconds

    return switch


_F, _B, _H = Effect.FAILS, Effect.BENDS, Effect.HARMLESS


#: what denies that there is such a thing or garbles it, and what refuses us
_DENIED, _REFUSED = 900.0, 600.0


def _status(code: int, settles: float = 0.0) -> Row:
    return Row(f"status {code}", _F, lambda: status(code), settles=settles)


ROWS: tuple[Row, ...] = (
    Row("refused", _F, switch=_listening_as(ListenerState.CLOSED)),
    Row("DNS gone", _F, switch=_dns_gone),
    Row("connect stall", _F, switch=_listening_as(ListenerState.DEAF)),
    Row("TLS reset", _F, switch=_listening_as(ListenerState.SLAMMED)),
    Row(
        "only its identity",
        _F,
        switch=_only_identity,
        spares=frozenset({INFO, CHECK_JWT}),
    ),
    Row("TLS expired", _H, switch=_expired),
    Row("gateway's clock a day ahead", _H, switch=_gateway_ahead),
    Row("own clock a day back", _H, switch=_own_clock(-86400.0)),
    Row("own clock a day ahead", _H, switch=_own_clock(86400.0)),
    Row("reset", _F, Reset),
    Row("reset in the body", _F, lambda: Reset(0.5)),
    Row("no answer", _F, Hang),
    Row("header stall", _F, PartialHeaders),
    Row("body stall", _F, Stall),
    Row("a byte per second", _F, lambda: SlowDrip(pause=1.0)),
    _status(401, _REFUSED),
    _status(403, _REFUSED),
    _status(404, _DENIED),
    *(_status(code) for code in (429, 500, 503)),
    Row("redirect", _F, lambda: redirect("/elsewhere"), settles=_DENIED),
    Row("HTML login page", _F, login_page),
    Row("empty", _F, lambda: body(b""), settles=_DENIED),
    Row("truncated", _F, lambda: Truncated(0.5)),
    Row("garbage", _F, lambda: body(b"\x00\xff not json")),
    Row("huge body", _F, lambda: OversizedBody(9)),
    Row("deeply nested", _F, lambda: body(b"[" * 200_000 + b"]" * 200_000)),
    Row("huge nested object", _F, lambda: body(_NESTED)),
    Row("echoed token", _F, Echo, settles=_DENIED),
    Row("latin-1 texts", _B, lambda: Rewrite(_latin_1), can=_json, settles=_DENIED),
    Row("duplicate keys", _H, lambda: Rewrite(_doubled), can=_json),
    Row("HTTP/1.0 without length", _H, WithoutLength),
    Row("brotli body", _F, lambda: Encoded("br")),
    Row("zstd body", _F, lambda: Encoded("zstd")),
    Row("endless headers", _F, EndlessHeaders),
    Row("gzip bomb", _F, lambda: OversizedBody(64, compressed=True)),
    Row("NaN, Infinity", _F, lambda: Rewrite(_no_numbers), can=_json),
    Row("null", _B, lambda: body(b"null"), can=_json, settles=_DENIED),
    Row("wrong type", _B, lambda: Edit(every(_other_type)), can=_json, settles=_DENIED),
    Row(
        "null everywhere",
        _B,
        lambda: Edit(every(lambda document: None)),
        can=_json,
        settles=_DENIED,
    ),
    Row("missing key", _B, lambda: Edit(_each_dict(_without_last)), can=_json, settles=_DENIED),
    Row("extra key", _H, lambda: Edit(_each_dict(_with_more)), can=_json),
    Row("negative", _B, lambda: Edit(every(_negative)), can=_json, settles=_DENIED),
    Row("duplicate serial", _B, lambda: Edit(_twice), can=_json, settles=_DENIED),
    Row("two ENCHARGE groups", _H, lambda: Edit(_two_groups), can=_inventory),
)

MOMENTS: tuple[Moment, ...] = (
    Moment("at start", 0.0, 600.0),
    Moment("mid-run", 400.0, 600.0),
    Moment("for one cycle", 400.0, None),
    Moment("for an hour", 400.0, 3600.0),
)

BY_NAME: Mapping[str, Row] = {row.name: row for row in ROWS}
