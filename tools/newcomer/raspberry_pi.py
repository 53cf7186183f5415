"""docs/raspberry-pi.md, in a clean Debian: systemd is the only thing that is not there."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.newcomer.clean_root import ROOT, CleanRoot, clean_root, environment, last_line
from tools.newcomer.journey import Journey
from tools.newcomer.services import Phone, gateway, service

_UNIT = ROOT / "deploy/systemd/enphase-exporter.service"
_PAGE = "http://localhost:10055"


@contextmanager
def prepared(journey: Journey) -> Iterator[Path]:
    """Do what needs the network: the packages. Yields the root."""
    with journey.step("the package, as from the release page"):
        package = ROOT / last_line(["sh", "tools/build-deb.sh", sys.executable])
    with clean_root() as root:
        shutil.copyfile("/etc/resolv.conf", root.path / "etc/resolv.conf")
        shutil.copyfile(package, root.path / "root/enphase-exporter.deb")
        with journey.step("apt update"):
            root.run("apt-get", "-qq", "update")
        with journey.step("apt install ./enphase-exporter_*.deb"):
            root.run("apt-get", "-qq", "install", "--yes", "/root/enphase-exporter.deb")
        with journey.step("apt install prometheus prometheus-alertmanager"):
            root.run(
                *("apt-get", "-qq", "install", "--yes", "--no-install-recommends"),
                *("prometheus", "prometheus-alertmanager"),
            )
        yield root.path


def follow(journey: Journey, place: Path) -> None:
    """Follow the page from `init` to the message."""
    root, env = CleanRoot(place), environment()
    command = next(
        line.removeprefix("ExecStart=")
        for line in _UNIT.read_text().splitlines()
        if line.startswith("ExecStart=")
    )
    exporter = root.command(*shlex.split(command), user="enphase-exporter")
    with gateway() as (host, token), Phone() as phone:
        with journey.step("enphase-exporter init"):
            root.run(
                "enphase-exporter", "init", "--yes", f"--host={host}", "--login=token", given=token
            )
        with service(exporter, f"{_PAGE}/-/ready", env):
            with journey.step("enphase-exporter check"):
                root.run("enphase-exporter", "check")
            _monitor(journey, root, env, phone)


def _monitor(journey: Journey, root: CleanRoot, env: dict[str, str], phone: Phone) -> None:
    with journey.step("prometheus.yml and the rules"):
        root.run(
            "cp", "/usr/share/enphase-exporter/alertmanager/prometheus.yml", "/etc/prometheus/"
        )
        root.run("enphase-exporter", "rules", "--output=/etc/prometheus/rules")
    prometheus = (
        *("/usr/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml"),
        "--storage.tsdb.path=/var/lib/prometheus/metrics2/",
    )
    alertmanager = (
        *("/usr/bin/prometheus-alertmanager", "--config.file=/etc/prometheus/alertmanager.yml"),
        *("--storage.path=/var/lib/prometheus/alertmanager/", "--cluster.listen-address="),
    )
    with service(
        root.command(*prometheus, user="prometheus"), "http://localhost:9090/-/ready", env
    ):
        with journey.step("enphase-exporter check --prometheus, after the first scrapes"):
            root.run("sleep", "30")
            root.run("enphase-exporter", "check", "--prometheus=http://localhost:9090")
        with journey.step("enphase-exporter alerting init"):
            root.run(
                *("enphase-exporter", "alerting", "init", "--output=/etc/prometheus", "--force"),
                *("--yes", "--channel=ntfy", f"--set=server={phone.url}", "--set=topic=a-secret"),
            )
            owned = ("alertmanager.yml", "secrets", "templates")
            paths = (f"/etc/prometheus/{name}" for name in owned)
            root.run("chown", "-R", "prometheus:", *paths)
        with (
            service(
                root.command(*alertmanager, user="prometheus"),
                "http://localhost:9093/-/ready",
                env,
            ),
            journey.step("enphase-exporter alerting test: a message arrived"),
        ):
            root.run("enphase-exporter", "alerting", "test", "--yes")
            phone.wait()
