"""The gateway's own events, counted by what they are."""

from exporter.metrics.table import PlainCounter, Table

EVENTS = Table(
    "Events",
    "events",
    "event_counts.*",
    (
        PlainCounter(
            "enphase_gateway_events_total",
            "Number of events in the gateway's own log, by what began (set) or ended (clear).",
            "count",
        ),
    ),
    keys=("event", "action"),
)

TABLES = (EVENTS,)
