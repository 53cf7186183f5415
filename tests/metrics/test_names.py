"""Names, labels and help texts: the public contract, and Prometheus's conventions."""

import re
import subprocess

import pytest

from exporter.metrics import units
from exporter.metrics.catalogue import FAMILIES, Family
from exporter.metrics.table import StateSet

ENERGY = ("watts", "joules_total", "today_joules", "previous_week_joules")
METER = (
    "watts",
    "volts",
    "amperes",
    "hertz",
    "power_factor_ratio",
    "delivered_joules_total",
    "received_joules_total",
)

#: promised names by prefix; `enphase_exporter_build_info` belongs to no gateway, thus to no table
CONTRACT = {
    "enphase": ("up", "token_expiry_timestamp_seconds", "rejected_readings_total"),
    "enphase_collector": (
        "up",
        "duration_seconds",
        "cadence_seconds",
        "last_success_timestamp_seconds",
        "failures_total",
    ),
    "enphase_gateway": (
        "requests_total",
        "info",
        "cloud_connected",
        "cloud_last_report_timestamp_seconds",
        "clock_skew_seconds",
        "interface_up",
    ),
    "enphase_grid": ("connected", "disconnect_commanded"),
    "enphase_production": ENERGY,
    "enphase_consumption": ENERGY,
    "enphase_net_consumption": ENERGY,
    "enphase_production_phase": ENERGY,
    "enphase_consumption_phase": ENERGY,
    "enphase_net_consumption_phase": ENERGY,
    "enphase_meter": (*METER, "enabled", "metering_status", "status_flag"),
    "enphase_meter_phase": METER,
    "enphase_inverter": (
        "info",
        "watts",
        "max_watts",
        "last_report_timestamp_seconds",
        "report_interval_seconds",
        "dc_volts",
        "dc_amperes",
        "ac_volts",
        "ac_amperes",
        "hertz",
        "temperature_celsius",
        "joules_total",
        "today_joules",
        "position_x",
        "position_y",
    ),
    "enphase_encharge": (
        "info",
        "soc_ratio",
        "watts",
        "volt_amperes",
        "capacity_joules",
        "temperature_celsius",
        "max_cell_temperature_celsius",
        "communicating",
        "operating",
        "dc_switch_off",
        "comm_level",
        "led_status",
        "admin_state",
        "last_report_timestamp_seconds",
        "charged_joules_total",
        "discharged_joules_total",
    ),
    "enphase_acb": (
        "info",
        "soc_ratio",
        "watts",
        "max_watts",
        "charge_status",
        "sleep_state",
        "sleep_min_soc_ratio",
        "sleep_max_soc_ratio",
        "communicating",
        "operating",
        "producing",
        "max_cell_temperature_celsius",
        "last_report_timestamp_seconds",
    ),
    "enphase_storage": (
        "soc_ratio",
        "available_joules",
        "capacity_joules",
        "commissioned_capacity_joules",
        "reserve_soc_ratio",
        "configured_reserve_soc_ratio",
        "reserve_joules",
        "shutdown_soc_ratio",
        "health_ratio",
        "watts",
        "mode",
        "charge_from_grid",
        "optimized_schedules",
    ),
    "enphase_enpower": (
        "info",
        "mains_admin_state",
        "mains_oper_state",
        "grid_mode",
        "communicating",
        "temperature_celsius",
        "last_report_timestamp_seconds",
    ),
    "enphase_collar": (
        "info",
        "mid_state",
        "grid_state",
        "on_grid",
        "control_error",
        "communicating",
        "temperature_celsius",
    ),
    "enphase_c6cc": ("info", "communicating"),
    "enphase_dry_contact": ("info", "closed", "soc_high_ratio", "soc_low_ratio", "override"),
    "enphase_generator": (
        "info",
        "running",
        "oper_state",
        "mode",
        "start_soc_ratio",
        "stop_soc_ratio",
    ),
    "enphase_tariff": ("import_price", "export_price"),
}

#: labels besides `gateway` that are promised with a name
LABELS = {
    "enphase_collector_up": {"collector"},
    "enphase_collector_failures_total": {"collector", "reason"},
    "enphase_gateway_requests_total": {"endpoint", "code"},
    "enphase_rejected_readings_total": {"metric"},
    "enphase_gateway_info": {"serial", "part_number", "firmware"},
    "enphase_gateway_interface_up": {"interface", "type"},
    "enphase_production_phase_watts": {"phase"},
    "enphase_meter_watts": {"meter"},
    "enphase_meter_metering_status": {"meter", "status"},
    "enphase_meter_status_flag": {"meter", "flag"},
    "enphase_meter_phase_watts": {"meter", "phase"},
    "enphase_inverter_info": {"serial", "name", "array"},
    "enphase_encharge_info": {"serial", "part_number", "firmware", "bmu_firmware"},
    "enphase_encharge_comm_level": {"serial", "band"},
    "enphase_acb_info": {"serial"},
    "enphase_acb_charge_status": {"serial", "status"},
    "enphase_acb_sleep_state": {"serial", "state"},
    "enphase_storage_mode": {"mode"},
    "enphase_enpower_info": {"serial"},
    "enphase_enpower_mains_admin_state": {"serial", "state"},
    "enphase_enpower_mains_oper_state": {"serial", "state"},
    "enphase_enpower_grid_mode": {"serial", "mode"},
    "enphase_collar_info": {"serial"},
    "enphase_collar_mid_state": {"serial", "state"},
    "enphase_collar_grid_state": {"serial", "state"},
    "enphase_c6cc_info": {"serial"},
    "enphase_dry_contact_info": {"id", "load_name", "type", "mode"},
    "enphase_generator_oper_state": {"state"},
    "enphase_generator_mode": {"mode"},
    "enphase_tariff_import_price": {"currency"},
    "enphase_tariff_export_price": {"currency"},
}

SUFFIXES = {
    units.watts: "_watts",
    units.milliwatts: "_watts",
    units.nameplate_watts: "_watts",
    units.watts_from_milliwatt_hours_per_second: "_watts",
    units.joules: "_joules",
    units.stored_joules: "_joules",
    units.volts: "_volts",
    units.amperes: "_amperes",
    units.hertz: "_hertz",
    units.celsius: "_celsius",
    units.fahrenheit: "_celsius",
    units.ratio: "_ratio",
    units.fraction: "_ratio",
    units.power_factor: "_ratio",
    units.epoch: "_timestamp_seconds",
    units.seconds: "_seconds",
    units.signed_seconds: "_seconds",
    units.time_of_day: "_seconds",
    units.time_of_day_from_minutes: "_seconds",
    units.minutes: "_seconds",
    units.weeks: "_seconds",
    units.milli_volt_amperes: "_volt_amperes",
    units.price: "_price",
}

#: promised in design.md, and yet promtool dislikes the word `counter` in it


@pytest.mark.parametrize(
    "name", [f"{prefix}_{name}" for prefix, names in CONTRACT.items() for name in names]
)
def test_every_promised_name_exists(name: str) -> None:
    """What the public contract promises is a family of the catalogue."""
    assert name in FAMILIES


@pytest.mark.parametrize(("name", "labels"), LABELS.items())
def test_promised_labels_are_there(name: str, labels: set[str]) -> None:
    """A series carries the labels that the public contract promises with its name."""
    assert labels - set(FAMILIES[name].labels) == set()


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_names_follow_the_conventions(family: Family) -> None:
    """A name has the prefix, the suffix of its kind, and only the enum_map snake_case allows."""
    name, row = family.row.name, family.row
    assert re.fullmatch(r"enphase(_[a-z0-9]+)+", name)
    assert name.endswith("_total") == (row.kind == "counter")
    assert name.endswith("_info") == (row.kind == "info")
    assert not re.search(r"_(count|sum|bucket|percent|days|hours|minutes)$", name)


@pytest.mark.parametrize(
    "family",
    [f for f in FAMILIES.values() if f.row.kind == "gauge" and not isinstance(f.row, StateSet)],
    ids=lambda family: family.row.name,
)
def test_a_name_ends_in_the_unit_of_its_conversion(family: Family) -> None:
    """The name contains the unit."""
    assert family.row.name.endswith(SUFFIXES.get(family.row.convert, ""))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_help_is_one_plain_sentence(family: Family) -> None:
    """A help text starts with a capital, ends with its only full stop and fits in a line."""
    assert re.fullmatch(r"[A-Z][^.\n|\\]{10,98}\.", family.row.help)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_labels_follow_the_conventions(family: Family) -> None:
    """Labels are snake_case enum_map, and `gateway` is left to the renderer."""
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) for label in family.labels)
    assert "gateway" not in family.labels


def test_promtool_accepts_all_names(promtool: str) -> None:
    """Every name passes `promtool check metrics`, but for one that the contract fixes."""
    lines: list[str] = []
    for name, family in FAMILIES.items():
        labels = ",".join(f'{label}="x"' for label in family.labels)
        kind = "counter" if family.row.kind == "counter" else "gauge"
        lines += f"# HELP {name} {family.row.help}", f"# TYPE {name} {kind}"
        lines += (f"{name}{{{labels}}} 1",)
    checked = subprocess.run(
        [promtool, "check", "metrics"],
        input="\n".join([*lines, ""]),
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = (checked.stdout + checked.stderr).strip().splitlines()
    assert complaints == []
