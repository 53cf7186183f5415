"""What holds for every dashboard: the rules of Grafana's dashboard-linter, and our own."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import promql_parser
import pytest
from grafana_foundation_sdk.models import units

from exporter.metrics.catalogue import FAMILIES, Family
from exporter.metrics.table import StateSet
from tests.alerts.rule_files import RECORDED_NAMES
from tools import boards
from tools.boards import DASHBOARDS, PanelQuery

UNITS = {value for value in vars(units).values() if isinstance(value, str)}
#: what Grafana puts in place of its variables must be a duration here and a word there
_FILLED = {
    "__rate_interval": "4m",
    "__interval": "1m",
    "__range": "1h",
    "__range_s": "3600",
    **{name: f"${name}" for name in ("job", "instance", "gateway", "gateways", "battery")},
}
_TARGET = {"job": "$job", "instance": "$instance"}
_OURS = {"job", "instance", "gateway"}
#: what Prometheus itself records, and the labels of ours that it has
_ALERTS = {"ALERTS", "ALERTS_FOR_STATE"}
#: lifetimes that are meant as such, by panel
_LIFETIMES = {
    "Hardware and firmware",  # full charges of a battery since the exporter watches
    "Lifetime",
}
#: functions that know what a counter is
_RISING = {"rate", "irate", "increase"}
#: half of a screen's width: below that, tables and graphs are unreadable on a tablet; on a phone
#: Grafana gives each panel the whole width
_LEAST_WIDTH = 8
_MOST_COLUMNS = 8
#: characters that fit in a third of a screen
_LONGEST_TITLE = 42

each_board = pytest.mark.parametrize("uid", DASHBOARDS)


def everything(uid: str) -> Iterator[PanelQuery]:
    """Yield all queries of a dashboard: panels, annotations and variables."""
    for query in (*boards.queries(), *boards.notes(), *boards.lists()):
        if query.uid == uid:
            yield query


def parsed(expr: str) -> promql_parser.Expr:
    """Return the tree of an expression; raise ValueError where it is none."""
    return promql_parser.parse(boards.filled(expr, _FILLED))


def nodes(expr: promql_parser.Expr) -> list[Any]:
    """Return all parts of an expression."""
    matches: list[Any] = []
    promql_parser.walk(expr, matches.append)
    ranges = [n.vector_selector for n in matches if isinstance(n, promql_parser.MatrixSelector)]
    return matches + [selector for selector in ranges if selector not in matches]


def selectors(expr: str) -> list[promql_parser.VectorSelector]:
    """Return the selectors of an expression."""
    return [n for n in nodes(parsed(expr)) if isinstance(n, promql_parser.VectorSelector)]


def family(selector: promql_parser.VectorSelector) -> Family | None:
    """Return the exporter's metric that a selector is about."""
    return FAMILIES.get(selector.name or "")


def matchers(selector: promql_parser.VectorSelector) -> Mapping[str, str]:
    """Return the matchers of a selector, by label."""
    return {matcher.name: matcher.value for matcher in selector.matchers.matchers}


def mistakes(uid: str, wrong: Callable[[PanelQuery], object]) -> list[str]:
    """Return the faulty queries of a dashboard, with the fault."""
    return [f"{query}: {error}" for query in everything(uid) if (error := wrong(query))]


@each_board
def test_every_expression_is_promql(uid: str) -> None:
    """Every query can be parsed."""

    def wrong(query: PanelQuery) -> object:
        try:
            parsed(query.expr)
        except ValueError as error:
            return f"{error} in {query.expr}"
        return None

    assert mistakes(uid, wrong) == []


@each_board
def test_every_metric_is_exported_or_recorded(uid: str) -> None:
    """A renamed or removed metric is noticed in every panel."""
    names = {*FAMILIES, *RECORDED_NAMES, *_ALERTS}
    assert mistakes(uid, lambda query: {s.name for s in selectors(query.expr)} - names) == []


@each_board
def test_every_selector_uses_labels_that_the_metric_has(uid: str) -> None:
    """A misspelt label would match nothing without an error."""

    def wrong(query: PanelQuery) -> object:
        return [
            (selector.name, unknown)
            for selector in selectors(query.expr)
            if (matched := family(selector))
            and (unknown := set(matchers(selector)) - _OURS - set(matched.labels))
        ]

    assert mistakes(uid, wrong) == []


@each_board
def test_every_selector_is_confined_to_what_is_chosen(uid: str) -> None:
    """Job, instance and gateway; what is recorded, and alerts, have the gateway alone."""

    def wrong(query: PanelQuery) -> object:
        if query.panel.startswith("variable"):
            return None
        return [
            selector.name
            for selector in selectors(query.expr)
            if matchers(selector).get("alertname") != "EnphaseWatchdog"
            and not (
                "$gateway" in (labels := matchers(selector)).get("gateway", "")
                and (
                    _TARGET.items() <= labels.items()
                    or (selector.name or "").startswith(("enphase:", "ALERTS"))
                )
            )
        ]

    assert mistakes(uid, wrong) == []


@each_board
def test_rates_follow_the_interval_of_the_screen(uid: str) -> None:
    """A rate over a time of its own would miss points, or smooth what can be seen."""
    rates = re.compile(r"\bi?rate\([^\[]*\[([^\]]+)\]")
    windows = [(str(a), window) for a in everything(uid) for window in rates.findall(a.expr)]
    assert [each for each in windows if each[1] != "$__rate_interval"] == []


@each_board
def test_counters_are_used_by_their_increase(uid: str) -> None:
    """The value of a counter depends on when it began."""

    def wrong(query: PanelQuery) -> object:
        tree = nodes(parsed(query.expr))
        risen = {
            selector.name
            for node in tree
            if isinstance(node, promql_parser.Call) and node.func.name in _RISING
            for argument in node.args
            for selector in nodes(argument)
            if isinstance(selector, promql_parser.VectorSelector)
        }
        counters = {
            call.name
            for call in tree
            if isinstance(call, promql_parser.VectorSelector)
            and (matched := family(call))
            and matched.row.kind == "counter"
        }
        return None if query.panel in _LIFETIMES else counters - risen

    assert mistakes(uid, wrong) == []


@each_board
def test_all_states_have_words(uid: str) -> None:
    """A timeline of a state set has a text for every state of the exporter."""

    def wrong(query: PanelQuery) -> object:
        covered: dict[str, set[str]] = {}
        for selector in selectors(query.expr):
            row = matched.row if (matched := family(selector)) else None
            if isinstance(row, StateSet) and row.label in matchers(selector):
                covered.setdefault(row.name, set()).add(matchers(selector)[row.label])
        return [
            (name, missing)
            for name, states in covered.items()
            if isinstance(row := FAMILIES[name].row, StateSet)
            and (missing := {*row.states, "unknown"} ^ states)
        ]

    assert mistakes(uid, wrong) == []


@each_board
def test_panels_have_title_description_and_unit(uid: str) -> None:
    """Each has a title, a description and a unit that Grafana knows."""
    for panel in boards.panels(DASHBOARDS[uid]):
        assert 0 < len(panel["title"]) <= _LONGEST_TITLE
        assert panel["description"].endswith(".")
        defaults = panel["fieldConfig"]["defaults"]
        overridden = [
            prop["value"]
            for override in panel["fieldConfig"]["overrides"]
            for prop in override["properties"]
            if prop["id"] == "unit"
        ]
        for unit in (defaults["unit"], *overridden):
            assert unit in UNITS or re.fullmatch(r"currency:[A-Z]{3} ", unit), unit
        assert panel["targets"]


@each_board
def test_data_sources_are_chosen_by_the_variable(uid: str) -> None:
    """Dashboards work in any Grafana, whatever its data source is called."""
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    board = DASHBOARDS[uid]
    for panel in boards.panels(board):
        assert panel["datasource"] == chosen
        assert [t["datasource"] for t in panel["targets"]] == [chosen] * len(panel["targets"])
    assert all(note["datasource"] == chosen for note in board["annotations"]["list"])
    source, *others = boards.variables(board).values()
    assert (source["name"], source["label"]) == ("datasource", "Data source")
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    assert all(variable["datasource"] == chosen for variable in others)


@each_board
@pytest.mark.parametrize("name", ["job", "instance"])
def test_job_and_instance_can_be_chosen(uid: str, name: str) -> None:
    """As the dashboard-linter wants it: several, or all by `.+`."""
    variable = boards.variables(DASHBOARDS[uid])[name]
    assert variable["label"] == name.title()
    assert variable["type"] == "query"
    assert (variable["multi"], variable["includeAll"]) == (True, True)
    assert variable["allValue"] == ".+"


@each_board
def test_variables_follow_the_time_range(uid: str) -> None:
    """Devices of that time can be selected, also if they are gone now."""
    queries = [v for v in boards.variables(DASHBOARDS[uid]).values() if v["type"] == "query"]
    assert len(queries) >= 3
    assert all(variable["refresh"] == 2 for variable in queries)


@each_board
def test_dashboards_belong_to_their_files(uid: str) -> None:
    """They cannot be edited in Grafana, where the next start would undo it."""
    board = DASHBOARDS[uid]
    assert board["uid"] == uid
    assert board["editable"] is False
    assert board["tags"] == ["enphase"]
    # links are found by the tag, and take gateway and time along
    [link] = board["links"]
    assert link["tags"] == ["enphase"]
    assert (link["includeVars"], link["keepTime"]) == (True, True)


@each_board
def test_panels_stand_beside_each_other(uid: str) -> None:
    """No panel lies over another, none is too narrow to read, and all have a number."""
    board = DASHBOARDS[uid]
    numbers = [panel["id"] for panel in (*boards.panels(board), *board["panels"])]
    assert all(numbers)
    assert len({p["id"] for p in boards.panels(board)}) == len(list(boards.panels(board)))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or place["w"] >= _LEAST_WIDTH
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@each_board
def test_tables_have_few_columns(uid: str) -> None:
    """A table that has to be scrolled sideways is not read."""
    for panel in boards.panels(DASHBOARDS[uid]):
        if panel["type"] == "table":
            options = panel["transformations"][-1]["options"]
            columns = set(options["renameByName"]) - set(options["excludeByName"])
            assert 2 <= len(columns) <= _MOST_COLUMNS, panel["title"]
            # and sorts by one of them
            order = [each["displayName"] for each in panel["options"].get("sortBy") or []]
            assert set(order) <= set(options["renameByName"].values())


@each_board
def test_overrides_are_about_something(uid: str) -> None:
    """An override for a series with another name would have no effect."""
    for panel in boards.panels(DASHBOARDS[uid]):
        names = {target.get("legendFormat", "") for target in panel["targets"]}
        for change in panel.get("transformations") or []:
            names |= set(change["options"].get("renameByName", {}).values())
            names.add(change["options"].get("timeField", ""))
        for override in panel["fieldConfig"]["overrides"]:
            matcher = override["matcher"]
            if matcher["id"] == "byName":
                assert matcher["options"] in names, panel["title"]
