"""The conditions that devices name: each that holds is a series, and vanishes when it does not."""

from exporter.metrics.table import Table, gauge
from exporter.metrics.units import flag

_KEYS = ("kind", "serial", "condition", "class")
_ROWS = (
    gauge(
        "enphase_device_condition",
        "A condition that the device reports holds; there is no series while it does not.",
        "holds",
        flag,
    ),
)

INVENTORY = Table("Conditions", "devices", "device_conditions.*", _ROWS, _KEYS)
ENSEMBLE = Table("Conditions", "ensemble", "ensemble_conditions.*", _ROWS, _KEYS)

TABLES = (INVENTORY, ENSEMBLE)
