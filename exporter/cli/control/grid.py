"""`control grid`: going off grid and on grid."""

from exporter.cli.control.options import Arguments, control_command, group

app = group("Disconnect the house from the grid, and reconnect it.")


@control_command(app, "grid off")
def off() -> Arguments:
    """Go off grid: the house runs on its batteries until `control grid on`.

    \b
    Examples:
      enphase-exporter control grid off --dry-run
      enphase-exporter control grid off
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {}


@control_command(app, "grid on")
def on() -> Arguments:
    """Go on grid; the relay closes once the grid has been stable for five minutes.

    \b
    Examples:
      enphase-exporter control grid on
      enphase-exporter control grid on --yes --timeout=900
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {}
