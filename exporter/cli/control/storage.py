"""`control storage`: mode, reserve, charging from the grid."""

from typing import Annotated, Literal

import typer

from exporter.cli.control.options import Arguments, control_command, group, switch

app = group("Change the storage settings.")


@control_command(app, "storage mode")
def mode(
    mode: Annotated[
        Literal["backup", "self-consumption", "economy"],
        typer.Argument(help="economy: the app calls it savings."),
    ],
    disable_optimized_schedules: Annotated[
        bool,
        typer.Option(
            "--disable-optimized-schedules",
            help="Also turn off Enphase's optimisation, which ignores any mode set here.",
        ),
    ] = False,
) -> Arguments:
    """Set the storage mode.

    \b
    Examples:
      enphase-exporter control storage mode backup --watch
      enphase-exporter control storage mode self-consumption --disable-optimized-schedules
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"mode": mode, "disable_optimized_schedules": disable_optimized_schedules}


@control_command(app, "storage reserve")
def reserve(
    percent: Annotated[
        int, typer.Argument(metavar="PERCENT", min=0, max=100, help="Charge to keep for outages.")
    ],
) -> Arguments:
    """Set the charge to keep for outages.

    \b
    Examples:
      enphase-exporter control storage reserve 80 --watch
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"reserve": percent}


@control_command(app, "storage charge-from-grid")
def charge_from_grid(
    state: Annotated[
        Literal["on", "off"], typer.Argument(help="Whether the grid may charge the batteries.")
    ],
) -> Arguments:
    """Allow or forbid charging the batteries from the grid.

    \b
    Examples:
      enphase-exporter control storage charge-from-grid on
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"on": switch(state)}
