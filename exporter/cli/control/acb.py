"""`control acb`: sleep of AC Batteries."""

from typing import Annotated

import typer

from exporter.cli.control.options import Given, group, ordering

app = group("Send AC Batteries to sleep, and wake them up.")

_Serials = Annotated[
    list[str], typer.Argument(metavar="SERIAL...", help="Serial numbers of AC Batteries.")
]


@ordering(app, "acb sleep")
def sleep(
    serials: _Serials,
    min_soc: Annotated[
        int | None,
        typer.Option(
            metavar="%", min=0, max=100, help="Least charge to sleep with. [default: as set before]"
        ),
    ] = None,
    max_soc: Annotated[
        int | None,
        typer.Option(
            metavar="%", min=0, max=100, help="Most charge to sleep with. [default: as set before]"
        ),
    ] = None,
) -> Given:
    """Send AC Batteries to sleep; it is seen a quarter of an hour later.

    \b
    Examples:
      enphase-exporter control acb sleep 122000000001 --min-soc=25 --max-soc=30
    """  # noqa: D301 - \b keeps the lines after it as they are
    if min_soc is not None and max_soc is not None and min_soc > max_soc:
        raise typer.BadParameter("--min-soc is above --max-soc")
    return {"serials": _each_once(serials), "sleep_min_soc": min_soc, "sleep_max_soc": max_soc}


@ordering(app, "acb wake")
def wake(serials: _Serials) -> Given:
    """Wake AC Batteries up; it is seen a quarter of an hour later.

    \b
    Examples:
      enphase-exporter control acb wake 122000000001
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {"serials": _each_once(serials)}


def _each_once(serials: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(serials))
