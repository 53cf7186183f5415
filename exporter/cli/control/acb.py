"""`control acb`: sleep of AC Batteries."""

from typing import Annotated

import typer

from exporter.cli.control.options import Arguments, control_command, group

app = group("Send AC Batteries to sleep, and wake them.")

_Serials = Annotated[
    list[str], typer.Argument(metavar="SERIAL...", help="Serial numbers of AC Batteries.")
]


@control_command(app, "acb sleep")
def sleep(
    serials: _Serials,
    min_soc: Annotated[
        int | None,
        typer.Option(
            metavar="%", min=0, max=100, help="Lowest charge to sleep with. [default: unchanged]"
        ),
    ] = None,
    max_soc: Annotated[
        int | None,
        typer.Option(
            metavar="%", min=0, max=100, help="Highest charge to sleep with. [default: unchanged]"
        ),
    ] = None,
) -> Arguments:
    """Send AC Batteries to sleep; visible after about a quarter of an hour.

    \b
    Examples:
      enphase-exporter control acb sleep 122000000001 --min-soc=25 --max-soc=30
    """  # noqa: D301 - \b keeps the lines after it as they are
    if min_soc is not None and max_soc is not None and min_soc > max_soc:
        raise typer.BadParameter("--min-soc is above --max-soc")
    return {"serials": _unique(serials), "sleep_min_soc": min_soc, "sleep_max_soc": max_soc}


@control_command(app, "acb wake")
def wake(serials: _Serials) -> Arguments:
    """Wake AC Batteries; visible after about a quarter of an hour.

    \b
    Examples:
      enphase-exporter control acb wake 122000000001
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"serials": _unique(serials)}


def _unique(serials: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(serials))
