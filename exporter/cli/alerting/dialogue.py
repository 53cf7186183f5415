"""The dialogue of `alerting init`: channels, quiet hours, a dead man's switch, and the files."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from exporter.alerting.channels import CHANNELS, Question, http_url
from exporter.alerting.config import (
    Alerting,
    Receiver,
    build,
    check,
    parse_quiet_hours,
    parse_timezone,
)
from exporter.alerting.record import write_receiver
from exporter.cli.alerting import AlertingOptions
from exporter.cli.alerting.place import find_place
from exporter.cli.atomic_files import differing, write_files
from exporter.cli.options import parse_url
from exporter.cli.prompts import Prompter
from exporter.config.types import read_secret
from exporter.errors import ConfigError

_SAME = "same"

_NEXT = """
Next steps:

  1. Alertmanager has to read {file}
     (as its --config.file, or copied to the folder of its configuration; the files of
     {folder}/secrets must be readable for its user).
  2. enphase-exporter alerting test
"""


class AlertingDialogue:
    """One run of `alerting init`."""

    def __init__(self, options: AlertingOptions) -> None:
        self._options = options
        self._prompts = Prompter(vars(options))
        self._place = find_place(options.config_file)
        self._exporter_url = self._place.exporter_url
        if options.exporter_url:
            self._exporter_url = parse_url(
                "--exporter-url", options.exporter_url, "http://localhost:10055"
            )
        self._values = _parse_values(options.values or ())
        self._receivers: dict[str, Receiver] = {}
        self._quiet_hours: tuple[str, str] | None = None
        self._timezone = "Local"
        self._heartbeat_url: str | None = None
        self._folder = Path("alertmanager")

    def run(self) -> None:
        """Ask, check, write; raise ExporterError where it cannot continue."""
        self._prompts.run(
            self._ask_critical,
            self._ask_warnings,
            self._ask_quiet_hours,
            self._ask_timezone,
            self._ask_heartbeat,
            self._ask_output,
        )
        alerting = Alerting(
            self._receivers,
            f"{self._exporter_url}/-/alerts",
            self._quiet_hours,
            self._timezone,
            self._heartbeat_url,
        )
        self._write(alerting)
        write_receiver(self._place.state_dir, alerting.names, None)
        typer.echo(_NEXT.format(file=self._folder / "alertmanager.yml", folder=self._folder))

    def _ask_critical(self) -> None:
        self._receivers["critical"] = self._ask_receiver(
            "--channel",
            "How do critical alerts reach you? They ring at any hour.",
            {},
            None if self._prompts.silent else "ntfy",
        )

    def _ask_warnings(self) -> None:
        self._receivers["warning"] = self._ask_receiver(
            "--warnings",
            "How do warnings reach you? They wait until after the quiet hours.",
            {_SAME: "the same"},
            _SAME,
        )

    def _ask_receiver(
        self, option: str, introduction: str, more: Mapping[str, str], default: str | None
    ) -> Receiver:
        if option not in self._prompts.given and not self._prompts.silent:
            typer.echo(introduction)
        channels = {name: channel.description for name, channel in CHANNELS.items()}
        name = self._prompts.choose(option, "Channel", {**more, **channels}, default)
        critical = self._receivers.get("critical")
        if critical and name in (_SAME, critical.channel):
            return critical
        questions = CHANNELS[name].questions
        return Receiver(name, {each.key: self._ask_question(each) for each in questions})

    def _ask_question(self, question: Question) -> str:
        """Return the answer from --set or from the owner."""
        prompts = self._prompts
        option = f"--set={question.key}={'@FILE' if question.secret else '…'}"
        given = self._values.get(question.key)
        if given is not None and question.secret:
            if not given.startswith("@"):
                raise ConfigError(f"{option}: the value is a secret: name a file that contains it")
            given = read_secret(Path(given[1:]))
        default = question.default() if question.default else None
        if given is not None:
            prompts.given[option] = given
        elif question.secret and not prompts.silent:
            if default is not None and not prompts.confirm(
                f"{question.text}: do you have one?", default=False
            ):
                return default
            return question.parse(prompts.secret(question.text))
        elif default == "":
            # an empty default cannot be shown as an answer in brackets
            return (
                ""
                if prompts.silent
                else prompts.ask(
                    option,
                    question.text,
                    lambda text: "" if text == "-" else question.parse(text),
                    "-",
                )
            )
        return prompts.ask(option, question.text, question.parse, default)

    def _ask_quiet_hours(self) -> None:
        self._quiet_hours = self._prompts.ask(
            "--quiet-hours", "Quiet hours for warnings, or none", parse_quiet_hours, "21:00-07:00"
        )

    def _ask_timezone(self) -> None:
        if self._quiet_hours is None:
            return
        self._timezone = self._prompts.ask(
            "--timezone",
            "Time zone of the quiet hours",
            parse_timezone,
            self._place.timezone or "Local",
        )

    def _ask_heartbeat(self) -> None:
        """Ask for a dead man's switch, without which a dead Prometheus stays unnoticed."""
        self._heartbeat_url = self._prompts.ask(
            "--heartbeat-url",
            "Dead man's switch: URL of a check, such as https://hc-ping.com/…, or none",
            lambda text: None if text == "none" else http_url(text),
            "none",
        )

    def _ask_output(self) -> None:
        self._folder = self._prompts.path("Folder for alertmanager.yml", "alertmanager")

    def _write(self, alerting: Alerting) -> None:
        files = build(alerting, self._folder)
        if not self._options.force:
            self._prompts.confirm_overwriting(differing(files))
        checked: list[bool] = []
        main = self._folder / "alertmanager.yml"
        # 0700 for the secrets even if their folder is not there yet
        (self._folder / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
        write_files(files, {main: lambda path: checked.append(check(path))})
        for path, (_, mode) in files.items():
            typer.echo(f"Wrote {path}" + (" (private)" if mode == 0o600 else ""))
        if checked == [True]:
            typer.echo("amtool accepts the configuration.")
        else:
            typer.echo("amtool is not installed, so the configuration was not checked.")
        if os.geteuid() == 0:
            typer.echo("You are root: change the owner of the files to the user of Alertmanager.")


def _parse_values(values: Sequence[str]) -> dict[str, str]:
    keys = {question.key for channel in CHANNELS.values() for question in channel.questions}
    parsed = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or key not in keys:
            raise ConfigError(f"--set={key}: use one of {', '.join(sorted(keys))}, as KEY=VALUE")
        parsed[key] = text
    return parsed
