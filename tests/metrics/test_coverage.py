"""Every field of a gateway is exported, or left out for a stated reason; rows read real fields."""

import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel
from pyenphase.models.envoy import EnvoyData

from exporter import house, sun
from exporter.config import Wanted
from exporter.gateway import event_log, models
from exporter.gateway.endpoints import (
    battery_settings,
    devices,
    devstatus,
    dry_contacts,
    ensemble_errors,
    ensemble_inventory,
    ensemble_power,
    ensemble_relay,
    ensemble_secctrl,
    ensemble_status,
    firmware_manager,
    generator,
    grid_profile,
    home,
    inventory,
    limits,
    livedata,
    meter_reports,
    meters,
    microinverters,
    pdm_energy,
    plc_levels,
    production,
    production_report,
    tariff,
)
from exporter.gateway.energies import ENERGIES
from exporter.gateway.inventory import Expected
from exporter.metrics.catalogue import FAMILIES, TABLES
from exporter.metrics.table import EnergyCounter, MetricRow, Table
from exporter.snapshot import HOUSE

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
    "ctmeters.*.state": "always enabled here; meter_setup has it of every meter",
    "ctmeters_phases.*.*.eid": "identifies a channel of the meter, as the phase does",
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
    "tariff.logger": "a name inside the gateway, unrelated to the tariff",
    "tariff.single_rate": _PRICES,
    "tariff.seasons": _PRICES,
    "tariff.seasons_sell": _PRICES,
}

ENVOY_DATA: Mapping[str, Any] = typing.get_type_hints(EnvoyData)

#: what collectors provide, with the types of our own readers
MEMBERS: Mapping[str, Any] = {
    **ENVOY_DATA,
    "self": models.SelfReport,
    "wanted": Wanted,
    "expected": dict[tuple[str, str], Expected],
    "thresholds": dict[str, float],
    "sun": sun.SunPosition,
    **dict.fromkeys(("battery_names", "meter_names", "relay_names"), dict[str, str]),
    "house": house.House,
    "house_legs": dict[str, house.LegFlows],
    "power_sources": dict[str, house.PowerSource],
    "gateway": models.GatewayInfo,
    "encharge_presence": dict[str, models.Presence],
    "storage_power": models.StoragePower,
    "inverter_labels": dict[str, models.InverterLabels],
    "inverter_presence": dict[str, models.Presence],
    "home": home.Home,
    "encharge_inventory": dict[str, ensemble_inventory.Encharge],
    "encharge_power": dict[str, ensemble_power.EnchargePower],
    "enpower": ensemble_inventory.Enpower,
    "collar": ensemble_inventory.Collar,
    "c6cc": ensemble_inventory.C6Combiner,
    "c6_meter": ensemble_inventory.C6Meter,
    "ensemble_conditions": dict[tuple[str, str, str, str], devices.NamedCondition],
    "encharge_aggregate": ensemble_secctrl.EnchargeAggregate,
    "battery_aggregate": ensemble_secctrl.BatteryAggregate,
    "secctrl": ensemble_secctrl.Secctrl,
    "island_control": ensemble_secctrl.IslandControl,
    "meter_setup": dict[str, meters.MeterSetup],
    "ctmeters": dict[str, meters.CtMeter],
    "ctmeters_phases": dict[str, dict[str, meters.MeterReading]],
    "production_sections": dict[str, production.SectionState],
    "system_production": production_report.SystemEnergy,
    "acb_power": production_report.AcbPower,
    "inverters": dict[str, microinverters.Inverter],
    "inverter_channels": dict[str, dict[str, microinverters.PanelInput]],
    "acb_inventory": dict[str, microinverters.Acb],
    "inverter_devices": dict[str, inventory.InventoryDevice],
    "acb_devices": dict[str, inventory.AcbDevice],
    "esub_devices": dict[str, inventory.InventoryDevice],
    "device_conditions": dict[tuple[str, str, str, str], devices.NamedCondition],
    "iq_relays": dict[str, devices.IqRelay],
    "iq_relay_lines": dict[str, dict[str, devices.RelayLine]],
    "dry_contact_status": dict[str, dry_contacts.DryContact],
    "dry_contact_settings": dict[str, dry_contacts.DryContactSettings],
    "generator": generator.Generator,
    "generator_config": generator.GeneratorConfig,
    "generator_mode": generator.GeneratorMode,
    "generator_schedule": generator.GeneratorSchedule,
    "tariff": tariff.Tariff,
    "storage_settings_source": tariff.SettingsSource,
    "import_price": dict[str, tariff.CurrentPrice],
    "export_price": dict[str, tariff.CurrentPrice],
    "relay": ensemble_relay.GridRelay,
    "live": livedata.LiveStatus,
    "live_flows": dict[str, livedata.LivePower],
    "live_phases": dict[str, dict[str, livedata.LivePower]],
    "cloud_channel": livedata.CloudChannel,
    "ensemble_modules": dict[str, ensemble_status.EnsembleModule],
    "encharge_modules": dict[str, ensemble_status.EnsembleModule],
    "ensemble_submodules": dict[str, dict[str, ensemble_status.EnsembleModule]],
    "firmware_update": firmware_manager.FirmwareUpdate,
    "export_limit": limits.ExportLimit,
    "dynamic_export_limit": limits.DynamicExportLimit,
    "production_limit": limits.ProductionLimit,
    "production_power": limits.ProductionPower,
    "battery_settings": battery_settings.BatterySettings,
    "grid_profile": grid_profile.GridProfile,
    "controller_errors": ensemble_errors.ControllerErrors,
    "device_counters": dict[str, devstatus.DeviceCounters],
    "plc_levels": dict[str, plc_levels.PlcLevel],
    "meter_reports": dict[str, meter_reports.MeterReport],
    "meter_report_lines": dict[str, dict[str, meter_reports.MeterReport]],
    "event_counts": dict[tuple[str, str], event_log.EventCount],
    "pdm_energy": dict[tuple[str, str], pdm_energy.PdmEnergy],
}

_PERSON = "for the log and the status page"
_CONDITIONS = "becomes a series for each condition"
_IN_SETUP = "meter_setup has it of every meter"

#: fields of our own models that no row reads
NOT_EXPORTED = {
    ("CollectorReport", "reason"): "a label of the failures, which are counted",
    ("CollectorReport", "trouble"): _PERSON,
    ("CollectorReport", "missing"): _PERSON,
    ("CollectorReport", "failing_since"): _PERSON,
    ("CollectorReport", "unreadable"): _PERSON,
    ("SelfReport", "polled"): "becomes readiness",
    ("Acb", "serial_num"): _KEY,
    ("AcbDevice", "charge_status"): "acb_inventory has it",
    ("AcbDevice", "max_cell_temp"): "acb_inventory has it",
    ("AcbDevice", "percent_full"): "acb_inventory has it",
    ("AcbDevice", "sleep_enabled"): "acb_inventory has it",
    ("AcbDevice", "sleep_max_soc"): "acb_inventory has it",
    ("AcbDevice", "sleep_min_soc"): "acb_inventory has it",
    ("AcbPower", "reading_time"): "production_sections has it",
    ("CloudChannel", "mqtt_state"): "becomes whether it is connected",
    ("CtMeter", "measurement_type"): _KEY,
    ("CtMeter", "state"): _IN_SETUP,
    ("DryContact", "id"): _KEY,
    ("DryContactSettings", "id"): _KEY,
    ("DryContactSettings", "pv_phase_select"): "a list of phases, empty on all known sites",
    ("ExportLimit", "limit"): "becomes a power or a share",
    ("FirmwareUpdate", "duration"): "becomes seconds",
    ("FirmwareUpdate", "time_left"): "becomes seconds",
    ("Home", "alerts"): "are counted",
    ("InventoryDevice", "device_status"): _CONDITIONS,
    ("InventoryDevice", "serial_num"): _KEY,
    ("AcbDevice", "device_status"): _CONDITIONS,
    ("AcbDevice", "serial_num"): _KEY,
    ("Inverter", "serial_number"): _KEY,
    ("IqRelay", "serial_num"): _KEY,
    ("MeterReading", "eid"): "the phase has it",
    ("MeterSetup", "eid"): "ctmeters has it",
    ("MeterSetup", "measurement_type"): _KEY,
    ("MeterSetup", "metering_status"): "ctmeters has it",
    ("MeterSetup", "state"): "becomes whether it is enabled",
    ("MeterSetup", "status_flags"): "ctmeters has it",
    ("Tariff", "buy"): _PRICES,
    ("Tariff", "currency"): "the label of the prices",
    ("Tariff", "seasons"): _PRICES,
    ("Tariff", "seasons_sell"): _PRICES,
    ("Tariff", "sell"): _PRICES,
}

ROWS = [
    pytest.param(table, row, id=f"{table.collector}-{row.name}")
    for table in TABLES
    for row in table.rows
]


def plain(annotation: Any) -> Any:
    """Return a type without `| None`."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        (annotation,) = (part for part in typing.get_args(annotation) if part is not type(None))
    return annotation


def is_record(annotation: Any) -> bool:
    """Return whether a type has named fields."""
    return isinstance(annotation, type) and (
        dataclasses.is_dataclass(annotation) or issubclass(annotation, BaseModel)
    )


def owned_fields(path: str) -> Iterator[tuple[Any, str]]:
    """Yield class and field for each step of a path; fail on a step that is not there."""
    member, *steps = path.split(".")
    assert member in MEMBERS, path
    annotation = plain(MEMBERS[member])
    for step in steps:
        if step == "*":
            assert issubclass(typing.get_origin(annotation), Mapping), path
            annotation = plain(typing.get_args(annotation)[1])
        elif isinstance(getattr(annotation, step, None), property):
            yield annotation, step
            annotation = None
        else:
            hints = typing.get_type_hints(annotation)
            assert step in hints, path
            yield annotation, step
            annotation = plain(hints[step])


def leaves(path: str, annotation: Any) -> Iterator[str]:
    """Yield the path of every field beneath a member that has no fields of its own."""
    annotation = plain(annotation)
    values = typing.get_args(annotation)[1:]
    if typing.get_origin(annotation) is dict and (
        is_record(plain(values[0])) or typing.get_origin(plain(values[0])) is dict
    ):
        yield from leaves(f"{path}.*", values[0])
    elif is_record(annotation):
        for name, hint in typing.get_type_hints(annotation).items():
            yield from leaves(f"{path}.{name}", hint)
    else:
        yield path


def read_paths() -> set[str]:
    """Return every path that a row or the label of a table reads."""
    rows = {path for table in TABLES for row in table.rows for path in table.paths(row)}
    return rows | {path for table in TABLES for path in table.label_paths}


ALL_LEAVES = [
    leaf for member, annotation in ENVOY_DATA.items() for leaf in leaves(member, annotation)
]


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


def records(annotation: Any) -> Iterator[type]:
    """Yield the classes with named fields that a type leads to."""
    annotation = plain(annotation)
    if typing.get_origin(annotation) in (dict, Mapping):
        yield from records(typing.get_args(annotation)[1])
    elif is_record(annotation):
        yield annotation
        for name, hint in own_fields(annotation):
            if not name.startswith("_"):
                yield from records(hint)


def own_fields(kind: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and type of the fields of a class."""
    hints = typing.get_type_hints(kind)
    names = (
        kind.model_fields
        if issubclass(kind, BaseModel)
        else [field.name for field in dataclasses.fields(kind)]
    )
    for name in names:
        yield name, hints[name]


def test_every_field_of_our_own_models_is_exported() -> None:
    """Nothing is read of an answer, or found out, without being exported."""
    ours = {
        kind
        for annotation in MEMBERS.values()
        for kind in records(annotation)
        if kind.__module__.startswith("exporter.gateway")
    }
    read = {owned for path in read_paths() for owned in owned_fields(path)}
    unread = {
        (kind.__name__, name)
        for kind in ours
        for name, _ in own_fields(kind)
        # A field that several models have in common may be exported of some of them.
        if not any((other, name) in read for other in ours if shares(other, kind, name))
    }
    assert unread == set(NOT_EXPORTED)


def shares(one: type, other: type, name: str) -> bool:
    """Return whether two classes have a field from the same base."""
    return owner(one, name) is owner(other, name)


def owner(kind: type, name: str) -> type | None:
    """Return the class in which a field is written."""
    return next((base for base in kind.__mro__ if name in inspect.get_annotations(base)), None)


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


def test_integrated_energies_are_those_of_batteries_and_derived_flows() -> None:
    """Where no meter exists the exporter integrates power."""
    integrated = {
        ".".join((table.source, row.field))
        for family in FAMILIES.values()
        for table in family.tables
        for row in [family.row]
        if type(row) is EnergyCounter and row.reads and table.collector != HOUSE
    }
    assert integrated == {
        "encharge_power.*.charged",
        "encharge_power.*.discharged",
        "storage_power.charged",
        "storage_power.discharged",
    }
