"""The exporter as a process: watch, listen, reload on SIGHUP, end in time.

Stopping never waits for a gateway: requests under way are dropped, memory is saved, and the process
is gone within seconds.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from exporter.address import Address, parse
from exporter.cli.signals import stop_event
from exporter.clock import SystemClock
from exporter.config import Config
from exporter.errors import ConfigError, ListenError
from exporter.watch import Watch
from exporter.web.app import application
from exporter.web.config import WebConfig

log = logging.getLogger(__name__)

#: how long scrapes under way may take to finish when the process ends
_LAST_SCRAPES = 1.0


async def run(load: Callable[[], Config], config: Config, web_config: WebConfig) -> None:
    """Serve until SIGTERM or Ctrl-C; `load` reads the configuration again on SIGHUP.

    Raises ListenError when the address cannot be listened on.
    """
    stop = stop_event()
    watch = Watch(config.state_dir, SystemClock())
    reload = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)
    async with listening(watch, web_config, parse(config.web.listen_address)):
        await watch.adopt(config)
        reloading = asyncio.create_task(_reload_whenever(reload, load, config, watch))
        try:
            await stop.wait()
        finally:
            log.info("stopping")
            reloading.cancel()
            await watch.close()


@asynccontextmanager
async def listening(
    watch: Watch, config: WebConfig, address: Address
) -> AsyncIterator[tuple[str, int]]:
    """Serve the pages on an address; yields the host and port that were taken."""
    runner = web.AppRunner(
        application(watch, config),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=_LAST_SCRAPES,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, address.host, address.port, ssl_context=config.ssl_context())
        try:
            await site.start()
        except (OSError, UnicodeError) as error:
            raise ListenError(
                f"cannot listen on {address}: {getattr(error, 'strerror', None) or error};"
                " stop what listens there, or choose another address with --web.listen-address"
            ) from error
        host, port = runner.addresses[0][:2]
        log.info("listening", extra={"address": str(Address(host, port))})
        yield host, port
    finally:
        await runner.cleanup()


async def _reload_whenever(
    asked: asyncio.Event, load: Callable[[], Config], current: Config, watch: Watch
) -> None:
    """Adopt the configuration anew each time it is asked for; a bad one changes nothing."""
    while True:
        await asked.wait()
        asked.clear()
        try:
            config = load()
        except ConfigError as error:
            for line in str(error).splitlines():
                log.error("the configuration is not reloaded, the old one stays: %s", line)
            continue
        except Exception:
            log.exception("the configuration is not reloaded, the old one stays")
            continue
        for name in ("state_dir", "web"):
            if getattr(config, name) != getattr(current, name):
                log.warning("%s changed, which takes effect after a restart", name)
        await watch.adopt(config)
        log.info("the configuration is reloaded", extra={"gateways": len(config.gateways)})
        current = config
