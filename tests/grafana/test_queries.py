"""The queries of the dashboards on a real Prometheus with seven recorded homes."""

import math
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.grafana import homes
from tests.grafana.backfill import Prometheus
from tools import boards
from tools.boards import PanelQuery

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof

_HOUR = 3600.0
_DAY = 24 * _HOUR
#: seconds that a panel shows: the recordings end at one in the afternoon of the twentieth
_TIME_RANGES = {
    "": _DAY,
    "now/d": 13 * _HOUR,
    "now-2d/d": 61 * _HOUR,
    "now/M": 19 * _DAY + 13 * _HOUR,
    "30d": 30 * _DAY,
    "now-12M/M": 384 * _DAY,
    "2y": 730 * _DAY,
    "now-5y/y": 1996 * _DAY,
}
#: points of a graph
_POINTS = 96
#: the only critical alert of the homes is that of an outage, which has a mark of its own
_UNMARKED = "annotation Critical alerts"
#: measured once in a night, if a cadence is configured, with the token of an installer
_FOR_INSTALLERS = "enphase-solar: Signal over the power line"
#: how much of what is compared may get lost between two readings
_CLOSE = 0.05

#: the homes with data, by query
Answers = Mapping[PanelQuery, frozenset[str]]


def expression(query: PanelQuery, home: str, **more: str) -> str:
    """Return the query of Grafana for a selected home."""
    seconds = _TIME_RANGES[query.since]
    values = {
        "job": ".+",
        "instance": ".+",
        "gateway": home,
        "gateways": home,
        "battery": ".+",
        "__rate_interval": f"{4 * homes.INTERVAL}s",
        "__interval": "1d",
        "__range": f"{seconds:.0f}s",
        "__range_s": f"{seconds:.0f}",
    }
    return boards.filled(query.expr, values | more)


def has_data(series: list[dict[str, Any]]) -> bool:
    """Return whether a result contains a number."""
    return any(
        not math.isnan(float(value))
        for each in series
        for _, value in (each.get("values") or [each["value"]])
    )


@pytest.fixture(scope="module")
def answers(prometheus: Prometheus) -> Answers:
    """Return the homes with data for every query of panels, variables and annotations."""

    def answered(query: PanelQuery, home: str) -> bool:
        expr = expression(query, home)
        if query.instant:
            return has_data(prometheus.newest(expr))
        seconds = _TIME_RANGES[query.since]
        # longer than the recording there is nothing to see
        step = min(seconds, homes.end() - homes.begin()) / _POINTS
        return has_data(prometheus.over(expr, seconds, step))

    notes = {note for note in boards.notes() if note.panel != _UNMARKED}
    everything = {*boards.queries(), *notes, *boards.lists()}
    return {
        query: frozenset(home for home in homes.HOMES if answered(query, home))
        for query in everything
    }


def test_every_query_returns_data_from_the_home_it_is_for(answers: Answers) -> None:
    """Every query of panels, annotations and variables has data from at least one home.

    Except those about the year before the recording, and the one that needs an installer's token.
    """
    empty = {
        f"{query}: {query.expr}"
        for query, series in answers.items()
        if not series and str(query) != _FOR_INSTALLERS
    }
    assert sorted(each for each in empty if "offset 8713h" not in each) == []


def test_no_panel_is_empty_in_the_home_of_the_demo_but_those_of_rare_hardware(
    answers: Answers,
) -> None:
    """The demo has data in all panels except those of generator, IQ Relay, installer's token."""
    full = {str(query) for query, homes_of in answers.items() if homes.DEMO in homes_of}
    empty = {str(query) for query in answers} - full
    assert empty == {
        "enphase-grid: Generator",
        "enphase-grid: Charge and generator thresholds",
        "enphase-gateway: IQ Relays",
        _FOR_INSTALLERS,
    }


def test_a_panel_that_is_empty_in_some_home_names_what_is_missing(answers: Answers) -> None:
    """An empty panel does not look like a failure."""
    homes_of: dict[str, set[str]] = {}
    for query, series in answers.items():
        homes_of.setdefault(str(query), set()).update(series)
    silent = {
        str(query)
        for query in answers
        if not query.missing
        and not query.panel.startswith(("annotation", "variable"))
        and homes_of[str(query)] < set(homes.HOMES)
    }
    assert sorted(silent) == []


@pytest.mark.parametrize("name", ["job", "instance", "gateway", "gateways"])
def test_variables_list_what_there_is(prometheus: Prometheus, name: str) -> None:
    """One choice for each job, exporter and gateway that Prometheus knows."""
    values = {
        tuple(
            series["metric"][name.removesuffix("s")]
            for series in prometheus.newest(query.expr.split("{")[0])
        )
        for query in boards.lists()
        if query.panel == f"variable {name}"
    }
    [value] = values
    expected = {"job": {"enphase"}, "instance": {"localhost:10055"}, "gateway": set(homes.HOMES)}
    assert set(value) == expected[name.removesuffix("s")]


def test_the_plan_shows_every_panel_that_has_a_place(prometheus: Prometheus) -> None:
    """Each with a colour: how it compares with its siblings, 0 where it alone is silent."""
    [plan] = [
        panel
        for panel in boards.panels(boards.DASHBOARDS["enphase-solar"])
        if panel["title"] == "Roof layout"
    ]
    across, up, compared, power = (
        {
            series["metric"]["serial"]: float(series["value"][1])
            for series in prometheus.newest(
                expression(PanelQuery("", plan["title"], target["expr"]), homes.DEMO)
            )
        }
        for target in plan["targets"]
    )
    assert {serial: (x, up[serial]) for serial, x in across.items()} == homes.PLACES
    assert compared.keys() == homes.PLACES.keys()
    [silent] = homes.PLACES.keys() - power.keys()
    assert compared[silent] == 0
    assert all(value > 0.3 for serial, value in compared.items() if serial != silent)


@pytest.mark.parametrize(("home", "batteries"), [("battery-home", 6), ("acb", 4), ("legacy", 0)])
def test_there_is_a_row_for_each_battery(prometheus: Prometheus, home: str, batteries: int) -> None:
    """However many there are, AC Batteries included."""
    [query] = [each for each in boards.lists() if each.panel == "variable battery"]
    assert len(prometheus.newest(expression(query, home))) == batteries


def _tile(prometheus: Prometheus, panel: str, home: str = homes.DEMO) -> dict[str, float]:
    """Return what the tiles of a panel of the home dashboard show, by their names."""
    answers = {}
    [tiles] = [
        each for each in boards.panels(boards.DASHBOARDS["enphase-home"]) if each["title"] == panel
    ]
    for target in tiles["targets"]:
        query = PanelQuery("", panel, target["expr"], since=tiles.get("timeFrom") or "")
        for series in prometheus.newest(expression(query, home)):
            answers[target["legendFormat"].split(",")[0]] = float(series["value"][1])
    return answers


@pytest.mark.parametrize(
    ("panel", "home"),
    [
        ("Power now", "battery-home"),
        ("Power now", "acb"),
        ("Power now", "three-phase"),
        ("Energy today", "battery-home"),
    ],
)
def test_what_comes_in_goes_out(prometheus: Prometheus, panel: str, home: str) -> None:
    """Solar, battery and grid give what house, battery and grid take."""
    tiles = _tile(prometheus, panel, home)
    given = sum(tiles.get(name, 0) for name in ("Solar", "Battery discharging", "From the grid"))
    taken = sum(tiles.get(name, 0) for name in ("House", "Battery charging", "To the grid"))
    assert given > 0
    assert taken == pytest.approx(given, rel=_CLOSE)


def test_the_house_is_more_than_what_the_gateway_calls_consumption(
    prometheus: Prometheus,
) -> None:
    """At night the batteries carry the house, and the gateway reports almost no consumption."""
    night = homes.end() - 10 * _HOUR
    [query] = [
        PanelQuery("", "", target["expr"])
        for panel in boards.panels(boards.DASHBOARDS["enphase-home"])
        if panel["title"] == "Power"
        for target in panel["targets"]
        if target["legendFormat"] == "House"
    ]

    def at_night(expr: str) -> float:
        [series] = prometheus.ask("query", query=expr, time=night)["result"]
        return float(series["value"][1])

    chosen = f'{{gateway="{homes.DEMO}"}}'
    discharged = at_night(f"enphase_storage_watts{chosen}")
    assert discharged > 100
    assert at_night(expression(query, homes.DEMO)) == pytest.approx(
        at_night(f"enphase_consumption_watts{chosen}") + discharged
    )


def test_money_is_energy_at_the_prices_of_its_hours(prometheus: Prometheus) -> None:
    """What was paid lies between all of it at the lowest price and all of it at the highest."""
    energy, money = _tile(prometheus, "Energy today"), _tile(prometheus, "Cost today")
    chosen = f'{{gateway="{homes.DEMO}"}}[13h]'
    for name, of, price in (
        ("Paid", "From the grid", "import"),
        ("Earned", "To the grid", "export"),
    ):
        low, high = (
            float(
                prometheus.newest(f"{function}_over_time(enphase_tariff_{price}_price{chosen})")[0][
                    "value"
                ][1]
            )
            for function in ("min", "max")
        )
        assert energy[of] * low * (1 - _CLOSE) <= money[name] <= energy[of] * high * (1 + _CLOSE)
    assert money["Paid"] > 0
    assert money["Earned"] > 0


def test_the_watchdog_is_seen(prometheus: Prometheus) -> None:
    """It has no labels by which to choose it."""
    assert _tile(prometheus, "System status")["Alert rules"] == 1


def test_alerts_are_counted_for_the_home_they_are_about(prometheus: Prometheus) -> None:
    """An alert of one home is not counted for the others."""
    tiles = {home: _tile(prometheus, "System status", home) for home in homes.HOMES}
    assert tiles["collar"]["Alerts"] == 1
    assert tiles["three-phase"]["Alerts"] == 0
    assert tiles["generator"]["Grid"] == 0
    assert tiles["battery-home"]["Grid"] == 1
    # no claim about the grid without hardware that knows it
    assert "Grid" not in tiles["legacy"]


def test_shares_are_shares(prometheus: Prometheus) -> None:
    """Self-consumption and autonomy of a sunny home lie between nothing and all."""
    tiles = _tile(prometheus, "Self-consumption and autonomy today")
    assert set(tiles) == {"Self-consumption", "Autonomy"}
    assert all(0 < share <= 1 for share in tiles.values())


def test_the_log_of_outages_lists_each_with_its_length(prometheus: Prometheus) -> None:
    """One on command and one of two and a half hours, with the charge they ended at."""
    [log] = [
        each
        for each in boards.panels(boards.DASHBOARDS["enphase-grid"])
        if each["title"] == "Outages"
    ]
    began, lasted, charge, commanded = (
        {
            series["metric"]["start"]: float(series["value"][1])
            for series in prometheus.newest(
                expression(PanelQuery("", "", target["expr"]), homes.DEMO, __range="48h")
            )
        }
        for target in log["targets"]
    )
    assert began.keys() == lasted.keys() == charge.keys() == commanded.keys()
    minutes = [round(seconds / 60) for _, seconds in sorted(lasted.items())]
    assert len(minutes) == 2
    # until the grid has been good for five minutes, as seen at a reading every five minutes
    assert 10 <= minutes[0] <= 35
    assert 145 <= minutes[1] <= 165
    assert [value for _, value in sorted(commanded.items())] == [1, 0]
    assert all(0 < value < 1 for value in charge.values())
    assert all(float(start) == value / 1000 for start, value in began.items())


def test_a_bar_stands_at_the_day_that_it_is_about(prometheus: Prometheus) -> None:
    """Grafana asks at midnights: today's has what there is so far, the one before has yesterday."""
    [bars] = [
        each
        for each in boards.panels(boards.DASHBOARDS["enphase-energy"])
        if each["title"] == "Energy by day"
    ]
    today = homes.end() - 13 * _HOUR
    for target in bars["targets"]:
        expr = expression(PanelQuery("", "", target["expr"]), homes.DEMO)
        flow = re.findall(r"enphase:(\w+)_joules:yesterday", expr)[0]
        for midnight, metric in ((today, "today"), (today - _DAY, "yesterday")):
            [bar] = prometheus.ask("query", query=expr, time=midnight)["result"]
            [now] = prometheus.newest(f'enphase_{flow}_{metric}_joules{{gateway="{homes.DEMO}"}}')
            # recorded a quarter of an hour ago at the most
            assert float(bar["value"][1]) == pytest.approx(
                float(now["value"][1]) / 3.6e6, rel=0.1, abs=0.3
            )


def test_the_time_off_grid_is_not_stretched_over_time_without_data(prometheus: Prometheus) -> None:
    """A week with two recorded days has two outages in it, not seven."""
    [tiles] = [
        each
        for each in boards.panels(boards.DASHBOARDS["enphase-grid"])
        if each["title"] == "Grid now"
    ]
    [expr] = [t["expr"] for t in tiles["targets"] if t["legendFormat"] == "Off grid"]
    query = expression(PanelQuery("", "", expr), homes.DEMO, __range="7d")
    [series] = prometheus.newest(query)
    assert 155 <= float(series["value"][1]) / 60 <= 200
