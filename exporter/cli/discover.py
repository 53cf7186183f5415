"""`enphase-exporter discover`: lists the gateways on the local network."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.interrupts import run_async
from exporter.cli.options import LogFormat, QuietLevel, parse_duration_flag

if TYPE_CHECKING:
    from exporter.discovery import Announced

NOTHING = """\
No gateway was found. Gateways announce themselves only within their own network, so try:
  - a machine in the same network as the gateway, with no router or VLAN between them;
  - a cable, or Wi-Fi without client isolation (guest networks have it);
  - outside a container, or in one with the network of the host (docker run --network=host);
  - UDP port 5353 open in this machine's firewall, and --timeout=10s.
Otherwise look for `envoy` in the router's list of devices, and use its address as `host`."""


def command(
    *,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="How long to listen.")
    ] = "3s",
    interface: Annotated[
        list[str] | None,
        typer.Option(
            "--interface",
            metavar="ADDRESS",
            help="Listen only on this address of this machine; may be given several times.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """List the gateways on the local network.

    It listens to mDNS over IPv4 and IPv6, reads the identity of each gateway, which needs no login,
    and prints the lines to paste into a configuration. The exit status is 1 when none was found.

    \b
    Examples:
      enphase-exporter discover
      enphase-exporter discover --timeout=10s --json
      enphase-exporter discover --interface=192.0.2.7
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    from exporter.discovery import discover
    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    seconds = parse_duration_flag("--timeout", timeout, minimum=0.1)
    gateways = run_async(discover(seconds, _addresses(interface or ())))
    if as_json:
        _print_json(gateways)
    elif gateways:
        _print(gateways)
    else:
        typer.echo(NOTHING)
    if not gateways:
        raise typer.Exit(1)


def _addresses(texts: "list[str] | tuple[str, ...]") -> list[str]:
    from ipaddress import ip_address

    for text in texts:
        try:
            ip_address(text)
        except ValueError:
            raise typer.BadParameter(
                f"'{text}' is not an IP address, such as 192.0.2.7",
                param_hint="'--interface'",
            ) from None
    return list(dict.fromkeys(texts))


def names(count: int) -> list[str]:
    """Return suggested names for this many gateways."""
    return ["home"] if count == 1 else [f"home-{number}" for number in range(1, count + 1)]


def _print(gateways: "list[Announced]") -> None:
    rows = [("NAME", "SERIAL", "FIRMWARE", "ADDRESS")]
    for each in gateways:
        addresses = ", ".join(each.hosts) + ("" if each.answers else " (does not answer)")
        rows.append((each.name, each.serial or "-", each.firmware or "-", addresses))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        typer.echo("  ".join((*cells, row[3])))
    typer.echo("\nFor the configuration (`enphase-exporter init` writes it all):\n\ngateways:")
    for each, name in zip(gateways, names(len(gateways)), strict=True):
        quoted = f'"{each.host}"' if each.host.startswith("[") else each.host
        typer.echo(f"  - host: {quoted}\n    name: {name}")


def _print_json(announced: "list[Announced]") -> None:
    import json
    from dataclasses import asdict

    gateways = [{**asdict(each), "host": each.host} for each in announced]
    typer.echo(json.dumps({"gateways": gateways}, indent=2))
