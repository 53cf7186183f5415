"""How often each endpoint is asked and how long its answers may be served, as the matrix has it.

The cadences are those of the exporter's own table; what follows from them is stated here once more,
so that a mistake there is a difference.
"""

from functools import cache

from exporter.gateway import topology
from exporter.gateway.cadences import CADENCES, adapted, intervals
from exporter.gateway.endpoints import PATHS, meters
from exporter.metrics.catalogue import FAMILIES
from exporter.snapshot import HOUSE, SELF
from tests.faults.case import HOUSE_SOURCES, GatewayCase

#: seconds: a beat is never exact, and requests take turns
SLACK = 20.0
#: an answer lives for three beats, at least two minutes, and a seldom one for a quarter of an hour
_BEATS, _LEAST, _SELDOM, _MARGIN = 3.0, 120.0, 900.0, 1.2
#: members that have other names in the answers they come from
_NAMED_OTHERWISE = {
    "meter_setup": meters.SETUP.path,
    "ctmeters": meters.READINGS.path,
    "ctmeters_phases": meters.READINGS.path,
}


@cache
def _intervals() -> dict[str, float]:
    """Return the longest usual interval of each endpoint, with what rests where others report."""
    every = intervals(CADENCES)
    for collector, seconds in adapted(CADENCES, relay=True, meters=True, islanded=False).items():
        for path in topology.STANDS_ON[collector]:
            every[path] = max(every[path], seconds)
    return every


def interval(path: str | None) -> float:
    """Return the seconds between two answers of an endpoint; 0 for one that is not polled."""
    return _intervals().get(path or "", 0.0)


def beat(collector: str) -> float:
    """Return the seconds between two answers of what is asked most often for a collector."""
    paths = topology.STANDS_ON.get(collector, ())
    return max(CADENCES[collector], min(map(interval, paths), default=0.0))


def lifetime(path: str) -> float:
    """Return for how many seconds an answer of an endpoint may be served."""
    seconds = interval(path) + SLACK
    return min(max(_BEATS * seconds, _LEAST), max(_SELDOM, _MARGIN * seconds))


def members(series: str) -> frozenset[tuple[str, str]]:
    """Return collector and member of its data from which a series may come."""
    tables = FAMILIES[series[: series.index("{")]].tables
    return frozenset((table.collector, table.source.partition(".")[0]) for table in tables)


def sources(twin: GatewayCase, series: str) -> frozenset[str]:
    """Return the endpoints that a series of the healthy twin comes from."""
    known: dict[str, frozenset[str]] = twin.notes.setdefault("sources", {})
    name = series[: series.index("{")]
    if name not in known:
        places = members(series)
        found = {path for place in places for path in _answered(twin, *place)}
        # Members that are made of several answers have no name in any of them.
        known[name] = frozenset(found or {path for each, _ in places for path in _asked(each)})
    return known[name]


def life(twin: GatewayCase, series: str) -> float:
    """Return how old what a series shows may be, in seconds."""
    return max(map(lifetime, sources(twin, series)), default=0.0)


def pause(twin: GatewayCase, series: str) -> float:
    """Return the seconds between two answers that a series comes from."""
    return max(map(interval, sources(twin, series)), default=0.0)


def _asked(collector: str) -> tuple[str, ...]:
    """Return all endpoints that a collector is made of; what is derived is made of many."""
    if collector == HOUSE:
        return tuple(path for name in HOUSE_SOURCES for path in PATHS[name])
    return () if collector == SELF else PATHS[collector]


def _answered(twin: GatewayCase, collector: str, member: str) -> tuple[str, ...]:
    """Return the endpoints that gave a member in the last answers."""
    if member in _NAMED_OTHERWISE:
        return (_NAMED_OTHERWISE[member],)
    return tuple(
        path
        for path in topology.STANDS_ON.get(collector, ())
        if (answer := twin.answers.get(path)) and member in answer.parsed.data
    )
