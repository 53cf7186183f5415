"""What the gateway and its devices say of themselves: conditions, relays, updates, events."""

from grafana.kit import colours
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import lines, tiles
from grafana.kit.queries import DEVICE, GATEWAY, Query, now
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import CLOUD_CONNECTED, YES_GOOD, YES_PLAIN, ValueMap

_NOT_REPORTED = "The gateway does not report it"
_RUNNING: ValueMap = {0: ("None", colours.NEUTRAL), 1: ("Running", colours.WATCH)}
_FAILED: ValueMap = {0: ("Done", colours.FINE), 1: ("Failed", colours.BAD)}
#: batteries that run other firmware than they should, or of which a module does
_OUTDATED = (
    f"sum by ({GATEWAY}) (max by ({DEVICE}) (enphase_ensemble_submodule_firmware_outdated"
    " or enphase_ensemble_module_firmware_outdated))"
)

REPORTS = (
    tiles(
        PanelSpec(
            title="Live channel, update and limits",
            description=(
                "Whether the live channel to the Enphase cloud stands, the firmware update of the"
                " storage devices, batteries with a module that should run other firmware, and"
                " limits of export and production, which are settings and no fault."
            ),
            unit="none",
            decimals=0,
            width=24,
            height=4,
            no_value=_NOT_REPORTED,
            runbook="EnphaseFirmwareUpdateFailed",
            queries=(
                now("enphase_gateway_cloud_channel_connected", "Live channel"),
                now("enphase_firmware_update_running", "Update"),
                now("enphase_firmware_update_failed", "Last update"),
                now(_OUTDATED, "Batteries to be updated"),
                now("enphase_export_limit_enabled", "Export limited"),
                now("enphase_production_limit_ratio", "Production limit"),
            ),
            fields={
                "Live channel": FieldOverride(value_map=CLOUD_CONNECTED),
                "Update": FieldOverride(value_map=_RUNNING),
                "Last update": FieldOverride(value_map=_FAILED),
                "Batteries to be updated": FieldOverride(
                    thresholds=((None, colours.FINE), (1, colours.WATCH))
                ),
                "Export limited": FieldOverride(value_map=YES_PLAIN),
                "Production limit": FieldOverride(unit="percentunit"),
            },
        )
    ),
    rows(
        PanelSpec(
            title="Conditions of devices",
            description=(
                "What devices report of themselves now, by their own names. Panels in the dark are"
                " normal at night; a danger is for the installer, and nothing to reset."
            ),
            unit="none",
            height=8,
            no_value="No device reports a condition",
            runbook="EnphaseDeviceDanger",
        ),
        {"class": "Class", "condition": "Condition", "kind": "Kind", "serial": "Device"},
        (TableColumn("Reported", "enphase_device_condition", FieldOverride(value_map=YES_PLAIN)),),
        order="Class",
    ),
    rows(
        PanelSpec(
            title="IQ Relays",
            description=(
                "An open relay keeps the panels from the grid: they give nothing, whatever the"
                " sun does. The reason is the relay's own."
            ),
            unit="none",
            height=8,
            no_value="No IQ Relay at this gateway",
            runbook="EnphaseIqRelayOpen",
        ),
        {"serial": "Relay"},
        (
            TableColumn("Closed", "enphase_iq_relay_closed", FieldOverride(value_map=YES_GOOD)),
            TableColumn("Why", "enphase_iq_relay_reason_info", labels={"reason": "Reason"}),
            TableColumn(
                "Lowest voltage",
                f"min by ({DEVICE}) (enphase_iq_relay_volts)",
                FieldOverride(unit="volt", decimals=0),
            ),
            TableColumn(
                "Frequency", "enphase_iq_relay_hertz", FieldOverride(unit="hertz", decimals=2)
            ),
            TableColumn(
                "Temperature",
                "enphase_iq_relay_temperature_celsius",
                FieldOverride(unit="celsius", decimals=0),
            ),
            TableColumn(
                "Changes",
                "increase(enphase_iq_relay_state_changes_total[$__range])",
                FieldOverride(unit="none", decimals=0),
            ),
        ),
        order="Relay",
    ),
    lines(
        PanelSpec(
            title="Live power",
            description=(
                "Power as the gateway's own app shows it; storage discharges and the grid delivers"
                " when positive. Without a live stream it is updated every few minutes."
            ),
            unit="watt",
            no_value=_NOT_REPORTED,
            queries=(Query("enphase_live_watts", "{{flow}}"),),
        )
    ),
    lines(
        PanelSpec(
            title="Events in the gateway's log",
            description="How many events per hour the gateway logged, by what they are.",
            unit="none",
            decimals=1,
            limits=(0, None),
            no_value="This login may not read the log, or nothing was logged yet",
            queries=(
                Query(
                    f"3600 * sum by ({GATEWAY}, event)"
                    " (rate(enphase_gateway_events_total[$__rate_interval]))",
                    "{{event}}",
                ),
            ),
        )
    ),
)
