"""What is expected of a gateway: all it ever had, whether it is there now, since when not."""

from exporter.metrics.table import Table, gauge, timestamp
from exporter.metrics.units import flag
from exporter.snapshot import SELF

EXPECTED = Table(
    "Expected and missing",
    SELF,
    "expected.*",
    (
        gauge(
            "enphase_expected",
            "Whether a device, meter, leg, section, quantity or collector that was there before is"
            " there now.",
            "present",
            flag,
        ),
        timestamp(
            "enphase_missing_since_timestamp_seconds",
            "Since when what is expected is missing; only while it is.",
            "missing_since",
        ),
    ),
    keys=("kind", "id"),
)

TABLES = (EXPECTED,)
