"""`control generator`: mode, schedule and charging."""

from typing import Annotated, Literal

import typer

from exporter.cli.control.dry_contact import minutes
from exporter.cli.control.options import Arguments, control_command, group, switch

app = group("Control the standby generator.")


@control_command(app, "generator mode")
def mode(
    mode: Annotated[
        Literal["off", "on", "auto"],
        typer.Argument(help="auto: start and stop with the charge of the batteries."),
    ],
) -> Arguments:
    """Set the mode of the generator.

    \b
    Examples:
      enphase-exporter control generator mode auto
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"mode": mode}


@control_command(app, "generator schedule")
def schedule(
    *,
    start_soc: Annotated[
        int | None,
        typer.Option(metavar="%", min=0, max=100, help="Charge at which it starts."),
    ] = None,
    stop_soc: Annotated[
        int | None,
        typer.Option(metavar="%", min=0, max=100, help="Charge at which it stops."),
    ] = None,
    exercise_weeks: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=4, help="Weeks between two exercises."),
    ] = None,
    exercise_day: Annotated[
        Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] | None,
        typer.Option(case_sensitive=False, help="Day of the exercise."),
    ] = None,
    exercise_start: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="When the exercise starts.")
    ] = None,
    exercise_minutes: Annotated[
        int | None,
        typer.Option(metavar="N", min=10, max=60, help="How long it lasts: 10, 20, … 60."),
    ] = None,
) -> Arguments:
    """Change when the generator starts, stops and exercises; other settings stay unchanged.

    \b
    Examples:
      enphase-exporter control generator schedule --start-soc=30 --stop-soc=80
      enphase-exporter control generator schedule --exercise-day=Sun --exercise-start=11:00
    """  # noqa: D301 - \b keeps the lines after it as they are
    arguments = {
        "exercise_freq_in_weeks": exercise_weeks,
        "exercise_day": exercise_day,
        "exercise_start": minutes("--exercise-start", exercise_start) if exercise_start else None,
        "exercise_duration": exercise_minutes,
        "default_start_soc": start_soc,
        "default_stop_soc": stop_soc,
    }
    if all(value is None for value in arguments.values()):
        raise typer.BadParameter("give at least one setting, such as --start-soc=30")
    if exercise_minutes is not None and exercise_minutes % 10:
        raise typer.BadParameter("--exercise-minutes goes in steps of 10")
    return arguments


@control_command(app, "generator charge")
def charge(
    state: Annotated[
        Literal["on", "off"], typer.Argument(help="Whether it may charge the batteries.")
    ],
) -> Arguments:
    """Allow or forbid charging the batteries from the generator.

    \b
    Examples:
      enphase-exporter control generator charge off
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"on": switch(state)}
