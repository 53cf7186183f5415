"""Panels: what the roof gives, which panels lag behind their siblings, which are silent.

The roof is laid out by the names and arrays that the configuration gives to the inverters.
"""

from grafana.kit import colours, thresholds
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import SLOW, bars, heat, lines, tiles, timeline
from grafana.kit.queries import (
    GATEWAY,
    RECORDED_DEVICE,
    RECORDED_GATEWAY,
    SOLAR_WATTS,
    Query,
    kwh,
    now,
    with_inverter_names,
)
from grafana.kit.roof_layout import roof_layout
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import UNCOMPARED, UNPLACED, YES_BAD, YES_GOOD

NONE = "No inverter at this gateway"
_NIGHT = "Too dark to compare panels"
_DETAIL = "This gateway tells no details of its inverters"
_NAME = "{{array}} {{panel}}"
_RELATIVE = with_inverter_names("enphase:inverter_relative_ratio")
_ROWS = {"array": "Array", "panel": "Panel"}
_X, _Y = "enphase_inverter_position_x", "enphase_inverter_position_y"
_NO_PLACES = "No inverter has a place (x, y) in the configuration"
#: of every inverter on the plan: 0 where it is silent or gone, -1 where there is nothing to compare
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
                "What all panels give, the most they gave in the time shown, and how many of the"
                " inverters are heard. At night none is heard, and that is normal."
            ),
            unit="watt",
            width=24,
            height=4,
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
                    "Heard",
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
                "Heard": FieldOverride(unit="none"),
                "Missing": FieldOverride(unit="none", thresholds=thresholds.ANY_BAD),
            },
        )
    ),
    lines(
        PanelSpec(
            title="Production",
            description=(
                "What the panels give, and the best that this time of day gave within the last"
                " week: a clear day comes near it."
            ),
            unit="watt",
            width=12,
            limits=(0, None),
            no_value=NONE,
            runbook="EnphaseNoProduction",
            queries=(
                Query(SOLAR_WATTS, "Solar"),
                Query("enphase:solar_expected_watts", "Expected"),
            ),
        ),
        dashed=("Expected",),
    ),
    lines(
        PanelSpec(
            title="Production by the day",
            description="What the panels gave each day.",
            unit="kwatth",
            decimals=1,
            width=12,
            since="30d",
            no_value=NONE,
            queries=(Query(kwh("increase(enphase_production_joules_total[1d])"), "Solar"),),
        ),
        bars=True,
        interval="1d",
    ),
)

ROOF = (
    roof_layout(
        PanelSpec(
            title="Plan of the roof",
            description=(
                "Each panel where it lies, seen from above; point at one for its name, serial and"
                " power. The colour compares it with the middle one of its siblings, as below; red"
                " is also one that is silent while they work, or gone from the list. Places are `x`"
                " (to the right) and `y` (upwards) under `inverters:` in the configuration; without"
                " them there is nothing to draw."
            ),
            unit="none",
            width=16,
            height=10,
            no_value=_NO_PLACES,
            runbook="EnphaseInverterUnderperforming",
        ),
        {**_ROWS, "serial": "Serial"},
        with_inverter_names(_X),
        with_inverter_names(_Y),
        (
            TableColumn(
                "Beside siblings",
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
                "What the panels of each array give together, and how many panels have a place on"
                " the plan."
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
                    "On the plan",
                ),
            ),
            fields={"On the plan": FieldOverride(unit="none", value_map=UNPLACED)},
        )
    ),
    tiles(
        PanelSpec(
            title="The roof",
            description=(
                "A tile for each panel, array by array: its power as a share of the most it ever"
                " gave, compared with the middle one of its siblings; 100 % is as good as they."
                " Names and arrays come from `inverters:` in the configuration, serial numbers"
                " stand in for those that have none. Dark or in an outage there is nothing to"
                " compare."
            ),
            unit="percentunit",
            decimals=0,
            width=24,
            height=10,
            thresholds=thresholds.RELATIVE_POWER,
            no_value=_NIGHT,
            runbook="EnphaseInverterUnderperforming",
            queries=(Query(_RELATIVE, _NAME),),
        ),
        background=True,
    ),
    heat(
        PanelSpec(
            title="Power of each panel",
            description=(
                "A strip for each panel over the day: the bluer, the nearer to the most it ever"
                " gave. Shade wanders through the strips, a fault stays in one."
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
                    _NAME,
                ),
            ),
        ),
        interval="15m",
        points=96,
    ),
    bars(
        PanelSpec(
            title="Worst beside their siblings",
            description="The five panels that lag furthest behind the middle one at the moment.",
            unit="percentunit",
            decimals=0,
            limits=(0, 1.2),
            thresholds=thresholds.RELATIVE_POWER,
            no_value=_NIGHT,
            runbook="EnphaseInverterUnderperforming",
            queries=(now(f"sort(bottomk by ({GATEWAY}) (5, {_RELATIVE}))", _NAME),),
        )
    ),
    bars(
        PanelSpec(
            title="Best beside their siblings",
            description="The five panels that are furthest ahead of the middle one at the moment.",
            unit="percentunit",
            decimals=0,
            limits=(0, 1.2),
            thresholds=thresholds.RELATIVE_POWER,
            no_value=_NIGHT,
            queries=(now(f"sort_desc(topk by ({GATEWAY}) (5, {_RELATIVE}))", _NAME),),
        )
    ),
    rows(
        PanelSpec(
            title="Panel by panel",
            description=(
                "Power, share of the middle one of the siblings, energy in the time shown, and"
                " whether the inverter is silent while its siblings work or gone from the list."
            ),
            unit="short",
            width=24,
            height=12,
            no_value=NONE,
            runbook="EnphaseInverterSilent",
        ),
        _ROWS,
        (
            TableColumn(
                "Power", with_inverter_names("enphase_inverter_watts"), FieldOverride(unit="watt")
            ),
            TableColumn(
                "Beside siblings",
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
                "Silent",
                with_inverter_names("enphase:inverter_silent"),
                FieldOverride(value_map=YES_BAD),
            ),
            TableColumn(
                "Listed",
                with_inverter_names("enphase_inverter_present"),
                FieldOverride(value_map=YES_GOOD),
            ),
        ),
        order="Beside siblings",
    ),
)

ELECTRICAL = (
    rows(
        PanelSpec(
            title="DC and AC of each panel",
            description=(
                "Voltage and current of the panel, voltage and frequency of the mains at the"
                " inverter, and its temperature, where the gateway tells them."
            ),
            unit="short",
            width=24,
            height=12,
            no_value=_DETAIL,
        ),
        _ROWS,
        (
            TableColumn(
                "Panel V",
                with_inverter_names("enphase_inverter_dc_volts"),
                FieldOverride(unit="volt", decimals=1),
            ),
            TableColumn(
                "Panel A",
                with_inverter_names("enphase_inverter_dc_amperes"),
                FieldOverride(unit="amp", decimals=2),
            ),
            TableColumn(
                "Mains V",
                with_inverter_names("enphase_inverter_ac_volts"),
                FieldOverride(unit="volt", decimals=1),
            ),
            TableColumn(
                "Mains A",
                with_inverter_names("enphase_inverter_ac_amperes"),
                FieldOverride(unit="amp", decimals=2),
            ),
            TableColumn(
                "Mains Hz",
                with_inverter_names("enphase_inverter_hertz"),
                FieldOverride(unit="hertz", decimals=2),
            ),
            TableColumn(
                "Temperature",
                with_inverter_names("enphase_inverter_temperature_celsius"),
                FieldOverride(unit="celsius", decimals=0),
            ),
        ),
        order="Panel",
    ),
    lines(
        PanelSpec(
            title="Voltage of each panel",
            description="Voltage that each inverter sees from its panel.",
            unit="volt",
            no_value=_DETAIL,
            queries=(Query(with_inverter_names("enphase_inverter_dc_volts"), _NAME),),
        ),
        interval=SLOW,
    ),
    lines(
        PanelSpec(
            title="Temperature of each inverter",
            description="A hot inverter gives less; one that is much hotter than its siblings is"
            " badly ventilated.",
            unit="celsius",
            no_value=_DETAIL,
            queries=(Query(with_inverter_names("enphase_inverter_temperature_celsius"), _NAME),),
        ),
        interval=SLOW,
    ),
)

SILENT = (
    timeline(
        PanelSpec(
            title="Silent while others work",
            description=(
                "When an inverter was not heard although its siblings were. Nothing is said at"
                " night, when all are silent."
            ),
            unit="none",
            width=24,
            height=14,
            value_map={0: ("Heard", colours.FINE), 1: ("Silent", colours.BAD)},
            no_value=_NIGHT,
            runbook="EnphaseInverterSilent",
            queries=(Query(with_inverter_names("enphase:inverter_silent"), _NAME),),
        )
    ),
)

DASHBOARD = DashboardSpec(
    uid="enphase-solar",
    title="Enphase: Panels",
    description="What the roof gives, which panels lag behind their siblings, which are silent.",
    panels=OVERVIEW,
    rows=(
        DashboardRow("The roof", ROOF),
        DashboardRow("Silent panels", SILENT, collapsed=True),
        DashboardRow("Voltage, current and temperature", ELECTRICAL, collapsed=True),
    ),
)
