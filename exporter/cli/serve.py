"""`enphase-exporter serve`: the exporter itself."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.interrupts import run_async
from exporter.cli.options import ConfigFile, LogFormat, LogLevel

if TYPE_CHECKING:
    from exporter.config import Config


def command(
    config_argument: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", hidden=True, help="The same as --config.file."),
    ] = None,
    *,
    config_file: ConfigFile = None,
    config_check: Annotated[
        bool,
        typer.Option("--config.check", help="Check the configuration and exit."),
    ] = False,
    listen_address: Annotated[
        str | None,
        typer.Option(
            "--web.listen-address",
            metavar="[HOST]:PORT",
            help="Where to serve the metrics. [default: :10055]",
        ),
    ] = None,
    web_config_file: Annotated[
        Path | None,
        typer.Option(
            "--web.config.file",
            metavar="FILE",
            help="TLS and users, in the format of Prometheus's exporter-toolkit.",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="INDEX/COUNT",
            help="Watch one part of the gateways: 0/3 to 2/3 share a list among three exporters."
            " A pod's name will do as index: exporter-0/3. [env: ENPHASE_SHARD]",
        ),
    ] = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Read gateways and serve their metrics.

    Flags win over ENPHASE_* variables, those over the file. SIGHUP reads the file again; a
    `gateways_file` is read again whenever it changes.

    \b
    Examples:
      ENPHASE_HOST=envoy.local ENPHASE_TOKEN_FILE=token.txt enphase-exporter serve
      enphase-exporter serve --config.file=enphase-exporter.yml --config.check
      enphase-exporter serve --config.file=enphase-exporter.yml --log.level=debug
      enphase-exporter serve --config.file=fleet.yml --shard=0/3
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    import os
    import signal

    # until the event loop handles SIGHUP: the configuration is about to be read anyway
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    from exporter.config import find_config_file, load
    from exporter.logging import setup_logging
    from exporter.metrics.dropping import families_to_drop
    from exporter.web.config import WebConfig

    if config_argument is not None:
        if config_file not in (None, config_argument):
            raise typer.BadParameter(
                f"name one configuration: {config_argument} or {config_file}",
                param_hint="--config.file",
            )
        config_file = config_argument

    def read() -> "Config":
        config = load(
            config_file,
            os.environ,
            listen_address=listen_address,
            web_config_file=web_config_file,
            log_level=log_level,
            log_format=log_format,
            shard=shard,
        )
        setup_logging(config.log.level, config.log.format)
        # a mistake is an error now, and not when the first gateway is polled
        families_to_drop(config.metrics.drop)
        return config

    setup_logging(log_level or "info", log_format or "logfmt")
    config = read()
    web = WebConfig.load(config.web.config_file)
    if config_check:
        count = len(config.gateways)
        source = config_file or find_config_file(os.environ) or "The environment"
        typer.echo(f"{source} is valid: {count} gateway{'' if count == 1 else 's'}")
        return

    from exporter.serve import run

    run_async(run(read, config, web))
