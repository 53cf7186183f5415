"""The Helm chart: linted, rendered, and held against the API of Kubernetes and the shipped files.

`helm` and `kubeconform` are programs in Go (`go install helm.sh/helm/v3/cmd/helm@latest`); where
they are missing, the tests that need them are skipped. The schemas of Kubernetes are a package.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

import exporter
from exporter.config import load
from exporter.findings.thresholds import thresholds
from tests.conftest import ROOT
from tests.manifests import files as manifest_files

CHART = ROOT / "deploy/helm/enphase-exporter"
#: the oldest that the chart accepts, and the newest that the schemas know
VERSIONS = ("1.25", kubernetes_validate.latest_version())
#: kinds of the Prometheus Operator, of which Kubernetes has no schema
FOREIGN = {"PrometheusRule", "ServiceMonitor", "ScrapeConfig", "Kustomization"}
GATEWAY = {"name": "home", "host": "192.0.2.10", "token_file": "/run/enphase/token"}
EVERYTHING: dict[str, Any] = {
    "gateways": [GATEWAY],
    "config": {"alerts": {"thresholds": {"backup_runtime_seconds": 10800}}},
    "secret": {"data": {"token": "not-a-token"}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True},
    "dashboards": {"enabled": True},
    "networkPolicy": {"enabled": True, "gatewayCIDRs": ["192.0.2.0/24"]},
    "livenessProbe": {"periodSeconds": 60, "timeoutSeconds": 9},
}

Objects = list[dict[str, Any]]


def _program(name: str) -> str:
    """Return where a program is; the folder of Go programs need not be in PATH."""
    return shutil.which(name) or shutil.which(name, path=Path.home() / "go/bin") or ""


HELM, KUBECONFORM = _program("helm"), _program("kubeconform")
needs_helm = pytest.mark.skipif(
    not HELM, reason="helm is not installed (go install helm.sh/helm/v3/cmd/helm@latest)"
)
needs_kubeconform = pytest.mark.skipif(
    not KUBECONFORM, reason="kubeconform is not installed (go install …/cmd/kubeconform@latest)"
)


def helm(*words: str, values: Mapping[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run helm with these values."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(dict(values)))
    return subprocess.run(
        [HELM, *words, f"--values={file}"], capture_output=True, text=True, check=False
    )


def rendered(folder: Path, values: Mapping[str, Any], version: str = "1.31") -> str:
    """Return what the chart makes of these values."""
    words = ("template", "enphase", str(CHART), f"--kube-version={version}", "--namespace=solar")
    done = helm(*words, values=values, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(folder: Path, values: Mapping[str, Any]) -> Objects:
    """Return the objects that the chart makes of these values."""
    return [each for each in yaml.safe_load_all(rendered(folder, values)) if each]


def of_kind(listed: Objects, kind: str) -> Objects:
    """Return the objects of one kind."""
    return [each for each in listed if each["kind"] == kind]


def test_the_chart_has_the_version_of_the_exporter() -> None:
    """Chart and image are released together."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == exporter.__version__


def test_the_chart_carries_the_shipped_files() -> None:
    """Rules and dashboards are those of the project, not copies that grow old."""
    for name, source in (("rules", "alertmanager/rules"), ("dashboards", "grafana/dashboards")):
        assert (CHART / "files" / name).resolve() == ROOT / source


@needs_helm
@pytest.mark.parametrize("values", [{"gateways": [GATEWAY]}, EVERYTHING], ids=["least", "all"])
def test_helm_finds_nothing_to_complain_about(values: dict[str, Any], tmp_path: Path) -> None:
    """The chart passes `helm lint --strict`."""
    done = helm("lint", "--strict", str(CHART), values=values, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_helm
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(version: str, tmp_path: Path) -> None:
    """What the chart renders is valid, and has no field that the API does not know."""
    listed = [
        each
        for each in yaml.safe_load_all(rendered(tmp_path, EVERYTHING, version))
        if each and each["kind"] not in FOREIGN
    ]
    assert len({each["kind"] for each in listed}) >= 8
    for each in listed:
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "path", manifest_files(), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_kubernetes_knows_every_field_of_the_manifests(path: Path, version: str) -> None:
    """The same holds for what kustomize applies."""
    for each in yaml.safe_load_all(path.read_text()):
        if each["kind"] not in FOREIGN:
            kubernetes_validate.validate(each, version, strict=True)


@needs_helm
@needs_kubeconform
def test_kubeconform_accepts_what_is_rendered(tmp_path: Path) -> None:
    """No mistake is found with the schemas of the newest Kubernetes."""
    text = rendered(tmp_path, EVERYTHING)
    packaged = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    [source] = packaged.glob(f"v{VERSIONS[-1].rpartition('.')[0]}.*-local-strict")
    kinds = {each["kind"].lower() for each in yaml.safe_load_all(text) if each}
    definitions = _standalone((source / "_definitions.json").read_text())["$defs"]
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    for path in source.iterdir():
        if path.name.partition("-")[0] in kinds:
            schema = {**_standalone(path.read_text()), "definitions": definitions}
            (schemas / path.name).write_text(json.dumps(schema))
    done = subprocess.run(
        [
            *(KUBECONFORM, "-strict", "-summary", f"-skip={','.join(FOREIGN)}"),
            f"-schema-location={schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
        ],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Invalid: 0, Errors: 0" in done.stdout


@needs_helm
def test_a_chart_without_a_gateway_says_so(tmp_path: Path) -> None:
    """Rendering fails, and the message names the value to set."""
    done = helm(
        "template", "enphase", str(CHART), "--kube-version=1.31", values={}, folder=tmp_path
    )
    assert done.returncode != 0
    assert "set gateways[0].host" in done.stderr


@needs_helm
def test_misspelt_values_are_refused(tmp_path: Path) -> None:
    """A value that no template reads is an error, not silence."""
    values = {"gateways": [GATEWAY], "prometheusRule": {"enable": True}}
    done = helm(
        *("template", "enphase", str(CHART), "--kube-version=1.31"), values=values, folder=tmp_path
    )
    assert done.returncode != 0
    assert "enable" in done.stderr


@needs_helm
def test_the_exporter_reads_the_configuration_of_the_chart(tmp_path: Path) -> None:
    """Gateways and thresholds arrive; the secret is mounted where the configuration looks."""
    listed = objects(tmp_path, EVERYTHING)
    [config] = [
        each for each in of_kind(listed, "ConfigMap") if "enphase-exporter.yml" in each["data"]
    ]
    file = tmp_path / "enphase-exporter.yml"
    (tmp_path / "token").write_text("not-a-token")
    file.write_text(config["data"]["enphase-exporter.yml"].replace("/run/enphase", str(tmp_path)))
    loaded = load(file, {"ENPHASE_STATE_DIR": "/state"})
    assert loaded.gateways[0].host == GATEWAY["host"]
    assert loaded.alerts.thresholds == {"backup_runtime_seconds": 10800}
    assert "backup_runtime_seconds" in thresholds()
    [deployment] = of_kind(listed, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    mounts = {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}
    [secrets] = [each["secret"] for each in pod["volumes"] if each["name"] == "secrets"]
    assert str(GATEWAY["token_file"]).startswith(mounts["secrets"])
    assert secrets["secretName"] == of_kind(listed, "Secret")[0]["metadata"]["name"]
    assert pod["containers"][0]["livenessProbe"]["periodSeconds"] == 60


@needs_helm
def test_rules_and_dashboards_are_complete(tmp_path: Path) -> None:
    """Every shipped rule and every dashboard is rendered, unchanged without options."""
    listed = objects(tmp_path, EVERYTHING)
    groups = [each["spec"]["groups"] for each in of_kind(listed, "PrometheusRule")]
    shipped = [
        yaml.safe_load(path.read_text())["groups"]
        for path in sorted((ROOT / "alertmanager/rules").glob("*.rules.yml"))
    ]
    assert sorted(map(_canonical, groups)) == sorted(map(_canonical, shipped))
    boards = {
        name: json.loads(text)
        for each in of_kind(listed, "ConfigMap")
        for name, text in each["data"].items()
        if name.endswith(".json")
    }
    assert boards == {
        path.name: json.loads(path.read_text())
        for path in (ROOT / "grafana/dashboards").glob("*.json")
    }


@needs_helm
def test_folder_and_data_source_of_the_dashboards_are_values(tmp_path: Path) -> None:
    """A sidecar puts them into the folder, and each begins with the data source."""
    options = {"enabled": True, "folder": "Energy", "datasourceUid": "mimir-1"}
    maps = [
        each
        for each in of_kind(objects(tmp_path, {**EVERYTHING, "dashboards": options}), "ConfigMap")
        if any(name.endswith(".json") for name in each["data"])
    ]
    assert len(maps) == len(list((ROOT / "grafana/dashboards").glob("*.json")))
    for each in maps:
        assert each["metadata"]["annotations"] == {"grafana_folder": "Energy"}
        [text] = each["data"].values()
        source = json.loads(text)["templating"]["list"][0]
        assert source["current"] == {"selected": True, "text": "mimir-1", "value": "mimir-1"}


@needs_helm
def test_rules_are_the_owners(tmp_path: Path) -> None:
    """Labels, severities, links and silence are values: nobody has to copy the rules."""
    options: dict[str, Any] = {
        "enabled": True,
        "alertLabels": {"site": "cabin"},
        "severities": {"EnphaseGridOutage": "info"},
        "runbookUrl": "https://enphase.example.com/runbooks/",
        "dashboardUrl": "https://grafana.example.com",
    }
    before = alerts(objects(tmp_path, EVERYTHING))
    assert {"EnphaseGridOutage"} <= before.keys()
    options["disabled"] = [sorted(before)[0]]
    after = alerts(objects(tmp_path, {**EVERYTHING, "prometheusRule": options}))
    assert before.keys() - after.keys() == set(options["disabled"])
    for name, alert in after.items():
        severity = "info" if name == "EnphaseGridOutage" else before[name]["labels"]["severity"]
        assert alert["labels"]["severity"] == severity
        assert alert["labels"]["site"] == "cabin"
        assert alert["expr"] == before[name]["expr"]
        notes = alert["annotations"]
        assert notes["runbook_url"] == f"https://enphase.example.com/runbooks/{name}"
        assert notes.get("dashboard_url", "https://grafana.example.com/").startswith(
            "https://grafana.example.com/"
        )


def _standalone(schema: str) -> Any:
    """Return a schema whose references point into itself instead of to the file on a server."""
    read = json.loads(
        schema.replace("/api/_definitions.json", "").replace("#/$defs/", "#/definitions/")
    )
    return {key: value for key, value in read.items() if key not in {"$id", "$schema"}}


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def alerts(listed: Objects) -> dict[str, dict[str, Any]]:
    """Return the alerts by name."""
    return {
        rule["alert"]: rule
        for each in of_kind(listed, "PrometheusRule")
        for group in each["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
