"""Home: system status, power flows, and the energy of today and this month."""

from collections.abc import Sequence

from grafana.kit import colours, thresholds
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.money import MONEY_FIELDS, NO_PRICE
from grafana.kit.panel_spec import RUNBOOKS, FieldOverride, Panel, PanelSpec
from grafana.kit.panels import lines, tiles, timeline
from grafana.kit.queries import (
    ENERGIES,
    FIRING,
    FLOWS,
    GRID_STATE,
    MONEY,
    WATCHDOG,
    Query,
    autonomy,
    kwh,
    now,
    self_consumption,
)
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import (
    CLOUD_CONNECTED,
    GRID,
    NO_BATTERY,
    NO_METER,
    RESPONDING,
    SEVERITY,
)

ALARM = (
    tiles(
        PanelSpec(
            title="System status",
            description=(
                "Firing alerts of severity critical and warning; whether the house is on the grid;"
                " whether the gateway responds and reaches the cloud, and the time since its last"
                " report to the cloud; whether the alert rules are evaluated. Tiles without"
                " hardware that measures the value are absent."
            ),
            unit="none",
            width=24,
            height=5,
            decimals=0,
            queries=(
                now(f"count({FIRING}) or vector(0)", "Alerts"),
                now(GRID_STATE, "Grid"),
                now("enphase_up", "Gateway"),
                now("enphase_gateway_cloud_connected", "Cloud"),
                now("enphase:cloud_silence_seconds", "Last cloud report"),
                now(f"max({WATCHDOG}) or vector(0)", "Alert rules"),
            ),
            fields={
                "Alerts": FieldOverride(
                    value_map={0: ("None", colours.FINE)},
                    thresholds=thresholds.ANY_BAD,
                ),
                "Grid": FieldOverride(value_map=GRID),
                "Gateway": FieldOverride(value_map=RESPONDING),
                "Cloud": FieldOverride(value_map=CLOUD_CONNECTED),
                "Last cloud report": FieldOverride(
                    unit="s", decimals=0, thresholds=thresholds.CLOUD_REPORT_AGE
                ),
                "Alert rules": FieldOverride(
                    value_map={0: ("Not evaluated", colours.BAD), 1: ("Evaluated", colours.FINE)}
                ),
            },
        ),
        background=True,
    ),
    rows(
        PanelSpec(
            title="Active alerts",
            description=(
                "Every firing alert with the device it is about. The name links to its runbook,"
                " which explains the alert and what to do first."
            ),
            unit="none",
            width=24,
            height=5,
            no_value="No active alerts",
        ),
        {"severity": "Severity", "alertname": "Alert", "serial": "Device"},
        (
            TableColumn(
                "Since",
                f"1000 * (ALERTS_FOR_STATE and ignoring (alertstate) {FIRING})",
                FieldOverride(unit="dateTimeFromNow"),
            ),
        ),
        order="Severity",
        words={"Severity": SEVERITY},
        links={"Alert": ("Runbook", f"{RUNBOOKS}${{__value.text}}.md")},
    ),
)

POWER = (
    tiles(
        PanelSpec(
            title="Power now",
            description=(
                "Power by source (solar, battery, grid) and by use (house, battery, grid). What"
                " the gateway calls consumption leaves out the batteries; here they are included."
                " Tiles for values that are not measured are absent."
            ),
            unit="watt",
            width=24,
            height=5,
            queries=tuple(Query(expr, name) for name, expr in FLOWS),
        ),
        graph=True,
    ),
    tiles(
        PanelSpec(
            title="Batteries now",
            description=(
                "State of charge of all batteries together, the energy in them, the reserve kept"
                " for an outage, and the remaining backup time at the average power of the last"
                " five minutes, down to the charge at which they stop off grid. No backup time is"
                " given while they charge."
            ),
            unit="percentunit",
            width=24,
            height=4,
            no_value=NO_BATTERY,
            runbook="EnphaseBackupRuntimeShort",
            queries=(
                now("enphase_storage_soc_ratio", "Charge"),
                now(kwh("enphase_storage_available_joules"), "Energy left"),
                now("enphase_storage_reserve_soc_ratio", "Reserve"),
                now("enphase:storage_runtime_seconds", "Backup time"),
            ),
            fields={
                "Charge": FieldOverride(thresholds=thresholds.STATE_OF_CHARGE),
                "Energy left": FieldOverride(unit="kwatth", decimals=1),
                "Backup time": FieldOverride(unit="s", decimals=1),
            },
        ),
    ),
    timeline(
        PanelSpec(
            title="Grid",
            description=(
                "When the house was on the grid, off the grid, and off the grid by command."
                " Gateway: whether it responded; while it does not, the grid state is not known."
            ),
            unit="none",
            width=24,
            height=4,
            value_map={
                **GRID,
                10: ("Unreachable", colours.BAD),
                11: ("Reachable", colours.FINE),
            },
            runbook="EnphaseGridOutage",
            queries=(Query(GRID_STATE, "Grid"), Query("enphase_up + 10", "Gateway")),
        )
    ),
    lines(
        PanelSpec(
            title="Power",
            description=(
                "Sources above zero, uses below zero. Both sides are equal, except for the"
                " difference between the times at which they were read. Shaded while off the grid."
            ),
            unit="watt",
            width=24,
            height=11,
            queries=tuple(Query(expr, name) for name, expr in FLOWS),
        ),
        stacked=True,
        below=("House", "Battery charging", "To the grid"),
    ),
    lines(
        PanelSpec(
            title="Charge",
            description=(
                "State of charge of all batteries together, the reserve kept for an outage, and"
                " the charge at which discharging stops off grid."
            ),
            unit="percentunit",
            width=24,
            height=7,
            limits=(0, 1),
            no_value=NO_BATTERY,
            runbook="EnphaseBackupBatteryLow",
            queries=(
                Query("enphase_storage_soc_ratio", "Charge"),
                Query("enphase_storage_reserve_soc_ratio", "Reserve"),
                Query("enphase:storage_shutdown_soc_ratio", "Lowest charge off grid"),
            ),
        ),
        dashed=("Reserve", "Lowest charge off grid"),
    ),
)


def _period(name: str, since: str) -> Sequence[Panel]:
    """Return the panels of a period; `since` is its start as a Grafana time expression."""
    window = "$__range"
    return (
        tiles(
            PanelSpec(
                title=f"Energy {name}",
                description=(
                    "From the gateway's lifetime counters. Battery energy is integrated from"
                    " battery power while the exporter was running. The day begins at midnight in"
                    " the time zone of the dashboard."
                ),
                unit="kwatth",
                decimals=1,
                width=24,
                height=5,
                since=since,
                queries=tuple(now(kwh(of(window)), label) for label, of in ENERGIES),
            )
        ),
        tiles(
            PanelSpec(
                title=f"Self-consumption and autonomy {name}",
                description=(
                    "Self-consumption: the share of solar production that was not exported to the"
                    " grid. Autonomy: the share of the house's consumption that was not imported"
                    " from the grid."
                ),
                unit="percentunit",
                decimals=0,
                width=12,
                height=4,
                since=since,
                no_value=NO_METER,
                queries=(
                    now(self_consumption(window), "Self-consumption"),
                    now(autonomy(window), "Autonomy"),
                ),
            )
        ),
        tiles(
            PanelSpec(
                title=f"Cost {name}",
                description=(
                    "At the prices in force at each moment, from the tariff in the gateway: paid"
                    " for imported energy, earned for exported energy, and saved by self-"
                    " consumption. Fixed fees and taxes that are not in the tariff are not"
                    " included."
                ),
                unit="short",
                decimals=2,
                width=12,
                height=4,
                since=since,
                no_value=NO_PRICE,
                queries=tuple(now(expr, name) for name, expr in MONEY),
                fields=MONEY_FIELDS,
            )
        ),
    )


DASHBOARD = DashboardSpec(
    uid="enphase-home",
    title="Enphase: Home",
    description="System status, power flows, and the energy of today and this month.",
    panels=(*ALARM, *POWER),
    rows=(
        DashboardRow("Today", _period("today", "now/d")),
        DashboardRow("This month", _period("this month", "now/M")),
    ),
)
