"""Kinds of panels, each a function of a `PanelSpec`."""

from grafana_foundation_sdk.builders import (
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

from grafana.kit.panel_spec import Panel, PanelSpec, apply_series_colours, apply_spec, by_thresholds

#: seconds between two points of values that the gateway updates every five minutes
SLOW = "5m"


def tiles(spec: PanelSpec, *, graph: bool = False, background: bool = False) -> Panel:
    """Return the newest values side by side, a tile for each series."""
    kind = (
        apply_spec(stat.Panel(), spec)
        .text_mode(options.BigValueTextMode.VALUE_AND_NAME)
        .color_mode(_TILE[background])
        .graph_mode(options.BigValueGraphMode.AREA if graph else options.BigValueGraphMode.NONE)
        .justify_mode(options.BigValueJustifyMode.CENTER)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .wide_layout(True)
    )
    return apply_series_colours(kind, spec)


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
) -> Panel:
    """Return series over time: stacked areas, those of `below` downwards, or lines."""
    kind = (
        apply_spec(timeseries.Panel(), spec)
        .fill_opacity(70 if stacked or bars else 5)
        .line_width(0 if stacked and not bars else 2)
        .show_points(options.VisibilityMode.NEVER)
        .draw_style(options.GraphDrawStyle.BARS if bars else options.GraphDrawStyle.LINE)
        .tooltip(
            common.VizTooltipOptions()
            .mode(options.TooltipDisplayMode.MULTI)
            .sort(options.SortOrder.DESCENDING)
        )
        .legend(
            common.VizLegendOptions()
            .display_mode(options.LegendDisplayMode.LIST)
            .placement(options.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull"])
        )
    )
    if stacked:
        kind.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
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
        .legend(
            common.VizLegendOptions()
            .display_mode(options.LegendDisplayMode.LIST)
            .placement(options.LegendPlacement.BOTTOM)
            .show_legend(False)
        )
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
        .legend(
            common.VizLegendOptions()
            .display_mode(options.LegendDisplayMode.LIST)
            .placement(options.LegendPlacement.BOTTOM)
            .show_legend(False)
        )
    )


def bars(spec: PanelSpec) -> Panel:
    """Return the newest values as horizontal bars, one below the other."""
    kind = (
        apply_spec(bargauge.Panel(), spec)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .orientation(options.VizOrientation.HORIZONTAL)
        .value_mode(options.BarGaugeValueMode.TEXT)
        .show_unfilled(True)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    return apply_series_colours(kind, spec)
