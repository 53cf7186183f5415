"""The live data of the gateway's own app, the relay behind it, and the channel to the cloud."""

from exporter.metrics.common import GRID_MODES
from exporter.metrics.table import PlainCounter, StateSet, Table, gauge, timestamp
from exporter.metrics.units import (
    closed,
    count,
    enum_map,
    flag,
    milli_volt_amperes,
    milliwatts,
    ratio,
    raw_code,
    stored_joules,
)

_TITLE = "Live data"

STATUS = Table(
    _TITLE,
    "livedata",
    "live",
    (
        timestamp(
            "enphase_live_last_update_timestamp_seconds",
            "When the live data were last updated; without live stream they are not updated.",
            "last_update",
        ),
        gauge(
            "enphase_live_soc_ratio",
            "Charge of all batteries together in the live data.",
            "soc",
            ratio,
        ),
        gauge(
            "enphase_live_reserve_soc_ratio",
            "Charge that is kept for an outage, in the live data.",
            "backup_soc",
            ratio,
        ),
        gauge(
            "enphase_live_encharge_soc_ratio",
            "Charge of the Encharge and IQ Batteries in the live data.",
            "enc_agg_soc",
            ratio,
        ),
        gauge(
            "enphase_live_encharge_available_joules",
            "Energy in the Encharge and IQ Batteries in the live data.",
            "enc_agg_energy",
            stored_joules,
        ),
        gauge(
            "enphase_live_acb_soc_ratio",
            "Charge of the AC Batteries in the live data.",
            "acb_agg_soc",
            ratio,
        ),
        gauge(
            "enphase_live_acb_available_joules",
            "Energy in the AC Batteries in the live data.",
            "acb_agg_energy",
            stored_joules,
        ),
        StateSet(
            "enphase_live_main_relay_state",
            "State of the relay towards the grid in the live data.",
            "main_relay",
            label="state",
            states=("closed", "open", "changing"),
        ),
        gauge(
            "enphase_live_main_relay_code",
            "State of the relay towards the grid as a number: 1 closed, 2 open, 3 changing.",
            "main_relay_state",
            raw_code,
        ),
        gauge(
            "enphase_live_generator_relay_code",
            "State of the relay of the generator as a number; 5 without a generator.",
            "gen_relay_state",
            raw_code,
        ),
        gauge(
            "enphase_live_battery_mode_code",
            "What the batteries are used for, as a number.",
            "backup_bat_mode",
            raw_code,
        ),
        gauge(
            "enphase_live_split_phase",
            "Whether the site has a split-phase service.",
            "is_split_phase",
            flag,
        ),
        gauge(
            "enphase_live_phases",
            "Number of phases of the site in the live data.",
            "phase_count",
            count,
        ),
    ),
)

FLOWS = Table(
    _TITLE,
    "livedata",
    "live_flows.*",
    (
        gauge(
            "enphase_live_watts",
            "Power in the live data; storage discharges and the grid delivers when positive.",
            "power_mw",
            milliwatts,
        ),
        gauge(
            "enphase_live_volt_amperes",
            "Apparent power in the live data.",
            "apparent_power_mva",
            milli_volt_amperes,
        ),
    ),
    keys=("flow",),
)

PHASES = Table(
    _TITLE,
    "livedata",
    "live_phases.*.*",
    (
        gauge(
            "enphase_live_phase_watts",
            "Power on the phase in the live data.",
            "power_mw",
            milliwatts,
        ),
        gauge(
            "enphase_live_phase_volt_amperes",
            "Apparent power on the phase in the live data.",
            "apparent_power_mva",
            milli_volt_amperes,
        ),
    ),
    keys=("flow", "phase"),
)

CLOUD = Table(
    "Gateway",
    "livedata",
    "cloud_channel",
    (
        gauge(
            "enphase_gateway_cloud_channel_connected",
            "Whether the live channel to the Enphase cloud is connected.",
            "connected",
            flag,
        ),
        gauge(
            "enphase_gateway_cloud_channel_provisioned",
            "Whether the live channel to the Enphase cloud is set up.",
            "prov_state",
            enum_map({"configured": 1, "not_configured": 0}),
        ),
        gauge(
            "enphase_gateway_cloud_channel_authenticated",
            "Whether the Enphase cloud accepts the gateway on the live channel.",
            "auth_state",
            enum_map({"ok": 1, "failed": 0, "error": 0}),
        ),
        gauge(
            "enphase_gateway_live_stream_enabled",
            "Whether somebody has the gateway stream live data.",
            "sc_stream",
            enum_map({"enabled": 1, "disabled": 0}),
        ),
        gauge(
            "enphase_gateway_live_debug_enabled",
            "Whether the gateway streams data for debugging.",
            "sc_debug",
            enum_map({"enabled": 1, "disabled": 0}),
        ),
        PlainCounter(
            "enphase_gateway_cloud_channel_errors_total",
            "Number of failed attempts to connect the live channel since the gateway started.",
            "connect_errors",
        ),
        PlainCounter(
            "enphase_gateway_cloud_channel_connects_total",
            "Number of times the live channel was connected since the gateway started.",
            "connects",
        ),
        PlainCounter(
            "enphase_gateway_cloud_channel_messages_total",
            "Number of messages sent over the live channel since the gateway started.",
            "publishes",
        ),
        PlainCounter(
            "enphase_gateway_cloud_channel_responses_total",
            "Number of responses sent over the live channel since the gateway started.",
            "responses",
        ),
    ),
)

RELAY = Table(
    "Grid",
    "grid",
    "relay",
    (
        gauge(
            "enphase_grid_relay_closed",
            "Whether the relay towards the grid is closed.",
            "mains_oper_state",
            closed,
        ),
        gauge(
            "enphase_grid_relay_commanded_closed",
            "Whether the relay towards the grid was commanded to be closed.",
            "mains_admin_state",
            closed,
        ),
        gauge(
            "enphase_grid_relay_srt12_closed",
            "Whether the second relay of the controller (SRT12) is closed.",
            "srt12_state",
            closed,
        ),
        gauge(
            "enphase_grid_relay_srt13_closed",
            "Whether the third relay of the controller (SRT13) is closed.",
            "srt13_state",
            closed,
        ),
        gauge(
            "enphase_grid_relay_der1_code",
            "State of the first group of energy sources as a number.",
            "der1_state",
            raw_code,
        ),
        gauge(
            "enphase_grid_relay_der2_code",
            "State of the second group of energy sources as a number.",
            "der2_state",
            raw_code,
        ),
        gauge(
            "enphase_grid_relay_der3_code",
            "State of the third group of energy sources as a number.",
            "der3_state",
            raw_code,
        ),
        StateSet(
            "enphase_grid_relay_encharge_mode",
            "Mode of the grid as the batteries follow it.",
            "encharge_grid_mode",
            label="mode",
            states=GRID_MODES,
        ),
        StateSet(
            "enphase_grid_relay_solar_mode",
            "Mode of the grid as the inverters follow it.",
            "solar_grid_mode",
            label="mode",
            states=GRID_MODES,
        ),
    ),
)

TABLES = (STATUS, FLOWS, PHASES, CLOUD, RELAY)
