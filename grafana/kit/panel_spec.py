"""Specification of a panel, and its application to the SDK builder of any kind of panel.

A panel has a title, a description and a unit, the colours of `colours.SERIES` for the series of
those names, and a link to a runbook where there is one for what it shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import (
    barchart,
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    statushistory,
    table,
    timeseries,
    xychart,
)
from grafana_foundation_sdk.cog import builder as cog
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models

from grafana.kit import colours
from grafana.kit.colours import ThresholdSteps
from grafana.kit.queries import Query, scoped
from grafana.kit.value_mappings import ValueMap, build_missing_mappings, build_value_mappings

#: location of the runbooks, as in the annotations of the rules
RUNBOOKS = "https://github.com/enphase-exporter/enphase-exporter/blob/main/alertmanager/runbooks/"
DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
#: the colour of what is neither good nor bad, by the kind of panel; of others it is grey
_PLAIN = {
    stat.Panel: colours.TEXT,
    table.Panel: colours.NONE,
    bargauge.Panel: colours.DISCHARGE,
}

Panel = cog.Builder[models.Panel]
PanelBuilder = TypeVar(
    "PanelBuilder",
    barchart.Panel,
    bargauge.Panel,
    stat.Panel,
    statetimeline.Panel,
    statushistory.Panel,
    table.Panel,
    timeseries.Panel,
    xychart.Panel,
)


@dataclass(frozen=True, kw_only=True)
class FieldOverride:
    """Display options of one series or column that differ from the rest of its panel."""

    unit: str | None = None
    decimals: int | None = None
    value_map: ValueMap | None = None
    thresholds: ThresholdSteps | None = None
    #: text where there is no value
    missing: str | None = None
    #: further properties as Grafana names them
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_valued(self) -> bool:
        """Whether the value has the colour of its threshold or its meaning."""
        return bool(self.thresholds or self.value_map)

    def properties(self) -> list[models.DynamicConfigValue]:
        """Return it as properties of an override."""
        properties: dict[str, Any] = {
            "unit": self.unit,
            "decimals": self.decimals,
            "mappings": [
                *(build_value_mappings(self.value_map) if self.value_map else ()),
                *(build_missing_mappings(self.missing) if self.missing else ()),
            ]
            or None,
            "thresholds": thresholds_config(self.thresholds).build() if self.thresholds else None,
        }
        if self.is_valued:
            properties["color"] = {"mode": "thresholds"}
        properties |= self.extra
        return [
            models.DynamicConfigValue(id_val=key, value=value)
            for key, value in properties.items()
            if value is not None
        ]


@dataclass(frozen=True, kw_only=True)
class PanelSpec:
    """What a panel shows; width in the 24 columns of Grafana, height in its lines."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...] = ()
    width: int = 12
    height: int = 8
    decimals: int | None = None
    value_map: ValueMap | None = None
    thresholds: ThresholdSteps | None = None
    limits: tuple[float | None, float | None] = (None, None)
    #: text in place of "No data"
    no_value: str | None = None
    #: name of the alert whose runbook explains the panel
    runbook: str = ""
    #: by name of the series, or by a regular expression between slashes
    fields: Mapping[str, FieldOverride] = field(default_factory=dict)
    #: a time of its own, such as now/d for today
    since: str | None = None
    #: whether the dashboard is about many gateways
    multi_gateway: bool = False


def apply_spec(panel: PanelBuilder, spec: PanelSpec) -> PanelBuilder:
    """Apply the specification to a panel, except for the colours of its series."""
    panel.title(spec.title).description(spec.description).unit(spec.unit)
    panel.datasource(DATASOURCE).span(spec.width).height(spec.height)
    _apply_limits(panel, spec)
    if spec.value_map:
        panel.mappings(build_value_mappings(spec.value_map))
    if spec.no_value:
        panel.no_value(spec.no_value)
    if spec.since:
        panel.time_from(spec.since)
    if spec.runbook:
        url = f"{RUNBOOKS}{spec.runbook}.md"
        title = f"Runbook: {spec.runbook}"
        panel.links([dashboard.DashboardLink(title).url(url).target_blank(True)])
    plain = _PLAIN.get(type(panel), colours.NEUTRAL)
    panel.thresholds(thresholds_config(spec.thresholds or ((None, plain),)))
    for ref, query in zip("ABCDEFGHIJKLMNOP", spec.queries, strict=False):
        panel.with_target(_target(query, ref, multi_gateway=spec.multi_gateway))
    for name, override in spec.fields.items():
        if name.startswith("/"):
            panel.override_by_regexp(name, override.properties())
        else:
            panel.override_by_name(name, override.properties())
    return panel


def _apply_limits(panel: PanelBuilder, spec: PanelSpec) -> None:
    low, high = spec.limits
    if low is not None:
        panel.min(low)
    if high is not None:
        panel.max(high)
    if spec.decimals is not None:
        panel.decimals(spec.decimals)


def apply_series_colours(panel: PanelBuilder, spec: PanelSpec) -> PanelBuilder:
    """Colour series of known names as in `colours.SERIES`, all others by threshold."""
    names = {query.name for query in spec.queries}
    by_value = bool(spec.thresholds or spec.value_map)
    in_time = isinstance(panel, (timeseries.Panel, barchart.Panel))
    if not in_time and (by_value or not names & set(colours.SERIES)):
        panel.color_scheme(by_thresholds())
    # what its value colours is not coloured by its name
    valued = {name for name, override in spec.fields.items() if override.is_valued}
    for name in sorted(names & set(colours.SERIES) - valued):
        if in_time or not by_value:
            colour = {"mode": "fixed", "fixedColor": colours.SERIES[name]}
            panel.override_by_name(name, [models.DynamicConfigValue(id_val="color", value=colour)])
    return panel


def _target(query: Query, ref: str, *, multi_gateway: bool) -> prometheus.Dataquery:
    target = (
        prometheus.Dataquery()
        .datasource(DATASOURCE)
        .expr(scoped(query.expr, multi_gateway=multi_gateway))
    )
    target.ref_id(ref).legend_format(query.name or "__auto")
    return target.instant() if query.kind == "instant" else target.range()


def thresholds_config(steps: ThresholdSteps) -> dashboard.ThresholdsConfig:
    """Return the threshold steps as a Grafana model."""
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=colour) for value, colour in steps])
    )


def legend_below(*calculations: str) -> common.VizLegendOptions:
    """Return a legend with these calculations of each series, hidden without any."""
    legend = (
        common.VizLegendOptions()
        .display_mode(options.LegendDisplayMode.LIST)
        .placement(options.LegendPlacement.BOTTOM)
        .show_legend(bool(calculations))
    )
    return legend.calcs(list(calculations)) if calculations else legend


def by_thresholds() -> dashboard.FieldColor:
    """Return the colour scheme in which thresholds choose the colour."""
    return dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)
