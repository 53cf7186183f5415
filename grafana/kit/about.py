"""What a panel is about, and how that dresses the builder of whatever kind of panel it becomes.

A panel has a title, a description and a unit, the colours of `colours.SERIES` for the series of
those names, and a link to a runbook where there is one for what it shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
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
from grafana_foundation_sdk.models import dashboard as models

from grafana.kit import colours
from grafana.kit.colours import Steps
from grafana.kit.queries import Query, scoped
from grafana.kit.words import Words, mappings

#: where the runbooks stand, as in the annotations of the rules
RUNBOOKS = "https://github.com/enphase-exporter/enphase-exporter/blob/main/alertmanager/runbooks/"
DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_PLAIN: Steps = ((None, colours.NEUTRAL),)

Panel = cog.Builder[models.Panel]
Kind = TypeVar(
    "Kind",
    bargauge.Panel,
    stat.Panel,
    statetimeline.Panel,
    statushistory.Panel,
    table.Panel,
    timeseries.Panel,
    xychart.Panel,
)


@dataclass(frozen=True, kw_only=True)
class Field:
    """How one series or column is shown where it differs from the rest of its panel."""

    unit: str | None = None
    decimals: int | None = None
    words: Words | None = None
    steps: Steps | None = None
    #: further properties as Grafana names them
    more: Mapping[str, Any] = field(default_factory=dict)

    def properties(self) -> list[models.DynamicConfigValue]:
        """Return it as properties of an override."""
        found: dict[str, Any] = {
            "unit": self.unit,
            "decimals": self.decimals,
            "mappings": mappings(self.words) if self.words else None,
            "thresholds": thresholds(self.steps).build() if self.steps else None,
        }
        if self.steps or self.words:
            found["color"] = {"mode": "thresholds"}
        found |= self.more
        return [
            models.DynamicConfigValue(id_val=key, value=value)
            for key, value in found.items()
            if value is not None
        ]


@dataclass(frozen=True, kw_only=True)
class About:
    """What a panel shows; width in the 24 columns of Grafana, height in its lines."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...] = ()
    width: int = 12
    height: int = 8
    decimals: int | None = None
    words: Words | None = None
    steps: Steps | None = None
    limits: tuple[float | None, float | None] = (None, None)
    #: said in place of "No data"
    missing: str | None = None
    #: name of the alert whose runbook helps with what is seen here
    runbook: str = ""
    #: by name of the series, or by a regular expression between slashes
    fields: Mapping[str, Field] = field(default_factory=dict)
    #: a time of its own, such as now/d for today
    since: str | None = None
    #: whether the dashboard is about many gateways
    many: bool = False


def dressed(kind: Kind, about: About) -> Kind:
    """Give a panel all that it is about, but for the colours of its series."""
    kind.title(about.title).description(about.description).unit(about.unit)
    kind.datasource(DATASOURCE).span(about.width).height(about.height)
    _measured(kind, about)
    if about.words:
        kind.mappings(mappings(about.words))
    if about.missing:
        kind.no_value(about.missing)
    if about.since:
        kind.time_from(about.since)
    if about.runbook:
        url = f"{RUNBOOKS}{about.runbook}.md"
        title = f"Runbook: {about.runbook}"
        kind.links([dashboard.DashboardLink(title).url(url).target_blank(True)])
    kind.thresholds(thresholds(about.steps or _PLAIN))
    for ref, query in zip("ABCDEFGHIJKLMNOP", about.queries, strict=False):
        kind.with_target(_target(query, ref, many=about.many))
    for name, shown in about.fields.items():
        if name.startswith("/"):
            kind.override_by_regexp(name, shown.properties())
        else:
            kind.override_by_name(name, shown.properties())
    return kind


def _measured(kind: Kind, about: About) -> None:
    low, high = about.limits
    if low is not None:
        kind.min(low)
    if high is not None:
        kind.max(high)
    if about.decimals is not None:
        kind.decimals(about.decimals)


def coloured(kind: Kind, about: About) -> Kind:
    """Give the series of known names their colours, and the rest what its value deserves."""
    names = {query.name for query in about.queries}
    by_value = bool(about.steps or about.words)
    in_time = isinstance(kind, timeseries.Panel)
    if not in_time and (by_value or not names & set(colours.SERIES)):
        kind.color_scheme(by_thresholds())
    for name in sorted(names & set(colours.SERIES)):
        if in_time or not by_value:
            colour = {"mode": "fixed", "fixedColor": colours.SERIES[name]}
            kind.override_by_name(name, [models.DynamicConfigValue(id_val="color", value=colour)])
    return kind


def _target(query: Query, ref: str, *, many: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().datasource(DATASOURCE).expr(scoped(query.expr, many=many))
    target.ref_id(ref).legend_format(query.name or "__auto")
    return target.instant() if query.kind == "instant" else target.range()


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """Return steps of colours as Grafana has them."""
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=colour) for value, colour in steps])
    )


def by_thresholds() -> dashboard.FieldColor:
    """Return that the value chooses the colour."""
    return dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)
