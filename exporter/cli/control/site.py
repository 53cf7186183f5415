"""`control production`, `control export` and `control live`: settings of the whole site."""

from typing import Annotated, Literal

import typer

from exporter.cli.control.options import Arguments, control_command, group, switch

production_app = group("Switch the production of all panels off and on.")
export_app = group("Limit the power that is exported to the grid.")
live_app = group("Control the live data stream.")


@control_command(production_app, "production off")
def production_off() -> Arguments:
    """Switch production off, for example while export prices are negative.

    It needs a token of an installer account on most firmware.

    \b
    Examples:
      enphase-exporter control production off --dry-run
      enphase-exporter control production off --watch
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {}


@control_command(production_app, "production on")
def production_on() -> Arguments:
    """Switch production on.

    \b
    Examples:
      enphase-exporter control production on
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {}


@control_command(export_app, "export limit")
def limit(
    watts: Annotated[
        int, typer.Argument(metavar="WATTS", min=0, max=1000000, help="Highest power of export.")
    ],
) -> Arguments:
    """Set the dynamic export limit.

    It needs a token of an installer account on most firmware.

    \b
    Examples:
      enphase-exporter control export limit 0
      enphase-exporter control export limit 5000 --dry-run
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"watts": watts}


@control_command(export_app, "export unlimited")
def unlimited() -> Arguments:
    """Remove the dynamic export limit.

    \b
    Examples:
      enphase-exporter control export unlimited
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"watts": None}


@control_command(live_app, "live stream")
def stream(
    state: Annotated[Literal["on", "off"], typer.Argument(help="Whether live data is updated.")],
) -> Arguments:
    """Turn the live data stream on or off; the gateway ends it by itself after some time.

    \b
    Examples:
      enphase-exporter control live stream on
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"on": switch(state)}
