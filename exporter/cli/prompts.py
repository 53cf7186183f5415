"""Questions on the terminal, for the guided commands `init` and `alerting init`.

A question is answered by an option of the command line or by the owner, and is repeated until the
answer is valid. Without a terminal user (`--yes`), a question takes its default, and one without a
default is an error. What is typed as a secret is never shown.
"""

import getpass
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.prompt import Confirm, Prompt
from rich.text import Text

from exporter.errors import ConfigError, ExporterError

T = TypeVar("T")
Parse = Callable[[str], T]

_HELP = "Enter accepts the answer in brackets; `back` returns to the previous question."
_BACK = "back"
_TOKEN_PREFIX, _TOKEN_LENGTH = "eyJ", 40


class BackError(Exception):
    """The owner wants to return to the previous question."""


class Prompter:
    """Asks questions and counts them."""

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent
        #: number of questions printed
        self.count = 0
        self.console = Console(file=sys.stdout, soft_wrap=True, highlight=False)

    def help(self) -> None:
        """Print how to answer, unless nothing is asked."""
        if not self.silent:
            self.console.print(_HELP, markup=False, style="dim")

    def ask(
        self,
        question: str,
        parse: Parse[T],
        *,
        option: str,
        given: str | None = None,
        default: str | None = None,
    ) -> T:
        """Return the parsed answer; `given` is the value of the `option`, if there is one."""
        if given is not None:
            try:
                return parse(given)
            except ConfigError as error:
                raise ConfigError(f"{option}: {error}") from None
        if self.silent:
            if default is None:
                raise ConfigError(f"give {option}")
            return parse(default)
        return self._repeat(lambda: self._read(question, default), parse)

    def choose(
        self,
        question: str,
        choices: Mapping[str, str],
        *,
        option: str,
        given: str | None = None,
        default: str | None = None,
        accept: Parse[str] | None = None,
    ) -> str:
        """Return the key of a choice, typed as key or number; `accept` may take other answers."""
        keys = list(choices)
        if given is None and not self.silent:
            for number, description in enumerate(choices.values(), 1):
                self.console.print(f"  {number}) {description}", markup=False)

        def parse(text: str) -> str:
            if text in choices:
                return text
            if text.isdecimal() and 0 < int(text) <= len(keys):
                return keys[int(text) - 1]
            if accept is not None:
                return accept(text)
            raise ConfigError(f"choose one of {', '.join(keys)}, or a number up to {len(keys)}")

        return self.ask(question, parse, option=option, given=given, default=default)

    def secret(self, question: str) -> str:
        """Return a secret, typed without echo or read from standard input."""
        if self.silent or not sys.stdin.isatty():
            text = sys.stdin.readline().strip()
            self.count += not self.silent
            if text == _BACK and not self.silent:
                raise BackError
            if not text:
                raise ConfigError(f"{question}: standard input is empty")
            return text

        def read() -> str:
            self.count += 1
            return getpass.getpass(f"{question} (not shown): ").strip()

        return self._repeat(read, not_empty)

    def confirm(self, question: str, *, default: bool) -> bool:
        """Return whether the owner agrees; without one, no."""
        if self.silent:
            return False
        self.count += 1
        return _YesNo.ask(question, console=self.console, default=default)

    def path(self, question: str, *, given: Path | None, default: str) -> Path:
        """Return where to write, by the option `--output` or as typed."""
        return self.ask(
            question,
            lambda text: Path(text).expanduser(),
            option="--output",
            given=str(given) if given else None,
            default=default,
        )

    def confirm_overwriting(self, paths: Sequence[Path]) -> None:
        """Raise ConfigError unless there are none of these files, or the owner gives them up."""
        names = ", ".join(map(str, paths))
        if paths and self.silent:
            raise ConfigError(f"{names}: exists already: --force overwrites it")
        if paths and not self.confirm(f"Overwrite {names}?", default=False):
            raise ConfigError(f"nothing was written: {names} is unchanged")

    def _repeat(self, read: Callable[[], str], parse: Parse[T]) -> T:
        while True:
            text = read()
            if text.lower() == _BACK:
                raise BackError
            try:
                return parse(text)
            except ExporterError as error:
                self.console.print(f"  {error}", markup=False, style="yellow")

    def _read(self, question: str, default: str | None) -> str:
        self.count += 1
        try:
            answer = _Line.ask(question, console=self.console, default=default or "")
        except EOFError:
            raise ConfigError("standard input has ended: nothing was written") from None
        if is_token(answer) and self.console.is_terminal:
            self._erase(len(question) + len(answer))
        return answer.strip()

    def _erase(self, length: int) -> None:
        """Remove a pasted token from the screen."""
        lines = length // shutil.get_terminal_size().columns + 1
        self.console.file.write("\x1b[F\x1b[K" * lines)
        self.console.print("(token received)", style="dim")


class _Line(Prompt):
    """A line of text; its default is shown as what Enter does."""

    def render_default(self, default: Any) -> Text:
        return Text(f"[Enter: {default}]" if default else "", "prompt.default")


class _YesNo(Confirm):
    """Yes or no; its default is shown as what Enter does."""

    def render_default(self, default: Any) -> Text:
        return Text(f"[Enter: {'yes' if default else 'no'}]", "prompt.default")


def is_token(text: str) -> bool:
    """Return whether a text looks like a token of the Enphase cloud."""
    return text.startswith(_TOKEN_PREFIX) and len(text) >= _TOKEN_LENGTH and " " not in text


def not_empty(text: str) -> str:
    """Return the text; raise ConfigError for an empty one."""
    if not text:
        raise ConfigError("an answer is needed")
    return text


def typed(kind: Any) -> Parse[str]:
    """Return a parser for a type of the configuration."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def parse(text: str) -> str:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            raise ConfigError(first.get("ctx", {}).get("message", first["msg"])) from None

    return parse


def run_steps(prompter: Prompter, steps: Sequence[Callable[[], None]]) -> None:
    """Run the steps in order; `back` returns to the last one that asked something."""
    asked: list[int] = []
    index = 0
    while index < len(steps):
        before = prompter.count
        try:
            steps[index]()
        except BackError:
            # back at a later question of a step starts that step again
            if prompter.count - before <= 1 and asked:
                index = asked.pop()
            continue
        if prompter.count > before:
            asked.append(index)
        index += 1
