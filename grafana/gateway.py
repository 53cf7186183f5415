"""Exporter and gateway: is the data fresh, what fails and why, how hard the gateway is asked."""

from grafana.kit import colours, thresholds
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import lines, tiles, timeline
from grafana.kit.queries import GATEWAY, Query, now, state
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import (
    CLOUD_CONNECTED,
    LINK,
    RESPONDING,
    STATES,
    WORKING,
    ValueMap,
    merge_value_maps,
)

_NO_LOGIN = "This gateway wants no token"
_NO_HOME = "The gateway tells nothing of its network"
_NEVER = "None since the exporter started"
_REQUESTS = "rate(enphase_gateway_requests_total[$__rate_interval])"
#: ten more than whether it is reached, to stand beside other words
_CLOUD: ValueMap = {10: ("Cut off", colours.BAD), 11: ("Connected", colours.FINE)}
_LEVEL = ((None, colours.BAD), (2, colours.WATCH), (4, colours.FINE))

NOW = (
    tiles(
        PanelSpec(
            title="Gateway now",
            description=(
                "Whether it answers and when it last did, whether it reaches the cloud and how long"
                " ago it reported there, how far its clock is off, how long the token lasts, and"
                " how many requests a minute it gets; it is never asked more than fourteen."
            ),
            unit="s",
            width=24,
            height=4,
            runbook="EnphaseGatewayUnreachable",
            queries=(
                now("enphase_up", "Gateway"),
                now("enphase:gateway_silence_seconds", "Last heard"),
                now("enphase_gateway_cloud_connected", "Cloud"),
                now("enphase:cloud_silence_seconds", "Enphase told"),
                now("abs(enphase_gateway_clock_skew_seconds)", "Clock off by"),
                now("enphase_token_expiry_timestamp_seconds - time()", "Token lasts"),
                now(
                    f"60 * sum by ({GATEWAY}) ({_REQUESTS})",
                    "Requests a minute",
                ),
            ),
            fields={
                "Gateway": FieldOverride(value_map=RESPONDING),
                "Last heard": FieldOverride(thresholds=((None, colours.FINE), (600, colours.BAD))),
                "Cloud": FieldOverride(value_map=CLOUD_CONNECTED),
                "Enphase told": FieldOverride(thresholds=thresholds.CLOUD_REPORT_AGE),
                "Clock off by": FieldOverride(thresholds=thresholds.CLOCK_SKEW),
                "Token lasts": FieldOverride(
                    unit="dtdurations", decimals=0, thresholds=thresholds.TOKEN_LIFETIME
                ),
                "Requests a minute": FieldOverride(
                    unit="none", decimals=1, thresholds=thresholds.REQUESTS
                ),
            },
        )
    ),
    rows(
        PanelSpec(
            title="What it is",
            description="Identity and firmware of the gateway, its phases and meters.",
            unit="none",
            width=24,
            height=4,
            no_value="The gateway has not answered yet",
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
                "Firmware seen to change",
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
                "Each part of the data is read on its own and can fail on its own: whether it"
                " worked the last time, how old its data is, how long it took."
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
                "Took", "enphase_collector_duration_seconds", FieldOverride(unit="s", decimals=2)
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
            description="When the gateway answered, and when each part of the data could be read.",
            unit="none",
            width=24,
            height=12,
            value_map=merge_value_maps(
                (WORKING, {10: ("Silent", colours.BAD), 11: ("Answers", colours.FINE)})
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
            title="Failures by reason",
            description="Runs of collectors that failed, an hour.",
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
            title="How long collectors take",
            description="A gateway that gets slower is overloaded, or about to hang.",
            unit="s",
            limits=(0, None),
            queries=(Query("enphase_collector_duration_seconds", "{{collector}}"),),
        )
    ),
)

REQUESTS = (
    lines(
        PanelSpec(
            title="Requests a minute by endpoint",
            description="All together stay at fourteen or below, whatever the cadences say.",
            unit="none",
            decimals=1,
            limits=(0, None),
            queries=(
                Query(
                    f"60 * sum by ({GATEWAY}, endpoint)"
                    " (rate(enphase_gateway_requests_total[$__rate_interval]))",
                    "{{endpoint}}",
                ),
            ),
        ),
        stacked=True,
    ),
    lines(
        PanelSpec(
            title="Answers a minute by code",
            description="Status codes of HTTP, or why there was no answer.",
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
        ),
        stacked=True,
    ),
    lines(
        PanelSpec(
            title="Readings rejected as impossible",
            description=(
                "Lifetime counters that jumped or fell. The exporter keeps them from Prometheus,"
                " which would take each for a lifetime of energy."
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
            title="Life of the token",
            description=(
                "With an account in the configuration the exporter renews its token by itself,"
                " thirty days before it expires."
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
            title="Time since Enphase was told",
            description=(
                "Healthy gateways report to the cloud every few minutes, over a cellular modem"
                " every six hours. For weeks of silence nobody calls you."
            ),
            unit="s",
            limits=(0, None),
            no_value=_NO_HOME,
            runbook="EnphaseCloudReportingStopped",
            queries=(Query("enphase:cloud_silence_seconds", "Since the last report"),),
        )
    ),
    lines(
        PanelSpec(
            title="Clock",
            description="How far the gateway's clock is ahead of the exporter's.",
            unit="s",
            decimals=1,
            runbook="EnphaseGatewayClockSkew",
            queries=(Query("enphase_gateway_clock_skew_seconds", "Ahead by"),),
        )
    ),
    timeline(
        PanelSpec(
            title="Network",
            description="Which interfaces have a link, and how their connection is.",
            unit="none",
            height=7,
            no_value=_NO_HOME,
            value_map=merge_value_maps((LINK, STATES, _CLOUD)),
            queries=(
                Query("enphase_gateway_cloud_connected + 10", "Cloud"),
                Query("enphase_gateway_interface_up", "{{interface}} {{type}}"),
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
            title="Links to the devices",
            description=(
                "How well the gateway hears the devices of each kind, from 0 to 5, and how many"
                " there are."
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
    ),
)

DASHBOARD = DashboardSpec(
    uid="enphase-gateway",
    title="Enphase: Exporter and gateway",
    description="Is the data fresh, what fails and why, how hard the gateway is asked.",
    panels=NOW,
    rows=(
        DashboardRow("Collectors", COLLECTORS),
        DashboardRow("Requests", REQUESTS),
        DashboardRow("Network and cloud", NETWORK),
    ),
)
