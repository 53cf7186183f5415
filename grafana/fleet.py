"""Fleet: every gateway in one table, the worst first; a click leads to its home."""

from grafana.kit import colours, thresholds
from grafana.kit.dashboard import DashboardSpec
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import bars, lines, tiles
from grafana.kit.queries import FIRING, GATEWAY, GRID_STATE, Query, now
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import GRID, RESPONDING

_HOME = "/d/enphase-home?var-gateway=${__value.text:percentencode}"
_CRITICAL = f"count by ({GATEWAY}) ({FIRING.replace('critical|warning', 'critical')})"
_WARNING = f"count by ({GATEWAY}) ({FIRING.replace('critical|warning', 'warning')})"
#: a critical alert weighs more than all warnings, and silence more than nothing
_TROUBLE = (
    f"100 * ({_CRITICAL} or 0 * enphase_up) + on ({GATEWAY}) ({_WARNING} or 0 * enphase_up)"
    f" + on ({GATEWAY}) 50 * (1 - enphase_up)"
)

PANELS = (
    tiles(
        PanelSpec(
            title="All gateways",
            description=(
                "How many gateways there are, how many of them answer, are off the grid, reach the"
                " cloud, and have an alert of severity critical or warning."
            ),
            unit="none",
            decimals=0,
            width=24,
            height=4,
            multi_gateway=True,
            queries=(
                now("count(enphase_up)", "Gateways"),
                now("count(enphase_up == 0) or vector(0)", "Silent"),
                now("count(enphase_grid_connected == 0) or vector(0)", "Off grid"),
                now("count(enphase_gateway_cloud_connected == 0) or vector(0)", "Off the cloud"),
                now(f"count(count by ({GATEWAY}) ({FIRING})) or vector(0)", "With alerts"),
            ),
            fields={
                name: FieldOverride(thresholds=thresholds.ANY_BAD)
                for name in ("Silent", "Off grid", "Off the cloud", "With alerts")
            },
        )
    ),
    rows(
        PanelSpec(
            title="The worst first",
            description=(
                "Ordered by trouble: a hundred for each critical alert, fifty for a silent gateway,"
                " one for each warning. The name leads to the home."
            ),
            unit="short",
            width=24,
            height=16,
            multi_gateway=True,
        ),
        {"gateway": "Gateway"},
        (
            TableColumn(
                "Trouble",
                _TROUBLE,
                FieldOverride(
                    unit="none",
                    decimals=0,
                    thresholds=((None, colours.FINE), (1, colours.WATCH), (50, colours.BAD)),
                ),
            ),
            TableColumn("Answers", "enphase_up", FieldOverride(value_map=RESPONDING)),
            TableColumn("Grid", GRID_STATE, FieldOverride(value_map=GRID)),
            TableColumn(
                "Charge",
                "enphase_storage_soc_ratio",
                FieldOverride(
                    unit="percentunit", decimals=0, thresholds=thresholds.STATE_OF_CHARGE
                ),
            ),
            TableColumn("Solar", "enphase_production_watts", FieldOverride(unit="watt")),
            TableColumn(
                "Enphase told",
                "enphase:cloud_silence_seconds",
                FieldOverride(unit="s", decimals=0, thresholds=thresholds.CLOUD_REPORT_AGE),
            ),
            TableColumn("Firmware", "enphase_gateway_info", labels={"firmware": "Firmware"}),
        ),
        order="Trouble",
        descending=True,
        links={"Gateway": ("Its home", _HOME)},
    ),
    bars(
        PanelSpec(
            title="Alerts",
            description="What fires, and at how many gateways.",
            unit="none",
            decimals=0,
            limits=(0, None),
            no_value="Nothing fires",
            multi_gateway=True,
            queries=(now(f"sort_desc(count by (alertname) ({FIRING}))", "{{alertname}}"),),
        )
    ),
    bars(
        PanelSpec(
            title="Firmware",
            description="How many gateways run each firmware.",
            unit="none",
            decimals=0,
            limits=(0, None),
            multi_gateway=True,
            queries=(now("sort_desc(count by (firmware) (enphase_gateway_info))", "{{firmware}}"),),
        )
    ),
    lines(
        PanelSpec(
            title="Gateways that answer",
            description="How many there are, and how many of them answer.",
            unit="none",
            decimals=0,
            limits=(0, None),
            multi_gateway=True,
            runbook="EnphaseGatewayUnreachable",
            queries=(Query("count(enphase_up)", "All"), Query("sum(enphase_up)", "Answering")),
        ),
        steps=True,
    ),
    lines(
        PanelSpec(
            title="Solar of all",
            description="What all panels of all gateways give.",
            unit="watt",
            limits=(0, None),
            multi_gateway=True,
            queries=(Query("sum(clamp_min(enphase_production_watts, 0))", "Solar"),),
        )
    ),
)

DASHBOARD = DashboardSpec(
    uid="enphase-fleet",
    title="Enphase: Fleet",
    description="Every gateway in one table, the worst first; a click leads to its home.",
    panels=PANELS,
    multi_gateway=True,
)
