"""The standby generator: whether it runs, when it starts and stops, what it is."""

from typing import Any

from exporter.metrics.table import InfoMetric, StateSet, Table, derived, gauge
from exporter.metrics.units import (
    amperes,
    closed,
    flag,
    minutes,
    nameplate_watts,
    ratio,
    raw_code,
    time_of_day_from_minutes,
    weeks,
)


def _running(generator: Any) -> float | None:
    """Return whether the generator's relay is closed; unknown where there is no generator."""
    return closed(generator.oper_state) if flag(generator.present) == 1 else None


STATUS = Table(
    "Generator",
    "generator",
    "generator",
    (
        gauge(
            "enphase_generator_present",
            "Whether there is a generator.",
            "present",
            flag,
        ),
        derived(
            "enphase_generator_running",
            "Whether the generator feeds the house.",
            _running,
            ("present", "oper_state"),
            flag,
        ),
        StateSet(
            "enphase_generator_oper_state",
            "What the generator's relay is.",
            "oper_state",
            label="state",
            states=("close", "open"),
        ),
        StateSet(
            "enphase_generator_admin_state",
            "What the generator's relay was commanded to be.",
            "admin_state",
            label="state",
            states=("closed", "open"),
        ),
        gauge(
            "enphase_generator_admin_mode",
            "Mode of the generator as a number.",
            "admin_mode",
            raw_code,
        ),
        gauge(
            "enphase_generator_type",
            "Type of the generator as a number.",
            "type",
            raw_code,
        ),
        gauge(
            "enphase_generator_start_soc_ratio",
            "Charge of the batteries at which the generator starts.",
            "start_soc",
            ratio,
        ),
        gauge(
            "enphase_generator_stop_soc_ratio",
            "Charge of the batteries at which the generator stops.",
            "stop_soc",
            ratio,
        ),
        gauge(
            "enphase_generator_exercising",
            "Whether the generator is on an exercise run.",
            "exc_on",
            flag,
        ),
        gauge(
            "enphase_generator_schedule_active",
            "Whether the generator follows a schedule.",
            "schedule",
            flag,
        ),
    ),
)

CONFIG = Table(
    "Generator",
    "generator",
    "generator_config",
    (
        InfoMetric(
            "enphase_generator_info",
            "What the generator is, how it is started and who set that.",
            describes=(
                ("manufacturer", "manufacturer"),
                ("model", "model"),
                ("generator_id", "generator_id"),
                ("type", "gen_type"),
                ("start_method", "start_method"),
                ("last_updated_by", "last_updated_by"),
            ),
        ),
        gauge(
            "enphase_generator_max_continuous_amperes",
            "Current that the generator can give without end.",
            "max_cont_gen_amps",
            amperes,
        ),
        gauge(
            "enphase_generator_min_loading_ratio",
            "Share of its rating that the generator is at least loaded with.",
            "min_gen_loading_perc",
            ratio,
        ),
        gauge(
            "enphase_generator_max_efficiency_ratio",
            "Highest efficiency of the generator.",
            "max_gen_efficiency_perc",
            ratio,
        ),
        gauge(
            "enphase_generator_nameplate_watts",
            "Power on the name plate of the generator.",
            "name_plate_rating_wat",
            nameplate_watts,
        ),
        gauge(
            "enphase_generator_warm_up_seconds",
            "Time that the generator warms up before it is loaded.",
            "warm_up_mins",
            minutes,
        ),
        gauge(
            "enphase_generator_cool_down_seconds",
            "Time that the generator cools down before it stops.",
            "cool_down_mins",
            minutes,
        ),
        gauge(
            "enphase_generator_charge_from_generator",
            "Whether the generator may charge the batteries.",
            "charge_from_generator",
            flag,
        ),
    ),
)

SCHEDULE = Table(
    "Generator",
    "generator",
    "generator_schedule",
    (
        InfoMetric(
            "enphase_generator_schedule_info",
            "Day of the exercise run, and who set the schedule.",
            describes=(
                ("exercise_day", "exercise_day"),
                ("last_updated_by", "last_updated_by"),
            ),
        ),
        gauge(
            "enphase_generator_exercise_interval_seconds",
            "Time from one exercise run to the next.",
            "exercise_freq_in_weeks",
            weeks,
        ),
        gauge(
            "enphase_generator_exercise_start_seconds",
            "Time of day, after midnight, at which the exercise run starts.",
            "exercise_start",
            time_of_day_from_minutes,
        ),
        gauge(
            "enphase_generator_exercise_duration_seconds",
            "How long the exercise run takes.",
            "exercise_duration",
            minutes,
        ),
        gauge(
            "enphase_generator_default_start_soc_ratio",
            "Charge of the batteries at which the generator starts where the schedule is silent.",
            "default_start_soc",
            ratio,
        ),
        gauge(
            "enphase_generator_default_stop_soc_ratio",
            "Charge of the batteries at which the generator stops where the schedule is silent.",
            "default_stop_soc",
            ratio,
        ),
    ),
)

MODE = Table(
    "Generator",
    "generator",
    "generator_mode",
    (
        StateSet(
            "enphase_generator_mode",
            "Mode that the generator was commanded to.",
            "gen_cmd",
            label="mode",
            states=("off", "on", "auto"),
        ),
        InfoMetric(
            "enphase_generator_mode_source_info",
            "Who set the mode of the generator.",
            describes=(("last_updated_by", "last_updated_by"),),
        ),
    ),
)

TABLES = (STATUS, CONFIG, SCHEDULE, MODE)
