"""No form of a secret survives in what a gateway sends, and nothing else is changed."""

import json
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exporter.gateway.secrets import SecretFilter
from exporter.simulator import tokens

SECRET = 'pa"ss/wörd \\ 42'
TOKEN = tokens.make("202499000001", now=1_700_000_000.0)


def filtered(*secrets: str) -> SecretFilter:
    """Return a filter that knows these."""
    secret_filter = SecretFilter()
    secret_filter.add(*secrets)
    return secret_filter


def test_every_way_to_write_a_secret() -> None:
    """As it is, in JSON, with letters as numbers, in a URL."""
    forms = [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(SECRET, ensure_ascii=False).replace("/", "\\/"),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
    ]
    for form in forms:
        cleaned = filtered(SECRET).clean(f'{{"a": 1, "b": {form}}}'.encode())
        assert b"ss" not in cleaned.replace(b"***", b"")
        assert b'"a": 1' in cleaned
    numbered = "".join(f"\\u{ord(letter):04x}" for letter in "canary-password")
    assert filtered("canary-password").clean(f'["{numbered}"]'.encode()) == b'["***"]'


def test_a_token_is_masked_by_its_looks() -> None:
    """Also one that is not ours, wherever it stands."""
    assert SecretFilter().clean(f'{{"x":"id{TOKEN}"}}'.encode()) == b'{"x":"id***"}'


@pytest.mark.parametrize(
    ("body", "cleaned"),
    [
        (b'{"serial": "122012123456", "watts": 123456, "a": 1234567}', None),
        (b'{"password": "123456"}', b'{"password": "***"}'),
    ],
)
def test_a_password_of_digits_is_not_looked_for_in_numbers(
    body: bytes, cleaned: bytes | None
) -> None:
    """The local password of old firmware is the end of the serial number, which must stay."""
    assert filtered("123456").clean(body) == (cleaned or body)


@given(st.recursive(st.none() | st.booleans() | st.text() | st.floats(allow_nan=False), st.lists))
def test_what_holds_no_secret_is_the_same_object(document: object) -> None:
    """Bodies are compared by identity, so that unchanged ones are not parsed again."""
    body = json.dumps(document).encode()
    assume(b"eyJ" not in body)
    assert filtered("canary-password").clean(body) is body


LETTERS = st.sampled_from("aZ0é€ß/\\\"'+-_. %&")


@given(st.text(LETTERS, min_size=4), st.text(LETTERS), st.booleans())
def test_no_secret_survives_in_json(secret: str, around: str, ascii_only: bool) -> None:
    """Whatever its letters: who parses the body does not get it."""
    assume(not secret.isdigit())
    text = f"{around}({secret}){around}"
    cleaned = filtered(secret).clean(json.dumps([text], ensure_ascii=ascii_only).encode())
    assert f"({secret})" not in orjson.loads(cleaned)[0]


def test_cookies_without_end_cost_nothing() -> None:
    """Old ones are forgotten, and what is ours is not."""
    secret_filter = filtered("canary-password")
    for number in range(1000):
        secret_filter.add_cookie(f"session-{number:08}")
    assert len(secret_filter._cookies) <= 16
    assert secret_filter.clean(b"session-00000999 canary-password") == b"*** ***"
