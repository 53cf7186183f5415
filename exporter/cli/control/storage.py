"""`control storage`: how the batteries are used."""

from typing import Annotated, Literal

import typer

from exporter.cli.control.options import Given, group, ordering, switch

app = group("Set how the batteries are used.")


@ordering(app, "storage mode")
def mode(
    mode: Annotated[
        Literal["backup", "self-consumption", "economy"],
        typer.Argument(help="Economy is what the app calls savings."),
    ],
    disable_optimized_schedules: Annotated[
        bool,
        typer.Option(
            "--disable-optimized-schedules",
            help="Turn the vendor's optimisation off as well, which ignores any mode set here.",
        ),
    ] = False,
) -> Given:
    """Set the storage mode.

    \b
    Examples:
      enphase-exporter control storage mode backup --watch
      enphase-exporter control storage mode self-consumption --disable-optimized-schedules
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"mode": mode, "disable_optimized_schedules": disable_optimized_schedules}


@ordering(app, "storage reserve")
def reserve(
    percent: Annotated[
        int, typer.Argument(metavar="PERCENT", min=0, max=100, help="Charge kept for outages.")
    ],
) -> Given:
    """Set the charge that is kept for outages.

    \b
    Examples:
      enphase-exporter control storage reserve 80 --watch
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"reserve": percent}


@ordering(app, "storage charge-from-grid")
def charge_from_grid(
    state: Annotated[
        Literal["on", "off"], typer.Argument(help="Whether the grid may charge the batteries.")
    ],
) -> Given:
    """Allow or forbid charging the batteries from the grid.

    \b
    Examples:
      enphase-exporter control storage charge-from-grid on
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"on": switch(state)}
