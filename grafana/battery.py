"""Batteries: all together, compared with each other, and one row for each.

Encharge, IQ Batteries and AC Batteries share every panel: each has lines, rows and tiles for the
values that it reports.
"""

from grafana.kit import thresholds
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import day_bars, lines, tiles, timeline
from grafana.kit.queries import (
    GATEWAY,
    RECENT,
    RECORDED_DEVICE,
    Query,
    daily,
    kwh,
    now,
    state,
)
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import (
    LED_STATUS,
    NO_BATTERY,
    STATES,
    YES_BAD,
    YES_GOOD,
    YES_PLAIN,
    merge_value_maps,
)
from grafana.single_battery import CHARGE, EACH

_WATTS = "enphase_encharge_watts or enphase_acb_watts"
_HOTTEST = (
    "enphase_encharge_max_cell_temperature_celsius or enphase_acb_max_cell_temperature_celsius"
)
_COMMUNICATING = "enphase_encharge_communicating or enphase_acb_communicating"
#: full charge cycles of a battery since the exporter started to record
_CYCLES = "enphase_encharge_discharged_joules_total / enphase_encharge_capacity_joules"
_LAG = f"({CHARGE}) - on ({GATEWAY}) group_left () avg by ({GATEWAY}) ({CHARGE})"
_AGE = f"time() - last_over_time(enphase_acb_last_report_timestamp_seconds[{RECENT}])"


def _mode(metric: str) -> str:
    return state(metric, "backup", "self-consumption", "economy", by=GATEWAY, label="mode")


TOGETHER = (
    tiles(
        PanelSpec(
            title="All batteries",
            description=(
                "State of charge, energy, reserve and power of all batteries; positive power is"
                " discharging, negative is charging. Health as reported by the system, and the"
                " present capacity as a share of the commissioned capacity: a lower value means"
                " that a battery is missing."
            ),
            unit="percentunit",
            decimals=0,
            width=24,
            height=5,
            no_value=NO_BATTERY,
            runbook="EnphaseStorageCapacityLost",
            queries=(
                now("enphase_storage_soc_ratio", "Charge"),
                now(kwh("enphase_storage_available_joules"), "Energy left"),
                now("enphase_storage_reserve_soc_ratio", "Reserve"),
                now("enphase_storage_watts", "Power"),
                now("enphase:storage_runtime_seconds", "Backup time"),
                now("enphase_storage_health_ratio", "Health"),
                now(
                    "enphase_storage_encharge_capacity_joules"
                    f" / on ({GATEWAY}) (enphase_storage_commissioned_capacity_joules > 0)",
                    "Capacity left",
                ),
            ),
            fields={
                "Charge": FieldOverride(thresholds=thresholds.STATE_OF_CHARGE),
                "Energy left": FieldOverride(unit="kwatth", decimals=1),
                "Power": FieldOverride(unit="watt"),
                "Backup time": FieldOverride(unit="s", decimals=1),
                "Health": FieldOverride(thresholds=thresholds.HEALTH),
                "Capacity left": FieldOverride(
                    thresholds=thresholds.CAPACITY,
                ),
            },
        )
    ),
    rows(
        PanelSpec(
            title="Battery comparison",
            description=(
                "State of each battery. Lag is its charge minus the mean of all: check a battery"
                " that stays behind or ahead for hours. LED: the meaning of its colour."
            ),
            unit="short",
            width=24,
            height=8,
            no_value=NO_BATTERY,
            runbook="EnphaseBatteryChargeImbalance",
        ),
        {"serial": "Battery"},
        (
            TableColumn(
                "Charge",
                CHARGE,
                FieldOverride(
                    unit="percentunit", decimals=0, thresholds=thresholds.STATE_OF_CHARGE
                ),
            ),
            TableColumn(
                "Lag",
                _LAG,
                FieldOverride(unit="percentunit", decimals=0, thresholds=thresholds.LAG),
            ),
            TableColumn("Power", _WATTS, FieldOverride(unit="watt")),
            TableColumn(
                "Hottest",
                _HOTTEST,
                FieldOverride(unit="celsius", decimals=0, thresholds=thresholds.TEMPERATURE),
            ),
            TableColumn("LED", "enphase_encharge_led_status", FieldOverride(value_map=LED_STATUS)),
            TableColumn("Communicating", _COMMUNICATING, FieldOverride(value_map=YES_GOOD)),
            TableColumn(
                "Last report",
                f"enphase:encharge_report_age_seconds or on ({RECORDED_DEVICE}) {_AGE}",
                FieldOverride(unit="s", decimals=0, thresholds=thresholds.REPORT_AGE),
            ),
        ),
        order="Lag",
    ),
    rows(
        PanelSpec(
            title="Hardware and firmware",
            description=(
                "Part numbers and firmware versions, which should be equal for batteries of one"
                " kind, and the full charge cycles of each since the exporter started to record."
            ),
            unit="short",
            width=24,
            height=8,
            no_value=NO_BATTERY,
            runbook="EnphaseBatteryFirmwareMismatch",
        ),
        {"serial": "Battery"},
        (
            TableColumn(
                "Part",
                "enphase_encharge_info or enphase_acb_info",
                labels={"part_number": "Part"},
            ),
            TableColumn(
                "Firmware",
                "enphase_encharge_info",
                labels={"firmware": "Firmware", "bmu_firmware": "BMU firmware"},
            ),
            TableColumn(
                "Capacity",
                kwh("enphase_encharge_capacity_joules"),
                FieldOverride(unit="kwatth", decimals=1),
            ),
            TableColumn("Cycles", _CYCLES, FieldOverride(unit="short", decimals=1)),
            TableColumn(
                "DC switch off", "enphase_encharge_dc_switch_off", FieldOverride(value_map=YES_BAD)
            ),
            TableColumn(
                "Listed",
                "enphase_encharge_present or enphase_acb_communicating * 0 + 1",
                FieldOverride(value_map=YES_GOOD),
            ),
        ),
        order="Battery",
    ),
    lines(
        PanelSpec(
            title="Charge by battery",
            description=(
                "Batteries of one kind at one site move together; a growing gap is a fault."
            ),
            unit="percentunit",
            limits=(0, 1),
            no_value=NO_BATTERY,
            runbook="EnphaseBatteryChargeImbalance",
            queries=(Query(CHARGE, "{{serial}}"),),
        )
    ),
    lines(
        PanelSpec(
            title="Charge spread",
            description=(
                "Highest minus lowest charge among batteries of one model, without those that are"
                " not communicating or have been topping up for hours; and the limit above which an"
                " alert becomes pending."
            ),
            unit="percentunit",
            limits=(0, None),
            no_value="No Encharge or IQ Battery at this gateway",
            runbook="EnphaseBatteryChargeImbalance",
            queries=(
                Query("enphase:encharge_soc_spread_ratio", "{{model}}"),
                Query("enphase:threshold:battery_spread_ratio", "High"),
            ),
        ),
        dashed=("High",),
    ),
    lines(
        PanelSpec(
            title="Capacity",
            description=(
                "Usable capacity of all batteries together, and the commissioned capacity. A step"
                " down is a battery that dropped out; a slow decline is age."
            ),
            unit="kwatth",
            decimals=1,
            limits=(0, None),
            no_value=NO_BATTERY,
            runbook="EnphaseStorageDegraded",
            queries=(
                Query(kwh("enphase_storage_capacity_joules"), "Usable"),
                Query(kwh("enphase_storage_commissioned_capacity_joules"), "Commissioned"),
            ),
        ),
        dashed=("Commissioned",),
    ),
    day_bars(
        PanelSpec(
            title="Energy charged and discharged by day",
            description=(
                "Energy into and out of all batteries, by day. Discharged energy is a few percent"
                " less than charged energy."
            ),
            unit="kwatth",
            decimals=1,
            since="30d",
            no_value=NO_BATTERY,
            queries=(
                Query(daily("battery_charge"), "Battery charging"),
                Query(daily("battery_discharge"), "Battery discharging"),
            ),
        ),
        stacked=True,
        below=("Battery discharging",),
    ),
    lines(
        PanelSpec(
            title="Health over the years",
            description=(
                "Health as the system reports it, and the capacity as a share of that at"
                " commissioning. A slow decline is age, a step is a battery that dropped out."
            ),
            unit="percentunit",
            width=24,
            limits=(None, 1),
            since="2y",
            no_value=NO_BATTERY,
            runbook="EnphaseStorageDegraded",
            queries=(
                Query(
                    "min_over_time(enphase:storage_health_ratio[$__interval])", "State of health"
                ),
                Query(
                    "min_over_time(enphase:storage_commissioned_ratio[$__interval])",
                    "Capacity left",
                ),
            ),
        ),
        interval="1d",
    ).axis_soft_min(0.6),
    timeline(
        PanelSpec(
            title="Storage mode and settings",
            description=(
                "The active mode, the mode configured under `wanted`, and the settings that apply."
                " With optimized schedules the Enphase cloud sets the mode."
            ),
            unit="none",
            width=24,
            height=6,
            no_value=NO_BATTERY,
            value_map=merge_value_maps((YES_PLAIN, STATES)),
            runbook="EnphaseStorageModeChanged",
            queries=(
                Query(_mode("enphase_storage_mode"), "Mode"),
                Query(_mode("enphase_storage_wanted_mode"), "Configured mode"),
                Query("enphase_storage_charge_from_grid", "Charge from grid"),
                Query("enphase_storage_optimized_schedules", "Optimized by cloud"),
            ),
        )
    ),
)

DASHBOARD = DashboardSpec(
    uid="enphase-battery",
    title="Enphase: Batteries",
    description="Charge, power, temperature, health and state of every battery, and comparisons.",
    panels=TOGETHER,
    rows=(DashboardRow("Battery $battery", EACH, repeat="battery"),),
    devices=(
        (
            "battery",
            "Battery",
            "last_over_time(enphase_encharge_soc_ratio[$__range])"
            " or last_over_time(enphase_acb_soc_ratio[$__range])",
        ),
    ),
)
