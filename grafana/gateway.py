"""Exporter and gateway: is the data fresh, what fails and why, how hard the gateway is asked."""

from grafana.kit import colours, steps
from grafana.kit.about import About, Field
from grafana.kit.frame import Board, Row
from grafana.kit.panels import lines, tiles, timeline
from grafana.kit.queries import SITE, Query, now, state
from grafana.kit.tables import Column, rows
from grafana.kit.words import ANSWERS, LINK, REACHED, STATES, SUCCEEDS, Words, merged

_NO_LOGIN = "This gateway wants no token"
_NO_HOME = "The gateway tells nothing of its network"
_NEVER = "None since the exporter started"
_REQUESTS = "rate(enphase_gateway_requests_total[$__rate_interval])"
#: ten more than whether it is reached, to stand beside other words
_CLOUD: Words = {10: ("Cut off", colours.BAD), 11: ("Connected", colours.FINE)}
_LEVEL = ((None, colours.BAD), (2, colours.WATCH), (4, colours.FINE))

NOW = (
    tiles(
        About(
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
                    f"60 * sum by ({SITE}) ({_REQUESTS})",
                    "Requests a minute",
                ),
            ),
            fields={
                "Gateway": Field(words=ANSWERS),
                "Last heard": Field(steps=((None, colours.FINE), (600, colours.BAD))),
                "Cloud": Field(words=REACHED),
                "Enphase told": Field(steps=steps.SILENCE),
                "Clock off by": Field(steps=steps.SKEW),
                "Token lasts": Field(unit="dtdurations", decimals=0, steps=steps.LIFE),
                "Requests a minute": Field(unit="none", decimals=1, steps=steps.REQUESTS),
            },
        )
    ),
    rows(
        About(
            title="What it is",
            description="Identity and firmware of the gateway, its phases and meters.",
            unit="none",
            width=24,
            height=4,
            missing="The gateway has not answered yet",
            runbook="EnphaseGatewayFirmwareChanged",
        ),
        {"serial": "Gateway", "part_number": "Part", "firmware": "Firmware"},
        (
            Column(
                "Phases",
                f"enphase_gateway_info * on ({SITE}) group_left () enphase_gateway_phases",
            ),
            Column(
                "Meters",
                f"enphase_gateway_info * on ({SITE}) group_left () enphase_gateway_meters",
            ),
            Column(
                "Firmware seen to change",
                "1000 * enphase_gateway_info"
                f" * on ({SITE}) group_left () enphase_gateway_firmware_changed_timestamp_seconds",
                Field(unit="dateTimeAsIso"),
            ),
        ),
    ),
)

COLLECTORS = (
    rows(
        About(
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
            Column("Last run", "enphase_collector_up", Field(words=SUCCEEDS)),
            Column(
                "Age",
                "time() - enphase_collector_last_success_timestamp_seconds",
                Field(unit="s", decimals=0),
            ),
            Column("Took", "enphase_collector_duration_seconds", Field(unit="s", decimals=2)),
            Column(
                "Failures",
                f"sum by ({SITE}, collector)"
                " (increase(enphase_collector_failures_total[$__range]))",
                Field(unit="none", decimals=0, steps=((None, colours.FINE), (1, colours.WATCH))),
            ),
        ),
        order="Age",
        descending=True,
    ),
    timeline(
        About(
            title="Gateway and collectors",
            description="When the gateway answered, and when each part of the data could be read.",
            unit="none",
            width=24,
            height=12,
            words=merged((SUCCEEDS, {10: ("Silent", colours.BAD), 11: ("Answers", colours.FINE)})),
            runbook="EnphaseCollectorFailing",
            queries=(
                Query("enphase_up + 10", "gateway"),
                Query("enphase_collector_up", "{{collector}}"),
            ),
        )
    ),
    lines(
        About(
            title="Failures by reason",
            description="Runs of collectors that failed, an hour.",
            unit="none",
            decimals=1,
            limits=(0, None),
            missing=_NEVER,
            runbook="EnphaseCollectorFailing",
            queries=(
                Query(
                    f"3600 * sum by ({SITE}, reason)"
                    " (rate(enphase_collector_failures_total[$__rate_interval]))",
                    "{{reason}}",
                ),
            ),
        )
    ),
    lines(
        About(
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
        About(
            title="Requests a minute by endpoint",
            description="All together stay at fourteen or below, whatever the cadences say.",
            unit="none",
            decimals=1,
            limits=(0, None),
            queries=(
                Query(
                    f"60 * sum by ({SITE}, endpoint)"
                    " (rate(enphase_gateway_requests_total[$__rate_interval]))",
                    "{{endpoint}}",
                ),
            ),
        ),
        stacked=True,
    ),
    lines(
        About(
            title="Answers a minute by code",
            description="Status codes of HTTP, or why there was no answer.",
            unit="none",
            decimals=1,
            limits=(0, None),
            runbook="EnphaseAuthenticationFailing",
            queries=(
                Query(
                    f"60 * sum by ({SITE}, code)"
                    " (rate(enphase_gateway_requests_total[$__rate_interval]))",
                    "{{code}}",
                ),
            ),
        ),
        stacked=True,
    ),
    lines(
        About(
            title="Readings rejected as impossible",
            description=(
                "Lifetime counters that jumped or fell. The exporter keeps them from Prometheus,"
                " which would take each for a lifetime of energy."
            ),
            unit="none",
            decimals=0,
            missing=_NEVER,
            runbook="EnphaseCounterAnomaly",
            queries=(Query("increase(enphase_counter_anomalies_total[1h])", "{{metric}}"),),
        ),
        steps=True,
    ),
    lines(
        About(
            title="Life of the token",
            description=(
                "With an account in the configuration the exporter renews its token by itself,"
                " thirty days before it expires."
            ),
            unit="dtdurations",
            limits=(0, None),
            missing=_NO_LOGIN,
            runbook="EnphaseTokenExpiring",
            queries=(Query("enphase_token_expiry_timestamp_seconds - time()", "Token"),),
        )
    ),
)

NETWORK = (
    lines(
        About(
            title="Time since Enphase was told",
            description=(
                "Healthy gateways report to the cloud every few minutes, over a cellular modem"
                " every six hours. For weeks of silence nobody calls you."
            ),
            unit="s",
            limits=(0, None),
            missing=_NO_HOME,
            runbook="EnphaseCloudReportingStopped",
            queries=(Query("enphase:cloud_silence_seconds", "Since the last report"),),
        )
    ),
    lines(
        About(
            title="Clock",
            description="How far the gateway's clock is ahead of the exporter's.",
            unit="s",
            decimals=1,
            runbook="EnphaseGatewayClockSkew",
            queries=(Query("enphase_gateway_clock_skew_seconds", "Ahead by"),),
        )
    ),
    timeline(
        About(
            title="Network",
            description="Which interfaces have a link, and how their connection is.",
            unit="none",
            height=7,
            missing=_NO_HOME,
            words=merged((LINK, STATES, _CLOUD)),
            queries=(
                Query("enphase_gateway_cloud_connected + 10", "Cloud"),
                Query("enphase_gateway_interface_up", "{{interface}} {{type}}"),
                Query(
                    state(
                        "enphase_gateway_interface_status",
                        *("connected", "connecting"),
                        by=f"{SITE}, interface",
                        label="status",
                    ),
                    "{{interface}}",
                ),
            ),
        )
    ),
    rows(
        About(
            title="Links to the devices",
            description=(
                "How well the gateway hears the devices of each kind, from 0 to 5, and how many"
                " there are."
            ),
            unit="none",
            height=7,
            missing=_NO_HOME,
        ),
        {"device_type": "Devices"},
        (
            Column("Number", "enphase_gateway_link_devices"),
            Column("Level", "enphase_gateway_link_level", Field(steps=_LEVEL)),
        ),
        order="Devices",
    ),
)

BOARD = Board(
    uid="enphase-gateway",
    title="Enphase: Exporter and gateway",
    description="Is the data fresh, what fails and why, how hard the gateway is asked.",
    panels=NOW,
    rows=(
        Row("Collectors", COLLECTORS),
        Row("Requests", REQUESTS),
        Row("Network and cloud", NETWORK),
    ),
)
