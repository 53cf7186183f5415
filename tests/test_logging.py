"""What a log line looks like, and what is never in one."""

import ast
import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import logging as exporter_logging
from exporter.logging import Format, hide_secret, mask, setup_logging
from tests.conftest import ROOT

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiIxMjIifQ.c2lnbmF0dXJl-_"
log = logging.getLogger("exporter.test")


def written(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that was logged, without its time."""
    (line,) = capsys.readouterr().err.splitlines()
    return line.partition(" ")[2]


def test_logfmt(capsys: pytest.CaptureFixture[str]) -> None:
    """A line is key=value, quoted where needed; what is passed as extra becomes fields."""
    setup_logging()
    log.info("logged %s", "in", extra={"gateway": "home", "took": 1.5, "cached": True, "x": ""})
    assert written(capsys) == (
        'level=info logger=exporter.test msg="logged in" gateway=home took=1.5 cached=true x=""'
    )


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same fields as JSON; what JSON has no number for is text."""
    setup_logging("info", "json")
    log.warning("a\nb", extra={"gateway": "hömé", "took": 1.5, "nan": float("nan")})
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    fields = json.loads(line)
    assert fields.pop("time").endswith("Z")
    assert fields == {
        "level": "warn",
        "logger": "exporter.test",
        "msg": "a\nb",
        "gateway": "hömé",
        "took": 1.5,
        "nan": "nan",
    }


@pytest.mark.parametrize("fmt", ["logfmt", "json"])
@given(message=st.text(), value=st.text())
def test_every_record_is_one_printable_line(fmt: Format, message: str, value: str) -> None:
    """No text that a gateway or a user sends can forge a line or steer a terminal."""
    record = logging.makeLogRecord({"msg": message, "levelno": 20, "extra": value})
    setup_logging("info", fmt)
    handler = logging.getLogger().handlers[-1]
    assert handler.format(record).isprintable()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"token {JWT} refused", "token *** refused"),
        (f"token='{JWT[:-9]}", "token='***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("{'Authorization': 'Basic dXNlcjpwdw=='}", "{'Authorization': 'Basic ***'}"),
        ("Cookie: sessionId=ab12; path=/", "Cookie: sessionId=***; path=/"),
        ('{"session_id": "ab12", "a": 1}', '{"session_id": "***", "a": 1}'),
        ("https://me:pw@envoy.local/home", "https://***@envoy.local/home"),
        ("https://envoy.local/home@2x", "https://envoy.local/home@2x"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, masked: str) -> None:
    """Tokens, sessions and credentials in URLs are recognised by their shape."""
    assert mask(text) == masked


def test_hidden_secrets_are_masked_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    """A secret that was registered is in no field, as it is or quoted for a URL."""
    setup_logging("debug")
    hide_secret('p w"&ö')
    try:
        raise ValueError('p w"&ö is wrong')
    except ValueError:
        log.exception('p w"&ö', extra={"a": {"k": 'p w"&ö'}, "b": "p%20w%22%26%C3%B6"})
    line = written(capsys)
    assert "p w" not in line
    assert "p%20w" not in line
    assert line.startswith("level=error logger=exporter.test msg=*** a=\"{'k': '***'}\" b=***")


def test_tokens_of_years_are_masked_and_not_remembered() -> None:
    """A thousand gateways get tokens twice a day: each is masked, and its memory is freed."""
    for number in range(100):
        token = f"{JWT}{number:03}"
        hide_secret(token)
        assert mask(f"x%3D{token}&user_{token}") == "x%3D***&user_***"
    assert exporter_logging._hidden == {}


def test_secrets_and_tokens_inside_each_other() -> None:
    """Whichever is part of the other, nothing of either is left over."""
    hide_secret("c2ln")
    hide_secret(f"pass-{JWT} word")
    assert mask(f"<{JWT}> <pass-{JWT} word>") == "<***> <***>"


def test_short_secrets_are_masked_as_words() -> None:
    """A very short secret is hidden without making everything else unreadable."""
    hide_secret("q7")
    assert mask("password q7 in q7q7q7") == "password *** in q7q7q7"


@pytest.mark.parametrize("logger", ["exporter.gateway", "aiohttp.server"])
def test_fixed_texts_stay_readable(logger: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A password that is a word is masked in what comes from elsewhere, not in our own words."""
    hide_secret("bad")
    setup_logging()
    logging.getLogger(logger).warning("a bad answer: %s, %d times", "it is bad", 3)
    fixed = "bad" if logger.startswith("exporter") else "***"
    assert f"a {fixed} answer: it is ***, 3 times" in capsys.readouterr().err


def test_messages_of_our_own_are_fixed() -> None:
    """What is logged is a constant with arguments, which are masked."""
    names = {"debug", "info", "warning", "error", "exception", "critical", "log"}
    variable = [
        f"{path}:{call.lineno}"
        for path in (ROOT / "exporter").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in names
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
        and not isinstance(call.args[call.func.attr == "log"], (ast.Constant, ast.Starred))
    ]
    assert variable == []


def test_errors_have_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """A bug in the field can be reported from the log as it is: in one line, and masked."""
    hide_secret("canary-password")
    for level in ("error", "info"):
        setup_logging(level)
        try:
            raise ValueError("canary-password")
        except ValueError:
            log.exception("failed")
    for line in capsys.readouterr().err.splitlines():
        assert 'msg=failed error="ValueError: ***"' in line
        assert 'traceback="Traceback (most recent call last):\\n' in line
        assert "test_logging.py" in line
        assert "canary-password" not in line


def test_warnings_have_a_traceback_at_debug_only(capsys: pytest.CaptureFixture[str]) -> None:
    """An expected failure is one short line."""
    for level in ("info", "debug"):
        setup_logging(level)
        try:
            raise ValueError("boom")
        except ValueError:
            log.warning("failed", exc_info=True)
    plain, debug = capsys.readouterr().err.splitlines()
    assert plain.endswith('msg=failed error="ValueError: boom"')
    assert "traceback=" in debug


def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    """Libraries are quiet, and pyenphase never gets to print whole answers."""
    for level, expected in [
        ("error", ["exporter-error", "aiohttp-error", "pyenphase-error"]),
        ("info", ["exporter-info", "exporter-error", "aiohttp-error", "pyenphase-error"]),
        (
            "debug",
            [
                *("exporter-debug", "exporter-info", "exporter-error"),
                *("aiohttp-debug", "aiohttp-info", "aiohttp-error"),
                *("pyenphase-info", "pyenphase-error"),
            ],
        ),
    ]:
        setup_logging(level)  # type: ignore[arg-type]
        for name in ("exporter", "aiohttp", "pyenphase"):
            for at in ("debug", "info", "error"):
                getattr(logging.getLogger(f"{name}.x"), at)("%s-%s", name, at)
        lines = capsys.readouterr().err.splitlines()
        assert [line.partition("msg=")[2] for line in lines] == expected


def test_warnings_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning of a library is a line like any other, not text across several."""
    setup_logging()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", stacklevel=1)
    assert written(capsys).startswith("level=warn logger=py.warnings")


def test_wrong_format_strings_cost_nothing() -> None:
    """A mistake in a log call does not lose its message."""
    setup_logging()
    record = logging.makeLogRecord({"msg": "%d devices", "levelno": 20, "args": ("seven",)})
    line = logging.getLogger().handlers[-1].format(record)
    assert line.endswith("""msg="%d devices ('seven',)\"""")


def test_lost_stderr_is_no_error() -> None:
    """With nobody listening the exporter works on."""
    script = (
        "import logging; from exporter.logging import setup_logging; setup_logging();"
        "logging.getLogger('exporter').info('into the void'); print('alive')"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, stderr=full
        )
    assert done.stdout == b"alive\n"
