"""`control grid`: leaving the grid and joining it."""

from exporter.cli.control.options import Given, group, ordering

app = group("Disconnect the house from the grid, and connect it again.")


@ordering(app, "grid off")
def off() -> Given:
    """Go off grid: the house lives on its batteries until `control grid on`.

    \b
    Examples:
      enphase-exporter control grid off --dry-run
      enphase-exporter control grid off
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {}


@ordering(app, "grid on")
def on() -> Given:
    """Go back on grid; the relay closes once the grid has been good for five minutes.

    \b
    Examples:
      enphase-exporter control grid on
      enphase-exporter control grid on --yes --timeout=900
    """  # noqa: D301 - \b keeps the lines after it as they are
    return {}
