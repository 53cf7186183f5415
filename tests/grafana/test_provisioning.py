"""Grafana finds data source and dashboards by itself."""

import json
import re
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tools.boards import FILES, FOLDER

PROVISIONING = ROOT / "grafana" / "provisioning"
#: bytes of all annotations of an object in Kubernetes
_LARGEST_ANNOTATIONS = 262144
_YAML = tuple(sorted(PROVISIONING.rglob("*.yml")))


def mounts() -> dict[str, str]:
    """Return which folders of the repository compose.yaml shows Grafana, by where it sees them."""
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["grafana"]
    split = [volume.split(":") for volume in service["volumes"]]
    return {seen: source for source, seen, *_ in split if source.startswith("./")}


def read(path: str) -> Any:
    """Return the content of one of the files."""
    return yaml.safe_load((PROVISIONING / path).read_text())


@pytest.mark.parametrize("path", _YAML, ids=lambda path: path.name)
def test_every_file_lies_where_grafana_looks(path: Any) -> None:
    """Grafana reads two folders under the one that is mounted, and wants a version."""
    assert path.parent.name in ("datasources", "dashboards")
    assert yaml.safe_load(path.read_text())["apiVersion"] == 1
    assert mounts()["/etc/grafana/provisioning"] == "./grafana/provisioning"


def test_the_dashboards_are_mounted_where_the_provider_looks() -> None:
    """All of them, and nothing else is in the folder."""
    [provider] = read("dashboards/enphase.yml")["providers"]
    seen = mounts()[provider["options"]["path"]]
    assert (ROOT / seen).resolve() == FOLDER
    assert set(FOLDER.iterdir()) == set(FILES)
    assert provider["type"] == "file"
    # a change in Grafana would be lost at its next start
    assert (provider["disableDeletion"], provider["allowUiUpdates"]) == (True, False)


def test_the_data_source_is_the_prometheus_beside_it() -> None:
    """Default, so that dashboards choose it; it knows how often the exporter is scraped."""
    source, alerts = read("datasources/prometheus.yml")["datasources"]
    config = yaml.safe_load((ROOT / "alertmanager" / "prometheus.yml").read_text())
    assert source["type"] == "prometheus"
    assert source["isDefault"]
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]
    assert source["jsonData"]["alertmanagerUid"] == alerts["uid"]
    [static] = config["alerting"]["alertmanagers"][0]["static_configs"]
    assert alerts["url"] == f"http://{static['targets'][0]}"


def test_folder_and_data_source_are_named_by_the_environment() -> None:
    """Two variables name the folder and one the data source; each has a default."""
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["grafana"]
    used = {name for path in _YAML for name in re.findall(r"\$\{(GRAFANA_\w+)\}", path.read_text())}
    assert used == {"GRAFANA_FOLDER", "GRAFANA_FOLDER_UID", "GRAFANA_DATASOURCE_UID"}
    for name in used:
        assert re.fullmatch(rf"\$\{{{name}:-[\w-]+\}}", service["environment"][name])


def test_kustomize_makes_a_config_map_of_each_dashboard() -> None:
    """With the label that the sidecar looks for, and small enough for `kubectl apply`."""
    built = yaml.safe_load((ROOT / "grafana" / "kustomization.yaml").read_text())
    chart = yaml.safe_load((ROOT / "deploy/helm/enphase-exporter/values.yaml").read_text())
    assert built["generatorOptions"]["labels"] == chart["dashboards"]["labels"]
    files = {
        ROOT / "grafana" / file: entry["name"]
        for entry in built["configMapGenerator"]
        for file in entry["files"]
    }
    assert files == {path: path.stem for path in FILES}
    # it writes what it applied into an annotation
    assert all(len(json.dumps(path.read_text())) < _LARGEST_ANNOTATIONS for path in FILES)


def test_the_first_thing_seen_is_the_home() -> None:
    """Grafana opens with the dashboard of the system status."""
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["grafana"]
    path = PurePosixPath(service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (ROOT / mounts()[str(path.parent)] / path.name).is_file()
