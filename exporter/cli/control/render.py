"""Prints a command: the state, what would change, what would be sent, and the result.

Colours and a progress indicator in a terminal, plain lines elsewhere.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from exporter.gateway.control import CommandPlan, CommandResult, WriteRequest
from exporter.gateway.control.models import format_value
from exporter.gateway.control.verify import ProgressCallback

#: the part of a body that is shown before the confirmation
_PREVIEW = 160


class Renderer:
    """Prints one command; with `as_json`, stdout gets one JSON object and nothing else."""

    def __init__(self, gateway: str, *, as_json: bool) -> None:
        self._gateway = gateway
        self._json = as_json
        self._console = Console(
            file=sys.stderr if as_json else sys.stdout, highlight=False, soft_wrap=True
        )

    def plan(self, plan: CommandPlan, *, full: bool) -> None:
        """Print the state and what would be sent, in full or only the beginning."""
        self._line((f"{self._gateway}: ", "bold"), plan.call.title)
        width = max((len(name) for name in plan.before), default=0)
        for name, value in plan.before.items():
            text = format_value(value)
            label = f"  {name.replace('_', ' '):<{width}}  "
            if name in plan.desired and plan.desired[name] != value:
                self._line(label, text, " → ", (format_value(plan.desired[name]), "bold yellow"))
            else:
                self._line((label, "dim"), (text, "dim"))
        for request in () if plan.is_noop else plan.requests:
            self._line("  sends  ", (_format_request(request, full=full), "cyan"))
        for note in () if plan.is_noop else plan.notes:
            self._line(("  note   ", "bold"), note)

    def planned(self, plan: CommandPlan) -> None:
        """Print that nothing was sent."""
        if self._json:
            line = f"{self._gateway}: nothing was sent"
            self._object(
                "planned", line, plan, CommandResult("unsent", line, plan.before, plan.before)
            )
        else:
            self._line(f"{self._gateway}: nothing was sent (--dry-run)")

    def result(self, plan: CommandPlan, result: CommandResult) -> None:
        """Print the result; the caller prints failures on stderr."""
        if self._json:
            self._object(result.kind, result.line, plan, result)
        elif result.ok:
            self._line((result.line, "bold green"))

    @contextmanager
    def progress(self) -> Iterator[ProgressCallback]:
        """Show progress; yields a function that shows a text."""
        if not self._console.is_terminal:
            yield (lambda text: None) if self._json else lambda text: self._line(f"  {text}")
            return
        with self._console.status("sending") as status:
            # as text: brackets in a name are not markup
            yield lambda text: status.update(Text(text))

    def _line(self, *parts: str | tuple[str, str]) -> None:
        self._console.print(Text.assemble(*parts))

    def _object(self, kind: str, line: str, plan: CommandPlan, result: CommandResult) -> None:
        document = {
            "gateway": self._gateway,
            "command": plan.call.command.name,
            "result": kind,
            "line": line,
            "before": plan.before,
            "desired": plan.desired,
            "after": result.after,
            "requests": [asdict(request) for request in plan.requests],
            "notes": list(plan.notes),
        }
        print(json.dumps(document, ensure_ascii=False))  # noqa: T201 - stdout is for programs here


def _format_request(request: WriteRequest, *, full: bool) -> str:
    body = json.dumps(request.body, ensure_ascii=False)
    if not full and len(body) > _PREVIEW:
        body = f"{body[:_PREVIEW]}… (--dry-run shows all)"
    return f"{request.method} {request.endpoint} {body}"
