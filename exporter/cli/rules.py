"""`enphase-exporter rules`: the alert rules with the owner's thresholds, severities and labels."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.options import ConfigFile

if TYPE_CHECKING:
    from exporter.alerting.rules import RuleSettings


def command(
    *,
    config_file: ConfigFile = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="DIR", help="Folder for the rule files; printed if left out."
        ),
    ] = None,
    runbook_url: Annotated[
        str | None,
        typer.Option(
            "--runbook-url",
            metavar="URL",
            help="Where runbooks are, such as http://exporter.lan:10055/runbooks.",
        ),
    ] = None,
    dashboard_url: Annotated[
        str | None,
        typer.Option(
            "--dashboard-url", metavar="URL", help="Where Grafana is, such as http://grafana.lan."
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="NAME=VALUE",
            help="A label that every alert gets; may be given several times.",
        ),
    ] = None,
    group_size: Annotated[
        int | None,
        typer.Option(
            "--group-size",
            metavar="N",
            min=1,
            help="Split groups of more rules; Mimir accepts 20, unless configured otherwise.",
        ),
    ] = None,
) -> None:
    """Write the alert rules for Prometheus, with what the configuration changes about them.

    Thresholds, severities, links, labels, and which alerts are left out, are taken from `alerts:`
    in the configuration of the exporter, if there is one; options win. Where the exporter runs
    elsewhere, a file with `alerts:` alone will do: its thresholds count, whatever the exporters
    report. Without --output all rules are printed as one file. promtool checks them, if it is
    installed.

    \b
    Examples:
      enphase-exporter rules --output=/etc/prometheus/rules
      enphase-exporter rules --runbook-url=http://exporter.lan:10055/runbooks
      enphase-exporter rules --config=alerts.yml --label=site=cabin > enphase.rules.yml
      enphase-exporter rules --group-size=20 > enphase.rules.yml
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.alerting.rules import render_rules

    settings = _settings(config_file, runbook_url, dashboard_url, _labels(label or []))
    rendered = render_rules(replace(settings, group_size=group_size))
    if output is None:
        typer.echo(_joined(rendered), nl=False)
    else:
        from exporter.cli.atomic_files import write_files

        write_files({output / name: (text, 0o644) for name, text in rendered.items()})
        typer.echo(f"{len(rendered)} files are written to {output}. Reload Prometheus.")
    _check(_joined(rendered))


def _settings(
    config_file: Path | None,
    runbook_url: str | None,
    dashboard_url: str | None,
    labels: dict[str, str],
) -> "RuleSettings":
    import os

    from exporter.alerting.rules import RuleSettings
    from exporter.config import find_config_file, load_alerts

    path = config_file or find_config_file(os.environ)
    if path is None:
        return RuleSettings(runbook_url=runbook_url, dashboard_url=dashboard_url, labels=labels)
    alerts, gateways, alone = load_alerts(path, os.environ)
    return RuleSettings(
        thresholds=alerts.thresholds,
        gateway_thresholds={
            name: changed
            for name, own in gateways.items()
            if (
                changed := {
                    threshold: value
                    for threshold, value in own.thresholds.items()
                    if alerts.thresholds.get(threshold) != value
                }
            )
        },
        runbook_url=runbook_url or alerts.runbook_url,
        dashboard_url=dashboard_url or alerts.dashboard_url,
        labels={**alerts.labels, **labels},
        severities=alerts.severities,
        disabled=alerts.disabled,
        thresholds_win=alone,
    )


def _check(text: str) -> None:
    """Let promtool look at the rules, if it is there: a label of the owner may be no template."""
    import shutil
    import subprocess
    import tempfile

    from exporter.errors import ConfigError

    promtool = shutil.which("promtool")
    if promtool is None:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        words = [promtool, "check", "rules", file.name]
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if "FAILED" not in line]
        found = "; ".join(filter(None, lines)).replace(f"{file.name}: ", "")
        raise ConfigError(f"promtool does not accept these rules: {found}")


def _labels(given: list[str]) -> dict[str, str]:
    labels = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"'{text}' is not NAME=VALUE", param_hint="'--label'")
        labels[name] = value
    return labels


def _joined(rendered: dict[str, str]) -> str:
    """Return all groups as one file."""
    parts = []
    for text in rendered.values():
        head, _, groups = text.partition("\ngroups:\n")
        comments = "".join(f"  {line}\n" for line in head.splitlines())
        parts.append(f"{comments}{groups.rstrip()}\n")
    return "groups:\n" + "\n".join(parts)
