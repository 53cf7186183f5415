"""The message about each mistake in the configuration."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import COLLECTORS, load
from exporter.errors import ConfigError

SECRET = "hunter2-hunter2"
HOME = {"HOME": "/home/owner"}
TWO = "gateways:\n- {host: a, name: first}\n- {host: b, name: second}\n"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a configuration file and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "enphase.yml"
        path.write_text(text)
        return path

    return write


def errors(path: Path | None, **variables: str) -> list[str]:
    """Return the lines of what is wrong, without the folder of the file."""
    with pytest.raises(ConfigError) as raised:
        load(path, HOME | variables)
    folder = f"{path.parent}/" if path else ""
    return [line.removeprefix(folder) for line in str(raised.value).split("\n")]


@pytest.mark.parametrize(
    ("host", "remedy"),
    [
        ("https://envoy.local", "write only what follows ://"),
        ("envoy.local/home", "write only the host"),
        ("fd00::5", "write [fd00::5]"),
        ("[fd00::zz]", "write [::1]"),
        ("envoy:http", "use a number up to 65535"),
        ("envoy:0", "write a name or an address"),
        ("192.0.2", "write four numbers"),
        ("a b", "letters, digits"),
        ("a" * 70 + "..b", "letters, digits"),
        ("[fe80::1%a b]", "write [::1]"),
        (":80", "write a name or an address"),
    ],
)
def test_bad_hosts(host: str, remedy: str) -> None:
    """What is no host is named, with what to write instead."""
    (line,) = errors(None, ENPHASE_HOST=host)
    assert line.startswith(f"ENPHASE_HOST: '{host}' ")
    assert remedy in line


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"ENPHASE_TOKEN": f"{SECRET} {SECRET}"},
            "ENPHASE_TOKEN: has blanks or line breaks inside: paste the token as one word",
        ),
        (
            {"ENPHASE_USERNAME": "me", "ENPHASE_PASSWORD": f"{SECRET}\udcff"},
            "ENPHASE_PASSWORD: is not UTF-8: set it again in a terminal that uses UTF-8",
        ),
        (
            {"ENPHASE_TOKEN": SECRET, "ENPHASE_TOKEN_FILE": "f"},
            "ENPHASE_TOKEN, ENPHASE_TOKEN_FILE: give one of the two",
        ),
        (
            {"ENPHASE_TOKEN_FILE": "/missing"},
            "ENPHASE_TOKEN_FILE: /missing cannot be read (No such file or directory): check the"
            " path and its permissions",
        ),
        (
            {"ENPHASE_TOKEN_FILE": "/dev/null"},
            "ENPHASE_TOKEN_FILE: /dev/null is empty: write the secret into it",
        ),
    ],
)
def test_bad_variables(variables: dict[str, str], line: str) -> None:
    """A mistake in a variable names the variable, and never its secret."""
    assert errors(None, ENPHASE_HOST="a", **variables) == [line]


def test_every_mistake_has_its_line(write: Write) -> None:
    """All mistakes are reported at once: where, what, and what to do."""
    path = write(
        f"""
gateways:
- host: a
  pasword: {SECRET}
  token: [{SECRET}]
  cadences: {{solar: 5m, home: 1s, acb: often}}
  wanted: {{storage_mode: eco, reserve_soc: 0.3}}
  timezone: Europe/Berln
- {{name: b}}
- {SECRET}
- {{host: c, username: me}}
- {{host: d, password: {SECRET}}}
- {{host: e, token: {SECRET}, token_file: f}}
- {{host: g, token_file: missing}}
lgo: {{level: info}}
web: {{listen_address: 10055}}
"""
    )
    assert errors(path) == [
        "enphase.yml: gateways[0].token: must be text",
        "enphase.yml: gateways[0].cadences.solar: unknown collector: known are "
        + ", ".join(COLLECTORS),
        "enphase.yml: gateways[0].cadences.home: '1s' is outside 5s to 24h: a shorter time harms"
        " the gateway, a longer one hides failures",
        "enphase.yml: gateways[0].cadences.acb: 'often' is not a duration: write 15s, 5m or 1h, or"
        " a number of seconds",
        "enphase.yml: gateways[0].wanted.storage_mode: 'eco' must be 'backup', 'self-consumption'"
        " or 'economy'",
        "enphase.yml: gateways[0].wanted.reserve_soc: '0.3' is a ratio: write 30, in percent",
        "enphase.yml: gateways[0].timezone: 'Europe/Berln' is not an IANA time zone: did you mean"
        " Europe/Berlin?",
        "enphase.yml: gateways[0].pasword: unknown key: did you mean password?",
        "enphase.yml: gateways[1].host: is missing: add it",
        "enphase.yml: gateways[2]: must hold `key: value` lines",
        "enphase.yml: gateways[3].username: has no password: add password, password_file or"
        " ENPHASE_PASSWORD",
        "enphase.yml: gateways[4].password: has no user: add username, username_file or"
        " ENPHASE_USERNAME",
        "enphase.yml: gateways[5].token_file: token is given as well: give one of the two",
        f"enphase.yml: gateways[6].token_file: {path.parent}/missing cannot be read (No such file"
        " or directory): check the path and its permissions",
        "enphase.yml: web.listen_address: '10055' lacks a colon: write :10055",
        "enphase.yml: lgo: unknown key: did you mean log?",
    ]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("{x: 3}", "x: has no y: give both, or leave both out"),
        ("{y: 3, x: ~}", "y: has no x: give both, or leave both out"),
        *(
            (
                f"{{x: 1, y: {wrong}}}",
                f"y: '{wrong}' is not a position: write a number such as 3 or 2.5, up to a million",
            )
            for wrong in ("left", "nan", "inf", "-inf", "1e7", "3m", "true")
        ),
        (
            "{x: [1], y: 1}",
            "x: this is not a position: write a number such as 3 or 2.5, up to a million",
        ),
    ],
)
def test_a_place_is_two_numbers(place: str, message: str, write: Write) -> None:
    """Half a place is none, and what cannot be drawn is refused."""
    path = write(f"gateways: [{{host: a, inverters: {{12: {place}}}}}]")
    assert errors(path) == [f"enphase.yml: gateways[0].inverters.12.{message}"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("deadlines: {home: 20m}", "deadlines.home: '20m' is outside 1s to 10m"),
        (
            "alerts: {thresholds: {battery_hot_celcius: 50}}",
            "alerts.thresholds.battery_hot_celcius: unknown threshold: did you mean"
            " battery_hot_celsius?",
        ),
        (
            "alerts: {thresholds: {battery_hot_celsius: hot}}",
            "alerts.thresholds.battery_hot_celsius: 'hot' is not a number",
        ),
        ("location: {latitude: 91, longitude: 0}", "location.latitude: '91' is not a number from"),
        ("main_breaker_amperes: 0", "main_breaker_amperes: '0' is not a number from 1 to 10000"),
        ("tls_fingerprint: abc", "tls_fingerprint: 'abc' is not a SHA-256 fingerprint"),
        ("batteries: {1: {}}", "batteries.1.name: is missing"),
    ],
)
def test_mistakes_in_the_properties_of_a_site(keys: str, message: str, write: Write) -> None:
    """Each names the key, and what would be right."""
    (line,) = errors(write(f"gateways: [{{host: a, {keys}}}]"))
    assert line.startswith(f"enphase.yml: gateways[0].{message}")


def test_a_misspelt_list_of_gateways_is_recognised(write: Write) -> None:
    """The key meant to list the gateways is named, not the absence of gateways."""
    (line,) = errors(write("gatways: [{host: a}]"))
    assert line == "enphase.yml: gatways: unknown key: did you mean gateways?"


def test_names_are_unique(write: Write) -> None:
    """The series of two gateways with one name would be the same."""
    (line,) = errors(write(TWO.replace("second", "first")))
    assert "gateways[0] and gateways[1] are both named 'first'" in line


def test_variables_need_to_know_their_gateway(write: Write) -> None:
    """With several gateways a variable is refused, except for the state directory."""
    (line,) = errors(write(TWO), ENPHASE_TOKEN=SECRET)
    assert line.startswith("ENPHASE_TOKEN: which gateway is meant?")
    assert load(write(TWO), HOME | {"ENPHASE_STATE_DIR": "/s"}).state_dir == Path("/s")


def test_no_gateway_names_both_ways(write: Write) -> None:
    """Without a gateway the message names the variable and the file."""
    for path in (None, write("log: {level: info}"), write("gateways: []")):
        (line,) = errors(path, ENPHASE_HOTS="a")
        assert "ENPHASE_HOST" in line
        assert "--config.file" in line
        assert "did you mean" in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("- a", "not a list"),
        ('host = "envoy.local"', "is TOML or INI: write YAML"),
        ('# comment\n[[gateways]]\nhost = "envoy.local"', "is TOML or INI: write YAML"),
        ("gateways: [", "line 1, column 12"),
        ("gateways:\n\t- host: a", "line 2, column 1: is not YAML: indent with spaces"),
        ("gateways:\n- host: a\n  host: b", "line 3: the key host is already on line 2"),
        (f"gateways: *{SECRET}", "quote values that begin with *"),
        (f"gateways: !{SECRET} a", "quote values that begin with !"),
        ("a: !!int b", "remove the tags"),
        ("[" * 20_000, "line 1: is nested too deep"),
        ("- " * 20_000, "line 1: is nested too deep"),
        ("a: 1\n---\nb: 1", "delete the line `---`"),
        ("a: \x07", "control character"),
    ],
)
def test_broken_yaml(write: Write, text: str, message: str) -> None:
    """A file that is no configuration is one line, with the place and without its content."""
    (line,) = errors(write(text))
    assert line.startswith("enphase.yml: ")
    assert message in line
    assert SECRET not in line


def test_unreadable_files(tmp_path: Path) -> None:
    """Whatever a path leads to, the answer is one line."""
    (tmp_path / "latin").write_bytes(b"gateways: [{host: \xff}]")
    paths = [tmp_path / "none", tmp_path, tmp_path / "latin", Path("/dev/zero"), Path("a\0b")]
    assert [len(errors(path)) for path in paths] == [1] * 5


_KEYS = ["gateways", "host", "name", "token", "password", "cadences", "wanted", "log", "home"]
_YAML = st.lists(
    st.one_of(
        st.sampled_from([": ", "\n", "\n  ", "- ", "{", "}", "[", "]", ", ", "&a ", "*a", "<<: "]),
        st.sampled_from([f"{key}: " for key in _KEYS]),
        st.text(max_size=4),
    ),
    max_size=30,
).map("".join)


@given(text=_YAML | st.text())
def test_no_text_is_worse_than_an_error(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any content of the file is valid or a ConfigError."""
    path = tmp_path_factory.getbasetemp() / "wild.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    lines: list[str] = []
    try:
        load(path, HOME)
    except ConfigError as error:
        lines = str(error).split("\n")
    assert all(line.isprintable() for line in lines)
