"""What holds whatever a gateway does; each is a function that returns what is wrong, or None.

Those in `LOOKS` are checked every fifteen seconds, those in `AT_END` at the end.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from exporter.gateway import topology
from exporter.gateway.assembly import says_nothing
from exporter.gateway.cadences import CADENCES
from exporter.gateway.endpoints import ENDPOINTS, ensemble_inventory, home, production_report
from exporter.gateway.paths import METERS
from exporter.metrics.catalogue import FAMILIES
from exporter.snapshot import HOUSE, SELF
from tests.faults.case import DEADLINES, HOUSE_SOURCES, STEP, GatewayCase
from tests.faults.rhythms import SLACK, beat, interval, life, pause, sources
from tests.faults.table import Effect

Look = Callable[[GatewayCase, GatewayCase], str | None]

#: the exporter looks every 15 s whether a gateway that was gone is back
_HOLD = 15.0
#: seconds after which a gateway that says nothing is known to be gone, whatever it does instead
_NOTICED = 300.0
#: seconds from the start until everything was read once, requests being limited
_FIRST_ROUND = 120.0
#: what is reported in whole percent or whole watts, by the most that it can be
_ROUNDING = {1.0: 0.011, 1e8: 1.0}
#: seconds after which the twin has read everything twice, also what is asked every ten minutes
_SETTLED = 1260.0
#: how long a register must show zero to be believed
_PROOF = 300.0
#: seconds between two answers of what the house is derived from
HOUSE_BEAT = max(beat(name) for name in HOUSE_SOURCES)
#: no home here has more power than this, in watts; a step of so many joules is no jump
_MOST_WATTS, _STEP_JOULES = 50e3, 1100 * 3600.0
#: a small request may pass one that takes long
_MOST_AT_ONCE = 2
#: what begins again with a day of our own clock
_DATED = re.compile(r"_price\{|_today_|_yesterday_|_previous_week_")
#: the gateway's requests in ten minutes: those that may be large, and all of them
_WINDOW, _MOST_FULL, _MOST_REQUESTS = 600.0, 10 * 14, 10 * (14 + 12)
#: what an endpoint tells others: how many meters there are, whether AC Batteries belong to the sum
#: of all batteries, what time it is where the prices hold
_TELLS: Mapping[str, frozenset[str]] = {
    METERS: frozenset({"gateway"}),
    production_report.JSON.path: frozenset({"battery_power"}),
    home.ENDPOINT.path: frozenset({"tariff"}),
}


class SeriesOrigin(NamedTuple):
    """What is known of a series by its name."""

    #: the collectors that it may come from
    collectors: frozenset[str]
    #: whether it is the exporter's word about itself
    own: bool
    #: whether the exporter counts it itself, from the moment at which it started
    integrated: bool
    counter: bool
    joules: bool
    stamp: bool
    #: the least and the most that any site could have
    least: float
    most: float


@cache
def facts(series: str) -> SeriesOrigin:
    """Return what is known of a series."""
    name = series[: series.index("{")]
    sources = frozenset(table.collector for table in FAMILIES[name].tables)
    least, most = float("-inf"), float("inf")
    if name.endswith("_ratio"):
        least, most = (-1.0 if "power_factor" in name else 0.0), 1.0
    elif name.endswith(("_watts", "_volt_amperes")):
        least, most = -1e8, 1e8
    elif name.endswith("_celsius"):
        least, most = -100.0, 300.0
    return SeriesOrigin(
        sources,
        sources == {SELF},
        "charged_joules_total" in name or sources == {HOUSE},
        name.endswith("_total"),
        name.endswith("_joules_total"),
        name.endswith("_timestamp_seconds"),
        least,
        most,
    )


def hit(case: GatewayCase) -> frozenset[str]:
    """Return the collectors that the fault may touch."""
    cell = case.cell
    if cell is None:
        return frozenset()
    if cell.whole:
        return frozenset(CADENCES)
    if cell.effect is Effect.HARMLESS or cell.endpoint is None:
        return frozenset()
    more = frozenset[str]()
    if cell.moment.begins == 0:
        more = _hides(cell.endpoint)
    elif cell.effect is Effect.BENDS and cell.endpoint == METERS:
        # What is known of the gateway has the number of meters.
        more = frozenset({"gateway"})
    touched = frozenset({cell.collector}) | more
    return touched | {HOUSE} if touched & HOUSE_SOURCES else touched


@cache
def _hides(endpoint: str) -> frozenset[str]:
    """Return what else is read in another way, or not at all, while an endpoint never answered."""
    hidden = set(topology.readings_of(endpoint)) | _TELLS.get(endpoint, frozenset())
    if endpoint == ensemble_inventory.ENDPOINT.path:
        # Nobody asks for what there seems to be no hardware for.
        hidden |= {ENDPOINTS[path].collector for path in topology.NEEDS}
    return frozenset(hidden)


def lives(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return an error if the poller ended."""
    return "the poller ended" if case.task is None or case.task.done() else None


def _unproven(series: str, twin: GatewayCase) -> bool:
    """Return whether a register stands at zero, which is believed when it has for five minutes."""
    return facts(series).joules and twin.samples.get(series) == 0


def tells(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return which of `enphase_up` and the collectors' own series is gone."""
    if _UP not in case.samples:
        return "enphase_up is gone"
    collectors = {s for s in case.samples if s.startswith("enphase_collector_up{")}
    ever: set[str] = case.notes.setdefault("ever", set())
    ever |= collectors
    return f"{sorted(ever - collectors)} is gone" if ever - collectors else None


def tells_the_fault(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return what hides a lasting fault: the collector must be down, or the gateway."""
    cell = case.cell
    if cell is None or not case.faulty or cell.effect is not Effect.FAILS:
        return None
    since = case.now - (case.began or 0.0)
    if cell.moment.lasts is None and cell.endpoint:
        return None
    if cell.whole:
        if since > _NOTICED and case.samples.get(_UP) != 0:
            return "enphase_up is not 0"
        return None
    if case.samples.get(_UP) != 1 and case.now > _FIRST_ROUND:
        return "enphase_up is not 1 for one endpoint"
    if cell.moment.begins == 0:
        # It was never known, or another endpoint reports the same.
        return None
    up = case.samples.get(_collector_up(cell.collector))
    late = 2 * interval(cell.endpoint) + DEADLINES[cell.collector] + SLACK
    if since > late and up != 0:
        return f"{cell.collector} is not reported as failed"
    return None


def expires(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return what is still there though it could not be read for a lifetime."""
    cell = case.cell
    if cell is None or not case.faulty or cell.effect is not Effect.FAILS:
        return None
    since = case.now - (case.began or 0.0)
    if cell.moment.begins == 0 and not cell.whole:
        return None
    for series in case.samples:
        origin = facts(series)
        if origin.own or (not cell.whole and sources(twin, series) != {cell.endpoint}):
            continue
        if sources(twin, series) <= cell.row.spares:
            continue
        if cell.moment.begins == 0 or since > life(twin, series) + STEP:
            return f"{series} is still served after {since:.0f} s"
    return None


def is_fresh(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return which value is not between the twin's of a lifetime ago and of now."""
    cell = case.cell
    shifted = cell is not None and "clock" in cell.row.name
    from_start = cell is not None and cell.moment.begins == 0
    bent = cell is not None and cell.effect is Effect.BENDS
    excused = hit(case) if from_start or bent else frozenset()
    if from_start and twin.now < _SETTLED:
        # Who came later may have read later; nothing was there that could be stale.
        return None
    bounds = _bounds(twin)
    for series, value in case.samples.items():
        limits = bounds.get(series)
        if limits is None or limits[0] <= value <= limits[1]:
            continue
        origin = facts(series)
        if origin.collectors & excused or (shifted and (origin.stamp or _DATED.search(series))):
            continue
        if not shifted and _is_newer(case, twin, series):
            continue
        return f"{series} is {value}, the twin's {limits[0]} to {limits[1]}"
    return None


def _is_newer(case: GatewayCase, twin: GatewayCase, series: str) -> bool:
    """Return whether all that a series comes from was read after the twin's, as with rare ones."""
    paths = sources(twin, series)
    read = [(case.answers.get(path), twin.answers.get(path)) for path in paths]
    return bool(read) and all(
        own is not None and other is not None and own.read_at > other.read_at + STEP
        for own, other in read
    )


def _bounds(twin: GatewayCase) -> dict[str, tuple[float, float]]:
    """Return between what a value may lie now: the twin's of a lifetime ago, and of now."""
    kept = twin.notes.get("bounds")
    if kept is not None and kept[0] == twin.now:
        limits: dict[str, tuple[float, float]] = kept[1]
        return limits
    first: dict[str, float] = twin.notes.setdefault("first", {})
    then: dict[float, Mapping[str, float]] = {}
    limits = {}
    for series, value in twin.samples.items():
        origin = facts(series)
        if origin.own or origin.integrated:
            continue
        oldest = life(twin, series)
        if oldest not in then:
            then[oldest] = twin.at(twin.now - oldest - STEP)
        # What was not there then began later.
        began = first.setdefault(series, value)
        ends = [value, then[oldest].get(series, began)]
        # The twin may have looked a lifetime earlier than the case.
        ends.append(2 * value - min(ends, key=lambda end: -abs(value - end)))
        margin = _ROUNDING.get(origin.most, 0.0) + (
            3600.0 if origin.joules else 0.01 * max(map(abs, ends))
        )
        limits[series] = min(ends) - margin, max(ends) + margin
    twin.notes["bounds"] = twin.now, limits
    return limits


def keeps_the_others(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return what is lost or late that hangs on other endpoints."""
    cell = case.cell
    if cell is None or case.now < 2 * _FIRST_ROUND:
        return None
    touched = hit(case)
    late = case.notes.setdefault("late", {})
    if not cell.whole and not ("clock" in cell.row.name or cell.endpoint is None):
        slow = DEADLINES[cell.collector] if touched else 0.0
        for name, healthy in twin.poller.readings.items():
            # What there is nothing of is asked for seldom.
            if name in touched or name in (SELF, "gateway") or says_nothing(healthy.data):
                continue
            reading = case.poller.readings.get(name)
            since = float("inf") if reading is None else case.clock.time() - reading.read_at
            usual = HOUSE_BEAT if name == HOUSE else beat(name)
            late[name] = max(late.get(name, 0.0), since - usual)
            if since > 2 * usual + slow:
                return f"{name} was last read {since:.0f} s ago"
    if cell.whole:
        return None
    for series in twin.samples.keys() - case.samples.keys():
        origin = facts(series)
        if not origin.own and not origin.collectors & touched and not _unproven(series, twin):
            return f"{series} is gone"
    return None


def counts_right(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return which counter fell, or rose by more than a site can."""
    last: dict[str, tuple[float, float]] = case.notes.setdefault("last", {})
    for series, value in case.samples.items():
        origin = facts(series)
        if not origin.counter:
            continue
        before = last.get(series)
        last[series] = case.now, value
        if before is None or value == before[1]:
            continue
        if value < before[1]:
            return f"{series} fell from {before[1]} to {value}"
        most = _MOST_WATTS * (case.now - before[0]) + _STEP_JOULES
        if origin.joules and value - before[1] > most:
            return f"{series} jumped from {before[1]} to {value}"
    return None


def is_possible(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return which sample is one that no site could have."""
    for series, value in case.samples.items():
        origin = facts(series)
        if not origin.least <= value <= origin.most or value - value != 0:
            return f"{series} is {value}"
    return None


def keeps_secrets(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return which sample contains the token, which a gateway may echo."""
    leaking = [series for series in case.samples if case.running.token in series]
    return f"{len(leaking)} samples contain the token" if leaking else None


def recovers(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return what is not as with the twin two cadences after the fault, without a restart."""
    cell = case.cell
    if cell is None or case.ended is None:
        return None
    since = case.now - case.ended
    missing = _missing(case, twin, since)
    if not missing and case.samples.get(_UP) == 1 and case.now > _FIRST_ROUND:
        if case.recovered is None:
            case.recovered = since
        return None
    case.recovered = None
    extra = _FIRST_ROUND if cell.whole or cell.moment.begins == 0 else 0.0
    if cell.moment.begins == 0 and cell.endpoint:
        extra += cell.row.settles
    for series in missing:
        usual = pause(twin, series) or interval(cell.endpoint) or _collector_beat(series)
        if since > 2 * usual + _HOLD + SLACK + extra:
            return f"{series} is not back after {since:.0f} s"
    return None


def _collector_beat(series: str) -> float:
    """Return how often what a collector's own series reports of is asked."""
    name = series.partition('collector="')[2].partition('"')[0]
    return max(map(interval, topology.STANDS_ON.get(name, ())), default=0.0)


def _missing(case: GatewayCase, twin: GatewayCase, since: float) -> list[str]:
    """Return the series that the twin has, or that show that a collector is down."""
    missing = [
        series
        for series in twin.samples.keys() - case.samples.keys()
        if not facts(series).own and not (_unproven(series, twin) and since < _PROOF + 60)
    ]
    down = (s for s, v in case.samples.items() if s.startswith("enphase_collector_up{") and v != 1)
    return [*missing, *down]


def spares_the_gateway(case: GatewayCase, twin: GatewayCase) -> str | None:
    """Return where requests came at once, or more a minute, over ten minutes, than the limit.

    That is 14 full ones and 12 small ones; an urgent small one counts as a full one.
    """
    if case.running.max_concurrency > _MOST_AT_ONCE:
        return f"{case.running.max_concurrency} requests at once"
    requests = case.running.requests
    full = [request.at for request in requests if not _is_small(request.target)]
    for what, times, most in (
        ("full requests", full, _MOST_FULL),
        ("requests", [request.at for request in requests], _MOST_REQUESTS),
    ):
        for index, at in enumerate(times):
            count = bisect_left(times, at + _WINDOW) - index
            if count > most:
                return f"{count} {what} in the ten minutes from {at:.0f} s"
    return None


def _is_small(target: str) -> bool:
    endpoint = ENDPOINTS.get(target)
    return endpoint is not None and endpoint.small


_UP = 'enphase_up{gateway="home"}'


def _collector_up(name: str) -> str:
    return f'enphase_collector_up{{gateway="home",collector="{name}"}}'


LOOKS: tuple[Look, ...] = (
    lives,
    tells,
    tells_the_fault,
    expires,
    is_fresh,
    keeps_the_others,
    counts_right,
    is_possible,
    keeps_secrets,
    recovers,
)
AT_END: tuple[Look, ...] = (spares_the_gateway,)
