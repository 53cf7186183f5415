"""`python -m bench`: run all benches, or the named ones, and print one table.

Nothing is written unless `--write` names a file.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench import (
    alert_latency,
    cpu,
    dashboards,
    dos,
    exposition_size,
    fleet,
    hostile,
    memory,
    report,
    requests,
    scrape,
    simulator,
    simulator_speed,
    start,
    storage,
)
from bench.results import Bench, Findings

BENCHES: tuple[Bench, ...] = (
    Bench("cpu", "CPU of polling, compared with pyenphase", cpu.run),
    Bench("memory", "memory of the process, compared with pyenphase", memory.run),
    Bench("scrape", "/metrics under load, compared with prometheus_client", scrape.run),
    Bench("dos", "/metrics under denial of service", dos.run),
    Bench("hostile", "a gateway with far too large answers", hostile.run),
    Bench("requests", "requests to the gateway", requests.run, timed=False),
    Bench("start", "start of the process", start.run),
    Bench("sizes", "samples and bytes of a scrape", exposition_size.run, timed=False),
    Bench("storage", "series of a home, and their place on the disk", storage.run, timed=False),
    Bench("simulator-speed", "speed of the simulated house", simulator_speed.run),
    Bench("simulator", "recording, and many gateways in one process", simulator.run),
    Bench("fleet", "many gateways in one process", fleet.run),
    Bench("fleet-soak", "the same for a quarter of an hour, some misbehave", fleet.soak, long=True),
    Bench("fleet-stretch", "as many as one core can", fleet.stretch),
    Bench("dashboards", "panels over two years", dashboards.run),
    Bench("alert-latency", "from the loss of the grid to the notification", alert_latency.run),
)

_USUAL = [bench.name for bench in BENCHES if not bench.long]


async def _run(benches: Sequence[Bench], console: Console) -> list[Findings]:
    results = []
    with console.status("Starting") as status:
        for bench in benches:
            noise = report.noise() if bench.timed else ()
            found = await bench.run(status.update)
            results.append(replace(found, notes=(*found.notes, *noise)))
    return results


def main(words: Sequence[str] | None = None) -> None:
    """Run the benches of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure against the budgets.",
        epilog="; ".join(f"{bench.name}: {bench.about}" for bench in BENCHES),
    )
    names = [bench.name for bench in BENCHES]
    parser.add_argument(
        "bench", nargs="*", help=f"{', '.join(names)}; all except the long one if none is named"
    )
    parser.add_argument("--all", action="store_true", help="run the long one too: half an hour")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="write the table as Markdown; rows of benches that did not run are kept",
    )
    options = parser.parse_args(words)
    if unknown := set(options.bench).difference(names):
        parser.error(f"there is no bench {sorted(unknown)[0]!r}; choose from {', '.join(names)}")
    selected = names if options.all else options.bench or _USUAL
    chosen = [bench for bench in BENCHES if bench.name in selected]
    findings = asyncio.run(_run(chosen, Console(stderr=True)))
    results = {bench.name: each for bench, each in zip(chosen, findings, strict=True)}
    Console().print(report.table(results))
    if options.write:
        previous = options.write.read_text() if options.write.exists() else ""
        options.write.write_text(report.page(results, names, previous))


if __name__ == "__main__":
    main()
