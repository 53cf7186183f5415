"""The dry contacts of the system controller: relays that shed loads or third-party panels."""

from typing import Any

from exporter.metrics.table import InfoMetric, StateSet, Table, derived, gauge
from exporter.metrics.units import closed, count, flag, number, ratio, time_of_day


def _inverters(settings: Any) -> int | None:
    serials = settings.pv_serial_nb
    return len(serials) if isinstance(serials, list) else None


STATUS = Table(
    "Dry contacts",
    "dry_contacts",
    "dry_contact_status.*",
    (
        gauge(
            "enphase_dry_contact_closed",
            "Whether the relay is closed.",
            "status",
            closed,
        ),
        StateSet(
            "enphase_dry_contact_status",
            "State of the relay as the gateway names it.",
            "status",
            label="status",
            states=("open", "closed"),
        ),
    ),
    keys=("id",),
)

SETTINGS = Table(
    "Dry contacts",
    "dry_contacts",
    "dry_contact_settings.*",
    (
        InfoMetric(
            "enphase_dry_contact_info",
            "What the relay switches, and what it does on grid, off grid and on generator.",
            describes=(
                ("load_name", "load_name"),
                ("type", "type"),
                ("mode", "mode"),
                ("grid_action", "grid_action"),
                ("micro_grid_action", "micro_grid_action"),
                ("generator_action", "generator_action"),
            ),
            names="relay_names",
        ),
        StateSet(
            "enphase_dry_contact_safe_state_action",
            "What the relay does when the controller cannot say what it is to do.",
            "safe_state_action",
            label="action",
            states=("apply", "shed", "schedule", "none"),
        ),
        gauge(
            "enphase_dry_contact_soc_high_ratio",
            "Charge of the batteries above which the relay connects its load.",
            "soc_high",
            ratio,
        ),
        gauge(
            "enphase_dry_contact_soc_low_ratio",
            "Charge of the batteries below which the relay sheds its load.",
            "soc_low",
            ratio,
        ),
        gauge(
            "enphase_dry_contact_override",
            "Whether the automatic of the relay is overridden.",
            "override",
            flag,
        ),
        gauge(
            "enphase_dry_contact_manual_override",
            "Whether the relay may be switched by hand.",
            "manual_override",
            flag,
        ),
        gauge(
            "enphase_dry_contact_priority",
            "Rank of the relay among the others.",
            "priority",
            count,
        ),
        gauge(
            "enphase_dry_contact_essential_start_seconds",
            "Time of day, after midnight, from which the load is essential.",
            "essential_start_time",
            time_of_day,
        ),
        gauge(
            "enphase_dry_contact_essential_end_seconds",
            "Time of day, after midnight, until which the load is essential.",
            "essential_end_time",
            time_of_day,
        ),
        gauge(
            "enphase_dry_contact_black_start",
            "Setting of the relay for a start from empty batteries, as the gateway reports it.",
            "black_start",
            number,
        ),
        gauge(
            "enphase_dry_contact_black_start_retries",
            "How often a start from empty batteries is tried, as the gateway reports it.",
            "black_start_retries",
            number,
        ),
        gauge(
            "enphase_dry_contact_action_retries",
            "How often an action of the relay is tried, as the gateway reports it.",
            "action_retries",
            number,
        ),
        derived(
            "enphase_dry_contact_inverters",
            "Number of inverters behind the relay.",
            _inverters,
            ("pv_serial_nb",),
            count,
        ),
    ),
    keys=("id",),
)

TABLES = (STATUS, SETTINGS)
