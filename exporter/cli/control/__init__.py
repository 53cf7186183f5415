"""`enphase-exporter control …`: the owner's commands to the system.

A module for each type of hardware defines its commands and options; `options` has the common ones,
`run` runs a command and `render` prints it.
"""

import typer

from exporter.cli.control import acb, dry_contact, generator, grid, site, storage

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Send commands to the system and verify the result.

Each command shows the state and what would be sent, asks, sends it, and then reads from the gateway
until the change is there. What was sent is recorded in control.log in the state directory.

\b
Examples:
  enphase-exporter control grid off --dry-run
  enphase-exporter control contact open NC1
  enphase-exporter control storage reserve 80 --watch
  enphase-exporter control storage mode backup --config.file=enphase-exporter.yml --gateway=home
""",
)
app.add_typer(grid.app, name="grid")
app.add_typer(dry_contact.app, name="contact")
app.add_typer(storage.app, name="storage")
app.add_typer(acb.app, name="acb")
app.add_typer(generator.app, name="generator")
app.add_typer(site.production_app, name="production")
app.add_typer(site.export_app, name="export")
app.add_typer(site.live_app, name="live")
