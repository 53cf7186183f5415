"""How fast `/metrics` is, compared with prometheus_client's own handler with the same samples.

Both servers keep polling a big home. The load comes from this process, four connections that ask
again as soon as they are answered, so the percentiles are those of a server at its limit.
"""

from collections.abc import Iterable
from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from bench.load import Load, Request, get, load
from bench.poller_fixture import PROMETHEUS, TEXT
from bench.processes import child, exporting
from bench.results import BenchRow, Findings, Goal, Progress, Quantity, median
from bench.sim_process import simulated

_HOME = "big-home"
_CONNECTIONS = 4
_SECONDS = 1.0
_REPETITIONS = 5
_FASTER = Goal(20, at_least=True, of_ratio=True)
_SOON = Goal(5)

#: the formats of a scraper: words for the table, Accept, Accept-Encoding
_SCRAPERS = (
    ("OpenMetrics, gzip", PROMETHEUS, "gzip"),
    ("OpenMetrics, plain", PROMETHEUS, "identity"),
    ("text, plain", TEXT, "identity"),
)


async def run(progress: Progress) -> Findings:
    """Compare the rates in every requested format."""
    progress("Scrapes: waiting for both servers")
    results: list[BenchRow] = []
    async with (
        simulated(_HOME) as gateway,
        exporting(gateway.host, gateway.token) as ours,
        child("bench.peers.client_handler", gateway.host, gateway.token) as theirs,
    ):
        port = await theirs.receive()
        await ours.full()
        count = await _same_samples(ours.port, port)
        for words, accept, encoding in _SCRAPERS:
            progress(f"Scrapes: {words}")
            request = Request(ours.port, "/metrics", accept, encoding)
            results += await _compared(words, request, replace(request, port=port))
    note = f"{_HOME}, {count} samples of the gateway, {_CONNECTIONS} connections kept busy"
    return Findings(tuple(results), (note,))


async def _same_samples(ours: int, theirs: int) -> int:
    """Return how many samples both serve; raise RuntimeError when they differ."""
    bodies = [await get(Request(port, "/metrics", TEXT)) for port in (ours, theirs)]
    served, other = map(_series, bodies)
    if different := served ^ other:
        names = ", ".join(sorted({name for name, _ in different}))
        raise RuntimeError(f"the two servers do not serve the same series of {names}")
    return len(served)


def _series(body: bytes) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """Return the series of a body about the gateway, without those of the process."""
    return {
        (sample.name, frozenset(sample.labels.items()))
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if "gateway" in sample.labels
    }


async def _compared(words: str, ours: Request, theirs: Request) -> tuple[BenchRow, BenchRow]:
    loads: dict[Request, list[Load]] = {ours: [], theirs: []}
    for request in loads:
        await load(request, _CONNECTIONS, 0.2)
    for _ in range(_REPETITIONS):
        for request, latencies in loads.items():
            latencies.append(await load(request, _CONNECTIONS, _SECONDS))
    mine, its = (_figures(latencies) for latencies in loads.values())
    return (
        BenchRow(f"Scrapes a second, {words}", *_quantities("", mine[0], its[0]), _FASTER),
        BenchRow("… 99 % answered within", *_quantities("ms", mine[1], its[1]), _SOON),
    )


def _figures(loads: Iterable[Load]) -> tuple[float, float]:
    """Return the medians of rate and 99th percentile in ms."""
    pairs = [(one.rate, one.percentile(0.99) * 1000) for one in loads]
    return median(rate for rate, _ in pairs), median(slow for _, slow in pairs)


def _quantities(unit: str, ours: float, theirs: float) -> tuple[Quantity, Quantity]:
    return Quantity(ours, unit), Quantity(theirs, unit)
