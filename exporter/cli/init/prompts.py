"""The questions of `init`, each answered by a flag or by the owner, and asked until it fits.

With `--yes` nothing is asked: what no flag says takes its default, and what has none is an error.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from exporter.config.types import Host, Name, read_secret
from exporter.discovery import Announced
from exporter.errors import ConfigError

#: the ways to log in, as `--login` has them
LOGINS = {
    "token-file": "a file that holds a token",
    "token": "paste a token, got at https://entrez.enphaseenergy.com",
    "account": "user name and password of the Enphase account: tokens renew themselves",
}
MODES = ("backup", "self-consumption", "economy")
NO_MODE = "none"


class Questions:
    """Asks, or does not."""

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent

    def agree(self, question: str, *, default: bool) -> bool:
        """Return whether the owner says yes; nobody there says no."""
        return not self.silent and typer.confirm(question, default=default)

    def host(self, flag: str | None, find: Callable[[], Sequence[Announced]]) -> str:
        """Return which gateway; looks for those on the network when no flag says it."""
        if flag is not None:
            return _checked("--host", _HOST, flag)
        typer.echo("Looking for gateways on the local network …")
        found = find()
        for number, each in enumerate(found, 1):
            typer.echo(f"  {number}) {each.host}  {each.name}, serial {each.serial or 'unknown'}")
        if not found:
            typer.echo("  None was heard; its name or address does as well.")
        if self.silent:
            if len(found) == 1:
                return found[0].host
            raise ConfigError(
                f"{len(found) or 'no'} gateways were heard: say which one is meant with --host"
            )
        choices = {str(number): each.host for number, each in enumerate(found, 1)}

        def fit(text: str) -> str:
            return choices.get(text) or _HOST(text)

        words = "Which gateway? Number, name or address" if found else "Name or address"
        return str(self._ask(words, fit, default="1" if found else None))

    def name(self, flag: str | None) -> str:
        """Return how to call it."""
        if flag is not None:
            return _checked("--name", _NAME, flag)
        if self.silent:
            return "home"
        return str(self._ask("What do you call it?", _NAME, default="home"))

    def login(self, flag: str | None, given: str | None) -> str:
        """Return the way to log in; `given` is what other flags speak for."""
        chosen = flag or given
        if chosen:
            return chosen
        if self.silent:
            raise ConfigError(
                "this firmware wants a login: give --token-file, or --username and"
                " --password-file, or --login=token and the token on standard input"
            )
        typer.echo("This gateway wants a token. Where does it come from?")
        ways = list(LOGINS)
        for number, way in enumerate(ways, 1):
            typer.echo(f"  {number}) {LOGINS[way]}")

        def fit(text: str) -> str:
            if text.isdecimal() and 0 < int(text) <= len(ways):
                return ways[int(text) - 1]
            if text in ways:
                return text
            raise ConfigError(f"write a number from 1 to {len(ways)}")

        return str(self._ask("Number", fit, default="1"))

    def file(self, flag: Path | None) -> Path:
        """Return the file with the token."""
        if flag is not None or self.silent:
            path = flag or Path()
            read_secret(path)
            return path

        def fit(text: str) -> Path:
            path = Path(text).expanduser()
            read_secret(path)
            return path

        return Path(self._ask("File with the token", fit))

    def username(self, flag: str | None) -> str:
        """Return the user name of the account."""
        if flag is None and self.silent:
            raise ConfigError("--login=account needs --username")
        return flag or str(self._ask("User name (e-mail) of the Enphase account", _filled))

    def secret(self, what: str) -> str:
        """Return a secret, typed unseen or read from standard input; never from a flag."""
        if self.silent or not sys.stdin.isatty():
            text = sys.stdin.readline().strip()
            if not text:
                raise ConfigError(f"{what}: standard input holds none")
            return text
        return str(self._ask(f"{what} (not shown)", _filled, hide_input=True))

    def mode(self, flag: str | None, now: str | None) -> str | None:
        """Return the wanted storage mode; by default the one it has now, None for no wish."""
        chosen = flag
        if chosen is None:
            if self.silent:
                return None
            known = now if now in MODES else NO_MODE
            chosen = str(
                self._ask(
                    f"Which storage mode do you want ({', '.join(MODES)} or {NO_MODE})?",
                    _mode,
                    default=known,
                )
            )
        return None if chosen == NO_MODE else chosen

    def output(self, flag: Path | None) -> Path:
        """Return where to write."""
        default = Path("enphase-exporter.yml")
        if flag is not None or self.silent:
            return flag or default
        words = "Where to write the configuration?"
        return Path(self._ask(words, lambda text: Path(text).expanduser(), default=str(default)))

    def _ask(self, question: str, fit: Callable[[str], Any], **options: Any) -> Any:
        """Ask until the answer fits."""
        while True:
            text = typer.prompt(question, **options)
            try:
                return fit(str(text).strip())
            except ConfigError as error:
                typer.echo(f"  {error}")


def _fits(kind: Any) -> Callable[[str], str]:
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def fit(text: str) -> str:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            told = error.errors(include_input=False)[0]
            raise ConfigError(told.get("ctx", {}).get("message", told["msg"])) from None

    return fit


_HOST, _NAME = _fits(Host), _fits(Name)


def _checked(flag: str, fit: Callable[[str], str], text: str) -> str:
    try:
        return fit(text)
    except ConfigError as error:
        raise ConfigError(f"{flag}: {error}") from None


def _filled(text: str) -> str:
    if not text:
        raise ConfigError("it is empty")
    return text


def _mode(text: str) -> str:
    if text not in (*MODES, NO_MODE):
        raise ConfigError(f"write one of {', '.join((*MODES, NO_MODE))}")
    return text
