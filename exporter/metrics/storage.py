"""All batteries together: charge, limits, power and the settings they follow.

Where there are AC Batteries and others, the gateway reports an aggregate of both, which is used.
"""

from collections.abc import Callable, Mapping
from typing import Any

from exporter.metrics.table import (
    EnergyCounter,
    LabelledFields,
    MetricRow,
    StateSet,
    Table,
    derived,
    gauge,
    timestamp,
)
from exporter.metrics.units import (
    flag,
    ratio,
    signed_hertz,
    signed_volts,
    stored_joules,
    watts,
)
from exporter.snapshot import SELF

_TITLE = "Storage"
_MODES = ("backup", "self-consumption", "economy")
_AGGREGATES = ("battery_aggregate", "encharge_aggregate")


def _combined(field: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that reads a field of the aggregate of all batteries there are."""

    def value(data: Mapping[str, Any]) -> Any:
        aggregate = next((data[name] for name in _AGGREGATES if data.get(name) is not None), None)
        return getattr(aggregate, field, None)

    return value


def _acb_part(field: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that reads a field of AC Batteries, which is 0 where there are none."""

    def value(data: Mapping[str, Any]) -> Any:
        there = data.get("battery_aggregate") is not None
        return getattr(data.get("secctrl"), field, None) if there else None

    return value


def _both(field: str) -> tuple[str, ...]:
    return tuple(f"{name}.{field}" for name in _AGGREGATES)


def _health(secctrl: Any) -> Any:
    """Return the state of health; 0 means that none was determined."""
    return secctrl.health or None


def _commissioned(secctrl: Any) -> Any:
    """Return the commissioned capacity; 0 means that nothing was commissioned."""
    return secctrl.commissioned_capacity or None


COMBINED = Table(
    _TITLE,
    "storage",
    "",
    (
        derived(
            "enphase_storage_soc_ratio",
            "Charge of all batteries together: 0 empty, 1 full.",
            _combined("state_of_charge"),
            _both("state_of_charge"),
            ratio,
        ),
        derived(
            "enphase_storage_available_joules",
            "Energy in all batteries together.",
            _combined("available_energy"),
            _both("available_energy"),
            stored_joules,
        ),
        derived(
            "enphase_storage_capacity_joules",
            "Energy that all batteries together can hold now.",
            _combined("max_available_capacity"),
            _both("max_available_capacity"),
            stored_joules,
        ),
        derived(
            "enphase_storage_acb_soc_ratio",
            "Charge of the AC Batteries together: 0 empty, 1 full.",
            _acb_part("acb_soc"),
            ("secctrl.acb_soc", "battery_aggregate"),
            ratio,
        ),
        derived(
            "enphase_storage_acb_available_joules",
            "Energy in the AC Batteries together.",
            _acb_part("acb_energy"),
            ("secctrl.acb_energy", "battery_aggregate"),
            stored_joules,
        ),
    ),
)

AGGREGATE = Table(
    _TITLE,
    "storage",
    "encharge_aggregate",
    (
        gauge(
            "enphase_storage_encharge_soc_ratio",
            "Charge of the Encharge and IQ Batteries together: 0 empty, 1 full.",
            "state_of_charge",
            ratio,
        ),
        gauge(
            "enphase_storage_encharge_available_joules",
            "Energy in the Encharge and IQ Batteries together.",
            "available_energy",
            stored_joules,
        ),
        gauge(
            "enphase_storage_encharge_capacity_joules",
            "Energy that the Encharge and IQ Batteries together can hold now.",
            "max_available_capacity",
            stored_joules,
        ),
        gauge(
            "enphase_storage_reserve_soc_ratio",
            "Charge that is kept for an outage now, after adjustment by the gateway.",
            "reserve_state_of_charge",
            ratio,
        ),
        gauge(
            "enphase_storage_configured_reserve_soc_ratio",
            "Charge that is to be kept for an outage, as configured.",
            "configured_reserve_state_of_charge",
            ratio,
        ),
        gauge(
            "enphase_storage_reserve_joules",
            "Energy that is kept for an outage.",
            "backup_reserve",
            stored_joules,
        ),
    ),
)

SECCTRL = Table(
    _TITLE,
    "storage",
    "secctrl",
    (
        derived(
            "enphase_storage_commissioned_capacity_joules",
            "Energy that the Encharge and IQ Batteries could hold when they were commissioned.",
            _commissioned,
            ("commissioned_capacity",),
            stored_joules,
        ),
        derived(
            "enphase_storage_health_ratio",
            "State of health of the batteries: 1 as new.",
            _health,
            ("health",),
            ratio,
        ),
        gauge(
            "enphase_storage_shutdown_soc_ratio",
            "Charge at which the batteries stop discharging when off the grid.",
            "very_low_soc",
            ratio,
        ),
        gauge(
            "enphase_storage_shutdown",
            "Whether the batteries are shut down.",
            "shutdown",
            flag,
        ),
        gauge(
            "enphase_storage_recovery_enabled",
            "Whether batteries that are nearly empty are recharged to recover.",
            "recovery_enabled",
            flag,
        ),
        gauge(
            "enphase_storage_recovery_entry_soc_ratio",
            "Charge below which the batteries begin to recover.",
            "recovery_entry",
            ratio,
        ),
        gauge(
            "enphase_storage_recovery_exit_soc_ratio",
            "Charge at which the batteries have recovered.",
            "recovery_exit",
            ratio,
        ),
        gauge(
            "enphase_storage_recovery_threshold_soc_ratio",
            "Charge that nearly empty batteries must regain, with firmware that has one limit.",
            "recovery_threshold",
            ratio,
        ),
        gauge(
            "enphase_storage_commissioning",
            "Whether the batteries are being commissioned.",
            "commissioning",
            flag,
        ),
        gauge(
            "enphase_storage_setup_in_progress",
            "Whether the storage system is being set up.",
            "ess_in_progress",
            flag,
        ),
        gauge(
            "enphase_storage_upgrade_in_progress",
            "Whether the storage system is upgraded to another generation.",
            "ess_upgrade_in_progress",
            flag,
        ),
        LabelledFields(
            "enphase_storage_frequency_bias_hertz",
            "By how much the batteries pull the frequency of an island.",
            convert=signed_hertz,
            label="phase",
            parts=(
                ("L1", "frequency_bias"),
                ("L2", "frequency_bias_b"),
                ("L3", "frequency_bias_c"),
            ),
        ),
        LabelledFields(
            "enphase_storage_voltage_bias_volts",
            "By how much the batteries pull the voltage of an island.",
            convert=signed_volts,
            label="phase",
            parts=(
                ("L1", "voltage_bias"),
                ("L2", "voltage_bias_b"),
                ("L3", "voltage_bias_c"),
            ),
        ),
    ),
)

ISLAND = Table(
    _TITLE,
    "storage",
    "island_control",
    (
        gauge(
            "enphase_storage_island_control_active",
            "Whether the batteries control an island.",
            "active",
            flag,
        ),
        gauge(
            "enphase_storage_island_balanced",
            "Whether the phases of the island are balanced.",
            "balanced",
            flag,
        ),
    ),
)

_POWER: tuple[MetricRow, ...] = (
    gauge(
        "enphase_storage_watts",
        "Power of all batteries together; positive discharges, negative charges.",
        "watts",
        watts,
    ),
    EnergyCounter(
        "enphase_storage_charged_joules_total",
        "Energy charged into all batteries while the exporter watched, from their power.",
        "charged",
        reads=("watts",),
    ),
    EnergyCounter(
        "enphase_storage_discharged_joules_total",
        "Energy discharged from all batteries while the exporter watched, from their power.",
        "discharged",
        reads=("watts",),
    ),
)

POWER = Table(_TITLE, "battery_power", "storage_power", _POWER)
#: sites with AC Batteries only have no `/ivp/ensemble/power`
ACB_POWER = Table(_TITLE, "production", "storage_power", _POWER)

SETTINGS = Table(
    _TITLE,
    "tariff",
    "tariff.storage_settings",
    (
        StateSet(
            "enphase_storage_mode",
            "What the batteries are used for, as configured; savings-mode shows as economy.",
            "mode",
            label="mode",
            states=_MODES,
        ),
        StateSet(
            "enphase_storage_mode_sub_type",
            "Variant of the mode, as configured.",
            value=lambda settings: settings.operation_mode_sub_type or None,
            reads=("operation_mode_sub_type",),
            label="sub_type",
            states=("prioritize-energy",),
        ),
        gauge(
            "enphase_storage_charge_from_grid",
            "Whether the batteries may charge from the grid.",
            "charge_from_grid",
            flag,
        ),
        gauge(
            "enphase_storage_optimized_schedules",
            "Whether the Enphase cloud sets the mode, so that one set locally is ignored.",
            "opt_schedules",
            flag,
        ),
        gauge(
            "enphase_storage_settings_reserve_soc_ratio",
            "Charge to keep for an outage, in the settings that go with the tariff.",
            "reserved_soc",
            ratio,
        ),
        gauge(
            "enphase_storage_configured_shutdown_soc_ratio",
            "Charge at which the batteries are to stop discharging, as configured.",
            "very_low_soc",
            ratio,
        ),
        timestamp(
            "enphase_storage_settings_updated_timestamp_seconds",
            "When the settings of the batteries were last changed.",
            "date",
        ),
    ),
)

SETTINGS_SOURCE = Table(
    _TITLE,
    "tariff",
    "storage_settings_source",
    (
        gauge(
            "enphase_storage_settings_current",
            "Whether the storage settings are those in force; newer firmware leaves old ones.",
            "current",
            flag,
        ),
    ),
)

#: what the owner's configuration asks for, absent where it does not
WANTED = Table(
    _TITLE,
    SELF,
    "wanted",
    (
        StateSet(
            "enphase_storage_wanted_mode",
            "What the owner wants the batteries to be used for.",
            "storage_mode",
            label="mode",
            states=_MODES,
        ),
        gauge(
            "enphase_storage_wanted_reserve_soc_ratio",
            "Charge that the owner wants to be kept for an outage.",
            "reserve_soc",
            ratio,
        ),
    ),
)

TABLES = (COMBINED, AGGREGATE, SECCTRL, ISLAND, POWER, ACB_POWER, SETTINGS, SETTINGS_SOURCE, WANTED)
