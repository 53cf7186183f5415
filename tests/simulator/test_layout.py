"""The plan of a simulated roof is one that an owner could have written."""

from collections import Counter

import pytest

from exporter.config import Gateway
from exporter.simulator.panel_labels import panel_labels
from exporter.simulator.scenario import find_scenario, scenario_names


@pytest.mark.parametrize("name", scenario_names())
def test_every_panel_has_a_name_and_a_place_of_its_own(name: str) -> None:
    """Whatever the home: as many as it has, no two alike, and the configuration takes them."""
    scenario = find_scenario(name)
    labels = panel_labels(scenario)
    configured = Gateway.model_validate({"host": "a", "inverters": labels}).inverters.values()
    assert len(labels) == scenario.site.inverters
    assert len({each.name for each in configured}) == len(labels)
    assert len({(each.x, each.y) for each in configured}) == len(labels)


def test_the_roof_of_the_demo() -> None:
    """Six to the west, fourteen to the south, four on the garage; no array lies in another."""
    labels = panel_labels(find_scenario("sunny-day"))
    assert Counter(each["array"] for each in labels.values()) == {
        "West roof": 6,
        "South roof": 14,
        "Garage": 4,
    }
    ends = {
        array: [each["x"] for each in labels.values() if each["array"] == array]
        for array in ("West roof", "South roof", "Garage")
    }
    west, south, garage = ends.values()
    assert min(west) == 0
    assert max(west) + 1 < min(south)
    assert max(south) + 1 < min(garage)
