"""The row of the batteries' dashboard that is repeated for each battery."""

from grafana.kit import colours
from grafana.kit.panel_spec import PanelSpec
from grafana.kit.panels import SLOW, lines, timeline
from grafana.kit.queries import DEVICE, GATEWAY, Query, state
from grafana.kit.value_mappings import (
    LED_STATUS,
    NO_BATTERY,
    STATES,
    YES_GOOD,
    ValueMap,
    merge_value_maps,
)

CHARGE = "enphase_encharge_soc_ratio or enphase_acb_soc_ratio"
_TEMPERATURE = "enphase_encharge_temperature_celsius"
#: offset by three, so that it can share a value map with others
_SWITCH: ValueMap = {3: ("On", colours.FINE), 4: ("Off", colours.BAD)}

_MINE = 'serial=~"$battery"'
_MY_CHARGE = f"enphase_encharge_soc_ratio{{{_MINE}}} or enphase_acb_soc_ratio{{{_MINE}}}"
_MY_WATTS = f"enphase_encharge_watts{{{_MINE}}} or enphase_acb_watts{{{_MINE}}}"


def _mine(metric: str, label: str, *states: str) -> str:
    """Return the state of the AC Battery of the row."""
    return f"{state(metric, *states, label=label)} and on ({DEVICE}) enphase_acb_info{{{_MINE}}}"


_READINESS = (
    state("enphase_encharge_admin_state_name", "ENCHG_STATE_READY", "ENCMN_MDE_ENCHARGE_READY")
    + f" and on ({DEVICE}) enphase_encharge_info{{{_MINE}}}"
)

EACH = (
    lines(
        PanelSpec(
            title="Charge of $battery",
            description="Charge of this battery, and the mean of all at the site.",
            unit="percentunit",
            width=8,
            limits=(0, 1),
            no_value=NO_BATTERY,
            runbook="EnphaseBatteryStuckCharging",
            queries=(
                Query(_MY_CHARGE, "Charge"),
                Query(f"avg by ({GATEWAY}) ({CHARGE})", "Mean of all"),
            ),
        ),
        dashed=("Mean of all",),
    ),
    lines(
        PanelSpec(
            title="Power of $battery",
            description="Charging and discharging power of the battery.",
            unit="watt",
            width=8,
            no_value=NO_BATTERY,
            runbook="EnphaseBatteryNotCharging",
            queries=(
                Query(f"clamp_min({_MY_WATTS}, 0)", "Battery discharging"),
                Query(f"clamp_min(-({_MY_WATTS}), 0)", "Battery charging"),
            ),
        ),
        stacked=True,
        below=("Battery charging",),
    ),
    lines(
        PanelSpec(
            title="Temperature of $battery",
            description="Temperature of the battery, and of its hottest cell.",
            unit="celsius",
            width=8,
            no_value=NO_BATTERY,
            runbook="EnphaseBatteryTemperatureAbnormal",
            queries=(
                Query(f"{_TEMPERATURE}{{{_MINE}}}", "Battery"),
                Query(
                    f"enphase_encharge_max_cell_temperature_celsius{{{_MINE}}}"
                    f" or enphase_acb_max_cell_temperature_celsius{{{_MINE}}}",
                    "Hottest cell",
                ),
            ),
        ),
        interval=SLOW,
    ),
    timeline(
        PanelSpec(
            title="State of $battery",
            description=(
                "Whether the battery communicates with the gateway, its LED, its DC switch,"
                " whether it is ready; for an AC Battery whether it charges or sleeps."
            ),
            unit="none",
            width=24,
            height=6,
            no_value=NO_BATTERY,
            value_map=merge_value_maps((YES_GOOD, LED_STATUS, STATES, _SWITCH)),
            runbook="EnphaseBatteryNotCommunicating",
            queries=(
                Query(
                    f"enphase_encharge_communicating{{{_MINE}}}"
                    f" or enphase_acb_communicating{{{_MINE}}}",
                    "Communicating",
                ),
                Query(f"enphase_encharge_led_status{{{_MINE}}}", "LED"),
                Query(f"enphase_encharge_dc_switch_off{{{_MINE}}} + 3", "DC switch"),
                Query(_READINESS, "Readiness"),
                Query(
                    _mine("enphase_acb_charge_status", "status", "charging", "discharging", "idle"),
                    "AC Battery",
                ),
                Query(
                    _mine(
                        "enphase_acb_sleep_state",
                        "state",
                        *("awake", "going_to_sleep", "asleep", "waking"),
                    ),
                    "Sleep",
                ),
            ),
        )
    ),
)
