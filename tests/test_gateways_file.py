"""A list of gateways in a file of its own, as a fleet has it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.config import Config, load
from exporter.config.fingerprint import fingerprint
from exporter.errors import ConfigError

HOME = {"HOME": "/home/owner"}
LISTS = {
    "yaml": "- {host: a, name: first}\n- host: b\n  token_file: b.token\n",
    "json": '[{"host": "a", "name": "first"}, {"host": "b", "token_file": "b.token"}]',
}

Loaded = Callable[..., Config]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """Return a function that loads a configuration whose list has this text."""

    def loaded(listed: str, more: str = "", **flags: str) -> Config:
        (tmp_path / "lists").mkdir(exist_ok=True)
        (tmp_path / "lists/fleet.yml").write_text(listed)
        (tmp_path / "lists/b.token").write_text("eyJ0")
        path = tmp_path / "exporter.yml"
        path.write_text(f"gateways_file: lists/fleet.yml\n{more}")
        return load(path, HOME, **flags)  # type: ignore[arg-type] # flags are text or paths

    return loaded


@pytest.mark.parametrize("kind", LISTS)
def test_the_list_is_yaml_or_json(loaded: Loaded, kind: str) -> None:
    """Entries are those of `gateways`; their secret files are next to the list."""
    first, second = loaded(LISTS[kind]).gateways
    assert (first.name, first.host) == ("first", "a")
    assert second.credentials().token == "eyJ0"


def test_the_list_comes_after_the_gateways_of_the_configuration(loaded: Loaded) -> None:
    """Both are watched, with the common cadences."""
    config = loaded("- host: b", "gateways: [{host: a}]\ncadences: {home: 10m}\n")
    assert [gateway.name for gateway in config.gateways] == ["a", "b"]
    assert [gateway.cadences for gateway in config.gateways] == [{"home": 600.0}] * 2


@pytest.mark.parametrize("listed", ["", "[]", "# nobody yet\n"])
def test_an_empty_list_is_a_fleet_without_gateways(loaded: Loaded, listed: str) -> None:
    """Whatever fills the list may do so later."""
    assert loaded(listed).gateways == ()


@pytest.mark.parametrize(
    ("listed", "line"),
    [
        ("- {host: a, tokn: x}", r"lists/fleet.yml: gateways\[0\].tokn: unknown key: did you"),
        ("- host: a\n- host: a@b", r"lists/fleet.yml: gateways\[1\].host: must not carry"),
        ("host: a", r"lists/fleet.yml: must hold a list at top level: begin each entry with `- `"),
        ("- [", r"lists/fleet.yml: line 1, column 4: is not YAML"),
        ("- host: a\n- host: a", r"exporter.yml: gateways: gateways\[0\] and gateways\[1\] are"),
    ],
)
def test_a_mistake_in_the_list_is_reported_with_its_place(
    loaded: Loaded, listed: str, line: str
) -> None:
    """The line names the file of the list, the entry and the remedy."""
    with pytest.raises(ConfigError, match=line):
        loaded(listed)


def test_a_missing_list_is_an_error(tmp_path: Path) -> None:
    """It is a mistake in a path more often than a fleet without gateways."""
    path = tmp_path / "exporter.yml"
    path.write_text("gateways_file: fleet.yml\n")
    with pytest.raises(ConfigError, match=r"fleet.yml: cannot be read"):
        load(path, HOME)


def test_variables_of_one_gateway_do_not_go_with_a_list(tmp_path: Path) -> None:
    """A token in the environment would not belong to any one gateway."""
    path = tmp_path / "exporter.yml"
    path.write_text("gateways_file: fleet.yml\n")
    with pytest.raises(ConfigError, match="ENPHASE_TOKEN: which gateway is meant"):
        load(path, {**HOME, "ENPHASE_TOKEN": "x"})


def test_a_shard_is_a_part_of_the_list(loaded: Loaded) -> None:
    """Replicas with the same list and their own index watch each gateway once."""
    listed = "".join(f"- host: site-{n}\n" for n in range(40))
    parts = [loaded(listed, shard=f"{index}/3").gateways for index in range(3)]
    hosts = [gateway.host for part in parts for gateway in part]
    assert sorted(hosts) == sorted(f"site-{n}" for n in range(40))
    with pytest.raises(ConfigError, match="--shard: '3/3' is not a shard"):
        loaded(listed, shard="3/3")


def test_the_environment_knows_the_shard_too(tmp_path: Path) -> None:
    """A StatefulSet passes the pod's name; the flag wins over the variable."""
    path = tmp_path / "exporter.yml"
    path.write_text("gateways: [{host: a}, {host: b}, {host: c}, {host: d}]\n")
    variables = {**HOME, "ENPHASE_SHARD": "exporter-1/2"}
    part = load(path, variables).gateways
    other = load(path, variables, shard="0/2").gateways
    assert len(part) + len(other) == 4
    assert {g.host for g in part}.isdisjoint(g.host for g in other)
    with pytest.raises(ConfigError, match="ENPHASE_SHARD: 'x' is not a shard"):
        load(path, {**HOME, "ENPHASE_SHARD": "x"})


@pytest.mark.parametrize(("count", "whole"), [(100, True), (101, False)])
def test_metrics_have_all_gateways_up_to_a_hundred(loaded: Loaded, count: int, whole: bool) -> None:
    """Beyond that, or where it is configured otherwise, `/probe` and `/sd` have them."""
    listed = "".join(f"- host: site-{n}\n" for n in range(count))
    assert loaded(listed).gateways_on_metrics == whole
    turned = f"web: {{gateways_on_metrics: {str(not whole).lower()}}}\n"
    assert loaded(listed, turned).gateways_on_metrics == (not whole)


def test_a_file_has_changed_however_it_was_written(tmp_path: Path) -> None:
    """A file that is overwritten, replaced, or a link with a new target counts as changed."""
    one, two, link = (tmp_path / name for name in ("one", "two", "link"))
    assert fingerprint(one) is None
    one.write_text("- host: a")
    two.write_text("- host: b")
    os.utime(two, ns=(one.stat().st_mtime_ns,) * 2)
    link.symlink_to(one)
    stamps = [fingerprint(link)]
    one.write_text("- host: aa")
    stamps.append(fingerprint(link))
    two.rename(one)
    stamps.append(fingerprint(link))
    assert None not in stamps
    assert len(set(stamps)) == 3
