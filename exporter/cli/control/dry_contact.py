"""`control contact`: dry contacts and their settings."""

from typing import Annotated, Literal

import typer

from exporter.cli.control.options import Arguments, control_command, group, switch

app = group("Open and close dry contacts, and change their settings.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The contact, such as NC1.")]
_Action = Literal["apply", "shed", "schedule", "none"]


@control_command(app, "contact open")
def open_(contact: _Id) -> Arguments:
    """Open a dry contact, which switches its load off.

    \b
    Examples:
      enphase-exporter control contact open NC1
      enphase-exporter control contact set NC1 --manual-override=off
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"id": contact}


@control_command(app, "contact close")
def close(contact: _Id) -> Arguments:
    """Close a dry contact, which switches its load on.

    \b
    Examples:
      enphase-exporter control contact close NC1
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"id": contact}


@control_command(app, "contact set")
def set_(
    contact: _Id,
    *,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Name of the connected load.")
    ] = None,
    mode: Annotated[
        Literal["manual", "soc"] | None,
        typer.Option(
            help="manual: follow grid and generator; soc: follow the charge of the batteries."
        ),
    ] = None,
    soc_low: Annotated[
        float | None,
        typer.Option(metavar="%", min=0, max=100, help="Charge at which it opens, in mode soc."),
    ] = None,
    soc_high: Annotated[
        float | None,
        typer.Option(metavar="%", min=0, max=100, help="Charge at which it closes, in mode soc."),
    ] = None,
    grid_action: Annotated[
        _Action | None, typer.Option(help="On grid: apply closes it, shed opens it.")
    ] = None,
    micro_grid_action: Annotated[
        _Action | None, typer.Option(help="Off grid: apply closes it, shed opens it.")
    ] = None,
    generator_action: Annotated[
        _Action | None, typer.Option(help="On the generator: apply closes it, shed opens it.")
    ] = None,
    schedule_start: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="When the action schedule closes it.")
    ] = None,
    schedule_end: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="When the action schedule opens it.")
    ] = None,
    priority: Annotated[
        float | None, typer.Option(metavar="N", min=0, max=100, help="Priority among the contacts.")
    ] = None,
    black_start: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0, max=86400, help="Delay after a black start."),
    ] = None,
    override: Annotated[
        Literal["on", "off"] | None, typer.Option(help="Whether the settings are overridden.")
    ] = None,
    manual_override: Annotated[
        Literal["on", "off"] | None,
        typer.Option(help="Off returns it to its settings after `open` or `close`."),
    ] = None,
) -> Arguments:
    """Change settings of a dry contact; other settings stay unchanged.

    \b
    Examples:
      enphase-exporter control contact set NC1 --name="Heat pump" --dry-run
      enphase-exporter control contact set NC1 --mode=soc --soc-low=40 --soc-high=80
      enphase-exporter control contact set NC1 --manual-override=off
    """  # noqa: D301 - \b keeps the lines after it as they are
    arguments = {
        "load_name": name,
        "mode": mode,
        "soc_low": soc_low,
        "soc_high": soc_high,
        "grid_action": grid_action,
        "micro_grid_action": micro_grid_action,
        "generator_action": generator_action,
        "essential_start_time": _seconds("--schedule-start", schedule_start),
        "essential_end_time": _seconds("--schedule-end", schedule_end),
        "priority": priority,
        "black_start": black_start,
        "override": None if override is None else switch(override),
        "manual_override": None if manual_override is None else switch(manual_override),
    }
    if all(value is None for value in arguments.values()):
        raise typer.BadParameter("give at least one setting, such as --soc-low=40")
    return {"id": contact, **arguments}


def _seconds(flag: str, text: str | None) -> float | None:
    return None if text is None else 60.0 * minutes(flag, text)


def minutes(flag: str, text: str) -> int:
    """Return a time of day in minutes after midnight; raise a usage error."""
    hours, colon, rest = text.partition(":")
    if not (colon and hours.isdecimal() and rest.isdecimal() and text.isascii()):
        raise typer.BadParameter(
            f"'{text[:20]}' is not a time of day, such as 14:30", None, None, flag
        )
    if len(rest) != 2 or int(hours) > 23 or int(rest) > 59:
        raise typer.BadParameter(
            f"'{text[:20]}' is not a time of day, such as 14:30", None, None, flag
        )
    return 60 * int(hours) + int(rest)
