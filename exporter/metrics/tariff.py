"""What a kilowatt-hour costs now, by the tariff that is set in the gateway."""

from exporter.metrics.table import Table, gauge, timestamp
from exporter.metrics.units import price

IMPORT = Table(
    "Tariff",
    "tariff",
    "import_price.*",
    (
        gauge(
            "enphase_tariff_import_price",
            "Price of a kilowatt-hour drawn from the grid, in force now.",
            "value",
            price,
        ),
    ),
    keys=("currency",),
)

EXPORT = Table(
    "Tariff",
    "tariff",
    "export_price.*",
    (
        gauge(
            "enphase_tariff_export_price",
            "Price paid for a kilowatt-hour fed into the grid, in force now.",
            "value",
            price,
        ),
    ),
    keys=("currency",),
)

SETTINGS = Table(
    "Tariff",
    "tariff",
    "tariff",
    (
        timestamp(
            "enphase_tariff_updated_timestamp_seconds",
            "When the tariff was last changed.",
            "date",
        ),
    ),
)

TABLES = (IMPORT, EXPORT, SETTINGS)
