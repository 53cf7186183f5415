"""Panels: what the roof gives, which panels lag behind their siblings, which are silent.

The roof is laid out by the names and arrays that the configuration gives to the inverters.
"""

from grafana.kit import colours, steps
from grafana.kit.about import About, Field
from grafana.kit.frame import Board, Row
from grafana.kit.panels import SLOW, bars, heat, lines, tiles, timeline
from grafana.kit.plan import plan
from grafana.kit.queries import DEVICE, SITE, SOLAR_WATTS, Query, kwh, named, now
from grafana.kit.tables import Column, rows
from grafana.kit.words import UNCOMPARED, UNPLACED, YES_BAD, YES_GOOD

NONE = "No inverter at this gateway"
_NIGHT = "Too dark to compare panels"
_DETAIL = "This gateway tells no details of its inverters"
_NAME = "{{array}} {{panel}}"
_RELATIVE = named("enphase:inverter_relative_ratio")
_ROWS = {"array": "Array", "panel": "Panel"}
_X, _Y = "enphase_inverter_position_x", "enphase_inverter_position_y"
_NO_PLACES = "No inverter has a place (x, y) in the configuration"
#: of every inverter on the plan: 0 where it is silent or gone, -1 where there is nothing to compare
_ON_PLAN = f"""
    (
      enphase:inverter_relative_ratio
        or on ({DEVICE}) 0 * (enphase:inverter_silent == 1)
        or on ({DEVICE}) 0 * (enphase_inverter_present == 0)
        or on ({DEVICE}) 0 * {_X} - 1
    )
    and on ({DEVICE}) {_X}
"""
_ARRAY = 'label_replace({}, "array", "Panels", "array", "")'

OVERVIEW = (
    tiles(
        About(
            title="Panels now",
            description=(
                "What all panels give, the most they gave in the time shown, and how many of the"
                " inverters are heard. At night none is heard, and that is normal."
            ),
            unit="watt",
            width=24,
            height=4,
            missing=NONE,
            runbook="EnphaseNoProduction",
            queries=(
                now(SOLAR_WATTS, "Solar"),
                now("max_over_time(enphase_production_watts[$__range])", "Highest"),
                now(kwh("enphase_production_today_joules"), "Today"),
                now(f"count by ({SITE}) (enphase_inverter_watts)", "Inverters"),
                now(
                    f"count by ({SITE}) (enphase:inverter_fresh_watts)"
                    f" or 0 * count by ({SITE}) (enphase_inverter_watts)",
                    "Heard",
                ),
                now(f"sum by ({SITE}) (1 - enphase_inverter_present)", "Missing"),
            ),
            fields={
                "Solar": Field(steps=((None, colours.SOLAR),)),
                "Highest": Field(steps=((None, colours.SOLAR),)),
                "Today": Field(unit="kwatth", decimals=1, steps=((None, colours.SOLAR),)),
                "Inverters": Field(unit="none"),
                "Heard": Field(unit="none"),
                "Missing": Field(unit="none", steps=steps.ANY_BAD),
            },
        )
    ),
    lines(
        About(
            title="Production",
            description=(
                "What the panels give, and the best that this time of day gave within the last"
                " week: a clear day comes near it."
            ),
            unit="watt",
            width=12,
            limits=(0, None),
            missing=NONE,
            runbook="EnphaseNoProduction",
            queries=(
                Query(SOLAR_WATTS, "Solar"),
                Query("enphase:solar_expected_watts", "Expected"),
            ),
        ),
        dashed=("Expected",),
    ),
    lines(
        About(
            title="Production by the day",
            description="What the panels gave each day.",
            unit="kwatth",
            decimals=1,
            width=12,
            since="30d",
            missing=NONE,
            queries=(Query(kwh("increase(enphase_production_joules_total[1d])"), "Solar"),),
        ),
        bars=True,
        interval="1d",
    ),
)

ROOF = (
    plan(
        About(
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
            missing=_NO_PLACES,
            runbook="EnphaseInverterUnderperforming",
        ),
        {**_ROWS, "serial": "Serial"},
        named(_X),
        named(_Y),
        (
            Column(
                "Beside siblings",
                named(_ON_PLAN),
                Field(unit="percentunit", decimals=0, steps=steps.ON_PLAN, words=UNCOMPARED),
            ),
            Column(
                "Power",
                named(f"enphase:inverter_fresh_watts and on ({DEVICE}) {_X}"),
                Field(unit="watt", decimals=0),
            ),
        ),
    ),
    tiles(
        About(
            title="Arrays",
            description=(
                "What the panels of each array give together, and how many panels have a place on"
                " the plan."
            ),
            unit="watt",
            width=8,
            height=10,
            missing=NONE,
            queries=(
                Query(
                    f"sum by (array) ({_ARRAY.format(named('enphase:inverter_fresh_watts'))})",
                    "{{array}}",
                ),
                now(
                    f"count by ({SITE}) ({_X}) or 0 * count by ({SITE}) (enphase_inverter_info)",
                    "On the plan",
                ),
            ),
            fields={"On the plan": Field(unit="none", words=UNPLACED)},
        )
    ),
    tiles(
        About(
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
            steps=steps.BEHIND,
            missing=_NIGHT,
            runbook="EnphaseInverterUnderperforming",
            queries=(Query(_RELATIVE, _NAME),),
        ),
        background=True,
    ),
    heat(
        About(
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
            missing=NONE,
            runbook="EnphaseInverterUnderperforming",
            queries=(
                Query(named("enphase_inverter_watts / (enphase_inverter_max_watts > 0)"), _NAME),
            ),
        ),
        interval="15m",
        points=96,
    ),
    bars(
        About(
            title="Worst beside their siblings",
            description="The five panels that lag furthest behind the middle one at the moment.",
            unit="percentunit",
            decimals=0,
            limits=(0, 1.2),
            steps=steps.BEHIND,
            missing=_NIGHT,
            runbook="EnphaseInverterUnderperforming",
            queries=(now(f"sort(bottomk by ({SITE}) (5, {_RELATIVE}))", _NAME),),
        )
    ),
    bars(
        About(
            title="Best beside their siblings",
            description="The five panels that are furthest ahead of the middle one at the moment.",
            unit="percentunit",
            decimals=0,
            limits=(0, 1.2),
            steps=steps.BEHIND,
            missing=_NIGHT,
            queries=(now(f"sort_desc(topk by ({SITE}) (5, {_RELATIVE}))", _NAME),),
        )
    ),
    rows(
        About(
            title="Panel by panel",
            description=(
                "Power, share of the middle one of the siblings, energy in the time shown, and"
                " whether the inverter is silent while its siblings work or gone from the list."
            ),
            unit="short",
            width=24,
            height=12,
            missing=NONE,
            runbook="EnphaseInverterSilent",
        ),
        _ROWS,
        (
            Column("Power", named("enphase_inverter_watts"), Field(unit="watt")),
            Column(
                "Beside siblings",
                _RELATIVE,
                Field(unit="percentunit", decimals=0, steps=steps.BEHIND),
            ),
            Column(
                "Energy",
                named(
                    kwh(
                        "increase(enphase_inverter_joules_total[$__range])"
                        " or enphase_inverter_today_joules"
                    )
                ),
                Field(unit="kwatth", decimals=2),
            ),
            Column(
                "Last report",
                named("enphase:inverter_report_age_seconds"),
                Field(unit="s", decimals=0),
            ),
            Column("Silent", named("enphase:inverter_silent"), Field(words=YES_BAD)),
            Column(
                "Listed",
                named("enphase_inverter_present"),
                Field(words=YES_GOOD),
            ),
        ),
        order="Beside siblings",
    ),
)

ELECTRICAL = (
    rows(
        About(
            title="DC and AC of each panel",
            description=(
                "Voltage and current of the panel, voltage and frequency of the mains at the"
                " inverter, and its temperature, where the gateway tells them."
            ),
            unit="short",
            width=24,
            height=12,
            missing=_DETAIL,
        ),
        _ROWS,
        (
            Column("Panel V", named("enphase_inverter_dc_volts"), Field(unit="volt", decimals=1)),
            Column("Panel A", named("enphase_inverter_dc_amperes"), Field(unit="amp", decimals=2)),
            Column("Mains V", named("enphase_inverter_ac_volts"), Field(unit="volt", decimals=1)),
            Column("Mains A", named("enphase_inverter_ac_amperes"), Field(unit="amp", decimals=2)),
            Column("Mains Hz", named("enphase_inverter_hertz"), Field(unit="hertz", decimals=2)),
            Column(
                "Temperature",
                named("enphase_inverter_temperature_celsius"),
                Field(unit="celsius", decimals=0),
            ),
        ),
        order="Panel",
    ),
    lines(
        About(
            title="Voltage of each panel",
            description="Voltage that each inverter sees from its panel.",
            unit="volt",
            missing=_DETAIL,
            queries=(Query(named("enphase_inverter_dc_volts"), _NAME),),
        ),
        interval=SLOW,
    ),
    lines(
        About(
            title="Temperature of each inverter",
            description="A hot inverter gives less; one that is much hotter than its siblings is"
            " badly ventilated.",
            unit="celsius",
            missing=_DETAIL,
            queries=(Query(named("enphase_inverter_temperature_celsius"), _NAME),),
        ),
        interval=SLOW,
    ),
)

SILENT = (
    timeline(
        About(
            title="Silent while others work",
            description=(
                "When an inverter was not heard although its siblings were. Nothing is said at"
                " night, when all are silent."
            ),
            unit="none",
            width=24,
            height=14,
            words={0: ("Heard", colours.FINE), 1: ("Silent", colours.BAD)},
            missing=_NIGHT,
            runbook="EnphaseInverterSilent",
            queries=(Query(named("enphase:inverter_silent"), _NAME),),
        )
    ),
)

BOARD = Board(
    uid="enphase-solar",
    title="Enphase: Panels",
    description="What the roof gives, which panels lag behind their siblings, which are silent.",
    panels=OVERVIEW,
    rows=(
        Row("The roof", ROOF),
        Row("Silent panels", SILENT, collapsed=True),
        Row("Voltage, current and temperature", ELECTRICAL, collapsed=True),
    ),
)
