"""The way through `init`: questions, trials between them, and at the end the files.

Trials run on an event loop that stands still while a question is open, so that Ctrl-C ends it at
once.
"""

import asyncio
import os
import shlex
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr, TypeAdapter, ValidationError

from exporter.cli.check_output import console, follow
from exporter.cli.init.files import Answers, in_the_way, own, plan, write
from exporter.cli.init.prompts import Questions
from exporter.clock import SystemClock
from exporter.config import Credentials, Gateway, load
from exporter.config.types import Percent, read_secret
from exporter.diagnostics import DiagnosisContext, StepResult, StepStatus, run, up_to
from exporter.diagnostics.saved_state import save_token
from exporter.discovery import Announced, discover
from exporter.errors import ConfigError, ExporterError

#: seconds to listen for gateways
_LISTEN = 2.0
#: a configuration makes no sense unless these went well
_NEEDED = tuple(step.key for step in up_to("features"))
_FIRST = tuple(step.key for step in up_to("firmware"))

_SNIPPET = """\
For Prometheus:

scrape_configs:
  - job_name: enphase
    scrape_interval: 15s
    static_configs:
      - targets: ["localhost:10055"]
"""


@dataclass(frozen=True)
class Flags:
    """What the command line says; None where it says nothing."""

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


@dataclass(frozen=True)
class _Login:
    """How to log in: what there is in files, and what has to go into some."""

    files: dict[str, Path]
    secrets: dict[str, str]
    username: str | None = None

    def credentials(self) -> Credentials:
        """Return what is to be tried."""
        held = {**{key: read_secret(path) for key, path in self.files.items()}, **self.secrets}
        return Credentials(held.get("token"), self.username, held.get("password"))


_NOTHING = _Login({}, {})


class Dialogue:
    """One run of `init`."""

    def __init__(self, flags: Flags) -> None:
        self._flags = flags
        self._ask = Questions(silent=flags.yes)
        self._runner = asyncio.Runner()
        self._screen = console()
        # one for all trials: attempts at an account are counted by it
        self._clock = SystemClock()

    def __enter__(self) -> "Dialogue":
        return self

    def __exit__(self, *error: object) -> None:
        """End what trials have left running."""
        self._runner.close()

    def run(self) -> None:
        """Ask, try, write; raise ExporterError where it cannot go on."""
        flags = self._flags
        reserve = _percent(flags.reserve)
        host, wants_token = self._gateway()
        name = self._ask.name(flags.name)
        login, context = self._let_in(host, name, wants_token)
        now = _storage(context)
        mode = None
        if now or flags.storage_mode:
            mode = self._ask.mode(flags.storage_mode, now.get("mode"))
        answers = Answers(
            host=host,
            name=name,
            files=login.files,
            secrets=login.secrets,
            username=login.username,
            storage_mode=mode,
            reserve=reserve,
            state_dir=flags.state_dir,
            found=_found(context),
            timezone=context.memory.timezone if context else None,
            reserve_now=now.get("reserve"),
        )
        output = self._ask.output(flags.output)
        self._write(answers, output)
        token = context.memory.token if context else None
        if token:
            save_token(load(output, own(os.environ)).state_dir, name, token)
        self._next(output)

    def _gateway(self) -> tuple[str, bool]:
        """Return the host, and whether a gateway is there that wants a token."""
        flag = self._flags.host
        while True:
            host = self._ask.host(flag, self._look_around)
            if not self._flags.test:
                return host, bool(self._given()) or not self._ask.silent
            results, context = self._try(Gateway(host=host), _FIRST)
            failed = [each for each in results if each.status is StepStatus.FAILED]
            if not failed:
                identity = context.session.identity
                return host, identity is not None and identity.wants_token
            if not self._ask.agree("Try another address?", default=True):
                raise _given_up(failed)
            flag = None

    def _look_around(self) -> list[Announced]:
        try:
            return self._runner.run(discover(_LISTEN, self._flags.interfaces))
        except ExporterError as error:
            typer.echo(f"  {error}")
            return []

    def _given(self) -> str | None:
        """Return the login that the flags speak of."""
        if self._flags.token_file:
            return "token-file"
        return "account" if self._flags.username or self._flags.password_file else None

    def _let_in(
        self, host: str, name: str, wants_token: bool
    ) -> tuple[_Login, DiagnosisContext | None]:
        """Return a login that works, or the last one that the owner wants nevertheless."""
        first = True
        while True:
            login = self._login(ask=not first) if wants_token else _NOTHING
            if not self._flags.test:
                return login, None
            held = login.credentials()
            gateway = Gateway(
                host=host,
                name=name,
                token=_hidden(held.token),
                username=_hidden(held.username),
                password=_hidden(held.password),
            )
            results, context = self._try(gateway, None)
            failed = [
                each
                for each in results
                if each.status is StepStatus.FAILED and each.step in _NEEDED
            ]
            if not failed:
                return login, context
            by_login = wants_token and any(each.step == "login" for each in failed)
            if by_login and self._ask.agree("Try another login?", default=True):
                first = False
                continue
            if self._ask.agree("Write the configuration nevertheless?", default=False):
                return login, context
            raise _given_up(failed)

    def _login(self, *, ask: bool) -> _Login:
        """Return how to log in; `ask` again whatever the flags message."""
        flags = self._flags
        way = self._ask.login(None, None) if ask else self._ask.login(flags.login, self._given())
        if way == "token-file":
            return _Login({"token": self._ask.file(None if ask else flags.token_file)}, {})
        if way == "token":
            return _Login({}, {"token": self._ask.secret("Token")})
        username = self._ask.username(None if ask else flags.username)
        if flags.password_file and not ask:
            read_secret(flags.password_file)
            return _Login({"password": flags.password_file}, {}, username)
        return _Login({}, {"password": self._ask.secret("Password")}, username)

    def _try(
        self, gateway: Gateway, only: Sequence[str] | None
    ) -> tuple[list[StepResult], DiagnosisContext]:
        """Show the steps of a diagnosis; without `only`, those after the first ones."""
        context = DiagnosisContext(gateway, self._clock)
        steps = up_to("firmware") if only else up_to("token")

        async def results() -> AsyncIterator[StepResult]:
            try:
                async for result in run(context, steps):
                    if only or result.step not in _FIRST or result.status is StepStatus.FAILED:
                        yield result
            finally:
                await context.close()

        return self._runner.run(follow(self._screen, results())), context

    def _write(self, answers: Answers, output: Path) -> None:
        files = plan(answers, output)
        there = in_the_way(files)
        if there and not self._flags.force:
            named = ", ".join(str(path) for path in there)
            if self._ask.silent:
                raise ConfigError(f"{named}: there already: --force overwrites it")
            if not self._ask.agree(f"Overwrite {named}?", default=False):
                raise ConfigError(f"nothing was written: {named} stays as it was")
        write(files, os.environ)
        for path in files:
            typer.echo(f"Wrote {path}")

    def _next(self, output: Path) -> None:
        file = f"--config.file={shlex.quote(str(output))}"
        typer.echo(f"\n{_SNIPPET}\nNext:\n")
        typer.echo(f"  enphase-exporter check {file}\n  enphase-exporter serve {file}")


def _given_up(failed: Sequence[StepResult]) -> ConfigError:
    told = ", ".join(each.title for each in failed)
    return ConfigError(f"nothing was written, as this failed: {told}; --no-test writes it untried")


def _percent(text: str | None) -> float | None:
    if text is None:
        return None
    adapter: TypeAdapter[float] = TypeAdapter(Percent)
    try:
        return adapter.validate_python(text)
    except ValidationError as error:
        message = error.errors(include_input=False)[0]["ctx"]["message"]
        raise ConfigError(f"--reserve: {message}") from None


def _hidden(text: str | None) -> SecretStr | None:
    return SecretStr(text) if text else None


def _found(context: DiagnosisContext | None) -> str:
    """Return what was met, for a comment."""
    identity = context.session.identity if context else None
    return f"gateway {identity.serial}, firmware {identity.firmware}" if identity else ""


def _storage(context: DiagnosisContext | None) -> dict[str, Any]:
    """Return mode and reserve (percent) of the batteries now; nothing where there are none."""
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
