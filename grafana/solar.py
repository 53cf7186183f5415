"""Panels: production, panels that lag behind their siblings, inverters that do not report.

The roof is laid out by the names and arrays of the inverters in the configuration.
"""

from grafana import inverters
from grafana.kit import colours, thresholds
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import bars, day_bars, heat, lines, tiles
from grafana.kit.queries import (
    DAILY_BY_PANEL,
    DAILY_CLEAR_SKY,
    GATEWAY,
    RECORDED_DEVICE,
    RECORDED_GATEWAY,
    SOLAR_WATTS,
    Query,
    daily,
    kwh,
    now,
    with_inverter_names,
)
from grafana.kit.roof_layout import roof_layout
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import UNCOMPARED, UNPLACED, YES_BAD, YES_GOOD

NONE = "No inverter at this gateway"
_RELATIVE = with_inverter_names("enphase:inverter_relative_ratio")
_X, _Y = "enphase_inverter_position_x", "enphase_inverter_position_y"
_NO_PLACES = "No inverter has a position (x, y) in the configuration"
#: of every inverter in the layout: 0 where it is silent or missing, -1 without a comparison
_ON_PLAN = f"""
    (
      enphase:inverter_relative_ratio
        or on ({RECORDED_DEVICE}) 0 * (enphase:inverter_silent == 1)
        or on ({RECORDED_DEVICE}) 0 * (enphase_inverter_present == 0)
        or on ({RECORDED_DEVICE}) 0 * {_X} - 1
    )
    and on ({RECORDED_DEVICE}) {_X}
"""
_NAMED_WATTS = with_inverter_names("enphase:inverter_fresh_watts")
_ARRAY = 'label_replace({}, "array", "Panels", "array", "")'

OVERVIEW = (
    tiles(
        PanelSpec(
            title="Panels now",
            description=(
                "Power of all panels, the highest in the selected time range, and the number of"
                " inverters that report. At night none reports, which is normal."
            ),
            unit="watt",
            width=24,
            height=5,
            no_value=NONE,
            runbook="EnphaseNoProduction",
            queries=(
                now(SOLAR_WATTS, "Solar"),
                now("max_over_time(enphase_production_watts[$__range])", "Highest"),
                now(kwh("enphase_production_today_joules"), "Today"),
                now(f"count by ({GATEWAY}) (enphase_inverter_watts)", "Inverters"),
                now(
                    f"count by ({RECORDED_GATEWAY}) (enphase:inverter_fresh_watts)"
                    f" or on ({RECORDED_GATEWAY})"
                    f" 0 * count by ({GATEWAY}) (enphase_inverter_watts)",
                    "Reporting",
                ),
                now(f"sum by ({GATEWAY}) (1 - enphase_inverter_present)", "Missing"),
            ),
            fields={
                "Solar": FieldOverride(thresholds=((None, colours.SOLAR),)),
                "Highest": FieldOverride(thresholds=((None, colours.SOLAR),)),
                "Today": FieldOverride(
                    unit="kwatth", decimals=1, thresholds=((None, colours.SOLAR),)
                ),
                "Inverters": FieldOverride(unit="none"),
                "Reporting": FieldOverride(unit="none"),
                "Missing": FieldOverride(unit="none", thresholds=thresholds.ANY_BAD),
            },
        )
    ),
    lines(
        PanelSpec(
            title="Production",
            description=(
                "Solar power, and what a clear sky gives: the best of this time of day within four"
                " weeks, each day by the height of its sun. Without a location in the configuration"
                " it is the best of the week."
            ),
            unit="watt",
            width=12,
            limits=(0, None),
            no_value=NONE,
            runbook="EnphaseNoProduction",
            queries=(
                Query(SOLAR_WATTS, "Solar"),
                Query("enphase:solar_clear_sky_watts", "Clear sky"),
            ),
        ),
        dashed=("Clear sky",),
    ),
    day_bars(
        PanelSpec(
            title="Production by day",
            description="Solar energy by day, and what a clear sky would have given.",
            unit="kwatth",
            decimals=1,
            width=12,
            since="30d",
            limits=(0, None),
            no_value=NONE,
            queries=(
                Query(daily("solar"), "Solar"),
                Query(DAILY_CLEAR_SKY, "Clear sky"),
            ),
        ),
        dashed=("Clear sky",),
    ),
)

ROOF = (
    roof_layout(
        PanelSpec(
            title="Roof layout",
            description=(
                "Each panel in its place, seen from above; hover over one for its name, serial and"
                " power. The colour compares it with the median of its siblings, as below; red also"
                " marks an inverter that does not report while its siblings do, or is missing from"
                " the inventory. Positions are `x` (to the right) and `y` (upwards) under"
                " `inverters:` in the configuration; without them the layout is empty."
            ),
            unit="none",
            width=16,
            height=10,
            no_value=_NO_PLACES,
            runbook="EnphaseInverterUnderperforming",
        ),
        {**inverters.ROWS, "serial": "Serial"},
        with_inverter_names(_X),
        with_inverter_names(_Y),
        (
            TableColumn(
                "Relative to siblings",
                with_inverter_names(_ON_PLAN),
                FieldOverride(
                    unit="percentunit",
                    decimals=0,
                    thresholds=thresholds.ROOF_LAYOUT,
                    value_map=UNCOMPARED,
                ),
            ),
            TableColumn(
                "Power",
                with_inverter_names(
                    f"enphase:inverter_fresh_watts and on ({RECORDED_DEVICE}) {_X}"
                ),
                FieldOverride(unit="watt", decimals=0),
            ),
        ),
    ),
    tiles(
        PanelSpec(
            title="Arrays",
            description=(
                "Power of each array, and the number of panels with a position in the layout."
            ),
            unit="watt",
            width=8,
            height=10,
            no_value=NONE,
            queries=(
                Query(
                    f"sum by (array) ({_ARRAY.format(_NAMED_WATTS)})",
                    "{{array}}",
                ),
                now(
                    f"count by ({GATEWAY}) ({_X})"
                    f" or 0 * count by ({GATEWAY}) (enphase_inverter_info)",
                    "In the layout",
                ),
            ),
            thresholds=((None, colours.SOLAR),),
            fields={
                "In the layout": FieldOverride(
                    unit="none", thresholds=((None, colours.TEXT),), value_map=UNPLACED
                )
            },
        )
    ),
    tiles(
        PanelSpec(
            title="Relative power by panel",
            description=(
                "A tile for each panel, by array: its power as a share of its highest ever,"
                " compared with the median of its siblings; 100 % is equal to them. Names and"
                " arrays come from `inverters:` in the configuration; inverters without a name have"
                " their serial number. In the dark or in an outage there is nothing to compare."
            ),
            unit="percentunit",
            decimals=0,
            width=24,
            height=10,
            thresholds=thresholds.RELATIVE_POWER,
            no_value=inverters.NIGHT,
            runbook="EnphaseInverterUnderperforming",
            queries=(Query(_RELATIVE, inverters.NAME),),
        ),
        background=True,
    ),
    heat(
        PanelSpec(
            title="Power by panel",
            description=(
                "A strip for each panel over the day: the bluer, the nearer to its highest power"
                " ever. Shade moves across the strips, a fault stays in one."
            ),
            unit="percentunit",
            decimals=0,
            width=24,
            height=14,
            limits=(0, 1),
            no_value=NONE,
            runbook="EnphaseInverterUnderperforming",
            queries=(
                Query(
                    with_inverter_names(
                        "enphase_inverter_watts / (enphase_inverter_max_watts > 0)"
                    ),
                    inverters.NAME,
                ),
            ),
        ),
        interval="15m",
        points=96,
    ),
    heat(
        PanelSpec(
            title="Energy by panel and day",
            description=(
                "A strip for each panel, by array, and a field for each day: the bluer, the more. A"
                " bright field in a blue column is a panel that stayed behind on that day."
            ),
            unit="kwatth",
            decimals=1,
            width=24,
            height=14,
            limits=(0, None),
            since="30d",
            no_value=NONE,
            queries=(Query(with_inverter_names(DAILY_BY_PANEL), inverters.NAME),),
        ),
        interval="1d",
        points=366,
    ),
    bars(
        PanelSpec(
            title="Lowest relative power",
            description="The five panels that are furthest below the median at the moment.",
            unit="percentunit",
            decimals=0,
            limits=(0, 1.2),
            thresholds=thresholds.RELATIVE_POWER,
            no_value=inverters.NIGHT,
            runbook="EnphaseInverterUnderperforming",
            queries=(now(f"sort(bottomk by ({GATEWAY}) (5, {_RELATIVE}))", inverters.NAME),),
        )
    ),
    bars(
        PanelSpec(
            title="Highest relative power",
            description="The five panels that are furthest above the median at the moment.",
            unit="percentunit",
            decimals=0,
            limits=(0, 1.2),
            thresholds=thresholds.RELATIVE_POWER,
            no_value=inverters.NIGHT,
            queries=(now(f"sort_desc(topk by ({GATEWAY}) (5, {_RELATIVE}))", inverters.NAME),),
        )
    ),
    rows(
        PanelSpec(
            title="Panels",
            description=(
                "Power, power relative to the median of the siblings, energy in the selected time"
                " range, and whether the inverter does not report while its siblings do, or is"
                " missing from the inventory."
            ),
            unit="short",
            width=24,
            height=12,
            no_value=NONE,
            runbook="EnphaseInverterSilent",
        ),
        inverters.ROWS,
        (
            TableColumn(
                "Power", with_inverter_names("enphase_inverter_watts"), FieldOverride(unit="watt")
            ),
            TableColumn(
                "Relative to siblings",
                _RELATIVE,
                FieldOverride(unit="percentunit", decimals=0, thresholds=thresholds.RELATIVE_POWER),
            ),
            TableColumn(
                "Energy",
                with_inverter_names(
                    kwh(
                        "increase(enphase_inverter_joules_total[$__range])"
                        " or enphase_inverter_today_joules"
                    )
                ),
                FieldOverride(unit="kwatth", decimals=2),
            ),
            TableColumn(
                "Last report",
                with_inverter_names("enphase:inverter_report_age_seconds"),
                FieldOverride(unit="s", decimals=0),
            ),
            TableColumn(
                "Not reporting",
                with_inverter_names("enphase:inverter_silent"),
                FieldOverride(value_map=YES_BAD),
            ),
            TableColumn(
                "Listed",
                with_inverter_names("enphase_inverter_present"),
                FieldOverride(value_map=YES_GOOD),
            ),
        ),
        order="Relative to siblings",
    ),
)

DASHBOARD = DashboardSpec(
    uid="enphase-solar",
    title="Enphase: Panels",
    description="Solar production, panels that lag behind, inverters that do not report.",
    panels=OVERVIEW,
    rows=(
        DashboardRow("Roof", ROOF),
        DashboardRow("Inverters not reporting", inverters.NOT_REPORTING, collapsed=True),
        DashboardRow("Voltage, current and temperature", inverters.ELECTRICAL, collapsed=True),
        DashboardRow("Signal over the power line", inverters.SIGNAL, collapsed=True),
    ),
)
