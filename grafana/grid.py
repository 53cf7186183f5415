"""Grid and outages: grid quality, outages, and the state of switches and relays."""

from grafana.kit import colours, thresholds
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import lines, tiles, timeline
from grafana.kit.queries import GATEWAY, GRID_STATE, Query, now, state
from grafana.kit.series_names import BY_PHASE
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import (
    GRID,
    NO_METER,
    STATES,
    YES_PLAIN,
    ValueMap,
    merge_value_maps,
)

_NO_SWITCH = "No hardware at this gateway that measures the grid state"
_NO_OUTAGE = "No outage in the selected time range"
_GENERATOR_MODE = state("enphase_generator_mode", "off", "on", "auto", by=GATEWAY, label="mode")
_REACHABLE: ValueMap = {10: ("Unreachable", colours.BAD), 11: ("Reachable", colours.FINE)}
#: an open contact is no fault: some are made to be, and the relay of a generator that rests is
_CONTACT: ValueMap = {20: ("Open", colours.NEUTRAL), 21: ("Closed", colours.DISCHARGE)}
_SINCE = "enphase:grid_islanded_since_timestamp_seconds"
_RANGE = "[$__range:1m]"
#: pixels of a moment, or of a time of hours and minutes
_WIDE = {"custom.minWidth": 165}


def _outages(value: str) -> str:
    """Return a value while off grid, for each outage by the label `start`: its beginning."""
    outage = f'0 * count_values by (gateway) ("start", {_SINCE})'
    return f"({outage} + on (gateway) group_left () max by (gateway) ({value}))"


NOW = (
    tiles(
        PanelSpec(
            title="Grid now",
            description=(
                "Whether the house is on the grid; changes of the switch within the last hour (an"
                " outage and its end are two changes); time off grid and changes in the selected"
                " time range; remaining backup time."
            ),
            unit="none",
            width=24,
            height=5,
            no_value=_NO_SWITCH,
            runbook="EnphaseGridOutage",
            queries=(
                now(GRID_STATE, "Grid"),
                now("changes(enphase_grid_connected[1h])", "Changes per hour"),
                now("changes(enphase_grid_connected[$__range])", "Changes"),
                now(
                    "60 * sum_over_time((1 - enphase_grid_connected)[$__range:1m])",
                    "Off grid",
                ),
                now("enphase:storage_runtime_seconds", "Backup time"),
            ),
            fields={
                "Grid": FieldOverride(value_map=GRID),
                "Changes per hour": FieldOverride(decimals=0, thresholds=thresholds.GRID_CHANGES),
                "Changes": FieldOverride(decimals=0),
                "Off grid": FieldOverride(unit="s", decimals=1),
                "Backup time": FieldOverride(unit="s", decimals=1),
            },
        )
    ),
    timeline(
        PanelSpec(
            title="Grid, switches and relays",
            description=(
                "Commanded and actual position of each switch; commanded closed but open is an"
                " outage. Dry contacts are named after their load. Only devices of this home are"
                " listed."
            ),
            unit="none",
            width=24,
            height=10,
            value_map=merge_value_maps((GRID, STATES, _REACHABLE, _CONTACT)),
            runbook="EnphaseGridOutageProlonged",
            queries=(
                Query("enphase_up + 10", "Gateway"),
                Query(GRID_STATE, "Grid"),
                Query(
                    state("enphase_enpower_mains_admin_state", "closed", "open"),
                    "Switch, commanded",
                ),
                Query(state("enphase_enpower_mains_oper_state", "closed", "open"), "Switch"),
                Query(
                    state(
                        "enphase_enpower_grid_mode",
                        *("multimode-ongrid", "multimode-offgrid", "grid-tied"),
                        *("grid-forming", "synchronizing-to-grid"),
                        label="mode",
                    ),
                    "System",
                ),
                Query(state("enphase_collar_mid_state", "close", "open"), "Collar switch"),
                Query(
                    state("enphase_collar_grid_state", "on_grid", "off_grid"), "Grid at the collar"
                ),
                Query(
                    state(
                        "enphase_generator_oper_state",
                        *("close", "open"),
                        by=GATEWAY,
                        codes={"close": 21, "open": 20},
                    ),
                    "Generator relay",
                ),
                Query(
                    _GENERATOR_MODE,
                    "Generator mode",
                ),
                Query(
                    f"(enphase_dry_contact_closed + 20) * on ({GATEWAY}, id)"
                    " group_left (load_name) enphase_dry_contact_info",
                    "{{id}} {{load_name}}",
                ),
            ),
        )
    ),
    rows(
        PanelSpec(
            title="Outages",
            description=(
                "Every time off the grid in the selected time range, including those by command:"
                " start, duration so far, and the lowest charge of the batteries. Accurate to one"
                " minute."
            ),
            unit="short",
            width=24,
            height=7,
            no_value=_NO_OUTAGE,
            runbook="EnphaseGridOutage",
        ),
        {"start": "Outage"},
        (
            TableColumn(
                "Began",
                f"1000 * max_over_time({_outages(_SINCE)}{_RANGE})",
                FieldOverride(unit="dateTimeAsIso", extra=_WIDE),
            ),
            TableColumn(
                "Lasted",
                f"max_over_time({_outages(f'time() - {_SINCE}')}{_RANGE})",
                FieldOverride(unit="dtdurations", decimals=1, extra=_WIDE),
            ),
            TableColumn(
                "Lowest charge",
                f"min_over_time({_outages('enphase_storage_soc_ratio')}{_RANGE})",
                FieldOverride(
                    unit="percentunit",
                    decimals=0,
                    thresholds=((None, colours.BAD), (0.1, colours.WATCH), (0.25, colours.FINE)),
                ),
            ),
            TableColumn(
                "By command",
                f"max_over_time({_outages('enphase_grid_disconnect_commanded')}{_RANGE})",
                FieldOverride(value_map=YES_PLAIN),
            ),
        ),
        order="Began",
        descending=True,
        hidden=("start",),
    ),
)

QUALITY = (
    lines(
        PanelSpec(
            title="Voltage by leg",
            description=(
                "Leg to neutral, with the limits outside of which an alert becomes pending. The"
                " nominal voltage is derived from the measurement. Off grid it is the voltage of"
                " the batteries' own grid."
            ),
            unit="volt",
            decimals=1,
            width=24,
            no_value=NO_METER,
            runbook="EnphaseGridVoltageAbnormal",
            queries=(
                Query("enphase:leg_volts", "{{phase}}"),
                Query("max(enphase:leg_volts_low)", "Low"),
                Query("min(enphase:leg_volts_high)", "High"),
            ),
            fields=BY_PHASE,
        ),
        dashed=("Low", "High"),
    ),
    lines(
        PanelSpec(
            title="Frequency",
            description="With the limits outside of which an alert becomes pending.",
            unit="hertz",
            decimals=2,
            no_value=NO_METER,
            runbook="EnphaseGridFrequencyAbnormal",
            queries=(
                Query("enphase:grid_hertz", "Frequency"),
                Query(
                    "max(enphase:grid_nominal_hertz)"
                    " * (1 - max(enphase:threshold:grid_hertz_ratio))",
                    "Low",
                ),
                Query(
                    "max(enphase:grid_nominal_hertz)"
                    " * (1 + max(enphase:threshold:grid_hertz_ratio))",
                    "High",
                ),
            ),
        ),
        dashed=("Low", "High"),
    ),
    lines(
        PanelSpec(
            title="Voltage imbalance",
            description=(
                "Highest minus lowest leg, as a share of their mean. A loose neutral drives them"
                " apart and can start a fire."
            ),
            unit="percentunit",
            decimals=1,
            limits=(0, None),
            thresholds=thresholds.LEG_IMBALANCE,
            no_value="A single leg at this gateway",
            runbook="EnphaseGridVoltageImbalance",
            queries=(Query("enphase:leg_imbalance_ratio", "Between legs"),),
        )
    ),
    lines(
        PanelSpec(
            title="Grid flapping",
            description=(
                "Changes of the switch within an hour. One outage with its end is two; three or"
                " more point to a loose connection."
            ),
            unit="none",
            decimals=0,
            limits=(0, None),
            thresholds=thresholds.GRID_CHANGES,
            no_value=_NO_SWITCH,
            runbook="EnphaseGridFlapping",
            queries=(Query("changes(enphase_grid_connected[1h])", "Changes per hour"),),
        ),
        steps=True,
    ),
    lines(
        PanelSpec(
            title="Power by phase",
            description="Imported from the grid on each phase; negative is exported.",
            unit="watt",
            no_value="No data by phase at this gateway",
            queries=(Query("enphase_net_consumption_phase_watts", "{{phase}}"),),
            fields=BY_PHASE,
        )
    ),
)

CONTROLLER = (
    rows(
        PanelSpec(
            title="Controller, collar and combiner",
            description="The devices between house and grid that this home has.",
            unit="short",
            width=24,
            height=5,
            no_value=_NO_SWITCH,
            runbook="EnphaseSystemControllerNotCommunicating",
        ),
        {"serial": "Device"},
        (
            TableColumn(
                "Part",
                "enphase_enpower_info or enphase_collar_info or enphase_c6cc_info",
                labels={"part_number": "Part", "firmware": "Firmware"},
            ),
            TableColumn(
                "Communicating",
                "enphase_enpower_communicating or enphase_collar_communicating"
                " or enphase_c6cc_communicating",
                FieldOverride(value_map={0: ("No", colours.BAD), 1: ("Yes", colours.FINE)}),
            ),
            TableColumn(
                "Temperature",
                "enphase_enpower_temperature_celsius or enphase_collar_temperature_celsius",
                FieldOverride(unit="celsius", decimals=0),
            ),
            TableColumn(
                "Control error",
                "enphase_collar_control_error",
                FieldOverride(
                    value_map={0: ("None", colours.FINE)},
                    thresholds=thresholds.ANY_BAD,
                ),
            ),
        ),
        order="Device",
    ),
)

CONTACTS = (
    rows(
        PanelSpec(
            title="Dry contact settings",
            description=(
                "The load of each relay, its action on grid and off grid, and the charge of the"
                " batteries at which it sheds and reconnects the load."
            ),
            unit="short",
            width=24,
            height=7,
            no_value="No dry contacts at this gateway",
        ),
        {"id": "Relay"},
        (
            TableColumn(
                "Load",
                "enphase_dry_contact_info",
                labels={
                    "load_name": "Load",
                    "mode": "Mode",
                    "grid_action": "On grid",
                    "micro_grid_action": "Off grid",
                },
            ),
            TableColumn("Closed", "enphase_dry_contact_closed", FieldOverride(value_map=YES_PLAIN)),
            TableColumn(
                "Sheds below",
                "enphase_dry_contact_soc_low_ratio",
                FieldOverride(unit="percentunit", decimals=0),
            ),
            TableColumn(
                "Reconnects above",
                "enphase_dry_contact_soc_high_ratio",
                FieldOverride(unit="percentunit", decimals=0),
            ),
        ),
        order="Relay",
    ),
)

_NO_GENERATOR = "No generator at this gateway"

GENERATOR = (
    timeline(
        PanelSpec(
            title="Generator",
            description=(
                "Whether it supplies the house, whether that is an exercise run, and its mode."
            ),
            unit="none",
            width=24,
            height=5,
            no_value=_NO_GENERATOR,
            value_map=merge_value_maps((YES_PLAIN, STATES)),
            runbook="EnphaseGeneratorNotRunning",
            queries=(
                Query("enphase_generator_running", "Running"),
                Query("enphase_generator_exercising", "Exercising"),
                Query(
                    _GENERATOR_MODE,
                    "Mode",
                ),
            ),
        )
    ),
    lines(
        PanelSpec(
            title="Charge and generator thresholds",
            description=(
                "Off grid the generator starts when the charge of the batteries falls to the lower"
                " line, and stops at the upper one."
            ),
            unit="percentunit",
            width=24,
            limits=(0, 1),
            no_value=_NO_GENERATOR,
            runbook="EnphaseGeneratorNotRunning",
            queries=(
                Query(
                    f"enphase_storage_soc_ratio and on ({GATEWAY}) enphase_generator_present == 1",
                    "Charge",
                ),
                Query("enphase_generator_start_soc_ratio", "Generator starts"),
                Query("enphase_generator_stop_soc_ratio", "Generator stops"),
            ),
        ),
        dashed=("Generator starts", "Generator stops"),
    ),
)

DASHBOARD = DashboardSpec(
    uid="enphase-grid",
    title="Enphase: Grid and outages",
    description="Grid quality, outages, and the state of switches and relays.",
    panels=NOW,
    rows=(
        DashboardRow("Grid quality", QUALITY),
        DashboardRow("Controller, collar and combiner", CONTROLLER),
        DashboardRow("Dry contacts", CONTACTS, collapsed=True),
        DashboardRow("Generator", GENERATOR, collapsed=True),
    ),
    since="now-7d",
)
