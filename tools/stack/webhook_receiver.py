"""The webhook receiver of the shipped configuration, and a phone that displays the messages.

The texts are those of the shipped templates, filled in by amtool as Alertmanager would.
"""

import asyncio
import textwrap
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from aiohttp import web
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from tools.stack.ports import LOOPBACK

#: descriptions of the receivers of the shipped configuration
RECEIVERS = {
    "wake": "rings, day and night",
    "same-day": "is read the same day",
    "dead-mans-switch": "goes to the dead man's switch",
}
_WATCHDOG = "dead-mans-switch"
#: seconds that filling in the templates may take
_FILLING = 10.0
_TEMPLATES = "\n".join(
    f'{{{{ template "enphase.{name}" . }}}}' for name in ("title", "link", "text")
)
_COLOURS = {"critical": "red", "warning": "yellow"}

MessageHandler = Callable[[str, dict[str, Any]], Awaitable[None]]


@asynccontextmanager
async def listening(port: int, on_message: MessageHandler) -> AsyncIterator[None]:
    """Receive messages of Alertmanager; `on_message` gets the receiver's name and the message."""

    async def take(request: web.Request) -> web.Response:
        receiver = request.match_info["receiver"]
        if receiver not in RECEIVERS:
            raise web.HTTPNotFound
        try:
            message = orjson.loads(await request.read())
        except ValueError:
            raise web.HTTPBadRequest from None
        if not isinstance(message, dict):
            raise web.HTTPBadRequest
        await on_message(receiver, message)
        return web.Response()

    application = web.Application()
    application.router.add_post("/{receiver}", take)
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
        yield
    finally:
        await runner.cleanup()


class Words(NamedTuple):
    """A message as a phone shows it."""

    title: str
    #: where a tap leads
    link: str
    text: str


async def words(amtool: str, templates: Path, message: dict[str, Any]) -> Words:
    """Fill the templates in with a message; raise ValueError when that cannot be done."""
    process = await asyncio.create_subprocess_exec(
        *(amtool, "template", "render", f"--template.glob={templates}/*.tmpl"),
        *(f"--template.text={_TEMPLATES}", "--template.data=/dev/stdin"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(_FILLING):
            output, errors = await process.communicate(orjson.dumps(message))
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ValueError(f"amtool took longer than {_FILLING:g} s") from None
    if process.returncode:
        raise ValueError(errors.decode(errors="replace").strip())
    title, link, text = output.decode().split("\n", 2)
    return Words(title.strip(), link.strip(), text.strip())


class NotificationPrinter:
    """Displays the messages."""

    def __init__(self, console: Console, amtool: str, templates: Path) -> None:
        self._console = console
        self._amtool = amtool
        self._templates = templates
        self._alive = False

    async def show(self, receiver: str, message: dict[str, Any]) -> None:
        """Display a message; of the watchdog only the first, as there is one every minute."""
        if receiver == _WATCHDOG:
            if not self._alive:
                self._alive = True
                self._console.print(
                    f"{_now()}  The dead man's switch gets the watchdog, from now on about every"
                    " minute. It would alert if that stopped.",
                    style="dim",
                )
            return
        try:
            rendered = await words(self._amtool, self._templates, message)
        except ValueError as error:
            self._console.print(
                f"{_now()}  the templates cannot be rendered, no notification: {error}",
                style="bold red",
                markup=False,
            )
            return
        self._print(receiver, message, rendered)

    def _print(self, receiver: str, message: dict[str, Any], rendered: Words) -> None:
        labels = [alert.get("labels") or {} for alert in message["alerts"]]
        severities = sorted({each.get("severity", "none") for each in labels})
        head = f"{_now()}  {', '.join(severities)}: {RECEIVERS[receiver]}"
        firing = message["status"] == "firing"
        colour = _COLOURS.get(severities[0], "none") if firing else "green"
        self._console.print(Rule(Text(head), align="left", style=colour))
        for style, text in (
            ("bold", rendered.title),
            ("", rendered.text),
            ("dim", f"A tap leads to {rendered.link}"),
        ):
            show(self._console, text, style)
        self._console.print()


def show(console: Console, text: str, style: str = "") -> None:
    """Print text in lines that fit, but keep addresses whole, so that they can be clicked."""
    lines = (
        textwrap.fill(line, console.width, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )
    console.print(Text("\n".join(lines), style), soft_wrap=True)


def _now() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"
