"""Faults of the gateway's server as scenarios write them, for a path or for all of them (`*`).

A keyword (`hang`, `reset`, `garbage`, …) or a mapping (`{status: 503}`, `{delay: 5s}`,
`{drop: [keys]}`, …). Delays use the scenario's clock: in virtual time a hang would never end, as
time passes only while a task sleeps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any

from aiohttp import web
from pydantic import BeforeValidator, Field

from exporter.clock import Clock, VirtualClock
from exporter.config.errors import Strict, did_you_mean, field_error
from exporter.simulator import faults
from exporter.simulator.faults import Fault, PendingResponse
from exporter.simulator.scenario.durations import Duration

ALL_PATHS = "*"
#: seconds after which every client has timed out; later the connection is closed
_PATIENCE = 30.0
#: in virtual time clients do not time out: after how long an answer is too late, and how long it
#: takes until the connection is closed, twice, as clients retry on a connection that was cut
_LATEST, _CUT_OFF = 15.0, 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayedFault(Fault):
    """What `inner` sends, so many seconds of the scenario's time later."""

    clock: Clock
    seconds: float
    inner: Fault

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        virtual = isinstance(self.clock, VirtualClock)
        if self.seconds < (_LATEST if virtual else _PATIENCE):
            await self.clock.sleep(self.seconds)
            return await self.inner.send(call)
        await self.clock.sleep(_CUT_OFF if virtual else _PATIENCE)
        call.abort()
        return web.Response()


@dataclass(frozen=True, slots=True)
class KeyRemover:
    """Takes keys out of JSON, wherever they are."""

    keys: frozenset[str]

    def __call__(self, node: Any) -> Any:
        """Return the parsed JSON without the keys."""
        if isinstance(node, dict):
            return {key: self(value) for key, value in node.items() if key not in self.keys}
        return [self(item) for item in node] if isinstance(node, list) else node


class FaultSpec(Strict):
    """One kind of fault: at most one of the members but `delay`, which goes with any."""

    word: str = ""
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    body: str | None = None
    truncated: Annotated[float, Field(ge=0, lt=1)] | None = None
    drop: tuple[str, ...] = ()
    delay: Duration = 0.0

    def fault(self, clock: Clock) -> Fault:
        """Return the fault to switch on; it waits by this clock."""
        inner: Fault = Fault()
        for name, make in _KINDS.items():
            value = getattr(self, name)
            if value not in (None, (), ""):
                inner = make(value)
        wait = inf if self.word == "hang" else self.delay
        return DelayedFault(clock=clock, seconds=wait, inner=inner) if wait else inner


#: keywords of faults that need no value
FAULT_KEYWORDS: Mapping[str, Callable[[], Fault]] = {
    "hang": Fault,
    "reset": faults.Reset,
    "cut_off": lambda: faults.Reset(share=0.5),
    "garbage": lambda: faults.body(b"\x00\xff{not json"),
    "empty": lambda: faults.body(b""),
    "login_page": faults.login_page,
    "error_object": faults.error_object,
    # these two are no responses: the runner sets them at the server
    "token_refused": Fault,
    "unreachable": Fault,
}
#: keywords about the gateway as a whole, which go with faults of another kind
GATEWAY_WIDE = frozenset({"token_refused", "unreachable"})

_KINDS: Mapping[str, Callable[[Any], Fault]] = {
    "word": lambda word: FAULT_KEYWORDS[word](),
    "status": faults.status,
    "body": lambda text: faults.body(text.encode()),
    "truncated": faults.Truncated,
    "drop": lambda keys: faults.Edit(KeyRemover(frozenset(keys))),
}


def _spec(value: Any) -> Any:
    if isinstance(value, str):
        if value not in FAULT_KEYWORDS:
            raise field_error(
                f"'{value}' is not a fault: {did_you_mean(value, sorted(FAULT_KEYWORDS))}"
            )
        return {"word": value}
    if isinstance(value, dict) and "word" not in value:
        if len(value.keys() & _KINDS.keys()) > 1:
            raise field_error("has several kinds of faults: give each path one, next to a delay")
        return value
    raise field_error(
        f"must be one of {', '.join(sorted(FAULT_KEYWORDS))}, or a mapping such as status: 503"
    )


def _path(value: str) -> str:
    if value != ALL_PATHS and not value.startswith("/"):
        raise field_error("is not a path: begin it with /, or write * for all")
    return value


FaultField = Annotated[FaultSpec, BeforeValidator(_spec)]
RequestPath = Annotated[str, BeforeValidator(_path)]
