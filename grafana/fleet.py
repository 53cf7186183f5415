"""Fleet: every gateway in one table, the worst first; a click leads to its home."""

from grafana.kit import colours, steps
from grafana.kit.about import About, Field
from grafana.kit.frame import Board
from grafana.kit.panels import bars, lines, tiles
from grafana.kit.queries import FIRING, GRID_STATE, SITE, Query, now
from grafana.kit.tables import Column, rows
from grafana.kit.words import ANSWERS, GRID

_HOME = "/d/enphase-home?var-gateway=${__value.text:percentencode}"
_CRITICAL = f"count by ({SITE}) ({FIRING.replace('critical|warning', 'critical')})"
_WARNING = f"count by ({SITE}) ({FIRING.replace('critical|warning', 'warning')})"
#: a critical alert weighs more than all warnings, and silence more than nothing
_TROUBLE = (
    f"100 * ({_CRITICAL} or 0 * enphase_up) + on ({SITE}) ({_WARNING} or 0 * enphase_up)"
    f" + on ({SITE}) 50 * (1 - enphase_up)"
)

PANELS = (
    tiles(
        About(
            title="All gateways",
            description=(
                "How many gateways there are, how many of them answer, are off the grid, reach the"
                " cloud, and have an alert of severity critical or warning."
            ),
            unit="none",
            decimals=0,
            width=24,
            height=4,
            many=True,
            queries=(
                now("count(enphase_up)", "Gateways"),
                now("count(enphase_up == 0) or vector(0)", "Silent"),
                now("count(enphase_grid_connected == 0) or vector(0)", "Off grid"),
                now("count(enphase_gateway_cloud_connected == 0) or vector(0)", "Off the cloud"),
                now(f"count(count by ({SITE}) ({FIRING})) or vector(0)", "With alerts"),
            ),
            fields={
                name: Field(steps=steps.ANY_BAD)
                for name in ("Silent", "Off grid", "Off the cloud", "With alerts")
            },
        )
    ),
    rows(
        About(
            title="The worst first",
            description=(
                "Ordered by trouble: a hundred for each critical alert, fifty for a silent gateway,"
                " one for each warning. The name leads to the home."
            ),
            unit="short",
            width=24,
            height=16,
            many=True,
        ),
        {"gateway": "Gateway"},
        (
            Column(
                "Trouble",
                _TROUBLE,
                Field(
                    unit="none",
                    decimals=0,
                    steps=((None, colours.FINE), (1, colours.WATCH), (50, colours.BAD)),
                ),
            ),
            Column("Answers", "enphase_up", Field(words=ANSWERS)),
            Column("Grid", GRID_STATE, Field(words=GRID)),
            Column(
                "Charge",
                "enphase_storage_soc_ratio",
                Field(unit="percentunit", decimals=0, steps=steps.CHARGE_LEFT),
            ),
            Column("Solar", "enphase_production_watts", Field(unit="watt")),
            Column(
                "Enphase told",
                "enphase:cloud_silence_seconds",
                Field(unit="s", decimals=0, steps=steps.SILENCE),
            ),
            Column("Firmware", "enphase_gateway_info", labels={"firmware": "Firmware"}),
        ),
        order="Trouble",
        descending=True,
        links={"Gateway": ("Its home", _HOME)},
    ),
    bars(
        About(
            title="Alerts",
            description="What fires, and at how many gateways.",
            unit="none",
            decimals=0,
            limits=(0, None),
            missing="Nothing fires",
            many=True,
            queries=(now(f"sort_desc(count by (alertname) ({FIRING}))", "{{alertname}}"),),
        )
    ),
    bars(
        About(
            title="Firmware",
            description="How many gateways run each firmware.",
            unit="none",
            decimals=0,
            limits=(0, None),
            many=True,
            queries=(now("sort_desc(count by (firmware) (enphase_gateway_info))", "{{firmware}}"),),
        )
    ),
    lines(
        About(
            title="Gateways that answer",
            description="How many there are, and how many of them answer.",
            unit="none",
            decimals=0,
            limits=(0, None),
            many=True,
            runbook="EnphaseGatewayUnreachable",
            queries=(Query("count(enphase_up)", "All"), Query("sum(enphase_up)", "Answering")),
        ),
        steps=True,
    ),
    lines(
        About(
            title="Solar of all",
            description="What all panels of all gateways give.",
            unit="watt",
            limits=(0, None),
            many=True,
            queries=(Query("sum(clamp_min(enphase_production_watts, 0))", "Solar"),),
        )
    ),
)

BOARD = Board(
    uid="enphase-fleet",
    title="Enphase: Fleet",
    description="Every gateway in one table, the worst first; a click leads to its home.",
    panels=PANELS,
    many=True,
)
