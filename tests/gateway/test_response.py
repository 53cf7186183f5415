"""What a response says besides its data, whatever it is made of.

The bodies here take hours where a pattern begins again in what it has looked at in vain.
"""

import pytest

from exporter.errors import EndpointAbsentError, LoginRedirectError, NotJsonError
from exporter.gateway.response import Response, check, is_login
from exporter.gateway.secrets import SecretFilter

_MEGABYTE = 2**20


def response(body: bytes, status: int = 200) -> Response:
    """Return a response with this body."""
    return Response("https://gateway/", status, body, {}, 0.0)


@pytest.mark.parametrize(
    ("body", "login"),
    [
        (b"<html><body><form action='/login'></form></body></html>", True),
        (b'<!DOCTYPE html>\n<HTML><input TYPE="Password"></HTML>', True),
        (b"<html><input type=password></html>", True),
        (b"<html><body>Not found</body></html>", False),
        (b"<login/>", False),
        (b'{"a": "<html>login"}', False),
    ],
)
def test_a_login_page_asks_for_a_login(body: bytes, login: bool) -> None:
    """It is a page with a word for it; data are none, whatever they contain."""
    assert is_login(response(body)) is login


@pytest.mark.parametrize("part", [b"<html", b"<html type=", b"<html type=\n"])
def test_a_page_without_end_is_gone_through_once(part: bytes) -> None:
    """A gateway that repeats the beginning of a page holds up nothing."""
    page = response(part * (_MEGABYTE // len(part)))
    assert not is_login(page)
    with pytest.raises(EndpointAbsentError):
        check("/a", page, worked=False)
    with pytest.raises(NotJsonError):
        check("/a", page, worked=True)


def test_a_login_page_that_is_long_is_one() -> None:
    """However far from its beginning it asks."""
    page = response(b"<html>" + b" " * _MEGABYTE + b"login")
    with pytest.raises(LoginRedirectError):
        check("/a", page, worked=True)


@pytest.mark.parametrize("part", [b"eyJ", b"eyJ.", b"\\u0041", b"\\", b'"\\u00'])
def test_the_look_for_secrets_goes_through_a_body_once(part: bytes) -> None:
    """What looks like a secret at every place is looked at once."""
    secrets = SecretFilter()
    secrets.add("a" * 64, "eyJhbGciOi.a.b")
    assert secrets.clean(part * (_MEGABYTE // len(part)) + b"a" * 64).endswith(b"***")
