"""The frame around the panels: variables, annotations, links, rows; the same on every dashboard."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from grafana.kit import colours
from grafana.kit.panel_spec import DATASOURCE, Panel
from grafana.kit.queries import CRITICAL, DEVICE, GATEWAY, scoped

#: the tag by which Grafana links our dashboards
TAG = "enphase"


@dataclass(frozen=True)
class DashboardRow:
    """Panels under a heading; a collapsed row queries nothing until it is opened."""

    title: str
    panels: Sequence[Panel]
    collapsed: bool = False
    #: the variable whose values the row is repeated for
    repeat: str = ""


@dataclass(frozen=True, kw_only=True)
class DashboardSpec:
    """A dashboard.

    `devices` adds a variable for serial numbers: its name, its label, and what has such a number.
    """

    uid: str
    title: str
    description: str
    panels: Sequence[Panel] = ()
    rows: Sequence[DashboardRow] = ()
    multi_gateway: bool = False
    since: str = "now-24h"
    devices: Sequence[tuple[str, str, str]] = field(default_factory=tuple)
    #: titles of the graphs that are shaded while the import price is high
    priced: Sequence[str] = ()

    @property
    def file(self) -> str:
        """The name of its JSON file."""
        return f"{self.uid}.json"

    def text(self) -> str:
        """Return its JSON, keys sorted."""
        document = json.loads(JSONEncoder().encode(self._built()))
        for number, panel in enumerate(_flat(document["panels"]), start=1):
            panel["id"] = number
        for note in document["annotations"]["list"]:
            if note["name"] == HIGH_PRICE.name:
                numbers = [p["id"] for p in _flat(document["panels"]) if p["title"] in self.priced]
                note["filter"] = {"exclude": False, "ids": numbers}
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def _built(self) -> models.Dashboard:
        board = (
            dashboard.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .readonly()
            .timezone("browser")
            .time(self.since, "now")
            .refresh("30s")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .link(
                dashboard.DashboardLink("Dashboards")
                .type(models.DashboardLinkType.DASHBOARDS)
                .tags([TAG])
                .include_vars(True)
                .keep_time(True)
                .tooltip("The other dashboards, for the same gateway and time")
            )
        )
        for variable in self._variables():
            board.with_variable(variable)
        notes = (*ANNOTATIONS, HIGH_PRICE) if self.priced else ANNOTATIONS
        board.annotations([_Annotation(note, multi_gateway=self.multi_gateway) for note in notes])
        for panel in self.panels:
            board.with_panel(panel)
        for row in self.rows:
            heading = dashboard.Row(row.title).collapsed(row.collapsed)
            if row.repeat:
                heading.repeat(row.repeat)
            if row.collapsed:
                for panel in row.panels:
                    heading.with_panel(panel)
                board.with_row(heading)
            else:
                board.with_row(heading)
                for panel in row.panels:
                    board.with_panel(panel)
        return board.build()

    def _variables(
        self,
    ) -> Sequence[dashboard.DatasourceVariable | dashboard.QueryVariable]:
        gateway = _query("gateway", "Gateway", "enphase_up")
        if self.multi_gateway:
            gateway = _all(
                _query_variable("gateways", "Gateways", "label_values(enphase_up, gateway)")
            )
        return (
            dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"),
            gateway,
            *(_all(_serials(name, label, scoped(expr))) for name, label, expr in self.devices),
            _all(_query("job", "Job", "enphase_up").hide(models.VariableHide.HIDE_VARIABLE)),
            _all(
                _query("instance", "Instance", 'enphase_up{job=~"$job"}').hide(
                    models.VariableHide.HIDE_VARIABLE
                )
            ),
        )


def _query(name: str, label: str, selector: str) -> dashboard.QueryVariable:
    return _query_variable(name, label, f"label_values({selector}, {name})")


def _serials(name: str, label: str, expr: str) -> dashboard.QueryVariable:
    return _query_variable(name, label, f"query_result({expr})").regex('/serial="([^"]+)"/')


def _query_variable(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.NATURAL_ASC)
    )


def _all(variable: dashboard.QueryVariable) -> dashboard.QueryVariable:
    # two lists, so that a click on one value chooses that one alone
    everything: list[str] = ["$__all"]
    names: list[str] = ["All"]
    return (
        variable.multi(True)
        .include_all(True)
        .all_value(".+")
        .current(models.VariableOption(selected=True, text=names, value=everything))
    )


@dataclass(frozen=True)
class AnnotationSpec:
    """A mark on every graph while the expression is 1, or at the time that is its value."""

    name: str
    expr: str
    colour: str
    title: str
    text: str = ""
    value_is_time: bool = False


ANNOTATIONS = (
    AnnotationSpec(
        "Off grid",
        "1 - enphase_grid_connected == 1",
        colours.OUTAGE,
        "Off grid",
        "{{gateway}}",
    ),
    AnnotationSpec(
        "Critical alerts", CRITICAL, colours.MARK, "{{alertname}}", "{{gateway}} {{serial}}"
    ),
    AnnotationSpec(
        "Gateway firmware",
        "enphase_gateway_firmware_changed_timestamp_seconds * 1000",
        colours.NEUTRAL,
        "Gateway firmware changed",
        "{{gateway}}",
        value_is_time=True,
    ),
    AnnotationSpec(
        "Battery firmware",
        f"""
        enphase_encharge_info unless enphase_encharge_info offset 1h
          and on ({DEVICE}) enphase_encharge_info offset 1h
        """,
        colours.NEUTRAL,
        "Firmware of battery {{serial}} changed",
        "{{firmware}} {{bmu_firmware}}",
    ),
)

#: while importing costs more than at the cheapest time of the day
HIGH_PRICE = AnnotationSpec(
    "High price",
    f"""
    enphase_tariff_import_price > bool on ({GATEWAY}, currency)
      (1.05 * min_over_time(enphase_tariff_import_price[1d])) == 1
    """,
    colours.MARK,
    "High price",
    "{{gateway}}",
)


class _Annotation(dashboard.AnnotationQuery):
    """An annotation with the options of the Prometheus data source."""

    def __init__(self, note: AnnotationSpec, *, multi_gateway: bool) -> None:
        super().__init__()
        self._internal = _Model(note, multi_gateway=multi_gateway)


class _Model(models.AnnotationQuery):
    def __init__(self, note: AnnotationSpec, *, multi_gateway: bool) -> None:
        super().__init__(
            name=note.name,
            datasource=DATASOURCE,
            enable=True,
            icon_color=note.colour,
            expr=scoped(note.expr, multi_gateway=multi_gateway),
        )
        self._note = note

    def to_json(self) -> dict[str, object]:
        """Return it with the texts of the events."""
        more: dict[str, Any] = {
            "step": "60s",
            "titleFormat": self._note.title,
            "textFormat": self._note.text,
        }
        if self._note.value_is_time:
            more["useValueForTime"] = True
        return super().to_json() | more


def _flat(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for panel in panels for each in (panel, *_flat(panel.get("panels") or []))]
