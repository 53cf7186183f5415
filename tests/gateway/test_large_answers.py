"""One gateway's large answer delays no other, and is not kept for good."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from exporter.gateway import long_work
from exporter.gateway.endpoints import ENDPOINTS, inverters
from exporter.gateway.endpoints.base import LARGE_BODY, MAX_ENTRIES
from exporter.gateway.endpoints.leniency import parse
from exporter.simulator.faults import body
from tests.polled_gateway import START, polled_gateway

PATH = inverters.ENDPOINT.path
#: endpoints that list every inverter
LARGE = {
    PATH,
    "/ivp/pdm/device_data",
    "/inventory.json?deleted=1",
    "/installer/pcu_comm_check",
    "/ivp/peb/devstatus",
}


def listed(count: int) -> bytes:
    """Return an answer with so many inverters."""
    return orjson.dumps(
        [
            {
                "serialNumber": str(480_000_000_000 + number),
                "lastReportDate": int(START),
                "devType": 1,
                "lastReportWatts": 100,
                "maxReportWatts": 300,
            }
            for number in range(count)
        ]
    )


@pytest.mark.parametrize("count", [3, 600])
async def test_a_large_answer_is_read_beside_the_loop(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop goes on meanwhile; a small answer is not worth the change of threads."""
    content, loop = listed(count), asyncio.get_running_loop()
    large = len(content) > long_work.AT_ONCE
    went_on = threading.Event()
    seen: list[tuple[bool, bool]] = []

    def decode(text: bytes) -> Any:
        if text == content:
            beside = threading.current_thread() is not threading.main_thread()
            loop.call_soon_threadsafe(went_on.set)
            # On the loop's own thread nobody would ever set it.
            seen.append((beside, went_on.wait(10 if beside else 0)))
        return parse(text)

    monkeypatch.setitem(ENDPOINTS, PATH, replace(ENDPOINTS[PATH], decode=decode))
    async with polled_gateway("solar-only", tmp_path) as polled:
        polled.gateway.faults["/ivp/pdm/device_data"] = body(b"{}")
        polled.gateway.faults[PATH] = body(content)
        await polled.pass_time(120)
        assert seen[:1] == [(large, large)]
        assert len(polled.samples()["enphase_inverter_watts"]) == count


async def test_a_large_answer_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of it is, and one that repeats it is read again."""
    monkeypatch.setattr("exporter.gateway.client.KEPT", 100)
    monkeypatch.setattr("exporter.gateway.assembly.KEPT", 100)
    async with polled_gateway("solar-only", tmp_path) as polled:
        polled.gateway.faults["/ivp/pdm/device_data"] = body(b"{}")
        polled.gateway.faults[PATH] = body(listed(3))
        await polled.pass_time(1000)
        assert polled.gateway.count(PATH) >= 3
        assert len(polled.samples()["enphase_inverter_watts"]) == 3
        parts = polled.poller._parts
        assert max(len(answer.body or b"") for answer in parts.assembler.answers.values()) <= 100
        assert max(len(response.body) for response in parts.client._cache.values()) <= 100


async def test_more_inverters_than_any_site_has_are_not_read(tmp_path: Path) -> None:
    """What is beyond them is counted."""
    async with polled_gateway("solar-only", tmp_path) as polled:
        polled.gateway.faults["/ivp/pdm/device_data"] = body(b"{}")
        polled.gateway.faults[PATH] = body(listed(MAX_ENTRIES + 7))
        await polled.pass_time(120)
        assert len(polled.samples()["enphase_inverter_watts"]) == MAX_ENTRIES
        unreadable = polled.value("enphase_unreadable_values_total", endpoint=PATH)
        assert unreadable is not None
        assert unreadable >= 7


def test_only_what_lists_inverters_may_be_large() -> None:
    """All other answers are short, and longer ones are not read."""
    assert {path for path, each in ENDPOINTS.items() if each.max_body >= LARGE_BODY} == LARGE
    assert {each.max_body for each in ENDPOINTS.values()} == {LARGE_BODY, LARGE_BODY // 8}
