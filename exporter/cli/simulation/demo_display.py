"""Terminal output of the demo: where to look, a dozen metrics, and the state of the home, live.

The metrics are those of `/metrics`, the state is that of the status page.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from exporter.exposition import Exposition
from exporter.status.formatting import (
    cloud_report,
    grid_flow,
    percent,
    power,
    storage_activity,
)
from exporter.status.models import GatewayStatus
from exporter.status.summary import connection, grid_state

#: number of messages that stay visible
_MESSAGES = 6
#: seconds between two updates
_REFRESH = 0.5
#: real seconds to wait for the first values
_PATIENCE = 15.0


def summary_rows(status: GatewayStatus) -> list[tuple[str, str]]:
    """Return the state of the home as rows of label and text; what is unknown is left out."""
    now, flows = status.timestamp_seconds, status.power
    up = sum(collector.up for collector in status.collectors)
    connected = "" if status.grid.connected is None else grid_state(status.grid, now)
    flowing = "" if flows.grid_watts is None else grid_flow(flows.grid_watts)
    rows = [
        ("Gateway", connection(status)),
        ("Grid", ", ".join(filter(None, (connected, flowing)))),
        ("Solar", _power(flows.solar_watts)),
        ("House", _power(flows.house_watts)),
        ("Batteries", _batteries(status)),
        ("Enphase", cloud_report(status.cloud, now)),
        ("Exporter", f"{up} of {len(status.collectors)} collectors up"),
        *(("Problem", problem.text) for problem in status.problems),
        *(("Not known", each.name) for each in status.missing),
    ]
    return [(label, text) for label, text in rows if text]


def _power(watts: float | None) -> str:
    return "" if watts is None else power(max(0.0, watts))


def _batteries(status: GatewayStatus) -> str:
    watts = status.power.storage_watts
    if status.storage is None or status.storage.soc_ratio is None:
        return ""
    state = storage_activity(watts)
    amount = f" with {power(watts)}" if state in ("charging", "discharging") else ""
    return f"{percent(status.storage.soc_ratio)}, {state}{amount}"


class DemoDisplay:
    """The terminal of the demo."""

    def __init__(
        self, console: Console, exposition: Exposition, status: Callable[[], GatewayStatus]
    ) -> None:
        """Show metrics of `exposition` once, and the home by its present `status`."""
        self._console = console
        self._exposition = exposition
        self._status = status
        self._messages: list[str] = []
        self._live: Live | None = None

    def show_message(self, text: str) -> None:
        """Show a message of the scenario; in the live view, or as a line where there is none."""
        self._messages.append(text)
        if self._live is None:
            self._print(text)

    async def wait_for(self, metrics: tuple[str, ...]) -> None:
        """Wait until each of these metrics has a sample, but not for long: a home may lack one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while {  # noqa: ASYNC110 - the exposition has no event for a sample
                    line.partition("{")[0] for line in self._samples(metrics)
                } != set(metrics):
                    await asyncio.sleep(_REFRESH / 10)

    def show_start(self, addresses: dict[str, str], metrics: tuple[str, ...]) -> None:
        """Print addresses, and the samples of these metrics."""
        width = max(map(len, addresses))
        for label, url in addresses.items():
            self._print(f"{label:{width}}  {url}")
        self._print("")
        for line in self._samples(metrics):
            self._print(line)
        self._print("\nPress Ctrl-C to stop.\n")

    def _samples(self, metrics: tuple[str, ...]) -> list[str]:
        lines = self._exposition.render("", "", metrics)[0].decode().splitlines()
        return [line for line in lines if not line.startswith("#")]

    def _print(self, text: str) -> None:
        """Print a line; raise BrokenPipeError when nobody reads any more."""
        try:
            self._console.print(text, markup=False)
        except SystemExit:
            # what rich makes of a broken pipe
            raise BrokenPipeError from None

    async def run(self, local_time: Callable[[], datetime]) -> None:
        """Keep showing the home until cancelled, if the output is a terminal."""
        if not self._console.is_terminal:
            return
        with Live(console=self._console, auto_refresh=False) as self._live:
            while True:
                self._live.update(self._render(local_time()), refresh=True)
                await asyncio.sleep(_REFRESH)

    def _render(self, local_time: datetime) -> RenderableType:
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_row(Text("Time", style="bold"), f"{local_time:%a %Y-%m-%d %H:%M}")
        for label, text in summary_rows(self._status()):
            table.add_row(Text(label, style="bold"), text)
        messages = (Text(text, style="dim") for text in self._messages[-_MESSAGES:])
        return Group(table, *messages)
