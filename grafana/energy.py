"""Energy and cost: kWh and money by day, month and year, and this year beside the last.

Everything is read from what rules record four times an hour, so that years are drawn in a second.
"""

from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.money import MONEY_FIELDS, MONEY_NAMES, NO_PRICE
from grafana.kit.panel_spec import FieldOverride, Panel, PanelSpec
from grafana.kit.panels import day_bars, day_tiles, lines, period_bars, tiles
from grafana.kit.queries import (
    DAILY_AUTONOMY,
    DAILY_MONEY,
    DAILY_SELF_CONSUMPTION,
    FLOW_NAMES,
    LIFETIMES,
    Query,
    daily,
    now,
)
from grafana.kit.value_mappings import NO_METER

_YEAR = 365
_NO_DAYS = "No whole day recorded yet"
_NO_LAST_YEAR = "Nothing recorded a year ago"
_FLOWS = tuple(Query(daily(flow), name) for name, flow in FLOW_NAMES)
_BELOW = ("House", "Battery charging", "To the grid")
_BY_HOME = "Days begin at midnight at the home."
#: graphs that are shaded while the import price is high
PRICED = ("Price of electricity", "Grid power")


def _beside_last_year(quantity: str, name: str, what: str) -> Panel:
    """Return the energies of a quantity by day, with those of the year before as a line."""
    before = "Same day last year"
    return day_bars(
        PanelSpec(
            title=f"{name} and the same day last year",
            description=f"{what} by day; the line is that of 365 days before.",
            unit="kwatth",
            decimals=1,
            limits=(0, None),
            no_value=_NO_DAYS,
            queries=(
                Query(daily(quantity), name),
                Query(daily(quantity, days_before=_YEAR), before),
            ),
        ),
        dashed=(before,),
    )


DAYS = (
    day_tiles(
        PanelSpec(
            title="Energy in the selected time",
            description=f"The sums of the days below. {_BY_HOME}",
            unit="kwatth",
            decimals=1,
            width=24,
            height=5,
            no_value=_NO_DAYS,
            queries=_FLOWS,
        )
    ),
    day_bars(
        PanelSpec(
            title="Energy by day",
            description=f"Sources above zero, uses below zero. {_BY_HOME}",
            unit="kwatth",
            decimals=1,
            width=24,
            height=11,
            no_value=_NO_DAYS,
            queries=_FLOWS,
        ),
        stacked=True,
        below=_BELOW,
    ),
    day_bars(
        PanelSpec(
            title="Imported and exported by day",
            description="Imported from the grid above zero, exported to it below zero.",
            unit="kwatth",
            decimals=1,
            no_value=NO_METER,
            queries=(
                Query(daily("grid_import"), "From the grid"),
                Query(daily("grid_export"), "To the grid"),
            ),
        ),
        stacked=True,
        below=("To the grid",),
    ),
    lines(
        PanelSpec(
            title="Self-consumption and autonomy by day",
            description=(
                "Self-consumption: the share of solar production that was not exported. Autonomy:"
                " the share of the house's consumption that was not imported."
            ),
            unit="percentunit",
            limits=(0, 1),
            no_value=NO_METER,
            queries=(
                Query(DAILY_SELF_CONSUMPTION, "Self-consumption"),
                Query(DAILY_AUTONOMY, "Autonomy"),
            ),
        ),
        steps=True,
        interval="1d",
        calc="mean",
    ),
)

MONEY = (
    day_tiles(
        PanelSpec(
            title="Cost in the selected time",
            description=(
                "At the price in force in each quarter of an hour, from the tariff in the gateway:"
                " paid for imported energy, earned for exported energy, and saved because panels"
                " and batteries gave the energy. Fixed fees are not included."
            ),
            unit="short",
            decimals=2,
            width=24,
            height=4,
            no_value=NO_PRICE,
            queries=tuple(Query(expr, name) for name, expr in DAILY_MONEY),
            fields=MONEY_FIELDS,
        )
    ),
    day_bars(
        PanelSpec(
            title="Cost and earnings by day",
            description="Earned and saved above zero, paid below zero.",
            unit="short",
            decimals=2,
            no_value=NO_PRICE,
            queries=tuple(Query(expr, name) for name, expr in DAILY_MONEY),
            fields={
                **MONEY_FIELDS,
                "/^Paid, /": FieldOverride(
                    extra={
                        **MONEY_FIELDS["/^Paid, /"].extra,
                        "custom.transform": "negative-Y",
                    }
                ),
            },
        ),
        stacked=True,
    ),
    period_bars(
        PanelSpec(
            title="Cost and earnings by month",
            description="The sums of the days of each month.",
            unit="short",
            decimals=0,
            since="now-12M/M",
            no_value=NO_PRICE,
            queries=tuple(Query(expr, name) for name, expr in DAILY_MONEY),
            fields=MONEY_FIELDS,
        ),
        "month",
        MONEY_NAMES,
    ),
    lines(
        PanelSpec(
            title="Price of electricity",
            description="In force at each moment, per kWh. Shaded while the import price is high.",
            unit="short",
            decimals=3,
            since="now-2d/d",
            no_value=NO_PRICE,
            queries=(
                Query("enphase_tariff_import_price", "Import price, {{currency}}"),
                Query("enphase_tariff_export_price", "Export price, {{currency}}"),
            ),
            fields=MONEY_FIELDS,
        ),
        steps=True,
    ),
    lines(
        PanelSpec(
            title="Grid power",
            description=(
                "Imported above zero, exported below zero. Shaded while the import price is high:"
                " what runs then costs most."
            ),
            unit="watt",
            since="now-2d/d",
            no_value=NO_METER,
            queries=(
                Query("enphase_grid_import_watts", "From the grid"),
                Query("enphase_grid_export_watts", "To the grid"),
            ),
        ),
        stacked=True,
        below=("To the grid",),
    ),
)

YEARS = (
    period_bars(
        PanelSpec(
            title="Energy by month",
            description="The sums of the days of each month, for a year.",
            unit="kwatth",
            decimals=1,
            width=24,
            height=10,
            since="now-12M/M",
            no_value=_NO_DAYS,
            queries=_FLOWS,
        ),
        "month",
        tuple(name for name, _ in FLOW_NAMES),
    ),
    period_bars(
        PanelSpec(
            title="Energy by year",
            description="The sums of the days of each year, as far back as Prometheus keeps them.",
            unit="kwatth",
            decimals=1,
            since="now-5y/y",
            no_value=_NO_DAYS,
            queries=_FLOWS,
        ),
        "year",
        tuple(name for name, _ in FLOW_NAMES),
    ),
    _beside_last_year("solar", "Solar", "Solar energy"),
    _beside_last_year("house", "House", "What the house used"),
    tiles(
        PanelSpec(
            title="Lifetime",
            description=(
                "Energy since installation, from the registers of the gateway. House is solar and"
                " imported less exported energy, with what the batteries have lost."
            ),
            unit="kwatth",
            decimals=1,
            no_value="No register at this gateway",
            queries=tuple(now(expr, name) for name, expr in LIFETIMES),
        )
    ),
)

DASHBOARD = DashboardSpec(
    uid="enphase-energy",
    title="Enphase: Energy and cost",
    description="kWh and money by day, month and year, and this year beside the last.",
    panels=DAYS,
    rows=(DashboardRow("Cost", MONEY), DashboardRow("Months and years", YEARS)),
    since="now-30d",
    priced=PRICED,
)
