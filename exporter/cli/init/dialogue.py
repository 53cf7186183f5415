"""The dialogue of `init`: questions, connection tests between them, and the files at the end."""

import asyncio
import os
import shlex
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import typer

from exporter.cli.atomic_files import differing
from exporter.cli.check_output import console, follow
from exporter.cli.init import InitOptions
from exporter.cli.init.files import Answers, plan, without_gateway, write
from exporter.cli.prompts import Prompter, is_token, not_empty, typed
from exporter.clock import SystemClock
from exporter.config import SYSTEM_CONFIG_FILE, Gateway, has_only_comments, load
from exporter.config.types import Host, Name, Percent, read_secret
from exporter.diagnostics import DiagnosisContext, StepResult, StepStatus, run, up_to
from exporter.diagnostics.saved_state import save_token
from exporter.discovery import Announced, discover
from exporter.errors import ConfigError, ExporterError

#: seconds to listen for gateways
_LISTEN = 2.0
#: a configuration is useful only if these steps pass
_NEEDED = tuple(step.key for step in up_to("features"))
_IDENTITY = tuple(step.key for step in up_to("firmware"))
_LOGINS = {
    "token-file": "a file that contains a token",
    "token": "paste a token from https://entrez.enphaseenergy.com",
    "account": "user name and password of the Enphase account: the exporter renews tokens itself",
}
_MODES = {mode: mode for mode in ("backup", "self-consumption", "economy", "none")}

_NEXT = """
Next steps:

  enphase-exporter check {file}
  enphase-exporter serve {file}

The rest of the way, one after the other:

1. A service that starts the exporter at boot: deploy/systemd/README.md, with this configuration.
2. Prometheus: add this to prometheus.yml, with the alert rules that the first command writes.

  enphase-exporter rules {file} --output=/etc/prometheus/rules

rule_files: ["rules/*.rules.yml"]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["localhost:9093"]}}]}}]
scrape_configs:
  - job_name: enphase
    scrape_interval: 5s
    static_configs:
      - targets: ["localhost:10055"]

3. Alertmanager and your phone: it asks how alerts reach you, writes alertmanager.yml, and tests it.

  enphase-exporter alerting init {file}
  enphase-exporter alerting test
"""
_NEXT_OF_SERVICE = """
Next steps:

  sudo systemctl enable --now enphase-exporter    # or: sudo systemctl restart enphase-exporter
  sudo enphase-exporter check

The rest of the way, one after the other (docs/raspberry-pi.md):

  sudo apt install prometheus prometheus-alertmanager
  sudo cp /usr/share/enphase-exporter/alertmanager/prometheus.yml /etc/prometheus/
  sudo enphase-exporter rules --output=/etc/prometheus/rules
  sudo enphase-exporter alerting init             # how Alertmanager reaches your phone
  sudo enphase-exporter alerting test             # lets it ring once

The status page is at http://localhost:10055.
"""


class InitDialogue:
    """One run of `init`; connection tests run on an event loop that stops during questions."""

    def __init__(self, options: InitOptions) -> None:
        self._options = options
        self._prompts = Prompter(vars(options))
        self._runner = asyncio.Runner()
        # one clock for all tests: it counts the attempts at an account
        self._clock = SystemClock()
        self._answers = Answers(state_dir=options.state_dir)
        self._output = _default_output()
        self._needs_token = True
        self._context: DiagnosisContext | None = None

    def __enter__(self) -> "InitDialogue":
        return self

    def __exit__(self, *error: object) -> None:
        """End what the connection tests have left running."""
        self._runner.close()

    def run(self) -> None:
        """Ask, test, write; raise ExporterError where it cannot continue."""
        if "--reserve" in self._prompts.given:
            self._answers.reserve = float(self._prompts.ask("--reserve", "", typed(Percent)))
        self._prompts.run(
            self._ask_host,
            self._ask_name,
            self._ask_login,
            self._ask_storage_mode,
            self._ask_output,
        )
        self._write()
        token = self._context.session.token if self._context else None
        if token and self._answers.username:
            # the cloud limits how often it issues tokens
            config = load(self._output, without_gateway(os.environ))
            save_token(config.state_dir, self._answers.name, token.value)
        service = self._output == SYSTEM_CONFIG_FILE
        flag = f"--config.file={shlex.quote(str(self._output))}"
        typer.echo(_NEXT_OF_SERVICE if service else _NEXT.format(file=flag))

    # --- questions ------------------------------------------------------------------------------

    def _ask_host(self) -> None:
        while True:
            self._answers.host = self._choose_host()
            if not self._options.test:
                self._needs_token = bool(self._login_option()) or not self._prompts.silent
                return
            failed, context = self._test(Gateway(host=self._answers.host), "firmware")
            if not failed:
                identity = context.session.identity
                self._needs_token = identity is not None and identity.wants_token
                return
            if not self._prompts.confirm("Try another address?", default=True):
                raise _gave_up(failed)
            self._prompts.drop("--host")

    def _choose_host(self) -> str:
        gateways = [] if "--host" in self._prompts.given else self._discover()
        return self._prompts.choose(
            "--host",
            "Gateway: number, name or address" if gateways else "Name or address of the gateway",
            {
                each.host: f"{each.host}  {each.name}, serial {each.serial or 'unknown'}"
                for each in gateways
            },
            default=gateways[0].host if gateways else None,
            accept=typed(Host),
        )

    def _discover(self) -> list[Announced]:
        typer.echo("Looking for gateways on the local network …")
        gateways: list[Announced] = []
        try:
            gateways = self._runner.run(discover(_LISTEN, self._options.interfaces or ()))
        except ExporterError as error:
            typer.echo(f"  {error}")
        if self._prompts.silent and len(gateways) != 1:
            raise ConfigError(
                f"{len(gateways) or 'no'} gateways were found: choose one with --host"
            )
        if not gateways:
            typer.echo("  None was found. Look for `envoy` in the router's list of devices.")
        return gateways

    def _ask_name(self) -> None:
        self._answers.name = self._prompts.ask(
            "--name", "Name of the gateway", typed(Name), default="home"
        )

    def _ask_login(self) -> None:
        """Choose a login that works, or one that the owner wants anyway."""
        answers = self._answers
        while True:
            answers.clear_login()
            if self._needs_token:
                self._choose_login()
            if not self._options.test:
                return
            gateway = {"host": answers.host, "name": answers.name, **answers.login()}
            failed, self._context = self._test(Gateway.model_validate(gateway), "token")
            if not failed:
                return
            login_failed = self._needs_token and any(each.step == "login" for each in failed)
            if login_failed and self._prompts.confirm("Try another login?", default=True):
                self._prompts.drop("--login", "--token-file", "--username", "--password-file")
            elif self._prompts.confirm("Write the configuration anyway?", default=False):
                return
            else:
                raise _gave_up(failed)

    def _login_option(self) -> str | None:
        """Return the type of login that the options speak for."""
        given = self._prompts.given
        if login := given.get("--login", "token-file" if "--token-file" in given else None):
            return login
        return "account" if {"--username", "--password-file"} & given.keys() else None

    def _choose_login(self) -> None:
        prompts, secrets = self._prompts, self._answers.secrets
        if login := self._login_option():
            prompts.given["--login"] = login
        elif prompts.silent:
            raise ConfigError(
                "this firmware needs a login: give --token-file, or --username and"
                " --password-file, or --login=token and the token on standard input"
            )
        else:
            typer.echo("This gateway needs a token. Choose where it comes from, or paste it here:")
        choice = prompts.choose("--login", "Login", _LOGINS, default="token", accept=_pasted_token)
        if choice == "token-file":
            choice = prompts.ask("--token-file", "File with the token", _token_or_file)
            if not is_token(choice):
                self._answers.files["token"] = Path(choice)
                return
        if choice != "account":
            secrets["token"] = prompts.secret("Token") if choice == "token" else choice
            return
        self._answers.username = prompts.ask(
            "--username", "User name (e-mail) of the Enphase account", not_empty
        )
        if path := prompts.given.get("--password-file"):
            read_secret(Path(path))
            self._answers.files["password"] = Path(path)
        else:
            secrets["password"] = prompts.secret("Password")

    def _ask_storage_mode(self) -> None:
        answers, context = self._answers, self._context
        identity = context.session.identity if context else None
        if identity:
            answers.identity = f"gateway {identity.serial}, firmware {identity.firmware}"
        answers.timezone = context.memory.timezone if context else None
        mode, answers.reserve_now = _storage_settings(context)
        asked = "--storage-mode" in self._prompts.given
        if not asked and (mode is None or self._prompts.silent):
            return
        chosen = self._prompts.choose(
            "--storage-mode",
            "Which storage mode do you want? An alert fires when it is another one",
            _MODES,
            default=mode if mode in _MODES else "none",
        )
        answers.storage_mode = None if chosen == "none" else chosen

    def _ask_output(self) -> None:
        self._output = self._prompts.path("Write the configuration to", str(_default_output()))

    # --- tests and files ------------------------------------------------------------------------

    def _test(self, gateway: Gateway, last: str) -> tuple[list[StepResult], DiagnosisContext]:
        """Run the diagnosis up to a step; return what failed of the needed steps."""
        context = DiagnosisContext(gateway, self._clock)

        async def results() -> AsyncIterator[StepResult]:
            try:
                async for result in run(context, up_to(last)):
                    # those of the identity were printed when the address was tested
                    new = last == "firmware" or result.step not in _IDENTITY
                    if new or result.status is StepStatus.FAILED:
                        yield result
            finally:
                await context.close()

        printed = self._runner.run(follow(console(), results()))
        failed = [each for each in printed if each.status is StepStatus.FAILED]
        return [each for each in failed if each.step in _NEEDED], context

    def _write(self) -> None:
        if self._output == SYSTEM_CONFIG_FILE:
            self._answers.copy_secrets()
        files = plan(self._answers, self._output)
        if not self._options.force:
            existing = [path for path in differing(files) if not has_only_comments(path)]
            self._prompts.confirm_overwriting(existing)
        write(files, os.environ)
        for path in files:
            typer.echo(f"Wrote {path}")


def _default_output() -> Path:
    """Return the file of the machine's service for somebody who may write it, or else one here."""
    if os.access(SYSTEM_CONFIG_FILE.parent, os.W_OK):
        return SYSTEM_CONFIG_FILE
    return Path(SYSTEM_CONFIG_FILE.name)


def _pasted_token(text: str) -> str:
    if is_token(text):
        return text
    raise ConfigError(f"choose one of {', '.join(_LOGINS)}, or paste a token")


def _token_or_file(text: str) -> str:
    """Return a token, or the path of a readable file."""
    if is_token(text):
        return text
    path = Path(text).expanduser()
    read_secret(path)
    return str(path)


def _gave_up(failed: Sequence[StepResult]) -> ConfigError:
    names = ", ".join(each.title for each in failed)
    return ConfigError(f"nothing was written, because this failed: {names}; --no-test skips tests")


def _storage_settings(context: DiagnosisContext | None) -> tuple[str | None, float | None]:
    """Return mode and reserve (percent) of the batteries; None without batteries."""
    readings = context.readings if context else {}
    if "battery_power" not in readings or "tariff" not in readings:
        return None, None
    settings = readings["tariff"].data["tariff"].storage_settings
    if settings is None:
        return None, None
    return getattr(settings.mode, "value", settings.mode), settings.reserved_soc
