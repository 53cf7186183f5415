"""What becomes of errors that commands raise."""

import sys
import types
from collections.abc import Callable

import pytest

from exporter.cli import dispatch
from exporter.cli.options import LogLevel
from exporter.errors import ConfigError, ListenError
from exporter.logging import hide_secret

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiIxMjIifQ.c2ln"

Fail = Callable[[BaseException], None]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Return a function that makes the command `trial` raise."""

    def fail(error: BaseException) -> None:
        def command(*, log_level: LogLevel = None) -> None:
            raise error

        module = types.ModuleType("exporter.cli.trial")
        vars(module)["command"] = command
        monkeypatch.setitem(sys.modules, "exporter.cli.trial", module)
        monkeypatch.setattr(dispatch, "_COMMANDS", ("trial",))

    return fail


def test_our_errors_are_lines(fail: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    """An error meant for the owner is printed as it is, line by line, without a secret."""
    fail(ConfigError(f"a: one\nb: {JWT}"))
    assert dispatch.run(["trial"]) == 1
    assert capsys.readouterr().err == (
        "enphase-exporter: error: a: one\nenphase-exporter: error: b: ***\n"
    )


def test_words_of_our_errors_are_no_secrets(fail: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    """A password that is a word hides nothing of our texts; where values stand, it is hidden."""
    hide_secret("bad")
    hide_secret("xylophone")
    fail(ConfigError("bad answer: user 'bad', host=bad, https://bad@a, xylophone xylophones"))
    assert dispatch.run(["trial"]) == 1
    assert capsys.readouterr().err == (
        "enphase-exporter: error: bad answer: user '***', host=***, https://***@a, *** ***s\n"
    )


def test_groups_are_taken_apart(fail: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception group is reported like its members."""
    fail(BaseExceptionGroup("x", [ExceptionGroup("y", [ListenError("one")]), ConfigError("two")]))
    assert dispatch.run(["trial"]) == 1
    assert capsys.readouterr().err == (
        "enphase-exporter: error: one\nenphase-exporter: error: two\n"
    )


def test_unexpected_errors_are_one_line(fail: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    """A bug is one line that explains how to learn more, without a secret."""
    fail(RuntimeError(f"bad\n{JWT}"))
    assert dispatch.run(["trial", "--log.level=info"]) == 1
    assert capsys.readouterr().err == (
        "enphase-exporter: error: RuntimeError: bad ***; this is a bug: please report it with the"
        " output of --log.level=debug\n"
    )


@pytest.mark.parametrize("flag", [["--log.level=debug"], ["--log.level", "debug"]])
def test_debug_shows_where(fail: Fail, flag: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Only at debug is there a traceback, still without a secret."""
    fail(RuntimeError(JWT))
    assert dispatch.run(["trial", *flag]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Traceback (most recent call last):\n")
    assert error.endswith("\nenphase-exporter: error: RuntimeError: ***\n")
    assert JWT not in error


def test_interrupt_is_quiet(fail: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a command with 130 and no output."""
    fail(KeyboardInterrupt())
    assert dispatch.run(["trial"]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("code", "status"), [(None, 0), (0, 0), (3, 3), ("why", 1)])
def test_exits_keep_their_status(fail: Fail, code: str | int | None, status: int) -> None:
    """A command may end with a status of its own."""
    fail(SystemExit(code))
    assert dispatch.run(["trial"]) == status


def test_a_file_without_its_option_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """Where a command has no place for a file, the option for it is named."""
    assert dispatch.run(["check", "--json", "my home.yml"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == (
        "A configuration is named with -c: enphase-exporter check --json -c 'my home.yml'"
    )
