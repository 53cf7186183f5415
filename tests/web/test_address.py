"""Where to listen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.address import is_loopback, parse
from exporter.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":10055", None, 10055),
        ("localhost:0", "localhost", 0),
        ("0.0.0.0:80", "0.0.0.0", 80),  # noqa: S104 - nothing is listened on
        ("[::1]:10055", "::1", 10055),
    ],
)
def test_addresses(text: str, host: str | None, port: int) -> None:
    """An address is written as everywhere in the Prometheus world, and reads back as it was."""
    assert parse(text) == (host, port)
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("10055", "write :10055"),
        ("", "write host:10055, or :10055"),
        ("localhost", "write localhost:10055"),
        ("localhost:", "use a number up to 65535"),
        (":70000", "use a number up to 65535"),
        (":-1", "use a number up to 65535"),
        (":٣", "use a number up to 65535"),
        ("::1:10055", "write host:port, or [IPv6 address]:port"),
        ("[localhost]:80", "write [::1]"),
        ("http://localhost:80", "write host:port"),
        ("a b:80", "write :10055 or host:10055"),
    ],
)
def test_mistakes(text: str, remedy: str) -> None:
    """What is no address is answered with how to write one."""
    with pytest.raises(ConfigError) as raised:
        parse(text)
    assert remedy in str(raised.value)


@given(text=st.text() | st.from_regex(r"\[?[\w.:%-]*\]?:?\d*", fullmatch=True))
def test_no_text_is_worse_than_an_error(text: str) -> None:
    """Whatever is given, it is an address that reads back the same, or a ConfigError."""
    try:
        address = parse(text)
    except ConfigError:
        return
    assert parse(str(address)) == address


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9:8443", True),
        ("[::1]:443", True),
        ("localhost", True),
        ("envoy.local", False),
        ("192.0.2.1:443", False),
        ("[fe80::1%eth0]", False),
    ],
)
def test_this_machine(host: str, loopback: bool) -> None:
    """A gateway on this machine is simulated, and not looked for on the network."""
    assert is_loopback(host) == loopback
