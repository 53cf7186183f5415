"""The real exporter on a port of its own, with simulated gateways behind it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.address import parse
from exporter.clock import SystemClock
from exporter.config import Config
from exporter.manager import PollerManager
from exporter.serve import listening
from exporter.simulator.faults import Fault
from exporter.simulator.homes import sample_home
from exporter.simulator.server import serve
from exporter.web.config import WebConfig

#: seconds after which something is taken for hung; no test waits that long to succeed
PATIENCE = 30


@dataclass
class Served:
    """The exporter: where it listens, and what it watches."""

    url: str
    manager: PollerManager


@asynccontextmanager
async def serving(
    state: Path,
    homes: Mapping[str, str | None],
    faults: Mapping[str, Fault] | None = None,
    web_config: Path | None = None,
    **config: Any,
) -> AsyncIterator[Served]:
    """Serve the exporter with a gateway by name: a sample home, or nobody there.

    `faults` are those of every gateway, `config` is more of the configuration of each; the file
    `web_config` has TLS and users.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        configured = []
        for name, there in homes.items():
            settings = {"name": name, "host": "127.0.0.1:1", **config}
            if there is not None:
                gateway = sample_home(there, clock.time)
                running = await stack.enter_async_context(serve(gateway, now=clock.time))
                running.faults.update(faults or {})
                settings["host"] = running.host
                if gateway.uses_tls:
                    settings["token"] = running.token
            configured.append(settings)
        manager = PollerManager(state, clock)
        web = WebConfig.load(web_config)
        host, port = await stack.enter_async_context(listening(manager, web, parse("127.0.0.1:0")))
        stack.push_async_callback(manager.close)
        await manager.apply_config(
            Config.model_validate({"gateways": configured, "state_dir": state})
        )
        async with asyncio.timeout(PATIENCE):
            await manager.wait_ready()
        yield Served(f"http://{host}:{port}", manager)
