"""What limits export and production, and the settings that say when inverters leave the grid."""

from exporter.metrics.table import InfoMetric, Table, gauge
from exporter.metrics.units import (
    amperes,
    count,
    flag,
    milliseconds,
    number,
    ratio,
    raw_code,
    watts,
)
from exporter.snapshot import SELF

_TITLE = "Limits"
_COLLECTOR = "settings"

EXPORT = Table(
    _TITLE,
    _COLLECTOR,
    "export_limit",
    (
        gauge(
            "enphase_export_limit_enabled",
            "Whether the installer limited the export of power.",
            "enabled",
            flag,
        ),
        gauge(
            "enphase_export_limit_watts",
            "Power that may be exported, where it is limited to a power.",
            "limit_watts",
            watts,
        ),
        gauge(
            "enphase_export_limit_ratio",
            "Share of the rated power that may be exported, where it is limited to a share.",
            "limit_percent",
            ratio,
        ),
        InfoMetric(
            "enphase_export_limit_info",
            "What the limit of export applies to.",
            describes=(("kind", "kind"), ("apparent", "apparent"), ("in_percent", "in_percent")),
        ),
        gauge(
            "enphase_export_limit_hard",
            "Whether production stops when the limit of export is passed.",
            "hard",
            flag,
        ),
        gauge(
            "enphase_export_limit_soft",
            "Whether production is reduced when the limit of export is passed.",
            "soft",
            flag,
        ),
        gauge(
            "enphase_export_limit_communication_loss_seconds",
            "How long inverters may be without word of the gateway before they reduce.",
            "communication_loss",
            milliseconds,
        ),
        gauge(
            "enphase_export_limit_soft_response_seconds",
            "How soon production is reduced.",
            "soft_response",
            milliseconds,
        ),
        gauge(
            "enphase_export_limit_hard_response_seconds",
            "How soon production is stopped.",
            "hard_response",
            milliseconds,
        ),
        gauge(
            "enphase_export_limit_hard_reset_seconds",
            "How soon production starts again.",
            "hard_reset",
            milliseconds,
        ),
        gauge(
            "enphase_export_limit_dead_band",
            "How far export may be off its limit, in the gateway's own unit.",
            "dead_band",
            number,
        ),
    ),
)

DYNAMIC_EXPORT = Table(
    _TITLE,
    _COLLECTOR,
    "dynamic_export_limit",
    (
        gauge(
            "enphase_dynamic_export_limit_enabled",
            "Whether export is limited by a limit that can be changed at any time.",
            "enabled",
            flag,
        ),
        gauge(
            "enphase_dynamic_export_limit_watts",
            "Power that may be exported by that limit.",
            "limit_watts",
            watts,
        ),
        gauge(
            "enphase_dynamic_export_limit_exports",
            "Whether that limit is one of export, not of production.",
            "limits_export",
            flag,
        ),
        gauge(
            "enphase_dynamic_export_limit_slew_rate",
            "How fast power follows that limit, in the gateway's own unit.",
            "slew_rate",
            number,
        ),
        gauge(
            "enphase_dynamic_export_limit_dynamic",
            "Whether that limit follows the load.",
            "dynamic",
            flag,
        ),
    ),
)

PRODUCTION = Table(
    _TITLE,
    _COLLECTOR,
    "production_limit",
    (
        gauge(
            "enphase_production_limit_enabled",
            "Whether production is limited.",
            "enabled",
            flag,
        ),
        gauge(
            "enphase_production_limit_ratio",
            "Share of the rated power that may be produced.",
            "limit_percent",
            ratio,
        ),
    ),
)

POWER = Table(
    _TITLE,
    _COLLECTOR,
    "production_power",
    (
        gauge(
            "enphase_production_forced_off",
            "Whether somebody switched production off.",
            "forced_off",
            flag,
        ),
    ),
)

#: what the owner wants, absent where it is not known
WANTED = Table(
    _TITLE,
    SELF,
    "wanted",
    (
        gauge(
            "enphase_production_wanted",
            "Whether the owner wants the panels to produce; commanded off, for a day.",
            "production",
            flag,
        ),
    ),
)

PROFILE = Table(
    _TITLE,
    _COLLECTOR,
    "grid_profile",
    (
        InfoMetric(
            "enphase_grid_profile_info",
            "Name and version of the grid profile.",
            describes=(("name", "name"), ("version", "version"), ("id", "id")),
        ),
        gauge(
            "enphase_grid_profile_items",
            "Number of settings in the grid profile.",
            "item_count",
            count,
        ),
    ),
)

ERRORS = Table(
    "System controller",
    _COLLECTOR,
    "controller_errors",
    (
        gauge(
            "enphase_enpower_error_flags",
            "Faults of the system controller, a bit for each; 0 without fault.",
            "enpower_error_flags",
            raw_code,
        ),
    ),
)

BATTERIES = Table(
    "Batteries",
    _COLLECTOR,
    "battery_settings",
    (
        gauge(
            "enphase_encharge_current_limit_enabled",
            "Whether the current of the batteries is limited.",
            "limited",
            flag,
        ),
        gauge(
            "enphase_encharge_current_limit_amperes",
            "Current that the batteries are limited to.",
            "current_limit",
            amperes,
        ),
        gauge(
            "enphase_encharge_current_limit_per_phase",
            "Whether the limit of current is one for each phase.",
            "per_phase",
            flag,
        ),
        InfoMetric(
            "enphase_encharge_settings_info",
            "Country whose rules the batteries follow.",
            describes=(("country", "country"),),
        ),
    ),
)

TABLES = (EXPORT, DYNAMIC_EXPORT, PRODUCTION, POWER, WANTED, PROFILE, ERRORS, BATTERIES)
