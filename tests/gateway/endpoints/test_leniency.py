"""What embedded software prints as JSON is read as far as its meaning is plain."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import NotJsonError
from exporter.gateway.endpoints.leniency import loads, parse


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"a": nan, "b": -nan, "c": 1}', {"a": None, "b": None, "c": 1}),
        (b'{"a": inf, "b": -inf, "c": -Infinity}', {"a": None, "b": None, "c": None}),
        (b'{"a": 1.#QNAN, "b": -1.#INF}', {"a": None, "b": None}),
        (b'{"a": , "b": 2}', {"a": None, "b": 2}),
        (b'{"b": 2, "a": }', {"a": None, "b": 2}),
        (b'{"a": [1, 2,], "b": 3,}', {"a": [1, 2], "b": 3}),
        (b'{"a": True, "b": FALSE, "c": None}', {"a": True, "b": False, "c": None}),
        (b'{"a": 007, "b": +1.5, "c": -0012e2}', {"a": 7, "b": 1.5, "c": -1200.0}),
        (b'{"a": 1}\0\0', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}\r\n', {"a": 1}),
        (b'{"nan, ,]": "x: ,} \\" nan", "a": nan}', {"nan, ,]": 'x: ,} " nan', "a": None}),
    ],
)
def test_what_has_no_value_costs_only_itself(body: bytes, document: Any) -> None:
    """The rest of an answer is read as if nothing were wrong."""
    assert parse(body) == document


@pytest.mark.parametrize(
    "body",
    [b'{"a": 1', b'{"a": 0,817}', b'{"a": "x', b'{"a": 1} and more', b'{"a": 1 2}', b"\0", b'"\\'],
)
def test_what_can_mean_several_things_is_not_guessed(body: bytes) -> None:
    """An answer that is cut short, or has more than one document in it, is none."""
    with pytest.raises(NotJsonError):
        parse(body)


def test_a_text_too_long_for_any_answer_is_not_mended() -> None:
    """The event loop does not wait for it."""
    with pytest.raises(NotJsonError):
        parse(b'{"a": nan, "b": "' + b"x" * 600_000 + b'"}')


@given(st.text(alphabet='{}[]",:\\ nulaefi0123+-.#\n', max_size=60))
def test_whatever_is_sent_is_read_or_refused(text: str) -> None:
    """Nothing else comes of it."""
    with contextlib.suppress(ValueError, RecursionError):
        loads(text)
