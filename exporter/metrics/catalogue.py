"""All tables in the order of the exposition, and the metric families that they make up.

Two tables may share a row where the same thing is read in two places; else a name is used once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.metrics import (
    acb,
    collar,
    dry_contact,
    encharge,
    enpower,
    gateway,
    generator,
    grid,
    inverter,
    meters,
    own,
    production,
    storage,
    tariff,
)
from exporter.metrics.table import Row, Table

TABLES: tuple[Table, ...] = (
    *own.TABLES,
    *gateway.TABLES,
    *grid.TABLES,
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
)


@dataclass(frozen=True)
class Family:
    """A metric family: its row, the labels besides `gateway`, and the tables that use the row."""

    row: Row
    labels: tuple[str, ...]
    tables: tuple[Table, ...]


def families(tables: Iterable[Table]) -> Mapping[str, Family]:
    """Return the families by name; raise ValueError where tables contradict each other."""
    found: dict[str, Family] = {}
    for table in tables:
        for row in table.rows:
            labels = (*table.keys, *row.labels)
            if len(set(labels)) < len(labels) or "gateway" in labels:
                raise ValueError(f"{row.name}: a label twice in {labels}")
            known = found.setdefault(row.name, Family(row, labels, ()))
            if known.row is not row or known.labels != labels:
                raise ValueError(f"{row.name}: defined twice")
            found[row.name] = Family(row, labels, (*known.tables, table))
    return found


FAMILIES: Mapping[str, Family] = families(TABLES)
