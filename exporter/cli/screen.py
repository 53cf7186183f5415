"""What the demo shows in the terminal: where to look, a dozen metrics, and the house as it lives.

Everything on it is read from the exposition, as a Prometheus would read it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from exporter.exposition import Exposition

#: what happened lately is shown, what happened long ago is not
_LATEST = 6
_REFRESH = 0.5


class Readout:
    """Values of an exposition by metric name."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def lines(self, *names: str) -> list[str]:
        """Return the samples of these metrics as they stand in the exposition."""
        body = self._exposition.serve("", "", names)[0].decode()
        return [line for line in body.splitlines() if not line.startswith("#")]

    def values(self, name: str) -> list[float]:
        """Return the values of all series of a metric."""
        return [float(line.rpartition(" ")[2]) for line in self.lines(name)]

    def value(self, name: str) -> float | None:
        """Return the value of a metric's first series, None where there is none."""
        return next(iter(self.values(name)), None)


def house(read: Readout, now: float) -> list[tuple[str, str]]:
    """Return what goes on in the house in words, part by part; `now` in epoch seconds."""
    value = read.value
    battery = value("enphase_storage_watts")
    consumption = value("enphase_consumption_watts")
    if consumption is not None:
        # What gateways call total consumption knows nothing of the batteries.
        consumption += battery or 0.0
    collectors = read.values("enphase_collector_up")
    rows = [
        ("Gateway", "answers" if value("enphase_up") else "does not answer"),
        ("Grid", _grid(value("enphase_grid_connected"), value("enphase_net_consumption_watts"))),
        ("Solar", _power(value("enphase_production_watts"))),
        ("House", _power(consumption)),
        ("Batteries", _batteries(value("enphase_storage_soc_ratio"), battery)),
        ("Enphase", _told(value("enphase_gateway_cloud_last_report_timestamp_seconds"), now)),
        (
            "Exporter",
            f"{sum(collectors):.0f} of {len(collectors)} collectors up,"
            f" {sum(read.values('enphase_gateway_requests_total')):.0f} requests so far",
        ),
    ]
    return [(part, words) for part, words in rows if words]


def _power(watts: float | None) -> str:
    return "" if watts is None else f"{watts / 1000:.2f} kW"


def _grid(connected: float | None, watts: float | None) -> str:
    if connected == 0:
        return "OFF THE GRID"
    flow = ""
    if watts is not None:
        flow = f"{'draws' if watts >= 0 else 'feeds in'} {abs(watts) / 1000:.2f} kW"
    return ", ".join(filter(None, ("connected" if connected else "", flow)))


def _batteries(soc: float | None, watts: float | None) -> str:
    if soc is None:
        return ""
    doing = "idle"
    if watts is not None and abs(watts) >= 1:
        doing = f"{'discharge' if watts > 0 else 'charge'} with {abs(watts) / 1000:.2f} kW"
    return f"{soc:.0%}, {doing}"


def _told(stamp: float | None, now: float) -> str:
    return "" if stamp is None else f"was told {max(0.0, now - stamp) / 60:.0f} min ago"


class Screen:
    """The terminal of the demo."""

    def __init__(self, console: Console, exposition: Exposition) -> None:
        self._console = console
        self._read = Readout(exposition)
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
        for line in self._read.lines(*names):
            self._console.print(line, markup=False)
        self._console.print("\nCtrl-C ends it.\n")

    async def live(self, local: Callable[[], datetime], now: Callable[[], float]) -> None:
        """Keep showing the house, where there is a terminal to show it on, until cancelled."""
        if not self._console.is_terminal:
            return
        with Live(console=self._console, auto_refresh=False) as self._live:
            while True:
                self._live.update(self._picture(local(), now()), refresh=True)
                await asyncio.sleep(_REFRESH)

    def _picture(self, local: datetime, now: float) -> RenderableType:
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_row(Text("Time", style="bold"), f"{local:%a %Y-%m-%d %H:%M}")
        for part, words in house(self._read, now):
            table.add_row(Text(part, style="bold"), words)
        return Group(table, *(Text(text, style="dim") for text in self._said[-_LATEST:]))
