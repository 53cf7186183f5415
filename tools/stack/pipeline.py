"""The shipped pipeline for any gateways, from the exporter to the receiver of the pages."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import yaml

from exporter.simulator.server import RunningGateway
from tools.stack import config_files, programs
from tools.stack.errors import StackError
from tools.stack.ports import Ports, free_port_numbers
from tools.stack.processes import running
from tools.stack.programs import Tools
from tools.stack.webhook_receiver import MessageHandler, listening

#: seconds until Prometheus has discovered Alertmanager; it looks every five
_KNOWN, _GLANCE = 30.0, 0.1


@dataclass(frozen=True, slots=True)
class Chain:
    """A running pipeline."""

    ports: Ports
    #: port of the exporter of each gateway
    exporters: Mapping[str, int]


@asynccontextmanager
async def chain(
    tools: Tools, gateways: Mapping[str, RunningGateway], on_message: MessageHandler
) -> AsyncIterator[Chain]:
    """Run an exporter for each gateway, Prometheus and Alertmanager, at free ports.

    Gateways are named; `on_message` gets what Alertmanager sends. Yields when everything is ready.
    """
    with TemporaryDirectory(prefix="enphase-chain-") as name:
        folder = Path(name)
        first, prometheus, alertmanager, phone, *more = free_port_numbers(len(gateways) + 3)
        ports = Ports(exporter=first, prometheus=prometheus, alertmanager=alertmanager, phone=phone)
        exporters = dict(zip(gateways, (first, *more), strict=True))
        config = config_files.place(ports, folder, *more)
        parts = [
            programs.prometheus(tools, ports, config, folder),
            programs.alertmanager(tools, ports, config, folder),
            *(
                programs.serve(port, _configured(name, gateways[name], folder))
                for name, port in exporters.items()
            ),
        ]
        async with listening(ports.phone, on_message), running(parts, folder) as children:
            await children.ready()
            await _alertmanager_discovered(ports)
            yield Chain(ports, exporters)


def _configured(name: str, gateway: RunningGateway, folder: Path) -> Path:
    own = folder / f"exporter-{name}"
    own.mkdir()
    token = own / "token"
    token.touch(0o600)
    token.write_text(gateway.token)
    entry = {"host": gateway.host, "name": name, "token_file": str(token)}
    path = own / "enphase-exporter.yml"
    path.write_text(yaml.safe_dump({"gateways": [entry], "state_dir": str(own / "state")}))
    return path


async def _alertmanager_discovered(ports: Ports) -> None:
    """Wait until Prometheus has discovered Alertmanager: an alert before that is a minute late."""
    url = ports.url("prometheus", "/api/v1/alertmanagers")
    try:
        async with asyncio.timeout(_KNOWN), aiohttp.ClientSession() as client:
            while True:
                async with client.get(url) as response:
                    if (await response.json())["data"]["activeAlertmanagers"]:
                        return
                await asyncio.sleep(_GLANCE)
    except TimeoutError:
        raise StackError(f"Prometheus does not find Alertmanager in {_KNOWN:g} s") from None
