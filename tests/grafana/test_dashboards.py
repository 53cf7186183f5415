"""The dashboards as files: current, reachable, and of one meaning."""

import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from exporter.findings.thresholds import thresholds as alert_thresholds
from grafana.__main__ import DASHBOARDS as SOURCES
from grafana.__main__ import IMPORTABLE
from grafana.kit import colours, thresholds, value_mappings
from grafana.kit.dashboard import DashboardSpec
from grafana.kit.panel_spec import RUNBOOKS
from tests.alerts.rule_files import ALERTS, Rule
from tests.alerts.rule_files import RUNBOOKS as PAGES
from tests.conftest import ROOT
from tools import boards
from tools.boards import DASHBOARDS

_DASHBOARD_URL = re.compile(r"http://localhost:3000/d/([\w-]+)(?:\?(.*))?")
#: what a link may ask of its template: the part between stands only where the alert has the label
_TEMPLATE_CONDITION = re.compile(r"\{\{ (?:with \$labels\.\w+|end) \}\}")
#: what each kind of colour blindness makes of red, green and blue (Machado and others, 2009)
_EYES = {
    "usual": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
#: CIE76; two is just noticeable for a trained eye, ten is seen at a glance
_AT_A_GLANCE = 10.0
_FLOWS = ("SOLAR", "HOUSE", "IMPORT", "EXPORT", "CHARGE", "DISCHARGE", "OUTAGE")
#: kinds of panels whose series are told apart by their colours
_GRAPHS = ("timeseries", "barchart")
#: both limits of a value are dashed and lie on either side of it
_LIMITS = {"Low", "High"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.uid)
def test_the_files_are_current(source: DashboardSpec) -> None:
    """`make dashboards` changes nothing."""
    assert (boards.FOLDER / source.file).read_text() == source.text()


def test_there_is_a_file_for_each_source_and_no_other() -> None:
    """A removed dashboard is not provisioned."""
    assert {path.name for path in boards.FILES} == {source.file for source in SOURCES}
    assert {path.name for path in IMPORTABLE.iterdir()} == {source.file for source in SOURCES}


def test_the_command_writes_them(tmp_path: Path) -> None:
    """`python -m grafana` is what `make dashboards` runs, and leaves only what it wrote."""
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "dashboards" / "old.json").write_text("{}")
    code = (
        "import pathlib, grafana.__main__ as m;"
        f"m.FOLDER = pathlib.Path({str(tmp_path / 'dashboards')!r});"
        f"m.IMPORTABLE = pathlib.Path({str(tmp_path / 'import')!r}); m.main()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    for folder in ("dashboards", "import"):
        written = {path.name for path in (tmp_path / folder).iterdir()}
        assert written == {path.name for path in boards.FILES}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_the_link_of_an_alert_leads_to_a_dashboard(alert: Rule) -> None:
    """With variables that the dashboard has."""
    url = _TEMPLATE_CONDITION.sub("", alert.annotations["dashboard_url"])
    match = _DASHBOARD_URL.fullmatch(url)
    assert match
    uid, query = match.groups()
    assert uid in DASHBOARDS
    chosen = {each.partition("=")[0] for each in query.split("&")} if query else set()
    assert chosen <= {f"var-{name}" for name in boards.variables(DASHBOARDS[uid])}


def test_runbooks_are_those_of_the_rules() -> None:
    """Every link to a runbook leads where the annotation of that alert leads."""
    runbooks = {alert.annotations["runbook_url"] for alert in ALERTS}
    linked = {
        link["url"]
        for board in DASHBOARDS.values()
        for panel in boards.panels(board)
        for link in panel.get("links") or []
    }
    assert len(linked) > 20
    assert linked <= runbooks
    assert {f"{RUNBOOKS}{page.name}" for page in PAGES} >= runbooks


def test_dashboards_lead_to_dashboards_that_are_there() -> None:
    """A click on a gateway of the fleet opens its home."""
    uids = {
        uid for path in boards.FILES for uid in re.findall(r'"url": "/d/([\w-]+)', path.read_text())
    }
    assert uids == {"enphase-home"}
    assert uids <= set(DASHBOARDS)


def test_a_series_has_the_same_colour_everywhere() -> None:
    """The table of colours is the only place that gives a series one."""
    for uid, board in DASHBOARDS.items():
        for panel in boards.panels(board):
            for override in panel["fieldConfig"]["overrides"]:
                name = override["matcher"]["options"]
                for prop in override["properties"]:
                    if prop["id"] == "color" and name in colours.SERIES:
                        fixed = prop["value"].get("fixedColor")
                        assert fixed in (None, colours.SERIES[name]), f"{uid}: {panel['title']}"


def test_no_colour_stands_outside_of_the_table() -> None:
    """Every colour in the files is one of the table's."""
    table = {
        value for name, value in vars(colours).items() if name.isupper() and isinstance(value, str)
    }
    used = {
        colour
        for path in boards.FILES
        for colour in re.findall(r"#[0-9A-Fa-f]{6}", path.read_text())
    }
    assert used <= table


def _close(names: Mapping[str, str], eyes: str) -> list[tuple[str, str]]:
    """Return the pairs of different colours, by name, that these eyes hardly tell apart."""
    seen = {name: _lab(colour, eyes) for name, colour in names.items()}
    return [
        (one, other)
        for one, other in combinations(names, 2)
        if names[one] != names[other]
        and sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        < _AT_A_GLANCE
    ]


def _drawn(panel: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the colours of the series of a graph that have names of their own, by name."""
    fixed = {
        override["matcher"]["options"]: prop["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"]
        for prop in override["properties"]
        if prop["id"] == "color" and "fixedColor" in prop["value"]
    }
    names = {target["legendFormat"] for target in panel["targets"]}
    patterns = {name.strip("/"): each for name, each in fixed.items() if name.startswith("/")}
    found: dict[str, str] = {}
    for name in names:
        matched = [each for pattern, each in patterns.items() if re.search(pattern, name)]
        if name in fixed or matched:
            found[name] = fixed.get(name) or matched[-1]
        elif "{{" not in name:
            found[name] = ""
    # those that are called after a phase, a meter or a status have one of these names
    if any(re.match(r"\{\{(?:phase|meter|code)\}\}", name) for name in names):
        found |= patterns
    return found


@pytest.mark.parametrize("eyes", _EYES)
@pytest.mark.parametrize("uid", DASHBOARDS)
def test_series_of_a_graph_are_distinguishable_for_everybody(uid: str, eyes: str) -> None:
    """Every series with a name of its own has a colour of the table, far from its neighbours'."""
    for panel in boards.panels(DASHBOARDS[uid]):
        if panel["type"] in _GRAPHS:
            drawn = _drawn(panel)
            assert "" not in drawn.values(), f"{panel['title']}: {drawn}"
            assert _close(drawn, eyes) == [], panel["title"]
            shared = {name for name, each in drawn.items() if [*drawn.values()].count(each) > 1}
            assert shared <= _LIMITS, panel["title"]


@pytest.mark.parametrize("eyes", _EYES)
def test_states_are_distinguishable_for_everybody(eyes: str) -> None:
    """Good, to be watched, bad, and neither."""
    states = {name: getattr(colours, name) for name in ("FINE", "WATCH", "BAD", "NEUTRAL")}
    assert _close(states, eyes) == []


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_no_state_is_a_colour_alone(uid: str) -> None:
    """Every state of a strip, a tile or a cell has a word; other values are numbers."""
    for panel in boards.panels(DASHBOARDS[uid]):
        settings = panel["fieldConfig"]
        mappings = [
            *settings["defaults"].get("mappings", ()),
            *(
                mapping
                for override in settings["overrides"]
                for prop in override["properties"]
                if prop["id"] == "mappings"
                for mapping in prop["value"]
            ),
        ]
        for mapping in mappings:
            options = mapping["options"]
            results = [options["result"]] if mapping["type"] == "special" else options.values()
            assert all(result["text"].strip() for result in results), panel["title"]
        if panel["type"] == "state-timeline":
            assert mappings, panel["title"]
        if panel["type"] == "stat":
            assert panel["options"]["textMode"] == "value_and_name"


@pytest.mark.parametrize("eyes", _EYES)
def test_flows_are_distinguishable_for_everybody(eyes: str) -> None:
    """Also by those who are blind to red, to green or to blue."""
    assert _close({name: getattr(colours, name) for name in _FLOWS}, eyes) == []


@pytest.mark.parametrize(
    ("threshold", "step"),
    [
        ("battery_flat_soc_ratio", thresholds.STATE_OF_CHARGE[1]),
        ("backup_soc_low_ratio", thresholds.STATE_OF_CHARGE[2]),
        ("battery_spread_ratio", (-(thresholds.LAG[1][0] or 0), "")),
        ("battery_cold_celsius", thresholds.TEMPERATURE[1]),
        ("battery_hot_celsius", thresholds.TEMPERATURE[3]),
        ("report_stale_seconds", thresholds.REPORT_AGE[2]),
        ("storage_health_ratio", thresholds.HEALTH[1]),
        ("storage_capacity_ratio", thresholds.CAPACITY[1]),
        ("leg_imbalance_ratio", thresholds.LEG_IMBALANCE[2]),
        ("inverter_relative_ratio", thresholds.RELATIVE_POWER[1]),
        ("cloud_silence_seconds", thresholds.CLOUD_REPORT_AGE[1]),
        ("cloud_silence_critical_seconds", thresholds.CLOUD_REPORT_AGE[2]),
        ("clock_skew_seconds", thresholds.CLOCK_SKEW[2]),
        ("token_remaining_seconds", thresholds.TOKEN_LIFETIME[1]),
    ],
)
def test_colours_change_where_alerts_begin(threshold: str, step: tuple[float, str]) -> None:
    """Thresholds of the dashboards are those of the alerts."""
    assert alert_thresholds()[threshold].default == step[0]


def test_words_do_not_contradict_each_other() -> None:
    """Two meanings of a number in one panel are an error."""
    assert (
        value_mappings.merge_value_maps(
            (value_mappings.YES_GOOD, value_mappings.LED_STATUS, value_mappings.STATES)
        )[12][0]
        == "Charging"
    )
    with pytest.raises(ValueError, match="0 means No and Off grid"):
        value_mappings.merge_value_maps((value_mappings.YES_GOOD, value_mappings.GRID))


def _lab(colour: str, eyes: str) -> tuple[float, float, float]:
    """Return a colour as these eyes see it, in CIE Lab."""
    srgb = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in srgb]
    seen = [
        min(1.0, max(0.0, sum(k * v for k, v in zip(row, linear, strict=True))))
        for row in _EYES[eyes]
    ]
    to_xyz = (
        (0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505),
        (0.2126, 0.7152, 0.0722),
        (0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089),
    )
    xyz = [sum(k * v for k, v in zip(row, seen, strict=True)) for row in to_xyz]
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
