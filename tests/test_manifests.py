"""`deploy/kubernetes`, held against itself, the exporter and the rules: there is no cluster."""

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.address import parse
from exporter.clock import SystemClock
from exporter.config import Web
from exporter.manager import PollerManager
from exporter.web.app import application
from exporter.web.config import WebConfig
from tests.alerts.rule_files import RULES
from tests.conftest import ROOT
from tests.manifests import (
    APPLIED,
    FOLDER,
    SECRETS,
    TYPES,
    VERSIONS,
    WORKLOADS,
    applied,
    configuration,
    container,
    files,
    flags,
    flags_of_serve,
    mounted,
    one,
    pod,
    read,
    unknown,
    variables,
)
from tools import prometheus_rule

PORT = parse(Web().listen_address).port
LABELS = {"app.kubernetes.io/name": "enphase-exporter"}
RUNNING = ("home", "fleet")
README = (FOLDER / "README.md").read_text()

each_file = pytest.mark.parametrize(
    "path", files(), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
each = pytest.mark.parametrize("folder", RUNNING)


@each_file
def test_the_api_has_every_field(path: Path) -> None:
    """No field is misspelt or at the wrong place, and each kind has its API version."""
    for manifest in read(path):
        assert list(unknown(manifest.data, manifest.kind)) == []
        assert manifest.data["apiVersion"] == VERSIONS[manifest.kind]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (
            {"spec": {"template": {"spec": {"containers": [{"readinesProbe": {}}]}}}},
            "readinesProbe",
        ),
        ({"spec": {"template": {"spec": {"readOnlyRootFilesystem": True}}}}, "readOnlyRoot"),
    ],
)
def test_a_misspelt_field_would_be_found(wrong: dict[str, Any], where: str) -> None:
    """The check sees what lies deep, and what is right elsewhere."""
    [error] = unknown(wrong, "Deployment")
    assert where in error
    assert {
        inner for fields in TYPES.values() for inner in fields.values() if inner
    } <= TYPES.keys()


def test_every_file_is_applied() -> None:
    """Nothing lies about that no kustomization names, and nobody is named twice."""
    paths = {manifest.path for folder in APPLIED for manifest in applied(folder)}
    assert paths == {path for path in files() if path.name != "kustomization.yaml"}
    for folder in APPLIED:
        objects = [(manifest.kind, manifest.name) for manifest in applied(folder)]
        assert len(objects) == len(set(objects))


@pytest.mark.parametrize("folder", APPLIED)
def test_all_is_in_one_namespace_and_labelled(folder: str) -> None:
    """So that all of it can be found, and deleted, by its label."""
    for manifest in applied(folder):
        metadata = manifest.data["metadata"]
        if manifest.kind == "Namespace":
            assert manifest.name == "enphase"
        else:
            assert (metadata["namespace"], metadata["labels"]) == ("enphase", LABELS)


@each
def test_selectors_find_the_pods(folder: str) -> None:
    """Whoever selects pods selects ours, and a monitor the Service."""
    template = one(folder, *WORKLOADS).spec["template"]
    assert template["metadata"]["labels"] == LABELS
    for manifest in applied(folder):
        spec = manifest.data.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector")
        if selector:
            assert selector.get("matchLabels", selector) == LABELS, manifest.kind
    for spread in pod(folder).get("topologySpreadConstraints", []):
        assert spread["labelSelector"]["matchLabels"] == LABELS


@each
def test_ports_agree(folder: str) -> None:
    """From the exporter's own default to whoever is let in to it."""
    [port] = container(folder)["ports"]
    assert "--web.listen-address" not in flags(folder)
    assert port["containerPort"] == PORT
    [service] = one(folder, "Service").spec["ports"]
    assert (service["port"], service["targetPort"]) == (PORT, port["name"])
    [endpoint] = one(folder, "ServiceMonitor").spec["endpoints"]
    assert endpoint["port"] == service["name"]
    [ingress] = one(folder, "NetworkPolicy").spec["ingress"]
    assert ingress["ports"] == [{"protocol": "TCP", "port": PORT}]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container(folder)[probe]["httpGet"]["port"] == port["name"]


@each
def test_pages_that_are_asked_for_are_served(folder: str, tmp_path: Path) -> None:
    """Probes, monitors and discovery use existing ports and paths."""
    app = application(PollerManager(tmp_path, SystemClock()), WebConfig.load(None))
    served = {resource.get_info().get("path") for resource in app.router.resources()}
    asked = {
        container(folder)["livenessProbe"]["httpGet"]["path"],
        container(folder)["readinessProbe"]["httpGet"]["path"],
        one(folder, "ServiceMonitor").spec["endpoints"][0]["path"],
    }
    assert asked == {"/-/healthy", "/-/ready", "/metrics"}
    assert asked | {"/sd", "/probe"} <= served


@each
def test_the_command_has_its_flags(folder: str) -> None:
    """As the command itself lists them; the image's entry point is the program."""
    assert container(folder)["args"][0] == "serve"
    assert flags(folder).keys() <= flags_of_serve()
    assert "command" not in container(folder)
    assert 'ENTRYPOINT ["enphase-exporter"]' in (ROOT / "Dockerfile").read_text()


def test_a_home_is_configured(tmp_path: Path) -> None:
    """The exporter understands its configuration, and remembers on the volume."""
    config = configuration("home", tmp_path)
    [gateway] = config.gateways
    assert gateway.credentials().token == "eyJ0"
    assert config.state_dir == Path("/state")
    assert config.gateways_on_metrics


def test_shards_split_the_list(tmp_path: Path) -> None:
    """Each gateway belongs to one pod, and every pod has its number."""
    count = one("fleet", "StatefulSet").spec["replicas"]
    parts = [configuration("fleet", tmp_path, number) for number in range(count)]
    listed = yaml.safe_load(one("fleet", "ConfigMap").data["data"]["gateways.yml"])
    names = [gateway.name for part in parts for gateway in part.gateways]
    assert sorted(names) == [entry["name"] for entry in listed]
    assert not any(part.gateways_on_metrics for part in parts)
    assert {part.state_dir for part in parts} == {Path("/state")}
    # read again when it changes: neither is possible with a subPath
    assert not any("subPath" in mount for mount in container("fleet")["volumeMounts"])


def test_every_shard_is_discovered() -> None:
    """By the name that its Service gives it."""
    shards, service = one("fleet", "StatefulSet"), one("fleet", "Service")
    assert shards.spec["serviceName"] == service.name
    assert service.spec["clusterIP"] == "None"
    count = shards.spec["replicas"]
    assert variables("fleet")["ENPHASE_SHARD"] == f"{shards.name}-0/{count}"
    asked = [source["url"] for source in one("fleet", "ScrapeConfig").spec["httpSDConfigs"]]
    assert asked == [
        f"http://{shards.name}-{number}.{service.name}.enphase.svc:{PORT}/sd"
        for number in range(count)
    ]


@each
def test_jobs_are_called_as_the_alerts_expect(folder: str) -> None:
    """A job's name begins with enphase, whatever the Operator would call it."""
    for manifest in applied(folder):
        if manifest.kind not in {"ServiceMonitor", "ScrapeConfig"}:
            continue
        [scraped] = manifest.spec.get("endpoints", [manifest.spec])
        jobs = [r["replacement"] for r in scraped["relabelings"] if r.get("targetLabel") == "job"]
        assert all(job.startswith("enphase") for job in jobs)
        if manifest.kind == "ScrapeConfig" or folder == "fleet":
            assert len(jobs) == 1
        else:
            assert one(folder, "Service").name.startswith("enphase")


@each
def test_a_new_pod_goes_on_with_the_same_series(folder: str) -> None:
    """Neither name nor address of a pod is in the labels; `instance` outlives it."""
    [endpoint] = one(folder, "ServiceMonitor").spec["endpoints"]
    relabelings = endpoint["relabelings"]
    [instance] = [r for r in relabelings if r.get("targetLabel") == "instance"]
    constant = instance.get("replacement") == one(folder, *WORKLOADS).name
    stable = instance.get("sourceLabels") == ["__meta_kubernetes_pod_name"] and folder == "fleet"
    assert constant or stable
    [dropped] = [r["regex"] for r in relabelings if r.get("action") == "labeldrop"]
    assert {"pod", "container", "endpoint", "service"} == set(dropped.split("|"))


def test_labels_of_an_exporter_are_consistent() -> None:
    """One exporter that is down can mute its gateways: both sides know it by the same name."""
    gateways = one("fleet", "ScrapeConfig").spec
    [itself] = one("fleet", "ServiceMonitor").spec["endpoints"]
    [address] = [r for r in gateways["relabelings"] if r.get("targetLabel") == "exporter"]
    host = f"{one('fleet', 'StatefulSet').name}-0"
    match = re.fullmatch(address["regex"], f"{host}.{one('fleet', 'Service').name}.enphase.svc:1")
    assert match
    assert match[1] == host
    [name] = [r for r in itself["relabelings"] if r.get("targetLabel") == "exporter"]
    assert name["sourceLabels"] == ["__meta_kubernetes_pod_name"]
    for scraped in (gateways, itself):
        assert {"action": "labeldrop", "regex": "exporter"} in scraped["metricRelabelings"]


@each
def test_pods_may_do_nothing_but_their_work(folder: str) -> None:
    """As a restricted namespace wants it, and read-only besides."""
    context, own = pod(folder)["securityContext"], container(folder)["securityContext"]
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert user
    ids = context["runAsUser"], context["runAsGroup"], context["fsGroup"]
    assert ids == (int(user[1]), int(user[2]), int(user[2]))
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(folder)["automountServiceAccountToken"] is False
    # variables of a Service called enphase-exporter would look like the exporter's own
    assert pod(folder)["enableServiceLinks"] is False
    labels = one(folder, "Namespace").data["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@each
def test_volumes_are_for_what_they_hold(folder: str) -> None:
    """Configuration and secrets are read, the state is written, and nothing else is mounted."""
    writable = {m["mountPath"] for m in container(folder)["volumeMounts"] if not m.get("readOnly")}
    assert writable == {variables(folder)["ENPHASE_STATE_DIR"]} == {"/state"}
    files = mounted(folder)
    assert files.keys() == {"/state", SECRETS, "/etc/enphase-exporter"}
    secret = files[SECRETS]["secret"]
    # others in the pod's machine read nothing
    assert secret["defaultMode"] == 0o440
    assert f"create secret generic {secret['secretName']} --namespace=enphase" in README
    state = files["/state"]
    if folder == "home":
        claim = one(folder, "PersistentVolumeClaim")
        assert state["persistentVolumeClaim"]["claimName"] == claim.name
    else:
        assert state["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_a_gateway_is_never_polled_twice() -> None:
    """A home has one pod, and the old one is gone before a new one starts."""
    spec = one("home", "Deployment").spec
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")


@each
def test_resources_are_asked_for_and_bounded(folder: str) -> None:
    """Memory has a limit above the request; CPU has none, which would delay polls."""
    resources = container(folder)["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}
    asked, limit = (
        int(resources[each]["memory"].removesuffix("Mi")) for each in ("requests", "limits")
    )
    assert asked < limit


def test_the_network_is_closed_but_for_its_work() -> None:
    """Names, the gateways and the cloud; nothing private and no machine's own address service."""
    spec = one("home", "NetworkPolicy").spec
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}
    names, gateways, cloud = spec["egress"]
    assert {(port["protocol"], port["port"]) for port in names["ports"]} == {
        ("UDP", 53),
        ("TCP", 53),
    }
    assert {port["port"] for port in gateways["ports"]} == {443, 80}
    assert cloud["ports"] == [{"protocol": "TCP", "port": 443}]
    [block] = [peer["ipBlock"] for peer in cloud["to"]]
    closed = [ip_network(network) for network in block["except"]]
    for address in ("10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"):
        assert any(ip_address(address) in network for network in closed)
    # the example's gateways are reached
    listed = [
        gateway["host"]
        for data in (one("home", "ConfigMap").data["data"], one("fleet", "ConfigMap").data["data"])
        for text in data.values()
        for held in [yaml.safe_load(text)]
        for gateway in (held if isinstance(held, list) else held.get("gateways", []))
    ]
    [open_] = [ip_network(peer["ipBlock"]["cidr"]) for peer in gateways["to"]]
    assert listed
    assert all(ip_address(host) in open_ for host in listed)


def test_no_secret_and_no_registry_stands_in_a_manifest() -> None:
    """Secrets are made from files; where images come from is the business of the cluster."""
    for path in files():
        text = path.read_text()
        assert not re.search(r"eyJ|\b(token|password|stringData):", text), path
        assert "kind: Secret" not in text
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    images = {container(folder)["image"] for folder in RUNNING}
    assert images == {compose["services"]["exporter"]["image"]}


def test_rules_are_those_of_everybody_else() -> None:
    """Each rule file is an object of its own, word for word, and none is missing."""
    assert prometheus_rule.stale() == [], "run `make manifests`"
    held = {
        m.name: m.spec for folder in ("rules", "fleet") for m in applied(folder) if "Rule" in m.kind
    }
    sources = [*RULES, ROOT / "deploy/fleet/fleet.rules.yml"]
    assert held == {
        f"enphase-{path.name.partition('.')[0]}": yaml.safe_load(path.read_text())
        for path in sources
    }


def test_rules_that_have_changed_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` fails until they are written again."""
    [(_, sources), *_] = prometheus_rule.TARGETS.items()
    target = tmp_path / "prometheusrule.yaml"
    monkeypatch.setattr(prometheus_rule, "TARGETS", {target: sources})
    assert prometheus_rule.main(["--check"]) == 1
    assert "prometheusrule.yaml is not current: run `make manifests`" in capsys.readouterr().err
    assert prometheus_rule.main([]) == 0
    assert prometheus_rule.main(["--check"]) == 0


def test_objects_can_be_applied() -> None:
    """None is too large for the copy that kubectl keeps in an annotation, at most 256 KiB."""
    for folder in APPLIED:
        for manifest in applied(folder):
            assert len(yaml.safe_dump(manifest.data)) < 200_000


def test_the_readme_speaks_of_what_there_is() -> None:
    """Folders, and the resources of the overlay that it shows."""
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert set(re.findall(r"^\| \[(\w+)\]\(\1\)", README, re.M)) == folders
    [overlay] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", README, re.S)]
    for resource in overlay["resources"]:
        assert (ROOT / resource.removeprefix("enphase-exporter/")).is_dir()
    for patch in overlay["patches"]:
        assert list(FOLDER.rglob(patch["path"]))
    assert [image["name"] for image in overlay["images"]] == [container("home")["image"]]
