"""Gateways whose answers are legal and far too large: `python -m bench.hostile_gateway`.

Writes host and token of each by its kind as a line of JSON, and ends with its input.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from itertools import count

import orjson

from exporter.gateway.endpoints import ENDPOINTS, device_data, inverters
from exporter.simulator.gateway import JSON_TYPE, HttpResponse, SimulatedGateway
from exporter.simulator.homes import sample_home
from exporter.simulator.server import serve

_MEGABYTE = 2**20
_INVERTER = b'{"serialNumber":"%d","lastReportDate":%b,"devType":1,"lastReportWatts":%b}'

#: makes what is answered instead, None for the honest answer
Body = Callable[[str, bytes], bytes | None]


def _within(path: str, unit: bytes) -> bytes:
    """Return a list of as many of these as are read of an endpoint, by bytes and by values."""
    most = ENDPOINTS[path].max_body if path in ENDPOINTS else _MEGABYTE // 16
    values = max(1, unit.count(b",") + unit.count(b"[") + unit.count(b"{") + 1)
    number = min((most - 2) // (len(unit) + 1), most // 42 // values - 1)
    return b"[" + b",".join([unit] * number) + b"]"


def _inverters(number: int, *, spoilt: bool = False) -> bytes:
    values = (b"[1]", b'{"a":1}') if spoilt else (b"1782000000", b"100")
    serials = range(480_000_000_000, 480_000_000_000 + number)
    return b"[" + b",".join(_INVERTER % (serial, *values) for serial in serials) + b"]"


def _only_inverters(content: bytes) -> Body:
    return lambda path, honest: content if path == inverters.ENDPOINT.path else None


def _long_serials(path: str, honest: bytes) -> bytes | None:
    return honest.replace(b'"serial_num":"', b'"serial_num":"' + b"7" * (7 * _MEGABYTE), 1)


_KINDS: Mapping[str, Body] = {
    "honest": lambda path, honest: None,
    "8 MB of lists": lambda path, honest: b"[" + b"[]," * (8 * _MEGABYTE // 3) + b"[]]",
    "as many lists as are read": lambda path, honest: _within(path, b"[]"),
    "as many odd objects as are read": lambda path, honest: _within(
        path, b'{"serialNumber":"1","lastReportDate":[1],"eid":"x","sn":{}}'
    ),
    "60,000 inverters": _only_inverters(_inverters(60_000)),
    "as many inverters as are read": _only_inverters(_inverters(15_000)),
    "as many odd inverters as are read": _only_inverters(_inverters(15_000, spoilt=True)),
    "serials of 7 MB": _long_serials,
    "pages within pages": lambda path, honest: b"<html" * 12_000,
}


class _Hostile(SimulatedGateway):
    """A sample home whose answers are replaced, all but its identity."""

    def __init__(self, kind: str) -> None:
        inside = "solar-only" if "inverters" in kind else "battery-home"
        self._honest = sample_home(inside, lambda: 1_782_000_000.0 + next(self._ticks))
        self._ticks = count()
        self._body = _KINDS[kind]
        self._made: dict[str, bytes | None] = {}

    @property
    def serial(self) -> str:
        """See `SimulatedGateway.serial`."""
        return self._honest.serial

    @property
    def firmware(self) -> str:
        """See `SimulatedGateway.firmware`."""
        return self._honest.firmware

    def answer(self, target: str) -> HttpResponse | None:
        """Answer with what is made of the honest answer; each is made once."""
        response = self._honest.answer(target)
        if response is None or target == "/info":
            return response
        if target == device_data.ENDPOINT.path and self._body(inverters.ENDPOINT.path, b""):
            # The plain list takes its place.
            return HttpResponse(404, b"", {})
        if target not in self._made:
            self._made[target] = self._body(target, response.body)
        made = self._made[target]
        return response if made is None else HttpResponse(200, made, {"Content-Type": JSON_TYPE})


async def _main() -> None:
    async with AsyncExitStack() as stack:
        logins = {}
        for kind in _KINDS:
            running = await stack.enter_async_context(serve(_Hostile(kind)))
            logins[kind] = running.host, running.token
        sys.stdout.buffer.write(orjson.dumps(logins, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(_main())
