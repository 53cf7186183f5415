"""Home: is everything all right, what flows where, what today and this month brought."""

from collections.abc import Sequence

from grafana.kit import colours, thresholds
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.panel_spec import RUNBOOKS, FieldOverride, Panel, PanelSpec
from grafana.kit.panels import lines, tiles, timeline
from grafana.kit.queries import (
    EARNED,
    ENERGIES,
    FIRING,
    FLOWS,
    GRID_STATE,
    PAID,
    SAVED,
    WATCHDOG,
    Query,
    autonomy,
    kwh,
    now,
    self_consumption,
)
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import CLOUD_CONNECTED, GRID, NO_BATTERY, NO_METER, RESPONDING

_NO_PRICE = "The gateway knows no price: see docs/dashboards.md"
#: units of Grafana by the currency that the gateway names; others are written before the number
_CURRENCIES = {
    "USD": "currencyUSD",
    "EUR": "currencyEUR",
    "GBP": "currencyGBP",
    "INR": "currencyINR",
    "BRL": "currencyBRL",
    "CHF": "currencyCHF",
    "PLN": "currencyPLN",
    "ZAR": "currencyZAR",
    **{code: f"currency:{code} " for code in ("AUD", "CAD", "MXN", "NZD")},
}

ALARM = (
    tiles(
        PanelSpec(
            title="Is everything all right?",
            description=(
                "Alerts of severity critical and warning that fire; whether the house is on the"
                " grid; whether the gateway answers, reaches the cloud, and how long ago Enphase"
                " heard of it; whether the alert rules are evaluated at all. A tile is absent where"
                " no hardware knows."
            ),
            unit="none",
            width=24,
            height=4,
            decimals=0,
            queries=(
                now(f"count({FIRING}) or vector(0)", "Alerts"),
                now(GRID_STATE, "Grid"),
                now("enphase_up", "Gateway"),
                now("enphase_gateway_cloud_connected", "Cloud"),
                now("enphase:cloud_silence_seconds", "Enphase told"),
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
                "Enphase told": FieldOverride(
                    unit="s", decimals=0, thresholds=thresholds.CLOUD_REPORT_AGE
                ),
                "Alert rules": FieldOverride(
                    value_map={0: ("Not run", colours.BAD), 1: ("Run", colours.FINE)}
                ),
            },
        ),
        background=True,
    ),
    rows(
        PanelSpec(
            title="What is wrong",
            description=(
                "Every alert that fires, with the device it is about. The name leads to its"
                " runbook: what it means, and what to do first."
            ),
            unit="none",
            width=24,
            height=5,
            no_value="Nothing is wrong",
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
        links={"Alert": ("Runbook", f"{RUNBOOKS}${{__value.text}}.md")},
    ),
)

POWER = (
    tiles(
        PanelSpec(
            title="Power now",
            description=(
                "Where power comes from (solar, battery, grid) and where it goes (house, battery,"
                " grid). What the gateway calls consumption leaves the batteries out; here they are"
                " taken into account. Tiles are absent for what is not measured."
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
                "Charge of all batteries together, the energy in them, the reserve kept for an"
                " outage, and how long they last at the power of the last five minutes, down to the"
                " charge at which they stop off grid. Nothing is said of that while they charge."
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
                now("enphase:storage_runtime_seconds", "Lasts"),
            ),
            fields={
                "Energy left": FieldOverride(unit="kwatth", decimals=1),
                "Lasts": FieldOverride(unit="dtdurations", decimals=0),
            },
        ),
    ),
    timeline(
        PanelSpec(
            title="Grid",
            description=(
                "When the house was on the grid, off the grid, and off the grid because somebody"
                " commanded it. Gateway: when it answered; while it does not, nothing is known."
            ),
            unit="none",
            width=24,
            height=4,
            value_map={
                **GRID,
                10: ("Silent", colours.BAD),
                11: ("Answers", colours.FINE),
            },
            runbook="EnphaseGridOutage",
            queries=(Query(GRID_STATE, "Grid"), Query("enphase_up + 10", "Gateway")),
        )
    ),
    lines(
        PanelSpec(
            title="Power",
            description=(
                "Upwards where power comes from, downwards where it goes; both sides are equal, but"
                " for the moments at which they were read. Shaded while off the grid."
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
                "Charge of all batteries together, the reserve kept for an outage, and the charge"
                " at which discharging ends off grid."
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
    """Return what a period brought: `since` is where it begins, as Grafana writes that."""
    window = "$__range"
    return (
        tiles(
            PanelSpec(
                title=f"Energy {name}",
                description=(
                    "From the gateway's lifetime counters; what the batteries took and gave is"
                    " summed up from their power while the exporter watched. The day begins at"
                    " midnight in the time zone of the dashboard."
                ),
                unit="kwatth",
                decimals=1,
                width=24,
                height=4,
                since=since,
                queries=tuple(now(kwh(of(window)), label) for label, of in ENERGIES),
            )
        ),
        tiles(
            PanelSpec(
                title=f"Self-consumption and autonomy {name}",
                description=(
                    "Self-consumption: the share of what the panels gave that was not fed into the"
                    " grid. Autonomy: the share of what the house used that was not drawn from it."
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
                title=f"Money {name}",
                description=(
                    "At the prices in force at each moment, as the gateway's tariff tells them:"
                    " paid for what was drawn from the grid, earned for what was fed into it, and"
                    " saved by using one's own. Fixed fees and taxes that the tariff does not know"
                    " are not in it."
                ),
                unit="short",
                decimals=2,
                width=12,
                height=4,
                since=since,
                no_value=_NO_PRICE,
                queries=(
                    now(PAID, "Paid, {{currency}}"),
                    now(EARNED, "Earned, {{currency}}"),
                    now(SAVED, "Saved, {{currency}}"),
                ),
                fields={
                    **{
                        f"/, {code}$/": FieldOverride(unit=unit)
                        for code, unit in _CURRENCIES.items()
                    },
                    **{
                        f"/^{name}, /": FieldOverride(
                            extra={"color": {"mode": "fixed", "fixedColor": colours.SERIES[name]}}
                        )
                        for name in ("Paid", "Earned", "Saved")
                    },
                },
            )
        ),
    )


DASHBOARD = DashboardSpec(
    uid="enphase-home",
    title="Enphase: Home",
    description="Is everything all right, what flows where, what today and this month brought.",
    panels=(*ALARM, *POWER),
    rows=(
        DashboardRow("Today", _period("today", "now/d")),
        DashboardRow("This month", _period("this month", "now/M")),
    ),
)
