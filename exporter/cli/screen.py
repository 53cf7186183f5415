"""What the demo shows in the terminal: where to look, a dozen metrics, and the house as it lives.

The metrics are those of `/metrics`, the house is that of the status page.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from exporter.exposition import Exposition
from exporter.status.formatting import (
    cloud_report,
    connection,
    grid_flow,
    grid_state,
    percent,
    power,
    storage_activity,
)
from exporter.status.models import GatewayStatus

#: what happened lately is shown, what happened long ago is not
_LATEST = 6
_REFRESH = 0.5


def house(status: GatewayStatus) -> list[tuple[str, str]]:
    """Return what goes on in the house in words, part by part; what is not known is left out."""
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
        *(("Wrong", problem.text) for problem in status.problems),
    ]
    return [(part, words) for part, words in rows if words]


def _power(watts: float | None) -> str:
    return "" if watts is None else power(max(0.0, watts))


def _batteries(status: GatewayStatus) -> str:
    watts = status.power.storage_watts
    if status.storage is None or status.storage.soc_ratio is None:
        return ""
    how = storage_activity(watts)
    amount = f" with {power(watts)}" if how in ("charging", "discharging") else ""
    return f"{percent(status.storage.soc_ratio)}, {how}{amount}"


class Screen:
    """The terminal of the demo."""

    def __init__(
        self, console: Console, exposition: Exposition, status: Callable[[], GatewayStatus]
    ) -> None:
        """Show `exposition` once, and the house of which `status` is the present state."""
        self._console = console
        self._exposition = exposition
        self._status = status
        self._said: list[str] = []
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """Show what happens; on a terminal with the rest, elsewhere as a line."""
        self._said.append(text)
        if self._live is None:
            self._console.print(text)

    def welcome(self, places: dict[str, str], names: tuple[str, ...]) -> None:
        """Print where to look, and some metrics."""
        width = max(map(len, places))
        for what, url in places.items():
            self._console.print(f"{what:{width}}  {url}")
        self._console.print()
        for line in self._exposition.render("", "", names)[0].decode().splitlines():
            if not line.startswith("#"):
                self._console.print(line, markup=False)
        self._console.print("\nCtrl-C ends it.\n")

    async def live(self, local: Callable[[], datetime]) -> None:
        """Keep showing the house, where there is a terminal to show it on, until cancelled."""
        if not self._console.is_terminal:
            return
        with Live(console=self._console, auto_refresh=False) as self._live:
            while True:
                self._live.update(self._picture(local()), refresh=True)
                await asyncio.sleep(_REFRESH)

    def _picture(self, local: datetime) -> RenderableType:
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_row(Text("Time", style="bold"), f"{local:%a %Y-%m-%d %H:%M}")
        for part, words in house(self._status()):
            table.add_row(Text(part, style="bold"), words)
        return Group(table, *(Text(text, style="dim") for text in self._said[-_LATEST:]))
