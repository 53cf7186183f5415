"""A fleet as `deploy/fleet` builds it, on this machine: real processes around simulated gateways.

Two exporters share a list, two agents share the gateways, a Prometheus in the middle evaluates the
rules, VictoriaMetrics keeps it all, and Alertmanager pages.
"""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import yaml

from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.homes.models import HomeState
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.server import RunningGateway, serve
from tests.fleet import placing
from tools.stack import config_files, programs
from tools.stack.ports import LOOPBACK, Ports, free_port_numbers
from tools.stack.processes import running
from tools.stack.programs import Program, Tools
from tools.stack.webhook_receiver import listening

SHARDS = 2
#: seconds after which something is taken for lost; no test waits that long to succeed
LOST = 300.0
_GLANCE = 0.5
_PHONE = "phone"
_ASKING = aiohttp.ClientTimeout(total=30.0)

Labels = dict[str, str]


class FleetHome(NamedTuple):
    """A simulated home of the fleet."""

    name: str
    house: HomeSimulation
    gateway: RunningGateway

    def put(self, lever: str, value: object) -> None:
        """Set something in the house now."""
        self.house.at(time.time())
        self.house.set(lever, value)


@dataclass
class RunningFleet:
    """A fleet that runs."""

    folder: Path
    #: by what the shipped files call them
    addresses: dict[str, str]
    agents: list[str]
    sites: dict[str, FleetHome]
    pages: list[dict[str, Any]] = field(default_factory=list)

    async def store(self, query: str) -> list[Labels]:
        """Return the labels of all series that a query finds in the store now."""
        result = await self._get(placing.STORE, "/api/v1/query", query=query, nocache="1")
        return [each["metric"] for each in result["result"]]

    async def ever(self, selector: str) -> list[Labels]:
        """Return the labels of all series that the store has ever been given."""
        series: list[Labels] = await self._get(
            placing.STORE, "/api/v1/series", **{"match[]": selector}
        )
        return series

    async def targets(self, agent: str) -> list[Labels]:
        """Return the labels of what an agent scrapes."""
        answer = await self._get(agent, "/api/v1/targets", state="active")
        return [each["labels"] for each in answer["activeTargets"]]

    def find_ports(self, *names: str) -> None:
        """Find addresses for parts that are about to start."""
        ports = free_port_numbers(len(names))
        self.addresses |= {n: f"{LOOPBACK}:{port}" for n, port in zip(names, ports, strict=True)}

    def port(self, part: str) -> int:
        """Return the port of a part."""
        return int(self.addresses[part].rpartition(":")[2])

    def list_gateways(self) -> None:
        """Replace the list with a new file, as its comment requires."""
        listed = [self._entry(site) for site in self.sites.values()]
        new = self.folder / "gateways.new"
        new.write_text(yaml.safe_dump(listed))
        new.rename(self.folder / "gateways.yml")

    def _entry(self, site: FleetHome) -> Labels:
        token = self.folder / f"{site.name}.token"
        token.touch(0o600)
        token.write_text(site.gateway.token)
        return {"name": site.name, "host": site.gateway.host, "token_file": str(token)}

    async def _get(self, part: str, path: str, **parameters: str) -> Any:
        url = f"http://{self.addresses.get(part, part)}{path}"
        async with (
            aiohttp.ClientSession(timeout=_ASKING) as client,
            client.get(url, params=parameters) as response,
        ):
            assert response.ok, await response.text()
            return (await response.json())["data"]


async def until(true: Callable[[], Any]) -> Any:
    """Wait until what this returns, or what it is a coroutine of, is true; return that."""
    async with asyncio.timeout(LOST):
        while True:
            result = true()
            result = await result if asyncio.iscoroutine(result) else result
            if result:
                return result
            await asyncio.sleep(_GLANCE)


@asynccontextmanager
async def fleet(
    tools: Tools, victoria: str, folder: Path, sites: int
) -> AsyncIterator[RunningFleet]:
    """Run a fleet of so many sites; yields when all processes are ready."""
    async with AsyncExitStack() as stack:
        fleet = RunningFleet(folder, {}, [f"agent-{number}" for number in range(SHARDS)], {})
        for number in range(sites):
            await add(fleet, stack, number)
        fleet.list_gateways()
        # ports are taken as late as can be: whoever runs already opens others all the time
        fleet.find_ports(*placing.EXPORTERS)
        await _run(stack, _exporters(fleet), folder)
        fleet.find_ports(*placing.OTHERS, *fleet.agents, _PHONE)

        async def hear(receiver: str, message: dict[str, Any]) -> None:
            if receiver == "wake":
                fleet.pages.extend(message["alerts"])

        await stack.enter_async_context(listening(fleet.port(_PHONE), hear))
        await _run(stack, _rest(fleet, tools, victoria), folder)
        yield fleet


async def _run(stack: AsyncExitStack, parts: list[Program], folder: Path) -> None:
    children = await stack.enter_async_context(running(parts, folder))
    await children.ready()


async def add(fleet: RunningFleet, stack: AsyncExitStack, number: int) -> str:
    """Add a gateway to the network that no exporter knows yet; return its name."""
    house = HomeSimulation(
        SAMPLE_HOMES["battery-home"], seed=number, start=time.time(), past_days=0
    )
    gateway = LiveGateway(house, partial(_moment, house))
    name = f"site-{number:02}"
    fleet.sites[name] = FleetHome(name, house, await stack.enter_async_context(serve(gateway)))
    return name


def _moment(house: HomeSimulation) -> HomeState:
    return house.at(time.time())


def _exporters(fleet: RunningFleet) -> list[Program]:
    parts = []
    for number, name in enumerate(placing.EXPORTERS):
        own = fleet.folder / f"exporter-{number}"
        own.mkdir()
        path = placing.place("enphase-exporter.yml", own, {})
        path.write_text(f"{path.read_text()}state_dir: state\n")
        (own / "gateways.yml").symlink_to(fleet.folder / "gateways.yml")
        words = (
            *("-m", "exporter", "serve", f"--config.file={path}", f"--shard={number}/{SHARDS}"),
            *(f"--web.listen-address={fleet.addresses[name]}", "--log.level=warn"),
        )
        ready = f"http://{fleet.addresses[name]}/-/ready"
        parts.append(Program(f"exporter {number}", (sys.executable, *words), ready))
    return parts


def _rest(fleet: RunningFleet, tools: Tools, victoria: str) -> list[Program]:
    agents = [_agent(fleet, tools, number) for number in range(SHARDS)]
    return [*agents, _central(fleet, tools), _store(fleet, victoria), _pager(fleet, tools)]


def _agent(fleet: RunningFleet, tools: Tools, number: int) -> Program:
    """Return an agent on the file that the README's own command makes."""
    own = fleet.folder / f"agent-{number}"
    own.mkdir()
    text = sharded(number, SHARDS, own)
    address = fleet.addresses[f"agent-{number}"]
    others = {**fleet.addresses, placing.AGENT: address}
    config = placing.place(text.name, own, others, source=own)
    words = "--enable-feature=agent", f"--storage.agent.path={own / 'data'}"
    return _prometheus(f"agent {number}", tools, config, address, *words)


def sharded(number: int, count: int, folder: Path) -> Path:
    """Return the configuration of one agent, made in `folder` by the command in the README."""
    [command] = [text for text in placing.blocks("sh") if "sed" in text]
    shutil.copy(placing.FOLDER / "prometheus-agent.yml", folder)
    subprocess.run(
        ["sh", "-euc", command],
        cwd=folder,
        check=True,
        timeout=10,
        env={"AGENT": str(number), "AGENTS": str(count), "PATH": "/usr/bin:/bin"},
    )
    return folder / f"prometheus-agent-{number}.yml"


def _central(fleet: RunningFleet, tools: Tools) -> Program:
    own = fleet.folder / "central"
    own.mkdir()
    address = fleet.addresses[placing.CENTRAL]
    others = {**fleet.addresses, placing.AGENT: address}
    config = placing.place("prometheus-central.yml", own, others)
    (own / "rules").symlink_to(config_files.FOLDER / "rules")
    shutil.copy(placing.FOLDER / "fleet.rules.yml", own)
    words = "--web.enable-remote-write-receiver", f"--storage.tsdb.path={own / 'data'}"
    return _prometheus("central Prometheus", tools, config, address, *words)


def _prometheus(name: str, tools: Tools, config: Path, address: str, *words: str) -> Program:
    command = (
        *(tools.prometheus, f"--config.file={config}", f"--web.listen-address={address}"),
        *("--log.level=warn", *words),
    )
    return Program(name, command, f"http://{address}/-/ready")


def _store(fleet: RunningFleet, victoria: str) -> Program:
    address = fleet.addresses[placing.STORE]
    command = (
        *(victoria, f"-httpListenAddr={address}", f"-storageDataPath={fleet.folder / 'store'}"),
        # what has arrived is to be found at once, not after half a minute
        *("-search.latencyOffset=1s", "-loggerLevel=WARN"),
    )
    return Program("VictoriaMetrics", command, f"http://{address}/health")


def _pager(fleet: RunningFleet, tools: Tools) -> Program:
    """Return Alertmanager with a house's configuration plus the lines of the README."""
    own = fleet.folder / "alertmanager"
    own.mkdir()
    ports = Ports(alertmanager=fleet.port(placing.MANAGER), phone=fleet.port(_PHONE))
    config = config_files.place(ports, own)
    write_pager(config / "alertmanager.yml")
    return programs.alertmanager(tools, ports, config, own)


def write_pager(path: Path) -> None:
    """Add the lines from the README to Alertmanager's configuration."""
    [more] = [yaml.safe_load(text) for text in placing.blocks("yaml") if "inhibit_rules" in text]
    config = yaml.safe_load(path.read_text())
    config["inhibit_rules"] += more["inhibit_rules"]
    path.write_text(yaml.safe_dump(config))
