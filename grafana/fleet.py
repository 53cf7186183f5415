"""Fleet: every gateway in one table, worst first, with links to the home dashboards."""

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
#: a critical alert weighs more than all warnings; an unreachable gateway is in between
_PROBLEMS = (
    f"100 * ({_CRITICAL} or 0 * enphase_up) + on ({GATEWAY}) ({_WARNING} or 0 * enphase_up)"
    f" + on ({GATEWAY}) 50 * (1 - enphase_up)"
)

PANELS = (
    tiles(
        PanelSpec(
            title="All gateways",
            description=(
                "Number of gateways, and how many of them are unreachable, off the grid,"
                " disconnected from the cloud, or have an alert of severity critical or warning."
            ),
            unit="none",
            decimals=0,
            width=24,
            height=5,
            multi_gateway=True,
            queries=(
                now("count(enphase_up)", "Gateways"),
                now("count(enphase_up == 0) or vector(0)", "Unreachable"),
                now("count(enphase_grid_connected == 0) or vector(0)", "Off grid"),
                now("count(enphase_gateway_cloud_connected == 0) or vector(0)", "No cloud"),
                now(f"count(count by ({GATEWAY}) ({FIRING})) or vector(0)", "With alerts"),
            ),
            fields={
                name: FieldOverride(thresholds=thresholds.ANY_BAD)
                for name in ("Unreachable", "Off grid", "No cloud", "With alerts")
            },
        )
    ),
    rows(
        PanelSpec(
            title="Gateways by severity",
            description=(
                "Ordered by score: 100 for each critical alert, 50 for an unreachable gateway, 1"
                " for each warning. The name links to the home dashboard."
            ),
            unit="short",
            width=24,
            height=16,
            multi_gateway=True,
        ),
        {"gateway": "Gateway"},
        (
            TableColumn(
                "Score",
                _PROBLEMS,
                FieldOverride(
                    unit="none",
                    decimals=0,
                    thresholds=((None, colours.FINE), (1, colours.WATCH), (50, colours.BAD)),
                ),
            ),
            TableColumn("Reachable", "enphase_up", FieldOverride(value_map=RESPONDING)),
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
                "Last cloud report",
                "enphase:cloud_silence_seconds",
                FieldOverride(unit="s", decimals=0, thresholds=thresholds.CLOUD_REPORT_AGE),
            ),
            TableColumn("Firmware", "enphase_gateway_info", labels={"firmware": "Firmware"}),
        ),
        order="Score",
        descending=True,
        links={"Gateway": ("Home dashboard", _HOME)},
    ),
    bars(
        PanelSpec(
            title="Firing alerts",
            description="Firing alerts, and the number of gateways for each.",
            unit="none",
            decimals=0,
            limits=(0, None),
            no_value="No firing alerts",
            multi_gateway=True,
            queries=(now(f"sort_desc(count by (alertname) ({FIRING}))", "{{alertname}}"),),
        )
    ),
    bars(
        PanelSpec(
            title="Firmware",
            description="Number of gateways for each firmware version.",
            unit="none",
            decimals=0,
            limits=(0, None),
            multi_gateway=True,
            queries=(now("sort_desc(count by (firmware) (enphase_gateway_info))", "{{firmware}}"),),
        )
    ),
    lines(
        PanelSpec(
            title="Reachable gateways",
            description="Number of gateways, and how many of them respond.",
            unit="none",
            decimals=0,
            limits=(0, None),
            multi_gateway=True,
            runbook="EnphaseGatewayUnreachable",
            queries=(Query("count(enphase_up)", "All"), Query("sum(enphase_up)", "Reachable")),
        ),
        steps=True,
    ),
    lines(
        PanelSpec(
            title="Total solar power",
            description="Solar power of all gateways together.",
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
    description="Every gateway in one table, worst first, with links to the home dashboards.",
    panels=PANELS,
    multi_gateway=True,
)
