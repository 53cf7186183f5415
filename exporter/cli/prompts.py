"""Questions on the terminal, for the guided commands `init` and `alerting init`.

A question is answered by an option of the command line or by the owner, and is repeated until the
answer is valid. Without a terminal user (`--yes`), a question takes its default, and one without a
default is an error. What is typed as a secret is never shown.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeVar

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.prompt import Confirm, InvalidResponse, PromptBase
from rich.text import Text, TextType

from exporter.cli.interrupts import raise_on_interrupt
from exporter.cli.typed_line import read_line
from exporter.errors import ConfigError, ExporterError

T = TypeVar("T")
Parse = Callable[[str], T]

_HELP = "Enter accepts the answer in brackets; `back` returns to the previous question."
_BACK = "back"
_TOKEN_PREFIX, _TOKEN_LENGTH = "eyJ", 40


class BackError(Exception):
    """The owner wants to return to the previous question."""


class Prompter:
    """Asks what the options of the command line do not answer, and counts the questions."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Prepare to ask; `options` are those of the command by name, None where not given."""
        raise_on_interrupt()
        #: answers by option, such as `--token-file`
        self.given = {
            f"--{name.replace('_', '-')}": str(value)
            for name, value in options.items()
            if isinstance(value, str | Path)
        }
        self.silent = bool(options.get("yes"))
        #: number of questions asked
        self.count = 0
        self.console = Console(file=sys.stdout, soft_wrap=True, highlight=False)

    def drop(self, *options: str) -> None:
        """Forget the values of these options: they were tried, and failed."""
        for option in options:
            self.given.pop(option, None)

    def ask(self, option: str, question: str, parse: Parse[T], default: str | None = None) -> T:
        """Return the parsed answer: of the option, or else of the owner."""
        given = self.given.get(option)
        if given is not None:
            try:
                return parse(given)
            except ConfigError as error:
                raise ConfigError(f"{option}: {error}") from None
        if not self.silent:
            return self._put(_Question(question, parse, default or "", self.console))
        if default is None:
            raise ConfigError(f"give {option}")
        return parse(default)

    def choose(
        self,
        option: str,
        question: str,
        choices: Mapping[str, str],
        default: str | None = None,
        accept: Parse[str] | None = None,
    ) -> str:
        """Return the key of a choice, typed as key or number; `accept` may take other answers."""
        keys = list(choices)
        if option not in self.given and not self.silent:
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

        return self.ask(option, question, parse, default)

    def secret(self, question: str) -> str:
        """Return a secret, typed without echo or read from standard input."""
        if not self.silent and sys.stdin.isatty():
            hidden = f"{question} (not shown)"
            return self._put(_Question(hidden, not_empty, "", self.console, password=True))
        text = sys.stdin.readline().strip()
        self.count += not self.silent
        if text == _BACK and not self.silent:
            raise BackError
        if not text:
            raise ConfigError(f"{question}: standard input is empty")
        return text

    def confirm(self, question: str, *, default: bool) -> bool:
        """Return whether the owner agrees; without one, no."""
        if self.silent:
            return False
        self.count += 1
        return _YesNo.ask(question, console=self.console, default=default)

    def path(self, question: str, default: str) -> Path:
        """Return where to write, by the option `--output` or as typed."""
        return self.ask("--output", question, lambda text: Path(text).expanduser(), default)

    def confirm_overwriting(self, paths: Sequence[Path]) -> None:
        """Raise ConfigError unless there are none of these files, or the owner gives them up."""
        names = ", ".join(map(str, paths))
        if paths and self.silent:
            raise ConfigError(f"{names}: exists already: --force overwrites it")
        if paths and not self.confirm(f"Overwrite {names}?", default=False):
            raise ConfigError(f"nothing was written: {names} is unchanged")

    def run(self, *steps: Callable[[], None]) -> None:
        """Run the steps in order; `back` returns to the last one that asked something."""
        if not self.silent:
            self.console.print(_HELP, markup=False, style="dim")
        asked: list[int] = []
        index = 0
        while index < len(steps):
            before = self.count
            try:
                steps[index]()
            except BackError:
                # back at a later question of a step starts that step again
                if self.count - before <= 1 and asked:
                    index = asked.pop()
                continue
            if self.count > before:
                asked.append(index)
            index += 1

    def _put(self, question: "_Question[T]") -> T:
        self.count += 1
        try:
            return question()
        except EOFError:
            raise ConfigError("standard input has ended: nothing was written") from None


class _Question(PromptBase[T]):
    """A question with a parser; its default is shown as what Enter does."""

    def __init__(
        self, text: str, parse: Parse[T], default: str, console: Console, *, password: bool = False
    ) -> None:
        super().__init__(text, console=console, password=password)
        self._parse, self._default = parse, default

    def make_prompt(self, default: Any) -> Text:
        hint = f" [Enter: {self._default}]" if self._default else ""
        return Text.assemble(self.prompt, (hint, "prompt.default"), self.prompt_suffix)

    @classmethod
    def get_input(
        cls, console: Console, prompt: TextType, password: bool, stream: TextIO | None = None
    ) -> str:
        """Read what is typed; a token that is pasted is never shown."""
        if password or not (sys.stdin.isatty() and console.is_terminal):
            return super().get_input(console, prompt, password, stream)
        return read_line(partial(console.print, prompt, end=""), _may_be_token)

    def process_response(self, value: str) -> T:
        text = value.strip() or self._default
        if is_token(text) and self.console.is_terminal and not self.password:
            self.console.print("(token received)", style="dim")
        if text.lower() == _BACK:
            raise BackError
        try:
            return self._parse(text)
        except ExporterError as error:
            raise InvalidResponse(Text(f"  {error}", "yellow")) from None


class _YesNo(Confirm):
    """Yes or no; its default is shown as what Enter does."""

    def render_default(self, default: Any) -> Text:
        return Text(f"[Enter: {'yes' if default else 'no'}]", "prompt.default")


def is_token(text: str) -> bool:
    """Return whether a text looks like a token of the Enphase cloud."""
    return text.startswith(_TOKEN_PREFIX) and len(text) >= _TOKEN_LENGTH and " " not in text


def _may_be_token(text: str) -> bool:
    return text.lstrip().startswith(_TOKEN_PREFIX)


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
