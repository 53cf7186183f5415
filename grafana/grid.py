"""Grid and outages: how good the grid is, when it was gone, and what the switches did."""

from grafana.kit import colours, thresholds
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import lines, tiles, timeline
from grafana.kit.queries import GATEWAY, GRID_STATE, Query, now, state
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import GRID, NO_METER, STATES, YES_PLAIN, merge_value_maps

_NO_SWITCH = "No hardware here that knows whether the house is on the grid"
_NO_OUTAGE = "Never off the grid in the time shown"
_SINCE = "enphase:grid_islanded_since_timestamp_seconds"
_RANGE = "[$__range:1m]"


def _outages(value: str) -> str:
    """Return a value while off grid, for each outage by the label `start`: its beginning."""
    outage = f'0 * count_values by ({GATEWAY}) ("start", {_SINCE})'
    return f"({outage} + on ({GATEWAY}) group_left () ({value}))"


NOW = (
    tiles(
        PanelSpec(
            title="Grid now",
            description=(
                "Whether the house is on the grid and since when it is not; how often the switch"
                " changed within the last hour (an outage and its return are two changes); time off"
                " grid and changes in the time shown."
            ),
            unit="none",
            width=24,
            height=4,
            no_value=_NO_SWITCH,
            runbook="EnphaseGridOutage",
            queries=(
                now(GRID_STATE, "Grid"),
                now("changes(enphase_grid_connected[1h])", "Changes in an hour"),
                now("changes(enphase_grid_connected[$__range])", "Changes"),
                now(
                    "(1 - avg_over_time(enphase_grid_connected[$__range])) * $__range_s",
                    "Off grid",
                ),
                now("enphase:storage_runtime_seconds", "Batteries last"),
            ),
            fields={
                "Grid": FieldOverride(value_map=GRID),
                "Changes in an hour": FieldOverride(decimals=0, thresholds=thresholds.GRID_CHANGES),
                "Changes": FieldOverride(decimals=0),
                "Off grid": FieldOverride(unit="dtdurations", decimals=0),
                "Batteries last": FieldOverride(unit="dtdurations", decimals=0),
            },
        )
    ),
    timeline(
        PanelSpec(
            title="Grid, switches and relays",
            description=(
                "What each switch was commanded to be and what it is; commanded closed but open is"
                " an outage. Dry contacts by the load behind them. Only what this home has is"
                " listed."
            ),
            unit="none",
            width=24,
            height=10,
            value_map=merge_value_maps(
                (GRID, STATES, {10: ("Silent", colours.BAD), 11: ("Answers", colours.FINE)})
            ),
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
                    state("enphase_collar_grid_state", "on_grid", "off_grid"), "Collar sees grid"
                ),
                Query(
                    state("enphase_generator_oper_state", "close", "open", by=GATEWAY),
                    "Generator relay",
                ),
                Query(
                    state(
                        "enphase_generator_mode",
                        "off",
                        "on",
                        "auto",
                        by=GATEWAY,
                        label="mode",
                    ),
                    "Generator mode",
                ),
                Query(
                    state(
                        "enphase_dry_contact_status",
                        *("open", "closed"),
                        by=f"{GATEWAY}, id",
                        label="status",
                    )
                    + f" * on ({GATEWAY}, id) group_left (load_name) enphase_dry_contact_info",
                    "{{id}} {{load_name}}",
                ),
            ),
        )
    ),
    rows(
        PanelSpec(
            title="Outages",
            description=(
                "Every time off the grid in the time shown, commanded ones included: when it began,"
                " how long it lasted so far, and the lowest charge of the batteries. To the minute."
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
                FieldOverride(unit="dateTimeAsIso"),
            ),
            TableColumn(
                "Lasted",
                f"max_over_time({_outages(f'time() - {_SINCE}')}{_RANGE})",
                FieldOverride(unit="dtdurations", decimals=0),
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
            title="Voltage of each leg",
            description=(
                "Against neutral, with the band outside of which an alert begins to count. The"
                " nominal voltage is told from the measurement itself. Off grid it is the"
                " batteries' own."
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
        ),
        dashed=("Low", "High"),
    ),
    lines(
        PanelSpec(
            title="Frequency",
            description="With the band outside of which an alert begins to count.",
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
            title="How far apart the legs are",
            description=(
                "Highest leg less lowest, as a share of their mean. A loose neutral pulls them"
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
            title="Flapping",
            description=(
                "Changes of the switch within an hour. One outage with its return is two; from"
                " three on something is loose."
            ),
            unit="none",
            decimals=0,
            limits=(0, None),
            thresholds=thresholds.GRID_CHANGES,
            no_value=_NO_SWITCH,
            runbook="EnphaseGridFlapping",
            queries=(Query("changes(enphase_grid_connected[1h])", "Changes in an hour"),),
        ),
        steps=True,
    ),
    lines(
        PanelSpec(
            title="Power of each phase",
            description="Drawn from the grid on each phase; negative is fed into it.",
            unit="watt",
            no_value="This gateway does not tell its phases apart",
            queries=(Query("enphase_net_consumption_phase_watts", "{{phase}}"),),
        )
    ),
)

CONTROLLER = (
    rows(
        PanelSpec(
            title="Controller, collar and combiner",
            description="The devices between house and grid, whichever this home has.",
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
                "Heard",
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
            title="What the dry contacts do",
            description=(
                "What each relay switches, what it does on grid and off, and the charge of the"
                " batteries at which it sheds and takes its load again."
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
                "Takes above",
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
            description="Whether it feeds the house, whether that is an exercise, and its mode.",
            unit="none",
            width=24,
            height=5,
            no_value=_NO_GENERATOR,
            value_map=merge_value_maps((YES_PLAIN, STATES)),
            runbook="EnphaseGeneratorNotRunning",
            queries=(
                Query("enphase_generator_running", "Runs"),
                Query("enphase_generator_exercising", "Exercises"),
                Query(
                    state(
                        "enphase_generator_mode",
                        "off",
                        "on",
                        "auto",
                        by=GATEWAY,
                        label="mode",
                    ),
                    "Mode",
                ),
            ),
        )
    ),
    lines(
        PanelSpec(
            title="Charge, and where the generator starts and stops",
            description=(
                "Off grid the generator starts when the batteries fall to the lower line, and stops"
                " at the upper one."
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
    description="How good the grid is, when it was gone, and what switches and relays did.",
    panels=NOW,
    rows=(
        DashboardRow("How good the grid is", QUALITY),
        DashboardRow("Controller, collar and combiner", CONTROLLER),
        DashboardRow("Dry contacts, in homes that have some", CONTACTS, collapsed=True),
        DashboardRow("Generator, in homes that have one", GENERATOR, collapsed=True),
    ),
    since="now-7d",
)
