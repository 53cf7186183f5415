"""`enphase-exporter alerting …`: how alerts reach the owner, and a test that they do."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from exporter.cli.options import (
    ConfigFile,
    LogFormat,
    QuietLevel,
    SkipQuestions,
    WithoutAsking,
    parse_duration_flag,
    parse_url,
    takes,
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Set up how alerts reach you, and test it.

\b
Examples:
  enphase-exporter alerting init
  enphase-exporter alerting test
""",
)

ChannelName = Literal["ntfy", "pushover", "telegram", "email", "slack", "discord", "webhook"]


@dataclass(frozen=True, kw_only=True)
class AlertingOptions:
    """The options of `alerting init`; None where not given."""

    channel: Annotated[
        ChannelName | None,
        typer.Option(metavar="NAME", help="How critical alerts reach you."),
    ] = None
    warnings: Annotated[
        ChannelName | None,
        typer.Option(metavar="NAME", help="How warnings reach you. [default: same]"),
    ] = None
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Answers a question of the channel, such as topic=my-home; KEY=@FILE reads a"
            " secret from a file.",
        ),
    ] = None
    quiet_hours: Annotated[
        str | None,
        typer.Option(metavar="HH:MM-HH:MM", help="When warnings wait. [default: 21:00-07:00]"),
    ] = None
    timezone: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Time zone of the quiet hours. [default: the house]"),
    ] = None
    heartbeat_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Dead man's switch: a URL, such as of healthchecks.io, that warns you when the"
            " whole system is silent.",
        ),
    ] = None
    exporter_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where Alertmanager reaches the exporter. [default: http://localhost:10055]",
        ),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for alertmanager.yml. [default: ./alertmanager]"),
    ] = None
    yes: SkipQuestions = False
    force: WithoutAsking = False
    config_file: ConfigFile = None
    log_level: QuietLevel = None
    log_format: LogFormat = None


@app.command()
@takes(AlertingOptions)
def init(options: AlertingOptions) -> None:
    """Ask how to reach you and write a configuration of Alertmanager.

    It asks for the channel of critical alerts and of warnings, quiet hours and a dead man's switch,
    and writes alertmanager.yml for Alertmanager 0.25 or newer, with the secrets in files of mode
    0600. amtool checks the configuration before it is written, if it is installed.

    \b
    Examples:
      enphase-exporter alerting init
      enphase-exporter alerting init --channel=ntfy --set=topic=my-home --yes
      enphase-exporter alerting init --channel=email --output=/etc/prometheus
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.cli.alerting.dialogue import AlertingDialogue
    from exporter.logging import setup_logging
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()
    setup_logging(options.log_level or "error", options.log_format or "logfmt")
    AlertingDialogue(options).run()


@app.command("test")
def run_test(
    *,
    prometheus: Annotated[
        str, typer.Option("--prometheus", metavar="URL", help="Address of Prometheus.")
    ] = "http://localhost:9090",
    alertmanager: Annotated[
        str | None,
        typer.Option(
            "--alertmanager",
            metavar="URL",
            help="Address of Alertmanager. [default: where Prometheus sends to]",
        ),
    ] = None,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="How long to wait for each link.")
    ] = "90s",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask whether the message arrived.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config_file: ConfigFile = None,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Make the phone ring once, or find the broken link.

    It checks that Prometheus has the rules, evaluates them and delivers to Alertmanager, and sends
    a critical test alert through the routes of Alertmanager to your receiver. The exit status is 0
    when the message was sent, and 1 when a link is broken.

    \b
    Examples:
      enphase-exporter alerting test
      enphase-exporter alerting test --prometheus=http://192.0.2.3:9090
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.cli.alerting.delivery_test import check_alerting
    from exporter.logging import setup_logging
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()
    setup_logging(log_level or "error", log_format or "logfmt")
    succeeded = check_alerting(
        parse_url("--prometheus", prometheus, "http://localhost:9090"),
        parse_url("--alertmanager", alertmanager, "http://localhost:9093") if alertmanager else "",
        parse_duration_flag("--timeout", timeout, minimum=1),
        ask=not yes and not as_json,
        as_json=as_json,
        config_file=config_file,
    )
    if not succeeded:
        raise typer.Exit(1)
