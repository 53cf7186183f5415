"""Exporter and gateway: age of the data, failures with their reasons, load on the gateway."""

from grafana.kit import colours, thresholds
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import bars, lines, tiles, timeline
from grafana.kit.queries import GATEWAY, Query, now, state
from grafana.kit.series_names import BY_STATUS_CODE
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import (
    CLOUD_CONNECTED,
    DEVICE_TYPES,
    LINK,
    RESPONDING,
    STATES,
    WORKING,
    ValueMap,
    merge_value_maps,
)
from grafana.reports import REPORTS

_NO_LOGIN = "This gateway needs no token"
_NO_HOME = "The gateway reports no network status"
_NEVER = "None since the exporter started"
_REQUESTS = "rate(enphase_gateway_requests_total[$__rate_interval])"
#: offset by ten, so that it can share a value map with others
_CLOUD: ValueMap = {10: ("Disconnected", colours.BAD), 11: ("Connected", colours.FINE)}
#: offset by twenty for the same reason
_ADDRESS: ValueMap = {20: ("No address", colours.NEUTRAL), 21: ("Address", colours.FINE)}
_LEVEL = ((None, colours.BAD), (2, colours.WATCH), (4, colours.FINE))

NOW = (
    tiles(
        PanelSpec(
            title="Gateway now",
            description=(
                "Whether the gateway responds and when it last did, whether it reaches the cloud"
                " and the time since its last report there, the skew of its clock, the remaining"
                " lifetime of the token, and requests per minute, of which there are at most"
                " fourteen, and twelve small ones."
            ),
            unit="s",
            width=24,
            height=5,
            runbook="EnphaseGatewayUnreachable",
            queries=(
                now("enphase_up", "Gateway"),
                now("enphase:gateway_silence_seconds", "Last response"),
                now("enphase_gateway_cloud_connected", "Cloud"),
                now("enphase:cloud_silence_seconds", "Last cloud report"),
                now("abs(enphase_gateway_clock_skew_seconds)", "Clock skew"),
                now("enphase_token_expiry_timestamp_seconds - time()", "Token expires in"),
                now(
                    f"60 * sum by ({GATEWAY}) ({_REQUESTS})",
                    "Requests per minute",
                ),
            ),
            fields={
                "Gateway": FieldOverride(value_map=RESPONDING),
                "Last response": FieldOverride(
                    thresholds=((None, colours.FINE), (600, colours.BAD))
                ),
                "Cloud": FieldOverride(value_map=CLOUD_CONNECTED),
                "Last cloud report": FieldOverride(
                    decimals=0, thresholds=thresholds.CLOUD_REPORT_AGE
                ),
                "Clock skew": FieldOverride(thresholds=thresholds.CLOCK_SKEW),
                "Token expires in": FieldOverride(
                    unit="dtdurations", decimals=0, thresholds=thresholds.TOKEN_LIFETIME
                ),
                "Requests per minute": FieldOverride(
                    unit="none", decimals=1, thresholds=thresholds.REQUESTS
                ),
            },
        )
    ),
    rows(
        PanelSpec(
            title="Identity",
            description="Identity and firmware of the gateway, its phases and meters.",
            unit="none",
            width=24,
            height=4,
            no_value="The gateway has not responded yet",
            runbook="EnphaseGatewayFirmwareChanged",
        ),
        {"serial": "Gateway", "part_number": "Part", "firmware": "Firmware"},
        (
            TableColumn(
                "Phases",
                f"enphase_gateway_info * on ({GATEWAY}) group_left () enphase_gateway_phases",
            ),
            TableColumn(
                "Meters",
                f"enphase_gateway_info * on ({GATEWAY}) group_left () enphase_gateway_meters",
            ),
            TableColumn(
                "Firmware changed",
                f"1000 * enphase_gateway_info * on ({GATEWAY}) group_left ()"
                " enphase_gateway_firmware_changed_timestamp_seconds",
                FieldOverride(unit="dateTimeAsIso"),
            ),
        ),
    ),
)

COLLECTORS = (
    rows(
        PanelSpec(
            title="Collectors",
            description=(
                "Each collector reads one part of the data and can fail on its own: result of the"
                " last run, age of the data, duration."
            ),
            unit="s",
            width=24,
            height=12,
            runbook="EnphaseCollectorFailing",
        ),
        {"collector": "Collector"},
        (
            TableColumn("Last run", "enphase_collector_up", FieldOverride(value_map=WORKING)),
            TableColumn(
                "Age",
                "time() - enphase_collector_last_success_timestamp_seconds",
                FieldOverride(unit="s", decimals=0),
            ),
            TableColumn(
                "Duration",
                "enphase_collector_duration_seconds",
                FieldOverride(unit="s", decimals=2),
            ),
            TableColumn(
                "Failures",
                f"sum by ({GATEWAY}, collector)"
                " (increase(enphase_collector_failures_total[$__range]))",
                FieldOverride(
                    unit="none", decimals=0, thresholds=((None, colours.FINE), (1, colours.WATCH))
                ),
            ),
        ),
        order="Age",
        descending=True,
    ),
    timeline(
        PanelSpec(
            title="Gateway and collectors",
            description="When the gateway responded, and which collectors succeeded.",
            unit="none",
            width=24,
            height=12,
            value_map=merge_value_maps(
                (WORKING, {10: ("Unreachable", colours.BAD), 11: ("Reachable", colours.FINE)})
            ),
            runbook="EnphaseCollectorFailing",
            queries=(
                Query("enphase_up + 10", "gateway"),
                Query("enphase_collector_up", "{{collector}}"),
            ),
        )
    ),
    lines(
        PanelSpec(
            title="Collector failures by reason",
            description="Failed collector runs per hour.",
            unit="none",
            decimals=1,
            limits=(0, None),
            no_value=_NEVER,
            runbook="EnphaseCollectorFailing",
            queries=(
                Query(
                    f"3600 * sum by ({GATEWAY}, reason)"
                    " (rate(enphase_collector_failures_total[$__rate_interval]))",
                    "{{reason}}",
                ),
            ),
        )
    ),
    lines(
        PanelSpec(
            title="Collector duration",
            description="A gateway that gets slower is overloaded, or about to hang.",
            unit="s",
            limits=(0, None),
            queries=(Query("enphase_collector_duration_seconds", "{{collector}}"),),
        )
    ),
)

REQUESTS = (
    bars(
        PanelSpec(
            title="Requests per minute by endpoint",
            description=(
                "The eight that are asked most often, at the moment. Whatever the configured"
                " cadences, all together are at most fourteen, and twelve small ones of less than a"
                " kilobyte."
            ),
            unit="none",
            decimals=1,
            limits=(0, None),
            queries=(
                now(
                    f"sort_desc(topk by ({GATEWAY}) (8, 60 * sum by ({GATEWAY}, endpoint)"
                    " (rate(enphase_gateway_requests_total[$__rate_interval]))))",
                    "{{endpoint}}",
                ),
            ),
        ),
    ),
    lines(
        PanelSpec(
            title="Responses per minute by status code",
            description="HTTP status codes, or the reason why there was no response.",
            unit="none",
            decimals=1,
            limits=(0, None),
            runbook="EnphaseAuthenticationFailing",
            queries=(
                Query(
                    f"60 * sum by ({GATEWAY}, code)"
                    " (rate(enphase_gateway_requests_total[$__rate_interval]))",
                    "{{code}}",
                ),
            ),
            fields=BY_STATUS_CODE,
        ),
        stacked=True,
    ),
    lines(
        PanelSpec(
            title="Rejected counter readings",
            description=(
                "Lifetime counters that jumped or fell. The exporter does not pass them on,"
                " because Prometheus would count each as a lifetime of energy."
            ),
            unit="none",
            decimals=0,
            no_value=_NEVER,
            runbook="EnphaseCounterAnomaly",
            queries=(Query("increase(enphase_rejected_readings_total[1h])", "{{metric}}"),),
        ),
        steps=True,
    ),
    lines(
        PanelSpec(
            title="Token lifetime",
            description=(
                "With an Enphase account in the configuration the exporter renews its token thirty"
                " days before it expires."
            ),
            unit="dtdurations",
            limits=(0, None),
            no_value=_NO_LOGIN,
            runbook="EnphaseTokenExpiring",
            queries=(Query("enphase_token_expiry_timestamp_seconds - time()", "Token"),),
        )
    ),
)

NETWORK = (
    lines(
        PanelSpec(
            title="Time since last cloud report",
            description=(
                "Healthy gateways report to the cloud every few minutes, or every six hours over a"
                " cellular modem. Enphase does not notify owners when the reports stop."
            ),
            unit="s",
            decimals=0,
            limits=(0, None),
            no_value=_NO_HOME,
            runbook="EnphaseCloudReportingStopped",
            queries=(Query("enphase:cloud_silence_seconds", "Since the last report"),),
        )
    ),
    lines(
        PanelSpec(
            title="Clock skew",
            description="How far the gateway's clock is ahead of the exporter's.",
            unit="s",
            decimals=1,
            runbook="EnphaseGatewayClockSkew",
            queries=(Query("enphase_gateway_clock_skew_seconds", "Ahead by"),),
        )
    ),
    timeline(
        PanelSpec(
            title="Network interfaces",
            description="Interfaces with a link or an address, and the state of their connection.",
            unit="none",
            height=7,
            no_value=_NO_HOME,
            runbook="EnphaseGatewayInterfaceWithoutAddress",
            value_map=merge_value_maps((LINK, STATES, _CLOUD, _ADDRESS)),
            queries=(
                Query("enphase_gateway_cloud_connected + 10", "Cloud"),
                Query("enphase_gateway_interface_up", "{{interface}} {{type}}"),
                Query("enphase_gateway_interface_has_address + 20", "{{interface}} address"),
                Query(
                    state(
                        "enphase_gateway_interface_status",
                        *("connected", "connecting"),
                        by=f"{GATEWAY}, interface",
                        label="status",
                    ),
                    "{{interface}}",
                ),
            ),
        )
    ),
    rows(
        PanelSpec(
            title="Device communication",
            description=(
                "Signal level of the gateway's communication with the devices of each kind, from 0"
                " to 5, and the number of devices."
            ),
            unit="none",
            height=7,
            no_value=_NO_HOME,
        ),
        {"device_type": "Devices"},
        (
            TableColumn("Number", "enphase_gateway_link_devices"),
            TableColumn("Level", "enphase_gateway_link_level", FieldOverride(thresholds=_LEVEL)),
        ),
        order="Devices",
        words={"Devices": DEVICE_TYPES},
    ),
)

DASHBOARD = DashboardSpec(
    uid="enphase-gateway",
    title="Enphase: Exporter and gateway",
    description="Age of the data, failures with their reasons, and the load on the gateway.",
    panels=NOW,
    rows=(
        DashboardRow("Collectors", COLLECTORS),
        DashboardRow("Requests", REQUESTS),
        DashboardRow("Network and cloud", NETWORK),
        DashboardRow("What gateway and devices report", REPORTS),
    ),
)
