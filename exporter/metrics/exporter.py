"""How the exporter itself fares with a gateway: success, effort, refusals; no data of the site."""

from exporter.metrics.table import PlainCounter, Table, gauge, timestamp
from exporter.metrics.units import flag, number, scaled, seconds, signed_seconds
from exporter.snapshot import SELF

GATEWAY = Table(
    "Exporter",
    SELF,
    "self",
    (
        gauge("enphase_up", "Whether the gateway has delivered any data recently.", "up", flag),
        timestamp(
            "enphase_token_expiry_timestamp_seconds",
            "When the token that the exporter shows to the gateway expires.",
            "token_expiry",
        ),
        gauge(
            "enphase_gateway_clock_skew_seconds",
            "How far the gateway's clock is ahead of the exporter's; negative is behind.",
            "clock_skew",
            signed_seconds,
        ),
    ),
)

COLLECTORS = Table(
    "Exporter",
    SELF,
    "self.collectors.*",
    (
        gauge(
            "enphase_collector_up",
            "Whether the last run of the collector succeeded.",
            "up",
            flag,
        ),
        gauge(
            "enphase_collector_complete",
            "Whether the responses list everything that they listed before.",
            "complete",
            flag,
        ),
        gauge(
            "enphase_collector_duration_seconds",
            "How long the last run of the collector took.",
            "duration",
            seconds,
        ),
        gauge(
            "enphase_collector_cadence_seconds",
            "How often the collector is to run.",
            "cadence",
            seconds,
        ),
        timestamp(
            "enphase_collector_last_success_timestamp_seconds",
            "When the collector last succeeded.",
            "last_success",
        ),
    ),
    keys=("collector",),
)

FAILURES = Table(
    "Exporter",
    SELF,
    "self.collectors.*.failures.*",
    (
        PlainCounter(
            "enphase_collector_failures_total",
            "Number of failed runs of the collector, by reason.",
        ),
    ),
    keys=("collector", "reason"),
)

REQUESTS = Table(
    "Exporter",
    SELF,
    "self.requests.*",
    (
        PlainCounter(
            "enphase_gateway_requests_total",
            "Number of requests to the gateway, by status code or reason of failure.",
        ),
    ),
    keys=("endpoint", "code"),
)

UNREADABLE = Table(
    "Exporter",
    SELF,
    "self.unreadable.*",
    (
        PlainCounter(
            "enphase_unreadable_values_total",
            "Number of values of a response that could not be read, by the gateway's name of them.",
        ),
    ),
    keys=("endpoint", "field"),
)

ANOMALIES = Table(
    "Exporter",
    SELF,
    "self.rejected.*",
    (
        PlainCounter(
            "enphase_rejected_readings_total",
            "Number of readings of a lifetime counter that were rejected as impossible.",
        ),
    ),
    keys=("metric",),
)

THRESHOLDS = Table(
    "Exporter",
    SELF,
    "thresholds.*",
    (
        gauge(
            "enphase_alert_threshold",
            "Threshold of the alert rules for this gateway, from the configuration or as shipped.",
            "",
            number,
        ),
    ),
    keys=("threshold",),
)

SUN = Table(
    "Exporter",
    SELF,
    "sun",
    (
        gauge(
            "enphase_sun_elevation_degrees",
            "Height of the sun above the horizon, where the location is configured.",
            "elevation",
            scaled(1, -90, 90),
        ),
    ),
)

TABLES = (GATEWAY, COLLECTORS, FAILURES, REQUESTS, UNREADABLE, ANOMALIES, THRESHOLDS, SUN)
