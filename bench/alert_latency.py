"""Alert latency: the time from the loss of the grid to the page, by stage.

Twenty houses with an exporter each lose the grid, each at another moment; they are polled and
scraped out of step, so that all phases occur. Exporters, Prometheus and Alertmanager are
processes; cadences are the defaults, the configuration is the shipped one.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import aiohttp

from bench.load import Request, get
from bench.results import BenchRow, Findings, Goal, Progress, Quantity, median
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.homes.models import HomeState
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.server import RunningGateway, serve
from tools.stack.errors import StackError
from tools.stack.pipeline import Chain, chain
from tools.stack.ports import Ports
from tools.stack.programs import Tools

_HOUSES = 20
#: seconds in which the grid fails here and there: four rounds of everything that has a cadence
_SPREAD = 60.0
#: seconds until each must be notified, and until all must be connected at first
_PATIENCE, _STARTING = 120.0, 60.0
_GLANCE = 0.1
_METRIC, _ALERT = "enphase_grid_connected", "EnphaseGridOutage"
#: the stages in order, and the text for the time to each
_STAGES = {
    "exported": "… until /metrics reports it",
    "scraped": "… from there until Prometheus has it",
    "fired": "… from there until the rule fires",
    "received": "… from there until Alertmanager has it",
    "notified": "… from there until the webhook is called",
}


@dataclass(slots=True)
class _Outage:
    """One outage: when it began, and when it reached each stage (epoch seconds)."""

    began: float
    at: dict[str, float] = field(default_factory=dict)
    notified: asyncio.Event = field(default_factory=asyncio.Event)

    def seconds_to(self, stage: str) -> float:
        """Return the seconds from the stage before to this one."""
        before = [self.began, *(self.at[name] for name in _STAGES)]
        return self.at[stage] - before[list(_STAGES).index(stage)]


async def run(progress: Progress) -> Findings:
    """Let the grid fail in all houses, and record when each stage gets it."""
    try:
        tools = Tools.find()
    except StackError as error:
        return Findings((), (f"Alert latency not measured: {error}",))
    progress("From the loss of the grid to the page: starting")
    outages: dict[str, _Outage] = {}
    async with _houses() as houses:
        gateways = {name: gateway for name, (_, gateway) in houses.items()}
        async with chain(tools, gateways, partial(_on_message, outages)) as running:
            await _all_connected(running)
            progress("From the loss of the grid to the page")
            watching = asyncio.create_task(_watch(running, outages))
            async with asyncio.TaskGroup() as group:
                for number, (name, (house, _)) in enumerate(houses.items()):
                    pause = (number + random.random()) * _SPREAD / _HOUSES  # noqa: S311 - a phase
                    group.create_task(_fail(running.ports, name, house, pause, outages))
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await _look_up(running.ports, outages)
    return Findings(tuple(_results(list(outages.values()))))


async def _on_message(
    outages: Mapping[str, _Outage], receiver: str, message: Mapping[str, Any]
) -> None:
    """Record when the page of a house arrives."""
    for alert in message["alerts"]:
        outage = outages.get(alert["labels"].get("gateway", ""))
        if receiver == "wake" and alert["labels"]["alertname"] == _ALERT and outage:
            outage.at.setdefault("notified", time.time())
            outage.notified.set()


async def _all_connected(running: Chain) -> None:
    """Return once all houses are on the grid."""
    try:
        async with asyncio.timeout(_STARTING):
            # another process has no event to wait for
            while await _connected(running, 1) != running.exporters.keys():  # noqa: ASYNC110
                await asyncio.sleep(_GLANCE)
    except TimeoutError:
        raise RuntimeError(f"after {_STARTING:g} s not all houses are on the grid") from None


def _results(outages: list[_Outage]) -> list[BenchRow]:
    whole = [outage.at["notified"] - outage.began for outage in outages]
    return [
        BenchRow(
            "From the loss of the grid to the page, shipped configuration",
            Quantity(median(whole), "s"),
            goal=Goal(8),
        ),
        BenchRow(f"… the slowest of {len(whole)}", Quantity(max(whole), "s"), goal=Goal(12)),
        *(
            BenchRow(
                words, Quantity(max(0.0, median(each.seconds_to(stage) for each in outages)), "s")
            )
            for stage, words in _STAGES.items()
        ),
    ]


@asynccontextmanager
async def _houses() -> AsyncIterator[dict[str, tuple[HomeSimulation, RunningGateway]]]:
    async with AsyncExitStack() as stack:
        states = {}
        for number in range(_HOUSES):
            house = HomeSimulation(
                SAMPLE_HOMES["battery-home"], seed=number, start=time.time(), past_days=0
            )
            gateway = LiveGateway(house, partial(_moment, house))
            running = await stack.enter_async_context(serve(gateway))
            states[f"house-{number}"] = house, running
        yield states


def _moment(house: HomeSimulation) -> HomeState:
    return house.at(time.time())


async def _fail(
    ports: Ports, name: str, house: HomeSimulation, pause: float, outages: dict[str, _Outage]
) -> None:
    """Take the grid from a house after a pause, and wait for the page."""
    await asyncio.sleep(pause)
    outages[name] = outage = _Outage(time.time())
    house.at(outage.began)
    house.set("grid.up", value=False)
    try:
        async with asyncio.timeout(_PATIENCE):
            await outage.notified.wait()
    except TimeoutError:
        raise RuntimeError(f"{name} has lost the grid and no notification came") from None
    alerts = await _json(
        ports.url("alertmanager", "/api/v2/alerts"),
        filter=[f'alertname="{_ALERT}"', f'gateway="{name}"'],
    )
    # before it is sent again, which counts as an update
    outage.at["received"] = datetime.fromisoformat(alerts[0]["updatedAt"]).timestamp()


async def _watch(running: Chain, outages: Mapping[str, _Outage]) -> None:
    """Record when `/metrics` reports each outage."""
    while True:
        for name in await _connected(running, 0):
            outages[name].at.setdefault("exported", time.time())
        await asyncio.sleep(_GLANCE)


async def _connected(running: Chain, value: int) -> set[str]:
    """Return the houses whose grid state is this one on `/metrics`."""
    names = set()
    for name, port in running.exporters.items():
        text = await get(Request(port, f"/metrics?name[]={_METRIC}"))
        if text.endswith(b" %d\n" % value):
            names.add(name)
    return names


async def _look_up(ports: Ports, outages: Mapping[str, _Outage]) -> None:
    """Record from Prometheus's own storage when the sample came and when the rule fired."""
    queries: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
        ("scraped", _METRIC, lambda value: value == "0"),
        ("fired", f'ALERTS{{alertname="{_ALERT}",alertstate="firing"}}', lambda value: True),
    )
    for stage, series, matches in queries:
        result = await _json(ports.url("prometheus", "/api/v1/query"), query=f"{series}[10m]")
        for each in result["data"]["result"]:
            at = min(stamp for stamp, value in each["values"] if matches(value))
            outages[each["metric"]["gateway"]].at[stage] = at


async def _json(url: str, **parameters: str | list[str]) -> Any:
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client,
        client.get(url, params=parameters) as response,
    ):
        response.raise_for_status()
        return await response.json()
