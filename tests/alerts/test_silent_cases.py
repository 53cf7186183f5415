"""What gateways did to other readers in silence, on the real pager: somebody is told.

Each case is a gateway of its own beside the others, on the shipped chain of exporter, Prometheus
and Alertmanager. How soon each rings is proved on virtual time in tests/field_cases; here all of
them ring together, as late as the slowest, and page and `status` name what is wrong.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from exporter.simulator import replay
from exporter.simulator.faults import Edit, Fault, login_page, redirect
from exporter.simulator.server import serve
from tests.conftest import ROOT
from tests.field_cases.answers import INVENTORY, INVERTERS, POWER, READINGS, SIMPLE, SPLIT
from tools.stack.pipeline import chain
from tools.stack.programs import Tools

#: real seconds of health first, until which nothing may ring
HEALTHY = 180.0
#: seconds after which what has not rung is taken for silent; a quarter of an hour and the way of
#: the message are enough, on a machine that is not busy
RINGS = 3600.0
#: pages that a gateway which refuses a login serves all the same
_OPEN = dict.fromkeys(("/info", "/auth/check_jwt"), Fault())


def _relay_unknown(groups: Any) -> Any:
    for group in groups:
        if group["type"] == "ENPOWER":
            group["devices"][0]["mains_oper_state"] = "unknown"
    return groups


@dataclass(frozen=True)
class SilentCase:
    """What a gateway begins to answer; who is told what, and what page and `status` say."""

    number: int
    capture: str
    faults: Mapping[str, Fault]
    #: the alert, or nothing where the exporter copes
    alert: str = ""
    #: of these one is in the text of `status`
    says: tuple[str, ...] = ()
    receivers: frozenset[str] = field(default=frozenset({"wake", "same-day"}))


CASES: Mapping[str, SilentCase] = {
    "redirected": SilentCase(
        23,
        SPLIT,
        {"*": redirect("/login.html", code=302), **_OPEN},
        "EnphaseAuthenticationFailing",
        ("login", "credentials"),
    ),
    "login-page": SilentCase(
        23,
        SPLIT,
        {"*": login_page(), **_OPEN},
        "EnphaseAuthenticationFailing",
        ("login", "credentials"),
    ),
    "no-meter": SilentCase(
        24, SPLIT, {READINGS: Edit(lambda _: [])}, "EnphaseDataMissing", ("meter", "Meter", "CT")
    ),
    "no-battery-power": SilentCase(
        25,
        SPLIT,
        {POWER: Edit(lambda answer: {"devices:": []})},
        "EnphaseCollectorFailing",
        ("batter", "Batter"),
    ),
    "relay-unknown": SilentCase(
        28, SPLIT, {INVENTORY: Edit(_relay_unknown)}, "EnphaseGridStateUnknown", ("rid",)
    ),
    "slow-inverters": SilentCase(38, SIMPLE, {INVERTERS: Fault(delay=40)}),
}


def _where_it_is_noon() -> str:
    """Return a time zone in which the shipped quiet hours do not hold a warning back."""
    ahead = 12 - time.gmtime().tm_hour
    # the sign of these names is that of west
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/UTC"


async def _status(port: int) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://localhost:{port}/api/v1/status") as response,
    ):
        document: dict[str, Any] = (await response.json())["gateways"][0]
        return document


async def _in_the_terminal(port: int) -> str:
    command = ("-m", "exporter", "status", f"--url=http://localhost:{port}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    output, _ = await process.communicate()
    return output.decode()


async def _page(port: int) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://localhost:{port}/") as response,
    ):
        return await response.text()


@pytest.mark.proof
@pytest.mark.timeout(4800)
@pytest.mark.field_case(*sorted({case.number for case in CASES.values()}))
async def test_silent_cases_reach_a_person(
    pager: Tools, captures_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every case rings on the real chain, and the page and `status` say what is wrong."""
    monkeypatch.setenv("TZ", _where_it_is_noon())
    rung: dict[str, set[str]] = {name: set() for name in CASES}
    everything = asyncio.Event()

    async def receive(receiver: str, message: dict[str, Any]) -> None:
        for alert in message["alerts"]:
            gateway = alert["labels"].get("gateway")
            if gateway in rung and receiver in CASES[gateway].receivers:
                rung[gateway].add(alert["labels"]["alertname"])
        if all(case.alert in {"", *rung[name]} for name, case in CASES.items()):
            everything.set()

    async with AsyncExitStack() as stack:
        gateways = {
            name: await stack.enter_async_context(
                serve(replay.load_capture(captures_dir / case.capture, now=time.time))
            )
            for name, case in CASES.items()
        }
        running = await stack.enter_async_context(chain(pager, gateways, receive))
        await asyncio.sleep(HEALTHY)
        assert not any(rung.values()), rung
        for name, case in CASES.items():
            gateways[name].faults |= case.faults
        try:
            async with asyncio.timeout(RINGS):
                await everything.wait()
        except TimeoutError:
            pytest.fail(f"not all of them rang: {rung}")
        for name, case in CASES.items():
            port = running.exporters[name]
            state = await _status(port)
            page = await _page(port)
            text = await _in_the_terminal(port)
            if case.alert:
                assert state["health"] in ("act", "blind"), (name, json.dumps(state)[:2000])
                assert any(word in text for word in case.says), (name, text)
                assert "All is well" not in page + text, (name, text)
            else:
                assert not rung[name], rung
                assert state["health"] == "well", (name, json.dumps(state)[:2000])
