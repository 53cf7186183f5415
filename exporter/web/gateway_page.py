"""The page of one gateway: state, what is wrong, power, and how the exporter fares with it."""

from collections.abc import Iterator

from exporter.status.formatting import (
    UNKNOWN,
    ago,
    connection,
    duration,
    energy,
    percent,
    power,
    storage_activity,
    verdict,
)
from exporter.status.models import GatewayStatus, Problem, StorageStatus
from exporter.web.devices import batteries, panels
from exporter.web.markup import Markup, element, section, unbroken
from exporter.web.power_flow_svg import flow

#: sign and word for each severity, so that colour is not all there is
MARKS = {"critical": "!", "warning": "!", "info": "i", None: "✓"}


def house(status: GatewayStatus) -> Iterator[Markup]:
    """Yield the sections of the page of one gateway."""
    yield _hero(status)
    if status.problems:
        yield _problems(status)
    if status.contact == "answers":
        yield _now(status)
        if status.batteries:
            yield batteries(status)
        if status.panels:
            yield panels(status)
    yield _collectors(status)


def badge(status: GatewayStatus) -> Markup:
    """Return in a word how a gateway is."""
    return element("span", verdict(status), class_="badge")


def _hero(status: GatewayStatus) -> Markup:
    return element(
        "section",
        element("h1", status.gateway, badge(status)),
        element("p", unbroken(status.summary), class_="state"),
        _facts(*_identity(status)),
        class_=f"card hero {status.worst or ''}",
        aria_label="State",
    )


def _facts(*facts: tuple[str, object, object]) -> Markup:
    """Return a list of names, values and, in small, what goes with them."""
    return element(
        "dl",
        (
            element(
                "div",
                element("dt", name),
                element("dd", value, element("small", more) if more else None),
            )
            for name, value, more in facts
        ),
        class_="facts",
    )


def _identity(status: GatewayStatus) -> Iterator[tuple[str, object, object]]:
    now, known = status.timestamp_seconds, status.identity
    grid = status.grid
    value = {True: "connected", False: "disconnected", None: UNKNOWN}[grid.connected]
    since = grid.since_timestamp_seconds
    more = "" if since is None else f"for {duration(now - since)}"
    if grid.has_switch is False:
        more = "no device here can tell"
    yield "Grid", value, more
    yield "Gateway", connection(status), status.host
    reaches = {True: "reaches it", False: "does not reach it", None: ""}
    cloud = status.cloud
    last = cloud.last_report_timestamp_seconds
    yield "Enphase cloud", f"told {ago(last, now)}" if last else UNKNOWN, reaches[cloud.connected]
    expiry = status.token_expiry_timestamp_seconds
    if expiry is not None:
        left = expiry - now
        yield "Token", f"{duration(left)} left" if left > 0 else "expired", ""
    elif known is not None and status.contact == "answers":
        yield "Token", "none needed", ""
    if known is not None:
        yield "Firmware", known.firmware or UNKNOWN, f"serial {known.serial}"
    if status.clock_skew_seconds is not None:
        skew = status.clock_skew_seconds
        right = f"{duration(abs(skew))} {'ahead' if skew > 0 else 'behind'}"
        yield "Clock", "right" if abs(skew) < 10 else right, ""


def _problems(status: GatewayStatus) -> Markup:
    items = [_problem(problem, status.timestamp_seconds) for problem in status.problems]
    return section("What is wrong", element("ul", items, class_="problems"))


def _problem(problem: Problem, now: float) -> Markup:
    since = problem.since_timestamp_seconds
    return element(
        "li",
        element("span", MARKS[problem.severity], class_="mark", aria_hidden="true"),
        element(
            "div",
            element(
                "p",
                element("strong", problem.text),
                " ",
                element(
                    "small",
                    problem.severity,
                    "" if since is None else f", last well {ago(since, now)}",
                ),
            ),
            element("p", "First: ", problem.first[:1].lower() + problem.first[1:]),
            element("p", element("a", f"Runbook {problem.alert}", href=problem.runbook_url)),
        ),
        class_=problem.severity,
    )


def _now(status: GatewayStatus) -> Markup:
    cards = [_today(status)]
    if status.storage is not None:
        cards.insert(0, _storage(status, status.storage))
    if status.generator is not None:
        running = {True: "running", False: "not running", None: UNKNOWN}
        start = percent(status.generator.start_soc_ratio)
        fact = ("State", running[status.generator.running], f"starts at {start}")
        cards.append(section("Generator", _facts(fact)))
    return element(
        "div",
        section("Power now", flow(status)),
        element("div", cards, class_="stack"),
        class_="two",
    )


def _today(status: GatewayStatus) -> Markup:
    today = status.today
    net = today.net_consumption_joules
    balance = "Net from the grid" if net is None or net >= 0 else "Net to the grid"
    return section(
        "Today",
        _bars(today.produced_joules, today.consumed_joules),
        _facts(
            ("Produced", energy(today.produced_joules), ""),
            ("Consumed", energy(today.consumed_joules), "with charging" if status.storage else ""),
            (balance, energy(None if net is None else abs(net)), ""),
        ),
    )


def _bars(produced: float | None, consumed: float | None) -> Markup | None:
    """Return what was produced above what was consumed, to one scale; nothing without both."""
    if produced is None or consumed is None or max(produced, consumed) <= 0:
        return None
    most = max(produced, consumed)
    return element(
        "svg",
        element("title", f"Produced {energy(produced)}, consumed {energy(consumed)}"),
        [
            element(
                "rect",
                y=y,
                width=f"{100 * max(0.0, joules) / most:.0f}%",
                height=14,
                rx=5,
                class_=kind,
            )
            for y, joules, kind in ((0, produced, "made"), (20, consumed, "used"))
        ],
        role="img",
        class_="bars",
    )


def _storage(status: GatewayStatus, storage: StorageStatus) -> Markup:
    watts = status.power.storage_watts
    flowing = storage_activity(watts)
    if watts is not None and flowing != "idle":
        flowing = f"{flowing} with {power(watts)}"
    facts: list[tuple[str, object, object]] = [
        ("Stored", energy(storage.available_joules), f"of {energy(storage.capacity_joules)}"),
        ("Kept for an outage", percent(storage.reserve_soc_ratio), ""),
        ("Mode", storage.mode or UNKNOWN, ""),
    ]
    if storage.runtime_seconds is not None:
        limit = storage.shutdown_soc_ratio
        down = "" if limit is None else f"down to {percent(limit)}"
        facts.insert(1, ("At this rate for", duration(storage.runtime_seconds), down))
    return section(
        "All batteries",
        element("p", percent(storage.soc_ratio), " ", element("small", flowing), class_="amount"),
        _gauge(storage),
        _facts(*facts),
    )


def _gauge(storage: StorageStatus) -> Markup | None:
    """Return the charge as a bar with the reserve as a line; nothing where it is not known."""
    soc, reserve = storage.soc_ratio, storage.reserve_soc_ratio
    if soc is None:
        return None
    line = []
    if reserve is not None:
        at, anchor = f"{100 * reserve:.0f}%", "start" if reserve < 0.5 else "end"
        line = [
            element("line", x1=at, x2=at, y1=6, y2=36, class_="tick"),
            element("text", "reserve", x=at, y=52, text_anchor=anchor),
        ]
    return element(
        "svg",
        element("title", f"Charge {percent(soc)}, reserve {percent(reserve)}"),
        element("rect", y=10, width="100%", height=22, rx=7, class_="track"),
        element("rect", y=10, width=f"{100 * soc:.0f}%", height=22, rx=7, class_="fill"),
        line,
        role="img",
        class_="gauge",
    )


def _collectors(status: GatewayStatus) -> Markup:
    up = sum(collector.up for collector in status.collectors)
    title = ("Collectors ", element("small", f"{up} of {len(status.collectors)} work"))
    rows = []
    for one in status.collectors:
        word = "works" if one.up else "fails" if one.failures else "waits"
        took = UNKNOWN if one.duration_seconds is None else f"{one.duration_seconds:.2f} s"
        rows.append(
            element(
                "tr",
                element("th", one.name.replace("_", " "), scope="row"),
                element(
                    "td",
                    element("span", word, class_="ok" if word == "works" else "not"),
                    element("small", one.trouble) if one.trouble and not one.up else None,
                ),
                element("td", ago(one.last_success_timestamp_seconds, status.timestamp_seconds)),
                element("td", took, class_="wide"),
                element("td", one.failures, class_="number"),
            )
        )
    heads = (("Collector", ""), ("State", ""), ("Last success", ""), ("Took", "wide"))
    return section(
        title,
        element(
            "table",
            element(
                "thead",
                element(
                    "tr",
                    (element("th", name, scope="col", class_=kind or None) for name, kind in heads),
                    element("th", "Failures", scope="col", class_="number"),
                ),
            ),
            element("tbody", rows),
        ),
    )
