"""The exporter as a process: poll, listen, reload on SIGHUP, stop on SIGTERM.

Stopping never waits for a gateway: requests in progress are dropped and the state is saved. Only a
disk that hangs can delay the end, by the patience of the last save.
"""

import asyncio
import errno
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

from exporter.address import Address, parse
from exporter.clock import SystemClock
from exporter.config import Config
from exporter.config.fingerprint import fingerprint
from exporter.errors import ConfigError, ListenError
from exporter.exposition import FLEET_THRESHOLD
from exporter.fleet import memory_tuning
from exporter.manager import WORKER, PollerManager
from exporter.service_manager import ServiceManager
from exporter.signals import stop_event
from exporter.web.app import application
from exporter.web.config import WebConfig
from exporter.web.listener import Listener, hide_server_header, track_request

log = logging.getLogger(__name__)

#: seconds between two checks of the list of gateways
_FILE_CHECK_INTERVAL = 5.0
#: seconds between two returns of free memory
_TRIM_INTERVAL = 60.0
#: seconds between two full garbage collections, each of which may take one
_FULL_COLLECTION_INTERVAL = 6 * 3600.0
#: seconds that scrapes in progress may take to finish when the process ends
_SCRAPE_GRACE = 1.0
#: the same for threads
_THREAD_GRACE = 0.5
#: most of them wait for a name server; names that do not resolve must not delay the others
_WORKERS = 64
#: what to do about an address that cannot be listened on, by the number of the error
_LISTEN_ADVICE = {
    errno.EADDRNOTAVAIL: "this machine does not have that address: choose one of its own with"
    " --web.listen-address, or none for all, such as :10055",
    errno.EACCES: "only root may use ports below 1024: choose another with --web.listen-address",
}
_OTHER_ADDRESS = "stop what listens there, or choose another address with --web.listen-address"


async def _locate(serial: str) -> list[str]:
    """Return where a gateway announces itself on the network."""
    from exporter.discovery import find_hosts  # noqa: PLC0415 - megabytes, seldom needed

    return await find_hosts(serial)


async def run(load: Callable[[], Config], config: Config, web_config: WebConfig) -> None:
    """Serve until SIGTERM or Ctrl-C; `load` reads the configuration again on SIGHUP.

    Raises ListenError when the address cannot be listened on.
    """
    stop = stop_event()
    _raise_file_limit()
    workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix=WORKER)
    asyncio.get_running_loop().set_default_executor(workers)
    manager = PollerManager(config.state_dir, SystemClock(), _locate)
    reload = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)
    service = ServiceManager()
    memory_tuning.freeze_program()
    async with listening(manager, web_config, parse(config.web.listen_address)):
        await manager.apply_config(config)
        service.ready(_status(config))
        tasks = [
            asyncio.create_task(_reload_on(reload, load, config, manager, service)),
            asyncio.create_task(_tune_memory(manager)),
            asyncio.create_task(service.feed_watchdog()),
        ]
        if config.gateways_file:
            tasks.append(asyncio.create_task(_watch_file(config.gateways_file, reload)))
        try:
            await stop.wait()
        finally:
            log.info("stopping")
            service.stopping()
            for task in tasks:
                task.cancel()
            await manager.close()
            service.close()
    _abandon_threads(workers)


@asynccontextmanager
async def listening(
    manager: PollerManager, config: WebConfig, address: Address
) -> AsyncIterator[tuple[str, int]]:
    """Serve the pages on an address; yields the host and port."""
    app = application(manager, config)
    app.middlewares.insert(0, track_request)
    app.on_response_prepare.append(hide_server_header)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=_SCRAPE_GRACE)
    await runner.setup()
    assert runner.server is not None, "it was set up"
    listener = Listener(runner.server, config.ssl_context())
    try:
        try:
            await listener.listen(address)
        except (OSError, UnicodeError) as error:
            number = getattr(error, "errno", None) or 0
            # asyncio puts words of its own before those of the system
            reason = os.strerror(number) if number > 0 else str(error)
            advice = _LISTEN_ADVICE.get(number, _OTHER_ADDRESS)
            raise ListenError(f"cannot listen on {address}: {reason}; {advice}") from error
        log.info("listening", extra={"address": str(listener.address)})
        yield listener.address.host or "", listener.address.port
    finally:
        listener.stop_accepting()
        await runner.cleanup()
        await listener.abort_all()


def _abandon_threads(workers: ThreadPoolExecutor) -> None:
    """End the process here if a thread waits for a name server or a disk, or hashes a password.

    None of that can be cancelled, and Python would wait for it.
    """
    workers.shutdown(wait=False, cancel_futures=True)
    end = time.monotonic() + _THREAD_GRACE
    for thread in threading.enumerate():
        if thread.name.startswith(WORKER):
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                logging.shutdown()
                os._exit(0)


def _raise_file_limit() -> None:
    """Raise the limit of open files to the hard limit; the usual soft limit is for `select`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _watch_file(path: Path, reload: asyncio.Event) -> None:
    """Request a reload whenever a file changes; a file that is missing has not changed."""
    previous = fingerprint(path)
    while True:
        await asyncio.sleep(_FILE_CHECK_INTERVAL)
        current = fingerprint(path)
        if current is not None and current != previous:
            previous = current
            log.info("gateways file changed", extra={"file": str(path)})
            reload.set()


async def _tune_memory(manager: PollerManager) -> None:
    """Keep the memory of a fleet small; with a few gateways there is nothing to gain."""
    full_due = time.monotonic() + _FULL_COLLECTION_INTERVAL
    while True:
        if len(manager.gateways) > FLEET_THRESHOLD:
            memory_tuning.freeze_long_lived()
            await asyncio.to_thread(memory_tuning.trim_heap)
            if time.monotonic() >= full_due:
                full_due += _FULL_COLLECTION_INTERVAL
                memory_tuning.full_collection()
        await asyncio.sleep(_TRIM_INTERVAL)


async def _reload_on(
    requested: asyncio.Event,
    load: Callable[[], Config],
    current: Config,
    manager: PollerManager,
    service: ServiceManager,
) -> None:
    """Apply the configuration again each time that is requested; a bad one changes nothing."""
    while True:
        await requested.wait()
        requested.clear()
        service.reloading()
        config = await _load_again(load)
        if config is not None:
            for name in ("state_dir", "web", "gateways_file"):
                if getattr(config, name) != getattr(current, name):
                    log.warning("setting changed; restart required", extra={"setting": name})
            await manager.apply_config(config)
            log.info("configuration reloaded", extra={"gateways": len(config.gateways)})
            current = config
        service.ready(_status(current))


async def _load_again(load: Callable[[], Config]) -> Config | None:
    """Return the configuration as it is now, None and lines in the log where it is of no use."""
    try:
        # in a thread: files can be large, and disks can hang
        return await asyncio.to_thread(load)
    except ConfigError as error:
        for line in str(error).splitlines():
            log.error(
                "configuration reload failed; keeping previous configuration",
                extra={"error": line},
            )
    except Exception:
        log.exception("configuration reload failed; keeping previous configuration")
    return None


def _status(config: Config) -> str:
    """Return what the exporter does, for whoever asks systemd."""
    gateways = len(config.gateways)
    return f"watching {gateways} gateway{'' if gateways == 1 else 's'}"
