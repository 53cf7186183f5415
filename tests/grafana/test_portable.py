"""The dashboards in the form of grafana.com: importable into any Grafana, one file each."""

import json
import re

import pytest

from grafana.__main__ import DASHBOARDS as SOURCES
from grafana.__main__ import IMPORTABLE
from grafana.kit.dashboard import DashboardSpec
from grafana.kit.portable import importable
from tools import boards

each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.uid)


@each_source
def test_the_file_is_current(source: DashboardSpec) -> None:
    """`make generate` changes nothing."""
    assert (IMPORTABLE / source.file).read_text() == importable(json.loads(source.text()))


@each_source
def test_an_import_asks_for_the_data_source_and_nothing_else(source: DashboardSpec) -> None:
    """Every `${DS_…}` is an input, and every input is used."""
    text = (IMPORTABLE / source.file).read_text()
    inputs = {each["name"]: each for each in json.loads(text)["__inputs"]}
    assert set(re.findall(r"\$\{(DS_\w+)\}", text)) == set(inputs) == {"DS_PROMETHEUS"}
    assert inputs["DS_PROMETHEUS"]["pluginId"] == "prometheus"


@each_source
def test_it_names_what_it_requires(source: DashboardSpec) -> None:
    """Grafana, Prometheus, and every kind of panel on it: none of them a plugin to install."""
    board = json.loads((IMPORTABLE / source.file).read_text())
    required = {(each["type"], each["id"]) for each in board["__requires"]}
    kinds = {("panel", panel["type"]) for panel in boards.panels(board)}
    assert required == kinds | {("grafana", "grafana"), ("datasource", "prometheus")}
    assert all(each["name"] for each in board["__requires"])


@each_source
def test_it_can_be_published(source: DashboardSpec) -> None:
    """No number of one Grafana; a title, a description and the tag by which it is found."""
    board = json.loads((IMPORTABLE / source.file).read_text())
    assert board["id"] is None
    assert board["uid"] == source.uid
    assert board["title"].startswith("Enphase: ")
    assert board["description"].endswith(".")
    assert board["tags"] == ["enphase"]


@each_source
def test_the_provisioned_file_asks_for_nothing(source: DashboardSpec) -> None:
    """Nobody is there to be asked when Grafana starts."""
    text = (boards.FOLDER / source.file).read_text()
    assert "__inputs" not in json.loads(text)
    assert "${DS_" not in text
