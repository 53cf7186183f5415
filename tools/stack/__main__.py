"""`make stack`: a simulated house and the shipped alerting stack; this terminal is the phone.

Everything listens on this machine only, and nothing remains after it ends.
"""

import argparse
import asyncio
import re
import signal
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from rich.console import Console

from exporter.cli.simulation.scenario_options import parse_scenario, parse_speed
from exporter.errors import ExporterError
from exporter.signals import end_quietly_on_sigterm, stop_event
from exporter.simulator.scenario import Scenario
from tools.stack import config_files, dashboards, programs
from tools.stack.errors import StackError
from tools.stack.ports import SHIPPED, Ports
from tools.stack.processes import Children, running
from tools.stack.programs import Tools
from tools.stack.webhook_receiver import NotificationPrinter, listening, show

#: the default scenario
SCENARIO = Path(__file__).with_name("short-outage.yml")
#: the last words of the greeting, which is printed when everything is ready
GREETING_END = "Ctrl-C ends everything."
#: an event in the output of the demo: time and text
_STORY = re.compile(r"\d{4}-\d\d-\d\d (\d\d:\d\d)  (.+)")
#: columns where the output is no terminal
_WIDTH = 100


def main(words: Sequence[str] | None = None) -> None:
    """Run the stack until it is stopped; exit with 1 when it cannot start or continue."""
    options = _options(words)
    ports = Ports(**{field.name: getattr(options, field.name) for field in fields(Ports)})
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    try:
        scenario = parse_scenario(options.scenario)
        parse_speed(options.speed)
        tools = Tools.find()
        ports.check()
        asyncio.run(_run(options, scenario, ports, tools, console))
    except (StackError, ExporterError) as error:
        sys.stderr.write(f"stack: error: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:  # before anything was started
        sys.exit(130)


async def _run(
    options: argparse.Namespace, scenario: Scenario, ports: Ports, tools: Tools, console: Console
) -> None:
    stop = stop_event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, stop.set)

    def show_event(line: str) -> None:
        if story := _STORY.fullmatch(line):
            show(console, f"In the house, {story[1]}: {story[2]}", "italic")

    with TemporaryDirectory(prefix="enphase-stack-") as name:
        folder = Path(name)
        config = config_files.place(ports, folder)
        phone = NotificationPrinter(console, tools.amtool, config / "templates")
        async with (
            listening(ports.phone, phone.show),
            running(
                (
                    programs.demo(ports, options.scenario, options.speed, show_event),
                    programs.alertmanager(tools, ports, config, folder),
                    programs.prometheus(tools, ports, config, folder),
                ),
                folder,
            ) as children,
        ):
            await _unless(stop, _live(children, scenario, ports, console))


async def _live(children: Children, scenario: Scenario, ports: Ports, console: Console) -> None:
    await children.ready()
    show(console, _welcome(scenario, ports))
    trying = asyncio.create_task(_try_dashboards(ports, console))
    try:
        raise await children.one_ends()
    finally:
        trying.cancel()


async def _try_dashboards(ports: Ports, console: Console) -> None:
    """Run the queries of the dashboards once, and show how many panels have data."""
    await asyncio.sleep(dashboards.SOON)
    try:
        answered = await dashboards.answered(ports.url("prometheus", ""))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        show(console, f"the queries of the dashboards failed: {error}", "bold red")
        return
    show(console, f"Dashboards with data in this Prometheus: {answered}\n", "dim")


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it ends or the stop event is set."""
    tasks = [asyncio.create_task(work), asyncio.create_task(stop.wait())]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()


def _welcome(scenario: Scenario, ports: Ports) -> str:
    lines = (
        f"{scenario.title}. {scenario.description.strip()}",
        "",
        f"House         {ports.url('exporter')}",
        f"Prometheus    {ports.url('prometheus', '/alerts')}",
        f"  queries     {ports.url('prometheus', '/graph')}",
        f"Alertmanager  {ports.url('alertmanager')}",
        "",
        "The queries of the dashboards run in about a minute. Notifications to the phone appear"
        " below.",
        # On a line of its own: whoever waits for it must find it whole, however long the rest is.
        f"{GREETING_END}\n",
    )
    return "\n".join(lines)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.stack", description=__doc__)
    parser.add_argument(
        "--scenario",
        default=str(SCENARIO),
        metavar="NAME|FILE",
        help="what happens in the house; by default the grid fails after a minute",
    )
    parser.add_argument(
        "--speed",
        default="1",
        metavar="X",
        help="how many times as fast as the wall clock; Prometheus knows only 1",
    )
    for field in fields(Ports):
        parser.add_argument(
            f"--{field.name}-port",
            dest=field.name,
            type=_port,
            default=getattr(SHIPPED, field.name),
            metavar="PORT",
            help=f"where the {field.name} listens [default: %(default)s]",
        )
    return parser.parse_args(words)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: use a number from 1 to 65535")
    return int(text)


if __name__ == "__main__":
    end_quietly_on_sigterm()
    main()
