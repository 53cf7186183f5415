"""Devices drawn where they are, each a square whose colour is its value."""

from collections.abc import Mapping
from typing import TypeVar

from grafana_foundation_sdk.builders import common, xychart
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import xychart as kinds

from grafana.kit.panel_spec import Panel, PanelSpec, apply_spec, legend_below
from grafana.kit.tables import TableColumn, add_columns

#: pixels
_SIZE = 30
_ACROSS, _UP = "Across", "Up"
_Part = TypeVar(
    "_Part",
    xychart.XychartXYSeriesConfigX,
    xychart.XychartXYSeriesConfigY,
    xychart.XychartXYSeriesConfigColor,
    xychart.XychartXYSeriesConfigFrame,
)


def roof_layout(
    spec: PanelSpec, keys: Mapping[str, str], x: str, y: str, columns: tuple[TableColumn, ...]
) -> Panel:
    """Return a square at (`x`, `y`) for each combination of `keys`, coloured by the first column.

    The tooltip of a square has its keys and the other columns.
    """
    kind = apply_spec(xychart.Panel(), spec)
    add_columns(kind, spec, keys, (TableColumn(_ACROSS, x), TableColumn(_UP, y), *columns))
    for column in columns:
        kind.override_by_name(column.name, column.override.properties())
    for name in (_ACROSS, _UP):
        hidden = {"unit": "none", "custom.axisPlacement": "hidden", "custom.axisGridShow": False}
        kind.override_by_name(
            name,
            [models.DynamicConfigValue(id_val=key, value=value) for key, value in hidden.items()],
        )
    series = (
        xychart.XYSeriesConfig()
        .frame(_matched(xychart.XychartXYSeriesConfigFrame(), "byIndex", 0))
        .x(_matched(xychart.XychartXYSeriesConfigX(), "byName", _ACROSS))
        .y(_matched(xychart.XychartXYSeriesConfigY(), "byName", _UP))
        .color(_matched(xychart.XychartXYSeriesConfigColor(), "byName", columns[0].name))
    )
    return (
        kind.mapping(kinds.SeriesMapping.MANUAL)
        .series([series])
        .show(kinds.XYShowMode.POINTS)
        .point_shape(kinds.PointShape.SQUARE)
        .point_size(xychart.XychartFieldConfigPointSize().fixed(_SIZE))
        .fill_opacity(90)
        .tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.SINGLE))
        .legend(legend_below())
    )


def _matched(part: _Part, how: str, what: object) -> _Part:
    return part.matcher(xychart.MatcherConfig().id(how).options(what))
