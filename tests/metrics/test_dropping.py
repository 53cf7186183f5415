"""An owner can leave metrics out, except for those without which an alert would stay silent."""

from pathlib import Path

import pytest

from exporter.alerting.rules import shipped_rules
from exporter.config import load
from exporter.errors import ConfigError
from exporter.exposition import Exposition, Format
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.dropping import families_in, families_to_drop
from tests.polled_gateway import Samples, polled_gateway, samples

PATTERNS = ["enphase_inverter_dc_*", "enphase_meter_apparent_volt_ampere_seconds"]
LEFT_OUT = {
    "enphase_inverter_dc_volts",
    "enphase_inverter_dc_amperes",
    "enphase_meter_apparent_volt_ampere_seconds",
}


def test_names_and_patterns_choose_families() -> None:
    """A pattern stands for all families that it matches."""
    assert families_to_drop(PATTERNS) == LEFT_OUT
    assert families_to_drop([]) == frozenset()


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("enphase_invertor_dc_volts", "did you mean enphase_inverter_dc_volts"),
        ("*_furlongs", "no such metric"),
        ("enphase_grid_connected", "the alert rules read enphase_grid_connected"),
        ("enphase_*", "name more closely"),
    ],
)
def test_a_mistake_is_refused(pattern: str, words: str) -> None:
    """What matches nothing, and what an alert needs, is an error that says so."""
    with pytest.raises(ConfigError, match=r"metrics\.drop") as caught:
        families_to_drop([pattern])
    assert words in str(caught.value).replace("'", "")


def test_no_family_of_a_rule_can_be_left_out() -> None:
    """Each of them is refused by its own name."""
    read = families_in(shipped_rules().values())
    assert {"enphase_grid_connected", "enphase_up", "enphase_encharge_soc_ratio"} <= read
    for name in sorted(read):
        with pytest.raises(ConfigError, match=name):
            families_to_drop([name])
    assert families_to_drop(sorted(FAMILIES.keys() - read)) == FAMILIES.keys() - read


async def _served(exposition: Exposition) -> list[Samples]:
    """Return the samples of every way to be scraped."""
    plain = Format(openmetrics=False, compressed=False)
    bodies = [
        exposition.render_all(plain),
        exposition.render_gateway("home", plain),
        exposition.render_gateways(["home"], plain),
        b"".join([chunk async for chunk in exposition.stream(plain)]),
    ]
    return [samples(body.decode()) for body in bodies]


async def test_what_is_left_out_is_on_no_page(tmp_path: Path) -> None:
    """It goes from every body at once, its neighbours stay, and it comes back the same way."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(600)
        before = await _served(watched.exposition)
        assert all(each.keys() >= LEFT_OUT for each in before)
        watched.exposition.drop(families_to_drop(PATTERNS))
        for body, full in zip(await _served(watched.exposition), before, strict=True):
            assert full.keys() - body.keys() == LEFT_OUT
        watched.exposition.drop(frozenset())
        assert [each.keys() for each in await _served(watched.exposition)] == [
            each.keys() for each in before
        ]


def test_the_setting_is_read_from_the_file(tmp_path: Path) -> None:
    """`metrics.drop` is a list of names and patterns."""
    file = tmp_path / "enphase-exporter.yml"
    file.write_text("gateways: [{host: 192.0.2.1}]\nmetrics: {drop: ['enphase_inverter_dc_*']}\n")
    assert load(file, {}).metrics.drop == ("enphase_inverter_dc_*",)
