"""Tables: a row for each device, a column for each value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grafana_foundation_sdk.builders import common, prometheus, table, xychart
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as formats

from grafana.kit import colours
from grafana.kit.panel_spec import DATASOURCE, FieldOverride, Panel, PanelSpec, apply_spec
from grafana.kit.queries import scoped
from grafana.kit.value_mappings import ValueMap

#: pixels of a column: a serial number
_LEAST_WIDTH = 125
#: in place of the text of an empty table, which Grafana would write into each empty cell
_MISSING = "\N{EN DASH}"


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: an expression that keeps the table's keys, or labels of one.

    With `labels` the value is left out, and each label is a column under the name given here.
    """

    name: str
    expr: str
    override: FieldOverride = field(default_factory=FieldOverride)
    labels: Mapping[str, str] = field(default_factory=dict)


def rows(
    spec: PanelSpec,
    keys: Mapping[str, str],
    columns: tuple[TableColumn, ...],
    *,
    order: str = "",
    descending: bool = False,
    hidden: tuple[str, ...] = (),
    links: Mapping[str, tuple[str, str]] | None = None,
    words: Mapping[str, ValueMap] | None = None,
) -> Panel:
    """Return a table with a row for each combination of `keys` (labels, and the columns' titles).

    Ordered by a column, without those keys that are `hidden`; `links` gives columns a title and an
    address to go to, `words` what to write in place of their texts.
    """
    kind = apply_spec(table.Panel(), spec)
    add_columns(kind, spec, keys, columns, hidden)
    # a serial number is digits, which Grafana would write as 493 Bil
    labels = {**keys, **{label: name for each in columns for label, name in each.labels.items()}}
    for label, name in labels.items():
        if label not in hidden:
            text = _calm(FieldOverride(unit="string", value_map=(words or {}).get(name)))
            kind.override_by_name(name, text.properties() + _cell(text))
    for column in columns:
        if not column.labels:
            properties = _calm(column.override).properties()
            kind.override_by_name(column.name, properties + _cell(column.override))
    for name, (title, url) in (links or {}).items():
        link = [{"title": title, "url": url, "targetBlank": url.startswith("http")}]
        kind.override_by_name(name, [models.DynamicConfigValue(id_val="links", value=link)])
    if order:
        kind.sort_by([common.TableSortByFieldState().display_name(order).desc(descending)])
    # on a phone a table is scrolled sideways, not squeezed
    return kind.cell_height(options.TableCellHeight.SM).min_width(_LEAST_WIDTH)


def add_columns(
    kind: table.Panel | xychart.Panel,
    spec: PanelSpec,
    keys: Mapping[str, str],
    columns: tuple[TableColumn, ...],
    hidden: tuple[str, ...] = (),
) -> None:
    """Add queries for the columns to a panel and join them into one table by the keys."""
    renamed = {**keys}
    unseen = {"Time": True, **dict.fromkeys(hidden, True)}
    for ref, column in zip("ABCDEFGHIJKLMNOP", columns, strict=False):
        by = ", ".join((*keys, *column.labels))
        expr = scoped(f"max by ({by}) ({column.expr})", multi_gateway=spec.multi_gateway)
        kind.with_target(
            prometheus.Dataquery()
            .datasource(DATASOURCE)
            .expr(expr)
            .instant()
            .format(formats.PromQueryFormat.TABLE)
            .ref_id(ref)
        )
        value = f"Value #{ref}" if len(columns) > 1 else "Value"
        if column.labels:
            unseen[value] = True
            renamed |= column.labels
        else:
            renamed[value] = column.name
    kind.transformations(
        [
            models.DataTransformerConfig(id_val="merge", options={}),
            models.DataTransformerConfig(
                id_val="organize",
                options={
                    "excludeByName": unseen,
                    "indexByName": {name: place for place, name in enumerate(renamed)},
                    "renameByName": renamed,
                },
            ),
        ]
    )


def _calm(override: FieldOverride) -> FieldOverride:
    """Leave a colour to what is wrong: a table full of it hides the one cell that matters."""

    def loud(colour: str) -> str:
        return colour if colour in (colours.BAD, colours.WATCH) else colours.NONE

    return replace(
        override,
        missing=_MISSING,
        extra={**override.extra, "noValue": _MISSING},
        thresholds=override.thresholds
        and tuple((value, loud(colour)) for value, colour in override.thresholds),
        value_map=override.value_map
        and {value: (text, loud(colour)) for value, (text, colour) in override.value_map.items()},
    )


def _cell(override: FieldOverride) -> list[models.DynamicConfigValue]:
    if not override.is_valued:
        return []
    # the text over a colour is as legible on a light page as on a dark one
    filled = {"type": "color-background", "mode": "basic"}
    return [models.DynamicConfigValue(id_val="custom.cellOptions", value=filled)]
