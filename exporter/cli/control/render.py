"""How a command is shown: the state, what would change, what would be sent, and how it ended.

Plain lines where nobody looks; colours and a sign of life in a terminal.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from exporter.gateway.control import Outcome, Plan, Request
from exporter.gateway.control.models import shown
from exporter.gateway.control.verify import Tell

#: how much of a body is shown to somebody who is about to say yes
_SHORT = 160


class Show:
    """Prints one command; with `as_json`, stdout gets one JSON object and nothing else."""

    def __init__(self, gateway: str, *, as_json: bool) -> None:
        self._gateway = gateway
        self._json = as_json
        self._console = Console(
            file=sys.stderr if as_json else sys.stdout, highlight=False, soft_wrap=True
        )

    def plan(self, plan: Plan, *, whole: bool) -> None:
        """Print the state and what would be sent; the `whole` of it, or the beginning."""
        self._line((f"{self._gateway}: ", "bold"), plan.order.title)
        width = max((len(name) for name in plan.before), default=0)
        for name, value in plan.before.items():
            told = shown(value)
            label = f"  {name.replace('_', ' '):<{width}}  "
            if name in plan.wanted and plan.wanted[name] != value:
                self._line(label, told, " → ", (shown(plan.wanted[name]), "bold yellow"))
            else:
                self._line((label, "dim"), (told, "dim"))
        for request in () if plan.already else plan.requests:
            self._line("  sends  ", (_told(request, whole=whole), "cyan"))
        for note in () if plan.already else plan.notes:
            self._line(("  note   ", "bold"), note)

    def planned(self, plan: Plan) -> None:
        """Print what only would be done."""
        if self._json:
            line = f"{self._gateway}: nothing was sent"
            self._object("planned", line, plan, Outcome("unsent", line, plan.before, plan.before))
        else:
            self._line(f"{self._gateway}: nothing was sent, as --dry-run says")

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Print how it ended; what is no success is told on stderr, by whoever called."""
        if self._json:
            self._object(outcome.kind, outcome.line, plan, outcome)
        elif outcome.good:
            self._line((outcome.line, "bold green"))

    @contextmanager
    def life(self) -> Iterator[Tell]:
        """Show that something is going on; yields what tells what."""
        if not self._console.is_terminal:
            yield (lambda text: None) if self._json else lambda text: self._line(f"  {text}")
            return
        with self._console.status("sending") as status:
            # as text: in a name of the owner's, brackets are no markup
            yield lambda text: status.update(Text(text))

    def _line(self, *parts: str | tuple[str, str]) -> None:
        self._console.print(Text.assemble(*parts))

    def _object(self, result: str, line: str, plan: Plan, outcome: Outcome) -> None:
        told = {
            "gateway": self._gateway,
            "command": plan.order.control.name,
            "result": result,
            "line": line,
            "before": plan.before,
            "wanted": plan.wanted,
            "after": outcome.after,
            "requests": [asdict(request) for request in plan.requests],
            "notes": list(plan.notes),
        }
        print(json.dumps(told, ensure_ascii=False))  # noqa: T201 - for programs, not for people


def _told(request: Request, *, whole: bool) -> str:
    body = json.dumps(request.body, ensure_ascii=False)
    if not whole and len(body) > _SHORT:
        body = f"{body[:_SHORT]}… (--dry-run shows all)"
    return f"{request.method} {request.endpoint} {body}"
