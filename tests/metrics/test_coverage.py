"""Everything a gateway tells is exported or left out for a stated reason; no row reads thin air."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel
from pyenphase.models.dry_contacts import EnvoyDryContactSettings, EnvoyDryContactStatus
from pyenphase.models.envoy import EnvoyData

from exporter.config import Wanted
from exporter.gateway import extras, models
from exporter.gateway.counters import ENERGIES
from exporter.metrics.catalogue import FAMILIES, TABLES
from exporter.metrics.table import EnergyCounter, MetricRow, Table

_KEY = "the key of the object, which is a label"
_UNIT = "the unit is fixed in pyenphase and built into the conversion"
_DUPLICATE = "pyenphase's older name for an entry of ctmeters"
_METER = "belongs to the meter, where it is exported"
_PRICES = "becomes the prices in force now"

#: paths of EnvoyData that no row reads; each covers what is beneath it
EXCEPTIONS = {
    "raw": "the gateway's own answers, of which all else is made",
    "ctmeter_production": _DUPLICATE,
    "ctmeter_consumption": _DUPLICATE,
    "ctmeter_storage": _DUPLICATE,
    "ctmeter_production_phases": _DUPLICATE,
    "ctmeter_consumption_phases": _DUPLICATE,
    "ctmeter_storage_phases": _DUPLICATE,
    "ctmeters.*.measurement_type": _KEY,
    "ctmeters.*.state": "always enabled here; meter_setup tells it of every meter",
    "ctmeters_phases.*.*.eid": "tells a channel of the meter, which the phase tells already",
    "ctmeters_phases.*.*.measurement_type": _METER,
    "ctmeters_phases.*.*.state": _METER,
    "ctmeters_phases.*.*.metering_status": _METER,
    "ctmeters_phases.*.*.status_flags": _METER,
    "encharge_inventory.*.serial_number": _KEY,
    "encharge_inventory.*.temperature_unit": _UNIT,
    "enpower.temperature_unit": _UNIT,
    "collar.temperature_unit": _UNIT,
    "inverters.*.serial_number": _KEY,
    "acb_inventory.*.serial_num": _KEY,
    "dry_contact_status.*.id": _KEY,
    "dry_contact_settings.*.id": _KEY,
    "generator_schedule.schedule": "a calendar, which is no measurement",
    "tariff.currency": "its code is the label of the prices",
    "tariff.logger": "a name inside the gateway, which says nothing of the tariff",
    "tariff.single_rate": _PRICES,
    "tariff.seasons": _PRICES,
    "tariff.seasons_sell": _PRICES,
}

ENVOY_DATA: Mapping[str, Any] = typing.get_type_hints(EnvoyData)

#: what collectors provide besides the members of EnvoyData
MEMBERS: Mapping[str, Any] = {
    **ENVOY_DATA,
    "self": models.SelfReport,
    "wanted": Wanted,
    "gateway": models.GatewayInfo,
    "home": extras.Home,
    "enpower_extra": extras.Device,
    "collar_extra": extras.Device,
    "encharge_extra": dict[str, extras.Device],
    "encharge_presence": dict[str, models.Presence],
    "storage_power": models.StoragePower,
    "secctrl": extras.Secctrl,
    "meter_setup": dict[str, extras.MeterSetup],
    "production_sections": dict[str, extras.Section],
    "inverter_labels": dict[str, models.InverterLabels],
    "inverter_presence": dict[str, models.Presence],
    "import_price": dict[str, models.Price],
    "export_price": dict[str, models.Price],
}

#: fields of our own models that are for people
FOR_PEOPLE = {
    ("CollectorReport", "reason"): "a label of the failures, which are counted",
    ("CollectorReport", "trouble"): "a sentence, for the log and the status page",
    ("CollectorReport", "complete"): "whether all is listed, for the status page",
    ("CollectorReport", "missing"): "names, for the log and the status page",
}

#: models that take the place of pyenphase's where it refuses a word
STAND_INS = {
    extras.DryContactStatus: EnvoyDryContactStatus,
    extras.DryContactSettings: EnvoyDryContactSettings,
}

ROWS = [
    pytest.param(table, row, id=f"{table.collector}-{row.name}")
    for table in TABLES
    for row in table.rows
]


def plain(told: Any) -> Any:
    """Return a type without `| None`."""
    if typing.get_origin(told) in (typing.Union, types.UnionType):
        (told,) = (part for part in typing.get_args(told) if part is not type(None))
    return told


def is_record(told: Any) -> bool:
    """Return whether a type has named fields."""
    return isinstance(told, type) and (
        dataclasses.is_dataclass(told) or issubclass(told, BaseModel)
    )


def owned_fields(path: str) -> Iterator[tuple[Any, str]]:
    """Yield class and field for each step of a path; fail on a step that is not there."""
    member, *steps = path.split(".")
    assert member in MEMBERS, path
    told = plain(MEMBERS[member])
    for step in steps:
        if step == "*":
            assert issubclass(typing.get_origin(told), Mapping), path
            told = plain(typing.get_args(told)[1])
        elif isinstance(getattr(told, step, None), property):
            yield told, step
            told = None
        else:
            hints = typing.get_type_hints(told)
            assert step in hints, path
            yield told, step
            told = plain(hints[step])


def leaves(path: str, told: Any) -> Iterator[str]:
    """Yield the path of every field beneath a member that has no fields of its own."""
    told = plain(told)
    values = typing.get_args(told)[1:]
    if typing.get_origin(told) is dict and (
        is_record(plain(values[0])) or typing.get_origin(plain(values[0])) is dict
    ):
        yield from leaves(f"{path}.*", values[0])
    elif is_record(told):
        for name, hint in typing.get_type_hints(told).items():
            yield from leaves(f"{path}.{name}", hint)
    else:
        yield path


def read_paths() -> set[str]:
    """Return every path that a row or the label of a table reads."""
    rows = {path for table in TABLES for row in table.rows for path in table.paths(row)}
    return rows | {path for table in TABLES for path in table.label_paths}


ALL_LEAVES = [leaf for member, told in ENVOY_DATA.items() for leaf in leaves(member, told)]


def excused(leaf: str) -> bool:
    """Return whether an exception covers a path."""
    return any(leaf == path or leaf.startswith(f"{path}.") for path in EXCEPTIONS)


@pytest.mark.parametrize("leaf", ALL_LEAVES)
def test_every_field_of_pyenphase_is_exported_or_excused(leaf: str) -> None:
    """A field that pyenphase fills is read by a row, or stands among the exceptions, never both."""
    assert (leaf in read_paths()) != excused(leaf)


@pytest.mark.parametrize("path", EXCEPTIONS)
def test_no_exception_is_stale(path: str) -> None:
    """An exception names something that pyenphase still has."""
    assert any(leaf == path or leaf.startswith(f"{path}.") for leaf in ALL_LEAVES)


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_every_row_reads_fields_that_exist(table: Table, row: MetricRow) -> None:
    """What a row reads is there in the class that the source of its table leads to."""
    for path in (*table.paths(row), *table.label_paths):
        list(owned_fields(path))


def test_every_field_of_our_own_models_is_exported() -> None:
    """Nothing is modelled beyond pyenphase without being exported."""
    ours = {
        kind
        for module in (extras, models)
        for kind in vars(module).values()
        if is_record(kind) and kind.__module__ == module.__name__ and kind.__name__[0] != "_"
    }
    fields = {
        (kind, name) for kind in ours - set(STAND_INS) for name in typing.get_type_hints(kind)
    }
    read = {owned for path in read_paths() for owned in owned_fields(path)}
    assert {
        (kind.__name__, name)
        for kind, name in fields - read
        if name not in dir(BaseModel) and not name.startswith("_")
    } == set(FOR_PEOPLE)


@pytest.mark.parametrize(("ours", "theirs"), STAND_INS.items())
def test_a_stand_in_has_the_fields_of_what_it_stands_for(
    ours: type[BaseModel], theirs: Any
) -> None:
    """A row finds the same fields whichever of the two models a relay has."""
    assert {field.name for field in dataclasses.fields(theirs)} == set(ours.model_fields)


def test_every_guarded_energy_has_its_counter() -> None:
    """Guard and tables agree on name, collector and path of every lifetime energy."""
    guarded = {
        (energy.metric, collector, ".".join([energy.member, *["*"] * energy.levels]), energy.field)
        for collector, energies in ENERGIES.items()
        for energy in energies
    }
    tabled = {
        (row.name, table.collector, table.source, row.field)
        for table in TABLES
        for row in table.rows
        if isinstance(row, EnergyCounter) and not row.reads
    }
    assert guarded == tabled


def test_integrated_energies_are_those_of_the_batteries() -> None:
    """Where no meter exists the exporter integrates power: of each battery, and of all of them."""
    integrated = {
        ".".join((table.source, row.field))
        for family in FAMILIES.values()
        for table in family.tables
        for row in [family.row]
        if isinstance(row, EnergyCounter) and row.reads
    }
    assert integrated == {
        "encharge_power.*.charged",
        "encharge_power.*.discharged",
        "storage_power.charged",
        "storage_power.discharged",
    }
