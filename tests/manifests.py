"""The manifests of `deploy/kubernetes`, read, and which fields Kubernetes knows.

The table lists what the API has by the types that we use; a field that is misspelt is otherwise
noticed by nobody but a cluster.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml

from exporter.config import Config, load
from tests.conftest import ROOT
from tools.cli_docs import tree

FOLDER = ROOT / "deploy/kubernetes"
#: folders that somebody applies
APPLIED = ("home", "fleet", "rules")
#: where pods find their secrets
SECRETS = "/run/enphase"
#: kinds that run pods
WORKLOADS = ("Deployment", "StatefulSet")

#: type → its fields, each with the type of what it holds, or of the entries of its list, if any
_FIELDS: Mapping[str, str] = {
    "Meta": "name namespace labels annotations",
    "Kustomization": "apiVersion kind resources",
    "Namespace": "apiVersion kind metadata=Meta",
    "ConfigMap": "apiVersion kind metadata=Meta data immutable",
    "PersistentVolumeClaim": "apiVersion kind metadata=Meta spec=Claim",
    "Claim": "accessModes resources=Resources storageClassName",
    "Resources": "requests limits",
    "Service": "apiVersion kind metadata=Meta spec=ServiceSpec",
    "ServiceSpec": "clusterIP type selector publishNotReadyAddresses ports=ServicePort",
    "ServicePort": "name port targetPort protocol",
    "Selector": "matchLabels matchExpressions",
    "PodDisruptionBudget": "apiVersion kind metadata=Meta spec=Budget",
    "Budget": "maxUnavailable minAvailable selector=Selector",
    "NetworkPolicy": "apiVersion kind metadata=Meta spec=Policy",
    "Policy": "podSelector=Selector policyTypes ingress=Ingress egress=Egress",
    "Ingress": "from=Peer ports=PolicyPort",
    "Egress": "to=Peer ports=PolicyPort",
    "Peer": "namespaceSelector=Selector podSelector=Selector ipBlock=Block",
    "Block": "cidr except",
    "PolicyPort": "protocol port endPort",
    "Deployment": "apiVersion kind metadata=Meta spec=DeploymentSpec",
    "DeploymentSpec": "replicas strategy=Strategy selector=Selector template=Template",
    "Strategy": "type rollingUpdate",
    "StatefulSet": "apiVersion kind metadata=Meta spec=StatefulSetSpec",
    "StatefulSetSpec": (
        "replicas serviceName podManagementPolicy selector=Selector template=Template "
        "updateStrategy=Strategy volumeClaimTemplates=PersistentVolumeClaim"
    ),
    "Template": "metadata=Meta spec=Pod",
    "Pod": (
        "automountServiceAccountToken enableServiceLinks nodeSelector "
        "terminationGracePeriodSeconds topologySpreadConstraints=Spread "
        "securityContext=PodSecurity containers=Container volumes=Volume"
    ),
    "Spread": "maxSkew topologyKey whenUnsatisfiable labelSelector=Selector",
    "PodSecurity": (
        "runAsNonRoot runAsUser runAsGroup fsGroup fsGroupChangePolicy seccompProfile=Seccomp"
    ),
    "Seccomp": "type localhostProfile",
    "Container": (
        "name image imagePullPolicy command args env=Variable ports=ContainerPort "
        "resources=Resources livenessProbe=Probe readinessProbe=Probe startupProbe=Probe "
        "securityContext=Security volumeMounts=Mount"
    ),
    "Variable": "name value valueFrom=Source",
    "Source": "fieldRef=FieldRef",
    "FieldRef": "fieldPath apiVersion",
    "ContainerPort": "name containerPort protocol",
    "Probe": (
        "periodSeconds timeoutSeconds failureThreshold initialDelaySeconds successThreshold "
        "httpGet=HttpGet"
    ),
    "HttpGet": "path port scheme httpHeaders",
    "Security": (
        "allowPrivilegeEscalation readOnlyRootFilesystem privileged capabilities=Capabilities"
    ),
    "Capabilities": "add drop",
    "Mount": "name mountPath readOnly subPath",
    "Volume": (
        "name configMap=ConfigMapVolume secret=SecretVolume persistentVolumeClaim=ClaimVolume "
        "emptyDir"
    ),
    "ConfigMapVolume": "name items defaultMode optional",
    "SecretVolume": "secretName items defaultMode optional",
    "ClaimVolume": "claimName readOnly",
    "ServiceMonitor": "apiVersion kind metadata=Meta spec=MonitorSpec",
    "MonitorSpec": "selector=Selector namespaceSelector endpoints=Endpoint jobLabel targetLabels",
    "Endpoint": (
        "port path interval scrapeTimeout scheme relabelings=Relabeling "
        "metricRelabelings=Relabeling"
    ),
    "Relabeling": "action sourceLabels targetLabel regex replacement modulus separator",
    "ScrapeConfig": "apiVersion kind metadata=Meta spec=ScrapeSpec",
    "ScrapeSpec": (
        "scrapeInterval scrapeTimeout httpSDConfigs=HttpDiscovery relabelings=Relabeling "
        "metricRelabelings=Relabeling"
    ),
    "HttpDiscovery": "url refreshInterval",
    "PrometheusRule": "apiVersion kind metadata=Meta spec=RuleSpec",
    "RuleSpec": "groups=Group",
    "Group": "name interval rules=Rule",
    "Rule": "alert record expr for keep_firing_for labels annotations",
}
TYPES: Mapping[str, Mapping[str, str]] = {
    kind: {field: inner for field, _, inner in (word.partition("=") for word in words.split())}
    for kind, words in _FIELDS.items()
}
#: the version of the API in which each kind is
VERSIONS: Mapping[str, str] = {
    **dict.fromkeys(("Namespace", "ConfigMap", "PersistentVolumeClaim", "Service"), "v1"),
    **dict.fromkeys(WORKLOADS, "apps/v1"),
    "PodDisruptionBudget": "policy/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
    "ScrapeConfig": "monitoring.coreos.com/v1alpha1",
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
}


class Manifest(NamedTuple):
    """One object, and the file that contains it."""

    path: Path
    data: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The kind of object."""
        return str(self.data["kind"])

    @property
    def spec(self) -> Any:
        """What is specified."""
        return self.data["spec"]

    @property
    def name(self) -> str:
        """The name of the object."""
        return str(self.data["metadata"]["name"])


def read(path: Path) -> list[Manifest]:
    """Return the objects in a file."""
    return [Manifest(path, data) for data in yaml.safe_load_all(path.read_text())]


def applied(folder: str) -> list[Manifest]:
    """Return what `kubectl apply -k` of a folder applies."""
    [kustomization] = read(FOLDER / folder / "kustomization.yaml")
    manifests: list[Manifest] = []
    for resource in kustomization.data["resources"]:
        path = (FOLDER / folder / resource).resolve()
        manifests += applied(path.name) if path.is_dir() else read(path)
    return manifests


def files() -> list[Path]:
    """Return all files that are YAML."""
    return sorted(FOLDER.rglob("*.yaml"))


def unknown(data: Any, kind: str, where: str = "") -> Iterator[str]:
    """Yield the fields that the API does not have."""
    if isinstance(data, list):
        for entry in data:
            yield from unknown(entry, kind, where)
        return
    for field, value in data.items():
        inner = TYPES[kind].get(field)
        if inner is None:
            yield f"{where}.{field}"
        elif inner:
            yield from unknown(value, inner, f"{where}.{field}")


def flags_of_serve() -> set[str]:
    """Return the flags of `enphase-exporter serve`."""
    return {flag for each in tree().commands["serve"].params for flag in each.opts}


def one(folder: str, *kinds: str) -> Manifest:
    """Return the only object of a kind that a folder applies."""
    [only] = [manifest for manifest in applied(folder) if manifest.kind in kinds]
    return only


def pod(folder: str) -> Any:
    """Return the specification of the pods."""
    return one(folder, *WORKLOADS).spec["template"]["spec"]


def container(folder: str) -> Any:
    """Return the only container of the pods."""
    [only] = pod(folder)["containers"]
    return only


def variables(folder: str, number: int = 0) -> dict[str, str]:
    """Return the environment of a pod, with references filled in as Kubernetes does."""
    workload = one(folder, *WORKLOADS)
    settings: dict[str, str] = {}
    for variable in container(folder)["env"]:
        name = variable["name"]
        if "valueFrom" in variable:
            assert variable["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
            settings[name] = f"{workload.name}-{number}"
            continue
        value = str(variable["value"])
        # only what stands above is known
        for earlier, content in settings.items():
            value = value.replace(f"$({earlier})", content)
        assert "$(" not in value
        settings[name] = value
    return settings


def flags(folder: str) -> dict[str, str]:
    """Return the flags of the command, and their values."""
    words = [word.partition("=") for word in container(folder)["args"][1:]]
    return {flag: value for flag, _, value in words}


def mounted(folder: str) -> dict[str, Mapping[str, Any]]:
    """Return the volumes by where they are mounted."""
    volumes = {volume["name"]: volume for volume in pod(folder)["volumes"]}
    for claim in one(folder, *WORKLOADS).spec.get("volumeClaimTemplates", []):
        volumes[claim["metadata"]["name"]] = claim
    return {
        mount["mountPath"]: volumes[mount["name"]] for mount in container(folder)["volumeMounts"]
    }


def configuration(folder: str, tmp_path: Path, number: int = 0) -> Config:
    """Load what a pod would, with every secret in its place."""
    data = one(folder, "ConfigMap").data["data"]
    secrets = tmp_path / "secrets"
    secrets.mkdir(exist_ok=True)
    for name in re.findall(rf"{SECRETS}/([\w-]+)", "".join(data.values())):
        (secrets / name).write_text("eyJ0")
    for name, text in data.items():
        (tmp_path / name).write_text(text.replace(SECRETS, str(secrets)))
    path = PurePosixPath(flags(folder)["--config.file"])
    assert mounted(folder)[str(path.parent)]["configMap"]["name"] == one(folder, "ConfigMap").name
    return load(tmp_path / path.name, variables(folder, number))
