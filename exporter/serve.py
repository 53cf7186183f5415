"""The exporter as a process: watch, listen, reload on SIGHUP, end in time.

Stopping never waits for a gateway: requests under way are dropped, memory is saved, and the process
is gone within seconds.
"""

import asyncio
import logging
import os
import resource
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web

from exporter import heap
from exporter.address import Address, parse
from exporter.changes import stamp
from exporter.clock import SystemClock
from exporter.config import Config
from exporter.errors import ConfigError, ListenError
from exporter.exposition import STREET
from exporter.signals import stop_event
from exporter.watch import WORKER, Watch
from exporter.web.app import application
from exporter.web.config import WebConfig
from exporter.web.listener import Listener, hide_server_header, track_request

log = logging.getLogger(__name__)

#: seconds between two looks at the list of gateways
_LOOK = 5.0
#: seconds between two looks at what memory can be given back
_TIDY = 60.0
#: seconds between two looks through all objects, each of which may take one
_TIDY_ALL = 6 * 3600.0
#: how long scrapes under way may take to finish when the process ends
_LAST_SCRAPES = 1.0
#: the same for threads
_LAST_WORK = 0.5
#: most of them wait for a name server; names that nobody knows must not keep the others waiting
_WORKERS = 64


async def run(load: Callable[[], Config], config: Config, web_config: WebConfig) -> None:
    """Serve until SIGTERM or Ctrl-C; `load` reads the configuration again on SIGHUP.

    Raises ListenError when the address cannot be listened on.
    """
    stop = stop_event()
    _open_files()
    workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix=WORKER)
    asyncio.get_running_loop().set_default_executor(workers)
    watch = Watch(config.state_dir, SystemClock())
    reload = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)
    async with listening(watch, web_config, parse(config.web.listen_address)):
        await watch.adopt(config)
        beside = [
            asyncio.create_task(_reload_whenever(reload, load, config, watch)),
            asyncio.create_task(_tidy(watch)),
        ]
        if config.gateways_file:
            beside.append(asyncio.create_task(_notice(config.gateways_file, reload)))
        try:
            await stop.wait()
        finally:
            log.info("stopping")
            for task in beside:
                task.cancel()
            await watch.close()
    _leave_behind(workers)


@asynccontextmanager
async def listening(
    watch: Watch, config: WebConfig, address: Address
) -> AsyncIterator[tuple[str, int]]:
    """Serve the pages on an address; yields the host and port that were taken."""
    app = application(watch, config)
    app.middlewares.insert(0, track_request)
    app.on_response_prepare.append(hide_server_header)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=_LAST_SCRAPES)
    await runner.setup()
    assert runner.server is not None, "it was set up"
    listener = Listener(runner.server, config.ssl_context())
    try:
        try:
            await listener.listen(address)
        except (OSError, UnicodeError) as error:
            raise ListenError(
                f"cannot listen on {address}: {getattr(error, 'strerror', None) or error};"
                " stop what listens there, or choose another address with --web.listen-address"
            ) from error
        log.info("listening", extra={"address": str(listener.address)})
        yield listener.address.host or "", listener.address.port
    finally:
        listener.stop_accepting()
        await runner.cleanup()
        await listener.abort_all()


def _leave_behind(workers: ThreadPoolExecutor) -> None:
    """End the process here if a thread waits for a name server or a disk, or works on a password.

    None of that can be cancelled, and Python would wait for them to the end.
    """
    workers.shutdown(wait=False, cancel_futures=True)
    end = time.monotonic() + _LAST_WORK
    for thread in threading.enumerate():
        if thread.name.startswith(WORKER):
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                logging.shutdown()
                os._exit(0)


def _open_files() -> None:
    """Take as many open files as we may have; the limit that is usual is for `select`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _notice(path: Path, reload: asyncio.Event) -> None:
    """Ask for a reload whenever a file has changed; while it is not there nothing has."""
    known = stamp(path)
    while True:
        await asyncio.sleep(_LOOK)
        now = stamp(path)
        if now is not None and now != known:
            known = now
            log.info("changed", extra={"file": str(path)})
            reload.set()


async def _tidy(watch: Watch) -> None:
    """Look after the memory of a fleet; in that of a house there is nothing to gain."""
    everything_due = time.monotonic() + _TIDY_ALL
    while True:
        if len(watch.gateways) > STREET:
            heap.keep_collections_short()
            await asyncio.to_thread(heap.give_back)
            if time.monotonic() >= everything_due:
                everything_due += _TIDY_ALL
                heap.collect_everything()
        await asyncio.sleep(_TIDY)


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
        for name in ("state_dir", "web", "gateways_file"):
            if getattr(config, name) != getattr(current, name):
                log.warning("%s changed, which takes effect after a restart", name)
        await watch.adopt(config)
        log.info("the configuration is reloaded", extra={"gateways": len(config.gateways)})
        current = config
