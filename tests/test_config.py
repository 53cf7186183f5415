"""What an owner may write into the configuration."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.config import SYSTEM_CONFIG_FILE, Config, find_config_file, load
from tests.conftest import ROOT

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


def from_environment(**variables: str) -> Config:
    """Load without a file."""
    return load(None, HOME | variables)


def test_example_is_valid() -> None:
    """The shipped example loads as it is."""
    config = load(ROOT / "examples/enphase-exporter.yml", HOME)
    assert [gateway.name for gateway in config.gateways] == ["home", "cabin"]


def test_defaults() -> None:
    """A host is all that has to be given."""
    config = from_environment(ENPHASE_HOST="envoy.local")
    assert config.gateways[0].name == "envoy.local"
    assert config.gateways[0].cadences == {}
    assert config.state_dir == Path("/home/owner/.local/state/enphase-exporter")
    assert config.web.listen_address == ":10055"
    assert (config.log.level, config.log.format) == ("info", "logfmt")


@pytest.mark.parametrize(
    ("variables", "directory"),
    [
        ({"XDG_STATE_HOME": "/xdg"}, "/xdg/enphase-exporter"),
        ({"XDG_STATE_HOME": "not/absolute"}, "/home/owner/.local/state/enphase-exporter"),
        ({"XDG_STATE_HOME": "/xdg", "STATE_DIRECTORY": "/var/lib/e:/var/lib/f"}, "/var/lib/e"),
        ({"STATE_DIRECTORY": "/var/lib/e", "ENPHASE_STATE_DIR": "/ours"}, "/ours"),
    ],
)
def test_state_dir(variables: dict[str, str], directory: str) -> None:
    """The state directory is ours, else systemd's, else XDG's."""
    config = from_environment(ENPHASE_HOST="a", **variables)
    assert config.state_dir == Path(directory)


def test_flags_win_over_environment_over_file(write: Write) -> None:
    """Each source wins over the one before it, key by key."""
    path = write("gateways: [{host: a, name: file}]\nlog: {level: warn, format: json}\n")
    config = load(path, HOME | {"ENPHASE_NAME": "environment"}, log_level="error")
    assert config.gateways[0].host == "a"
    assert config.gateways[0].name == "environment"
    assert (config.log.level, config.log.format) == ("error", "json")


def test_variable_replaces_the_file_key_of_the_same_secret(write: Write, tmp_path: Path) -> None:
    """A token from the environment also wins over a token file in the file, and the reverse."""
    path = write("gateways: [{host: a, token_file: missing}]")
    config = load(path, HOME | {"ENPHASE_TOKEN": SECRET})
    assert config.gateways[0].credentials().token == SECRET
    (tmp_path / "token").write_text("other")
    path = write(f"gateways: [{{host: a, token: {SECRET}}}]")
    config = load(path, HOME | {"ENPHASE_TOKEN_FILE": str(tmp_path / "token")})
    assert config.gateways[0].credentials().token == "other"


def test_every_variable_can_name_a_file(tmp_path: Path) -> None:
    """A variable's value can be in a file, whose last line break does not count."""
    values = {"HOST": "a", "NAME": "b", "TOKEN": "c", "USERNAME": "d", "PASSWORD": "e "}
    for key, value in values.items():
        (tmp_path / key).write_text(f"{value}\n")
    gateway = from_environment(
        **{f"ENPHASE_{key}_FILE": str(tmp_path / key) for key in values}
    ).gateways[0]
    login = gateway.credentials()
    assert (gateway.host, gateway.name) == ("a", "b")
    assert (login.token, login.username, login.password) == ("c", "d", "e ")


def test_empty_variable_is_not_set(write: Write) -> None:
    """Compose files pass empty variables on; they mean nothing."""
    assert from_environment(ENPHASE_HOST="a", ENPHASE_TOKEN="", ENPHASE_NAME_FILE="").gateways
    assert len(load(write(TWO), HOME | {"ENPHASE_HOST": ""}).gateways) == 2


def test_paths_are_relative_to_the_file(write: Write, tmp_path: Path) -> None:
    """A configuration can be moved together with its secrets."""
    (tmp_path / "token").write_text(SECRET)
    path = write(
        "gateways: [{host: a, token_file: token}]\nstate_dir: state\nweb: {config_file: w.yml}"
    )
    config = load(path, HOME)
    assert config.gateways[0].credentials().token == SECRET
    assert config.state_dir == tmp_path / "state"
    assert config.web.config_file == tmp_path / "w.yml"


def test_rotated_secret_is_read_again(write: Write, tmp_path: Path) -> None:
    """A new login uses what the secret file holds by then; a lost file costs only a warning."""
    secret = tmp_path / "token"
    secret.write_text("first")
    path = write("gateways: [{host: a, token_file: token}]")
    before = load(path, HOME).gateways[0]
    secret.write_text("second")
    after = load(path, HOME).gateways[0]
    assert before != after
    assert before.credentials().token == "second"
    assert before == after
    secret.unlink()
    assert before.credentials().token == "second"


def test_plain_scalars_are_text(write: Write) -> None:
    """Digits are not taken for an octal number, `no` not for false, a date not for a date."""
    path = write(
        "gateways: [{host: a, name: no, username: installer, password: 012345,"
        " inverters: {0482200001001: {name: 2024-01-01}}}]"
    )
    gateway = load(path, HOME).gateways[0]
    assert gateway.name == "no"
    assert gateway.credentials().password == "012345"
    assert gateway.inverters["0482200001001"].name == "2024-01-01"


def test_places_are_numbers(write: Write) -> None:
    """Whole or not, negative or not; none at all is not the corner of the plan."""
    path = write(
        "gateways: [{host: a, inverters: {1: {x: 0, y: -2.5}, 2: {x: ' 1e1 ', y: 3}, 3: {name: n},"
        " 4: {x: , y: }}}]"
    )
    labelled = load(path, HOME).gateways[0].inverters
    assert [(each.x, each.y) for each in labelled.values()] == [
        *((0, -2.5), (10, 3)),
        *((None, None), (None, None)),
    ]


def test_cadences(write: Write) -> None:
    """A gateway's own cadences override the common ones."""
    path = write(
        "gateways:\n- {host: a, cadences: {home: 1h, acb: 90}}\n- {host: b}\n"
        "cadences: {home: 5m, meters: 1m30s}"
    )
    first, second = load(path, HOME).gateways
    assert first.cadences == {"home": 3600, "acb": 90, "meters": 90}
    assert second.cadences == {"home": 300, "meters": 90}


def test_deadlines_and_thresholds_of_a_gateway_win_over_the_common_ones(write: Write) -> None:
    """What is set for all gateways is a default, key by key."""
    path = write(
        "gateways:\n"
        "- {host: a, deadlines: {inverters: 90}, alerts: {thresholds: {battery_hot_celsius: 45}}}\n"
        "- {host: b}\n"
        "deadlines: {inverters: 2m, home: 30}\n"
        "alerts: {thresholds: {battery_hot_celsius: 50, backup_soc_low_ratio: 0.3}}"
    )
    first, second = load(path, HOME).gateways
    assert first.deadlines == {"inverters": 90, "home": 30}
    assert second.deadlines == {"inverters": 120, "home": 30}
    assert first.alerts.thresholds == {"battery_hot_celsius": 45, "backup_soc_low_ratio": 0.3}
    assert second.alerts.thresholds == {"battery_hot_celsius": 50, "backup_soc_low_ratio": 0.3}


def test_names_and_properties_of_a_site(write: Write) -> None:
    """Devices have names; the site has a place, a main breaker and retired hardware."""
    path = write(
        "gateways: [{host: a, batteries: {123: {name: Garage}}, meters: {production: {name: Roof}},"
        " relays: {NC1: {name: Car}}, retired: [0482, 55],"
        " location: {latitude: 37.7, longitude: -122}, main_breaker_amperes: 200,"
        " fallback_hosts: [192.0.2.7],"
        f" tls_fingerprint: {':'.join(['AB'] * 32)}}}]"
    )
    gateway = load(path, HOME).gateways[0]
    assert gateway.batteries["123"].name == "Garage"
    assert gateway.meters["production"].name == "Roof"
    assert gateway.relays["NC1"].name == "Car"
    assert gateway.retired == ("0482", "55")
    assert gateway.location is not None
    assert (gateway.location.latitude, gateway.location.longitude) == (37.7, -122)
    assert gateway.main_breaker_amperes == 200
    assert gateway.fallback_hosts == ("192.0.2.7",)
    assert gateway.tls_fingerprint == "ab" * 32


def test_the_file_is_found_where_it_usually_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the working directory first, then in the owner's configuration directory."""
    work, config = tmp_path / "work", tmp_path / "config" / "enphase-exporter"
    work.mkdir()
    config.mkdir(parents=True)
    monkeypatch.chdir(work)
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert find_config_file({"HOME": "/nowhere"}) is None
    (config / "enphase-exporter.yml").write_text("gateways: [{host: b}]")
    assert load(None, environ).gateways[0].host == "b"
    (work / "enphase-exporter.yml").write_text("gateways: [{host: a}]")
    assert load(None, environ).gateways[0].host == "a"
    (tmp_path / ".config" / "enphase-exporter").mkdir(parents=True)
    own = tmp_path / ".config" / "enphase-exporter" / "enphase-exporter.yml"
    own.write_text("gateways: [{host: c}]")
    (work / "enphase-exporter.yml").unlink()
    assert find_config_file({"HOME": str(tmp_path)}) == own


def test_reload_reports_what_changed(write: Write) -> None:
    """Equal gateways need no restart; others do."""
    old = load(write(TWO + "cadences: {home: 5m}"), HOME).gateways
    new = load(write(TWO.replace("host: b", "host: c") + "cadences: {home: 300}"), HOME).gateways
    assert [was == now for was, now in zip(old, new, strict=True)] == [True, False]


@pytest.mark.parametrize(
    "host",
    ["envoy.local", "envoy", "192.0.2.1", "192.0.2.1:8443", "[fd00::5]", "[fe80::1%eth0]:443"],
)
def test_hosts(host: str) -> None:
    """A host is a name or an address, and may carry a port."""
    assert from_environment(ENPHASE_HOST=host).gateways[0].host == host


def test_merge_keys_may_be_overridden(write: Write) -> None:
    """Common settings can be shared by YAML's own means."""
    path = write(
        "gateways:\n- &one {host: a, name: first, timezone: UTC}\n- {<<: *one, name: second}"
    )
    assert [(g.name, g.timezone) for g in load(path, HOME).gateways] == [
        ("first", "UTC"),
        ("second", "UTC"),
    ]


def test_secrets_stay_inside(write: Write) -> None:
    """Neither text nor dump of a configuration shows a secret."""
    path = write(f"gateways: [{{host: a, token: {SECRET}, username: u, password: {SECRET}}}]")
    config = load(path, HOME)
    login = config.gateways[0].credentials()
    assert SECRET not in f"{config!r}{config}{config.model_dump()}{config.model_dump_json()}{login}"


def test_a_file_of_comments_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says nothing is passed over: the environment, or the next file, is used."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "enphase-exporter.yml").write_text("# nothing yet\n\n")
    home = tmp_path / "home"
    (home / "enphase-exporter").mkdir(parents=True)
    environ = {"XDG_CONFIG_HOME": str(home)}
    assert find_config_file({"XDG_CONFIG_HOME": "/nowhere"}) in (None, SYSTEM_CONFIG_FILE)
    (home / "enphase-exporter/enphase-exporter.yml").write_text("gateways: []\n")
    assert find_config_file(environ) == home / "enphase-exporter/enphase-exporter.yml"
