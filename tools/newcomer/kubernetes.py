"""The Kubernetes page without a cluster: what the chart renders is run, from the image."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from tools.newcomer.clean_root import ROOT, CleanRoot, last_line, run
from tools.newcomer.journey import Journey
from tools.newcomer.services import Phone, gateway, service

_CHART = "deploy/helm/enphase-exporter"
_VALUES = (
    "secret.existing=enphase-token,serviceMonitor.enabled=true,prometheusRule.enabled=true,"
    "dashboards.enabled=true"
)
_PAGE = "http://localhost:10055"


@contextmanager
def prepared(journey: Journey) -> Iterator[Path]:
    """Build the image. Yields the root of a container."""
    with journey.step("the image"):
        image = last_line(["sh", "tools/build-image.sh", "exporter"])
    container = last_line(["buildah", "from", "--pull-never", image])
    try:
        yield Path(last_line(["buildah", "mount", container]))
    finally:
        run(["buildah", "rm", container])


def follow(journey: Journey, place: Path) -> None:
    """Install what the chart renders, as far as a machine without a cluster can."""
    root = CleanRoot(place)
    with gateway() as (host, token), Phone() as phone, ExitStack() as stack:
        with journey.step("helm template"):
            objects = _rendered(host)
        pod = next(each for each in objects if each["kind"] == "Deployment")["spec"]["template"][
            "spec"
        ]
        [container] = pod["containers"]
        with journey.step("configuration and secret"):
            _mount(place, objects, token)
        user = str(pod["securityContext"]["runAsUser"])
        env = {each["name"]: each["value"] for each in container["env"]}
        env |= {"PATH": "/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        words = root.command("enphase-exporter", *container["args"], user=user)
        with journey.step("the pod is ready"):
            stack.enter_context(service(words, f"{_PAGE}/-/ready", env))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _monitor(journey, stack, objects, folder, phone)


def _rendered(host: str) -> list[dict[str, Any]]:
    keys = {"name": "home", "host": host, "token_file": "/run/enphase/token"}
    values = ",".join(f"gateways[0].{key}={value}" for key, value in keys.items())
    text = run(
        [
            *("helm", "template", "enphase", _CHART, "--kube-version=1.31"),
            *("--namespace=enphase", "--set", values, "--set", _VALUES),
        ]
    )
    return [each for each in yaml.safe_load_all(text) if each]


def _mount(place: Path, objects: list[dict[str, Any]], token: str) -> None:
    """Put ConfigMap and Secret where the pod has them."""
    config = next(
        each["data"]["enphase-exporter.yml"]
        for each in objects
        if each["kind"] == "ConfigMap" and "enphase-exporter.yml" in each["data"]
    )
    files = {"etc/enphase-exporter/enphase-exporter.yml": config, "run/enphase/token": token}
    for path, text in files.items():
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def _monitor(
    journey: Journey,
    stack: ExitStack,
    objects: list[dict[str, Any]],
    folder: Path,
    phone: Phone,
) -> None:
    """Load the rules as the operator does, and let the phone ring."""
    rules = folder / "rules"
    rules.mkdir()
    for each in objects:
        if each["kind"] == "PrometheusRule":
            (rules / f"{each['metadata']['name']}.rules.yml").write_text(
                yaml.safe_dump(each["spec"])
            )
    shipped = (ROOT / "alertmanager/prometheus.yml").read_text()
    (folder / "prometheus.yml").write_text(shipped)
    exporter = [sys.executable, "-m", "exporter"]
    # the state directory of a workstation
    env = {**os.environ, "ENPHASE_STATE_DIR": str(folder / "state")}
    with journey.step("the rules of the chart in Prometheus"):
        words = ["prometheus", f"--config.file={folder}/prometheus.yml"]
        words.append(f"--storage.tsdb.path={folder}/data")
        stack.enter_context(service(words, "http://localhost:9090/-/ready"))
    with journey.step("enphase-exporter alerting init"):
        run(
            [
                *(*exporter, "alerting", "init", f"--output={folder}/alertmanager", "--yes"),
                *("--channel=ntfy", f"--set=server={phone.url}", "--set=topic=a-secret"),
            ],
            env=env,
        )
        words = ["prometheus-alertmanager", f"--config.file={folder}/alertmanager/alertmanager.yml"]
        words += [f"--storage.path={folder}/alerts", "--cluster.listen-address="]
        stack.enter_context(service(words, "http://localhost:9093/-/ready"))
    with journey.step("enphase-exporter alerting test: a message arrived"):
        run([*exporter, "alerting", "test", "--yes"], env=env)
        phone.wait()
