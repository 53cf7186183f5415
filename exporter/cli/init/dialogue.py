"""The dialogue of `init`: questions, connection tests between them, and the files at the end."""

import asyncio
import os
import shlex
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from exporter.cli.atomic_files import differing
from exporter.cli.check_output import console, follow
from exporter.cli.init.files import Answers, plan, without_gateway, write
from exporter.cli.prompts import Prompter, is_token, not_empty, run_steps, typed
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

For Prometheus:

scrape_configs:
  - job_name: enphase
    scrape_interval: 15s
    static_configs:
      - targets: ["localhost:10055"]

Then the alert rules (`enphase-exporter rules`), a receiver for your phone (`enphase-exporter
alerting init`), and a service that starts the exporter at boot (deploy/systemd/README.md).
"""
_NEXT_OF_SERVICE = """
Next steps:

  sudo systemctl enable --now enphase-exporter    # or: sudo systemctl restart enphase-exporter
  sudo enphase-exporter check
  sudo enphase-exporter alerting init             # lets your phone ring

The status page is at http://localhost:10055. Prometheus, Alertmanager and the alert rules:
docs/raspberry-pi.md.
"""


@dataclass(frozen=True)
class InitOptions:
    """The options of the command line; None where not given."""

    host: str | None
    name: str | None
    login: str | None
    token_file: Path | None
    username: str | None
    password_file: Path | None
    storage_mode: str | None
    reserve: str | None
    state_dir: Path | None
    output: Path | None
    interfaces: Sequence[str]
    yes: bool
    force: bool
    test: bool


class InitDialogue:
    """One run of `init`; connection tests run on an event loop that stops during questions."""

    def __init__(self, options: InitOptions) -> None:
        self._options = options
        self._prompts = Prompter(silent=options.yes)
        self._runner = asyncio.Runner()
        self._screen = console()
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
        if self._options.reserve is not None:
            try:
                self._answers.reserve = float(typed(Percent)(self._options.reserve))
            except ConfigError as error:
                raise ConfigError(f"--reserve: {error}") from None
        self._prompts.help()
        run_steps(
            self._prompts,
            (
                self._ask_host,
                self._ask_name,
                self._ask_login,
                self._ask_storage_mode,
                self._ask_output,
            ),
        )
        self._write()
        token = self._context.session.token if self._context else None
        if token and self._answers.username:
            # the cloud limits how often it issues tokens
            config = load(self._output, without_gateway(os.environ))
            save_token(config.state_dir, self._answers.name, token.value)
        if self._output == SYSTEM_CONFIG_FILE:
            typer.echo(_NEXT_OF_SERVICE)
        else:
            typer.echo(_NEXT.format(file=f"--config.file={shlex.quote(str(self._output))}"))

    # --- questions ------------------------------------------------------------------------------

    def _ask_host(self) -> None:
        given = self._options.host
        while True:
            self._answers.host = host = self._host(given)
            if not self._options.test:
                self._needs_token = bool(self._login_option()) or not self._prompts.silent
                return
            results, context = self._test(Gateway(host=host), identity_only=True)
            failed = [each for each in results if each.status is StepStatus.FAILED]
            if not failed:
                identity = context.session.identity
                self._needs_token = identity is not None and identity.wants_token
                return
            if not self._prompts.confirm("Try another address?", default=True):
                raise _gave_up(failed)
            given = None

    def _host(self, given: str | None) -> str:
        parse = typed(Host)
        if given is not None:
            return self._prompts.ask("", parse, option="--host", given=given)
        typer.echo("Looking for gateways on the local network …")
        gateways = self._discover()
        if self._prompts.silent and len(gateways) != 1:
            raise ConfigError(
                f"{len(gateways) or 'no'} gateways were found: choose one with --host"
            )
        if not gateways:
            typer.echo("  None was found. Look for `envoy` in the router's list of devices.")
        choices = {
            each.host: f"{each.host}  {each.name}, serial {each.serial or 'unknown'}"
            for each in gateways
        }
        return self._prompts.choose(
            "Gateway: number, name or address" if gateways else "Name or address of the gateway",
            choices,
            option="--host",
            default=gateways[0].host if gateways else None,
            accept=parse,
        )

    def _discover(self) -> list[Announced]:
        try:
            return self._runner.run(discover(_LISTEN, self._options.interfaces))
        except ExporterError as error:
            typer.echo(f"  {error}")
            return []

    def _ask_name(self) -> None:
        self._answers.name = self._prompts.ask(
            "Name of the gateway",
            typed(Name),
            option="--name",
            given=self._options.name,
            default="home",
        )

    def _ask_login(self) -> None:
        """Choose a login that works, or one that the owner wants anyway."""
        use_options = True
        while True:
            self._answers.clear_login()
            if self._needs_token:
                self._choose_login(use_options=use_options)
            if not self._options.test:
                return
            failed = self._test_login()
            if not failed:
                return
            login_failed = self._needs_token and any(each.step == "login" for each in failed)
            if login_failed and self._prompts.confirm("Try another login?", default=True):
                use_options = False
                continue
            if self._prompts.confirm("Write the configuration anyway?", default=False):
                return
            raise _gave_up(failed)

    def _test_login(self) -> list[StepResult]:
        """Return the needed steps that failed with this login."""
        gateway = Gateway.model_validate(
            {"host": self._answers.host, "name": self._answers.name, **self._answers.login()}
        )
        results, self._context = self._test(gateway, identity_only=False)
        return [
            each for each in results if each.status is StepStatus.FAILED and each.step in _NEEDED
        ]

    def _login_option(self) -> str | None:
        """Return the type of login that the options speak for."""
        options = self._options
        if options.login:
            return options.login
        if options.token_file:
            return "token-file"
        return "account" if options.username or options.password_file else None

    def _choose_login(self, *, use_options: bool) -> None:
        answers = self._answers
        options = self._options if use_options else None
        given = self._login_option() if options else None
        if given is None and self._prompts.silent:
            raise ConfigError(
                "this firmware needs a login: give --token-file, or --username and"
                " --password-file, or --login=token and the token on standard input"
            )
        if given is None:
            typer.echo("This gateway needs a token. Choose where it comes from, or paste it here:")
        choice = self._prompts.choose(
            "Login", _LOGINS, option="--login", given=given, default="token", accept=_pasted_token
        )
        if is_token(choice):
            answers.secrets["token"] = choice
        elif choice == "token":
            answers.secrets["token"] = self._prompts.secret("Token")
        elif choice == "token-file":
            text = self._prompts.ask(
                "File with the token",
                _token_or_file,
                option="--token-file",
                given=str(options.token_file) if options and options.token_file else None,
            )
            if is_token(text):
                answers.secrets["token"] = text
            else:
                answers.files["token"] = Path(text)
        else:
            answers.username = self._prompts.ask(
                "User name (e-mail) of the Enphase account",
                not_empty,
                option="--username",
                given=options.username if options else None,
            )
            if options and options.password_file:
                read_secret(options.password_file)
                answers.files["password"] = options.password_file
            else:
                answers.secrets["password"] = self._prompts.secret("Password")

    def _ask_storage_mode(self) -> None:
        answers, context = self._answers, self._context
        identity = context.session.identity if context else None
        if identity:
            answers.identity = f"gateway {identity.serial}, firmware {identity.firmware}"
        answers.timezone = context.memory.timezone if context else None
        current = _storage_settings(context)
        answers.reserve_now = current.get("reserve")
        given = self._options.storage_mode
        if given is None and (not current or self._prompts.silent):
            return
        mode = self._prompts.choose(
            "Which storage mode do you want? An alert fires when it is another one",
            _MODES,
            option="--storage-mode",
            given=given,
            default=current.get("mode") if current.get("mode") in _MODES else "none",
        )
        answers.storage_mode = None if mode == "none" else mode

    def _ask_output(self) -> None:
        self._output = self._prompts.path(
            "Write the configuration to",
            given=self._options.output,
            default=str(_default_output()),
        )

    # --- tests and files ------------------------------------------------------------------------

    def _test(
        self, gateway: Gateway, *, identity_only: bool
    ) -> tuple[list[StepResult], DiagnosisContext]:
        """Run and print the steps of a diagnosis: those of the identity, or those after it."""
        context = DiagnosisContext(gateway, self._clock)
        steps = up_to("firmware") if identity_only else up_to("token")

        async def results() -> AsyncIterator[StepResult]:
            try:
                async for result in run(context, steps):
                    printed_before = not identity_only and result.step in _IDENTITY
                    if not printed_before or result.status is StepStatus.FAILED:
                        yield result
            finally:
                await context.close()

        return self._runner.run(follow(self._screen, results())), context

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


def _storage_settings(context: DiagnosisContext | None) -> dict[str, Any]:
    """Return mode and reserve (percent) of the batteries; nothing without batteries."""
    if (
        context is None
        or "battery_power" not in context.readings
        or "tariff" not in context.readings
    ):
        return {}
    settings = context.readings["tariff"].data["tariff"].storage_settings
    if settings is None:
        return {}
    mode = settings.mode
    return {"mode": getattr(mode, "value", mode), "reserve": settings.reserved_soc}
