"""Prints `status`: one house in lines, several in a table; plain text outside a terminal."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from exporter.cli.status.lines import MARKS, STYLES, Line, lines
from exporter.cli.status.source import Fetch
from exporter.errors import ExporterError
from exporter.logging import mask
from exporter.status import api
from exporter.status.api import Document
from exporter.status.formatting import UNKNOWN
from exporter.status.models import GatewayStatus
from exporter.status.summary import counted, verdict
from exporter.text import printable

_TITLE = 10
#: for terminals and files that only support ASCII
_ASCII = str.maketrans({"█": "#", "░": ".", "✓": "+", "✗": "x", "°": " ", "–": "-"})  # noqa: RUF001 - the dash is intended


class Screen:
    """The terminal, or whatever stdout is."""

    def __init__(self, *, detailed: bool) -> None:
        """Show one gateway in detail, several in a table; with `detailed`, always in detail."""
        self._console = Console(file=sys.stdout, soft_wrap=not sys.stdout.isatty(), highlight=False)
        self._detailed = detailed

    def waiting(self) -> AbstractContextManager[Any]:
        """Return a progress indicator for a terminal."""
        screen = Console(file=sys.stderr)
        return screen.status("Loading…") if screen.is_terminal else nullcontext()

    def show(self, states: Document) -> None:
        """Print the states."""
        if not self._console.is_terminal:
            for text in self._plain(states):
                self._console.out(text)
        else:
            self._console.print(self._picture(states))

    async def watch(self, fetch: Fetch, interval: float) -> None:
        """Refresh the states until cancelled; a failure is shown in their place."""
        terminal = self._console.is_terminal
        live = Live(console=self._console, auto_refresh=False) if terminal else None
        with live or nullcontext():
            while True:
                try:
                    states: Document | str = api.load(await fetch())
                except ExporterError as error:
                    states = str(error)
                self._update(live, states)
                await asyncio.sleep(interval)

    def _update(self, live: Live | None, states: Document | str) -> None:
        if live is not None:
            live.update(
                Text(self._printable(states), style="bold red")
                if isinstance(states, str)
                else self._picture(states),
                refresh=True,
            )
        elif isinstance(states, str):
            self._console.out(self._printable(states))
        else:
            self.show(states)
            self._console.out("")

    def _picture(self, states: Document) -> RenderableType:
        statuses = states.gateways
        if len(statuses) == 1 or self._detailed:
            parts: list[RenderableType] = [self._house(status) for status in statuses]
        else:
            parts = [self._several(statuses)]
        moment = datetime.fromtimestamp(states.timestamp_seconds).astimezone()
        parts += [Text(self._printable(text), style="yellow") for text in _unpaged(states)]
        return Group(*parts, Text(f"{moment:%Y-%m-%d %H:%M:%S}", style="dim"))

    def _house(self, status: GatewayStatus) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        table.add_column(min_width=_TITLE, no_wrap=True)
        table.add_column()
        heading, *rest = lines(status)
        for line in rest:
            text = Text(self._printable(line.text), style=line.style)
            table.add_row(Text(self._printable(line.title), style="bold"), text)
        return Group(Text(self._printable(heading.title), style=heading.style), table)

    def _several(self, statuses: Sequence[GatewayStatus]) -> RenderableType:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("", "Gateway", "State", "House", "Problem"):
            table.add_column(name)
        for status in statuses:
            style = STYLES[status.health]
            table.add_row(
                Text(self._printable(MARKS[status.health]), style=style),
                Text(self._printable(status.gateway), style="bold"),
                Text(verdict(status), style=style),
                Text(self._printable(status.summary)),
                Text(self._printable(_wrong(status)), style=style if status.worst else ""),
            )
        return Group(Text(_headline(statuses), style="bold"), table, Text(_HINT, style="dim"))

    def _plain(self, states: Document) -> Iterator[str]:
        statuses = states.gateways
        if len(statuses) == 1 or self._detailed:
            for status in statuses:
                yield from map(self._line, lines(status))
            yield from map(self._printable, _unpaged(states))
            return
        yield _headline(statuses)
        width = max((len(status.gateway) for status in statuses), default=0)
        for status in statuses:
            begin = f"{MARKS[status.health]} {status.gateway:<{width}}  {verdict(status):<13}"
            wrong = f" Problem: {_wrong(status)}" if status.problems or status.missing else ""
            yield self._printable(f"{begin}  {status.summary}{wrong}")
        yield from map(self._printable, _unpaged(states))
        yield _HINT

    def _line(self, line: Line) -> str:
        return f"{self._printable(line.title):<{_TITLE}} {self._printable(line.text)}".rstrip()

    def _printable(self, text: str) -> str:
        """Return a text that this terminal can show, without secrets and control characters."""
        safe = printable(mask(text, ours=True))
        if not self._console.options.ascii_only:
            return safe
        return safe.replace("→", "->").translate(_ASCII).encode("ascii", "replace").decode()


_HINT = "Details of one gateway: --gateway=NAME"


def _headline(statuses: Sequence[GatewayStatus]) -> str:
    sentence = counted(Counter(status.health for status in statuses))
    return f"{len(statuses)} gateways. {sentence}" if statuses else sentence


def _unpaged(document: Document) -> Iterator[str]:
    """Yield why nobody may be paged, if an exporter reports it."""
    if document.pager is not None:
        for warning in document.pager.warnings:
            yield f"Nobody may be paged (EnphaseNobodyPaged): {warning}"
        for alert in document.pager.alerts:
            where = f" ({alert.gateway})" if alert.gateway else ""
            yield f"Firing: {alert.alert}{where}: {alert.summary}"


def _wrong(status: GatewayStatus) -> str:
    texts = [problem.text for problem in status.problems]
    texts += [f"{each.name} {UNKNOWN}." for each in status.missing]
    if not texts:
        return ""
    return texts[0] + (f" {len(texts) - 1} more." if len(texts) > 1 else "")
