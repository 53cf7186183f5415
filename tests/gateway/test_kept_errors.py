"""An error that is remembered keeps nothing else in memory."""

import asyncio
import gc
from asyncio.sslproto import SSLProtocol
from pathlib import Path
from types import TracebackType

import pytest

from exporter.errors import GatewayError
from exporter.gateway.transport_errors import TransportError
from exporter.simulator.faults import Fault, Reset, status
from tests.polled_gateway import PolledGateway, polled_gateway


def kept_errors() -> list[BaseException]:
    """Return the errors of requests that somebody remembers."""
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, (GatewayError, TransportError))]


def behind(errors: list[BaseException]) -> list[TracebackType | BaseException]:
    """Return what these errors came through and from."""
    came_through = [(e.__traceback__, e.__cause__, e.__context__) for e in errors]
    return [each for parts in came_through for each in parts if each is not None]


@pytest.mark.parametrize("fault", [Reset(0.5), status(503)], ids=["reset", "status 503"])
async def test_errors_hold_no_connections(fault: Fault, tmp_path: Path) -> None:
    """Neither tracebacks nor the TLS of connections that ended stay with an error."""
    async with polled_gateway("battery-home", tmp_path) as polled:
        await polled.pass_time(330)
        polled.gateway.faults["*"] = fault
        await polled.pass_time(400)
        errors = kept_errors()
        assert errors
        assert behind(errors) == []
        await no_more_than_are_open(polled)


async def no_more_than_are_open(polled: PolledGateway) -> None:
    """Check that the process has the TLS of open connections only, of both sides."""
    polled.gateway.up = False
    await polled.pass_time(60)
    # a transport that was aborted ends with the next turn of the loop
    await asyncio.sleep(0.05)
    assert [each for each in kept_errors() if behind([each])] == []
    assert [each for each in gc.get_objects() if isinstance(each, SSLProtocol)] == []
