"""All tables in the order of the exposition, and the metric families that they make up.

Two tables may share a row where the same thing is read in two places; else a name is used once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.metrics import (
    acb,
    collar,
    device_condition,
    device_detail,
    dry_contact,
    encharge,
    enpower,
    events,
    expected,
    exporter,
    firmware_update,
    gateway,
    generator,
    house,
    inverter,
    iq_relay,
    limits,
    live,
    meter_report,
    meters,
    production,
    storage,
    tariff,
)
from exporter.metrics.table import MetricRow, Table

TABLES: tuple[Table, ...] = (
    *exporter.TABLES,
    *expected.TABLES,
    *gateway.TABLES,
    *house.TABLES,
    *production.TABLES,
    *meters.TABLES,
    *inverter.TABLES,
    *encharge.TABLES,
    *acb.TABLES,
    *storage.TABLES,
    *enpower.TABLES,
    *collar.TABLES,
    *dry_contact.TABLES,
    *generator.TABLES,
    *tariff.TABLES,
    *device_condition.TABLES,
    *iq_relay.TABLES,
    *live.TABLES,
    *firmware_update.TABLES,
    *limits.TABLES,
    *device_detail.TABLES,
    *meter_report.TABLES,
    *events.TABLES,
)


@dataclass(frozen=True)
class Family:
    """A metric family: its row, the labels besides `gateway`, and the tables that use the row."""

    row: MetricRow
    labels: tuple[str, ...]
    tables: tuple[Table, ...]


def families(tables: Iterable[Table]) -> Mapping[str, Family]:
    """Return the families by name; raise ValueError where tables contradict each other."""
    result: dict[str, Family] = {}
    for table in tables:
        for row in table.rows:
            labels = (*table.keys, *row.labels)
            if len(set(labels)) < len(labels) or "gateway" in labels:
                raise ValueError(f"{row.name}: a label twice in {labels}")
            family = result.setdefault(row.name, Family(row, labels, ()))
            if family.row is not row or family.labels != labels:
                raise ValueError(f"{row.name}: defined twice")
            result[row.name] = Family(row, labels, (*family.tables, table))
    return result


FAMILIES: Mapping[str, Family] = families(TABLES)
