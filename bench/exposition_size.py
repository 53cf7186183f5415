"""How much a home is: samples, and bytes of a scrape."""

import time

from bench.cpu import HOMES
from bench.poller_fixture import PROMETHEUS, TEXT, polled_gateway
from bench.results import BenchRow, Findings, Progress, Quantity
from exporter.clock import VirtualClock
from exporter.simulator.homes import sample_home
from exporter.simulator.server import serve

#: words for the table, Accept, Accept-Encoding
_BODIES = (
    ("text", TEXT, ""),
    ("OpenMetrics", PROMETHEUS, ""),
    ("OpenMetrics, gzip", PROMETHEUS, "gzip"),
)


async def run(progress: Progress) -> Findings:
    """Count the samples of each home, and the bytes in every form."""
    results: list[BenchRow] = []
    for name in HOMES:
        progress(f"Sizes of {name}")
        clock = VirtualClock(time.time())
        async with (
            serve(sample_home(name, clock.time), now=clock.time) as gateway,
            polled_gateway(gateway.host, gateway.token, clock) as watched,
        ):
            await watched.minutes(1)
            bodies = [
                (words, watched.exposition.render(accept, encoding)[0])
                for words, accept, encoding in _BODIES
            ]
        lines = bodies[0][1].splitlines()
        samples = sum(not line.startswith(b"#") for line in lines)
        results.append(
            BenchRow(f"Samples of {name}, those of the process included", Quantity(samples))
        )
        results += (
            BenchRow(f"… as {words}", Quantity(len(body) / 1000, "kB")) for words, body in bodies
        )
    return Findings(tuple(results))
