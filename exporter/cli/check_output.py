"""Prints a diagnosis: a line for each step, its remedy below it."""

import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.diagnostics import StepResult, StepStatus

_SIGNS = {
    StepStatus.OK: ("✓", "+", "green"),
    StepStatus.WARNING: ("!", "!", "yellow"),
    StepStatus.FAILED: ("✗", "x", "bold red"),
    StepStatus.SKIPPED: ("–", "-", "dim"),  # noqa: RUF001 - the dash is intended
}
_TITLE = 16


def console() -> Console:
    """Return a console on stdout; piped output is not wrapped."""
    return Console(file=sys.stdout, soft_wrap=not sys.stdout.isatty(), highlight=False)


def show(screen: Console, result: StepResult) -> None:
    """Print the line of one step."""
    sign, plain, style = _SIGNS[result.status]
    ascii_only = screen.options.ascii_only
    sign, arrow = (plain, "->") if ascii_only else (sign, "→")
    skipped = result.status is StepStatus.SKIPPED
    seconds = "" if skipped else f"{result.seconds:.2f} s"
    remedy = f"{arrow} {result.remedy}" if result.remedy else ""
    if not screen.is_terminal:
        screen.out(f" {sign} {result.title:<{_TITLE}} {seconds:>7} {result.message}")
        if remedy:
            screen.out(f"{'':{_TITLE + 12}}{remedy}")
        return
    row = Table.grid(padding=(0, 1))
    row.add_column(width=2, justify="right")
    row.add_column(width=_TITLE)
    row.add_column(width=7, justify="right", no_wrap=True)
    row.add_column()
    row.add_row(
        Text(sign, style=style),
        Text(result.title, style="dim" if skipped else ""),
        Text(seconds, style="dim"),
        Text(result.message, style="dim" if skipped else ""),
    )
    if remedy:
        row.add_row("", "", "", Text(remedy, style="cyan"))
    screen.print(row)


async def follow(screen: Console, results: AsyncIterator[StepResult]) -> list[StepResult]:
    """Print the results as they come, with a progress indicator; return them."""
    printed: list[StepResult] = []
    while True:
        with _waiting(screen):
            result = await anext(results, None)
        if result is None:
            return printed
        printed.append(result)
        show(screen, result)


def summary(name: str, results: Iterable[StepResult]) -> str:
    """Return the overall result in one line."""
    steps = list(results)
    failed = [each.title for each in steps if each.status is StepStatus.FAILED]
    warned = [each.title for each in steps if each.status is StepStatus.WARNING]
    if failed:
        return f"{name}: failed: {', '.join(failed)}"
    return (
        f"{name}: works, with warnings: {', '.join(warned)}" if warned else f"{name}: all is well"
    )


def _waiting(screen: Console) -> AbstractContextManager[Any]:
    return screen.status("…") if screen.is_terminal else nullcontext()
