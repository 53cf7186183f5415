"""Kinds of panels, each a function of a `PanelSpec`."""

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from grafana_foundation_sdk.builders import (
    barchart,
    bargauge,
    common,
    dashboard,
    stat,
    statetimeline,
    statushistory,
    timeseries,
)
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models

from grafana.kit.panel_spec import (
    Panel,
    PanelSpec,
    apply_series_colours,
    apply_spec,
    by_thresholds,
    legend_below,
)

#: seconds between two points of values that the gateway updates every five minutes
SLOW = "5m"
#: points of a graph by day: ten years of them
_MOST_DAYS = 4000
_NO_POINTS = options.VisibilityMode.NEVER
DayPanel = TypeVar("DayPanel", barchart.Panel, stat.Panel, timeseries.Panel)


def tiles(spec: PanelSpec, *, graph: bool = False, background: bool = False) -> stat.Panel:
    """Return the newest values side by side, a tile for each series."""
    kind = (
        apply_spec(stat.Panel(), spec)
        .text_mode(options.BigValueTextMode.VALUE_AND_NAME)
        .color_mode(_TILE[background])
        .graph_mode(options.BigValueGraphMode.AREA if graph else options.BigValueGraphMode.NONE)
        .justify_mode(options.BigValueJustifyMode.CENTER)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        # the name above the value: beside it every tile has letters of another size
        .wide_layout(False)
    )
    return apply_series_colours(kind, spec)


def day_tiles(spec: PanelSpec, calc: str = "sum") -> Panel:
    """Return what days have in sum, or on the average, a tile for each series."""
    return _by_day(tiles(spec)).reduce_options(common.ReduceDataOptions().calcs([calc]))


_TILE = {True: options.BigValueColorMode.BACKGROUND_SOLID, False: options.BigValueColorMode.VALUE}


def lines(
    spec: PanelSpec,
    *,
    stacked: bool = False,
    below: tuple[str, ...] = (),
    dashed: tuple[str, ...] = (),
    steps: bool = False,
    bars: bool = False,
    interval: str | None = None,
    calc: str = "lastNotNull",
) -> timeseries.Panel:
    """Return series over time: stacked areas, those of `below` downwards, or lines."""
    kind = (
        apply_spec(timeseries.Panel(), spec)
        .fill_opacity(70 if stacked or bars else 5)
        .line_width(0 if stacked and not bars else 2)
        # by day there can be few of them
        .show_points(options.VisibilityMode.AUTO if interval == "1d" else _NO_POINTS)
        .draw_style(options.GraphDrawStyle.BARS if bars else options.GraphDrawStyle.LINE)
        .tooltip(
            common.VizTooltipOptions()
            .mode(options.TooltipDisplayMode.MULTI)
            .sort(options.SortOrder.DESCENDING)
        )
        .legend(legend_below(calc))
    )
    if stacked:
        kind.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    if stacked or bars:
        # an area is read by its height, which begins at zero
        kind.axis_soft_min(0).axis_soft_max(0)
    if steps:
        kind.line_interpolation(options.LineInterpolation.STEP_AFTER)
    if interval:
        kind.interval(interval)
    if spec.thresholds:
        kind.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
        )
    kind = apply_series_colours(kind, spec)
    for name in below:
        kind.override_by_name(
            name, [models.DynamicConfigValue(id_val="custom.transform", value="negative-Y")]
        )
    dash = {"fill": "dash", "dash": [8, 6]}
    for name in dashed:
        kind.override_by_name(
            name,
            [
                models.DynamicConfigValue(id_val="custom.lineStyle", value=dash),
                models.DynamicConfigValue(id_val="custom.fillOpacity", value=0),
            ],
        )
    return kind


def day_bars(
    spec: PanelSpec,
    *,
    stacked: bool = False,
    below: tuple[str, ...] = (),
    dashed: tuple[str, ...] = (),
    calc: str = "sum",
) -> Panel:
    """Return a bar for each day, from its midnight on; the legend has the sum, or `calc`."""
    kind = lines(spec, stacked=stacked, below=below, bars=True, calc=calc)
    kind.line_width(0).bar_alignment(options.BarAlignment.AFTER).bar_width_factor(0.8)
    for name in dashed:
        line = {"drawStyle": "line", "lineInterpolation": "stepAfter", "fillOpacity": 0}
        line |= {"lineWidth": 2}
        kind.override_by_name(
            name,
            [
                models.DynamicConfigValue(id_val=f"custom.{key}", value=value)
                for key, value in line.items()
            ],
        )
    return _by_day(kind)


def period_bars(spec: PanelSpec, period: Literal["month", "year"], names: Sequence[str]) -> Panel:
    """Return bars for each month or year, beside each other: the sums of the days of each series.

    PromQL has no calendar. Grafana adds up the days by the month that it formats their time as, in
    the time zone of the dashboard.
    """
    kind = (
        _by_day(apply_spec(barchart.Panel(), spec))
        .x_field("Time")
        .stacking(options.StackingMode.NONE)
        .show_value(options.VisibilityMode.NEVER)
        .group_width(0.8)
        .bar_width(0.95)
        .fill_opacity(80)
        .line_width(0)
        .tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI))
        .legend(legend_below("sum"))
    )
    sums: dict[str, Any] = {
        name: {"operation": "aggregate", "aggregations": ["sum"]} for name in names
    }
    by_time = {"Time": {"operation": "groupby", "aggregations": []}}
    written = {"month": "MMM YYYY", "year": "YYYY"}[period]
    for name, settings in (
        ("joinByField", {"byField": "Time", "mode": "outer"}),
        ("formatTime", {"timeField": "Time", "outputFormat": written, "useTimezone": True}),
        ("groupBy", {"fields": by_time | sums}),
        ("organize", {"renameByName": {f"{name} (sum)": name for name in names}}),
    ):
        kind.with_transformation(models.DataTransformerConfig(id_val=name, options=settings))
    # a year is no number with a unit
    kind.override_by_name("Time", [models.DynamicConfigValue(id_val="unit", value="string")])
    return apply_series_colours(kind, spec)


def _by_day(kind: DayPanel) -> DayPanel:
    """Let Grafana ask for one point at each midnight, however narrow the screen is."""
    return kind.interval("1d").max_data_points(_MOST_DAYS)


def timeline(spec: PanelSpec) -> Panel:
    """Return states over time in words, a strip for each device."""
    return (
        apply_spec(statetimeline.Panel(), spec)
        .color_scheme(by_thresholds())
        .merge_values(True)
        .show_value(options.VisibilityMode.AUTO)
        .row_height(0.85)
        .fill_opacity(80)
        .line_width(0)
        .legend(legend_below())
    )


def heat(spec: PanelSpec, *, interval: str, points: int) -> Panel:
    """Return a strip for each device: the bluer, the more. Readable whatever one's eyes."""
    return (
        apply_spec(statushistory.Panel(), spec)
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.CONTINUOUS_BLUES))
        .show_value(options.VisibilityMode.NEVER)
        .interval(interval)
        .max_data_points(points)
        .row_height(0.95)
        .col_width(1)
        .fill_opacity(100)
        .line_width(0)
        .legend(legend_below())
    )


def bars(spec: PanelSpec) -> Panel:
    """Return the newest values as horizontal bars, one below the other."""
    kind = (
        apply_spec(bargauge.Panel(), spec)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .orientation(options.VizOrientation.HORIZONTAL)
        .value_mode(options.BarGaugeValueMode.TEXT)
        # a single bar does not fill the panel
        .sizing(options.BarGaugeSizing.MANUAL)
        .min_viz_height(20)
        .max_viz_height(48)
        .show_unfilled(True)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    return apply_series_colours(kind, spec)
