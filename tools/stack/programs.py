"""Commands of the programs of the stack, confined to the loopback and a temporary folder."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.stack.errors import StackError
from tools.stack.ports import LOOPBACK, Ports

_ROOT = Path(__file__).resolve().parents[2]


def ignore_output(line: str) -> None:
    """Ignore a line of output."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run."""

    name: str
    command: tuple[str, ...]
    #: a page that answers 200 when it is ready
    ready: str
    #: called with each line of output
    on_output: Callable[[str], None] = ignore_output


@dataclass(frozen=True, slots=True)
class Tools:
    """Paths of the programs that are not Python."""

    prometheus: str
    alertmanager: str
    amtool: str

    @classmethod
    def find(cls) -> "Tools":
        """Find them; raise `StackError` for the first that is missing."""
        return cls(
            _find("Prometheus", "prometheus", "prometheus"),
            # Debian has renamed it
            _find(
                "Alertmanager", "prometheus-alertmanager", "prometheus-alertmanager", "alertmanager"
            ),
            _find("amtool", "prometheus-alertmanager", "amtool"),
        )


def _find(name: str, package: str, *commands: str) -> str:
    for command in commands:
        if path := shutil.which(command):
            return path
    raise StackError(f"{name} is missing: install it (on Debian: apt-get install {package})")


def prometheus(tools: Tools, ports: Ports, config: Path, folder: Path) -> Program:
    """Return Prometheus on a folder of configuration, with its data in `folder`."""
    return Program(
        "Prometheus",
        (
            tools.prometheus,
            f"--config.file={config / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={LOOPBACK}:{ports.prometheus}",
            f"--web.external-url={ports.url('prometheus')}",
            "--log.level=warn",
        ),
        ports.url("prometheus", "/-/ready"),
    )


def alertmanager(tools: Tools, ports: Ports, config: Path, folder: Path) -> Program:
    """Return Alertmanager on a folder of configuration, alone, with its data in `folder`."""
    return Program(
        "Alertmanager",
        (
            tools.alertmanager,
            f"--config.file={config / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={LOOPBACK}:{ports.alertmanager}",
            f"--web.external-url={ports.url('alertmanager')}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ),
        ports.url("alertmanager", "/-/ready"),
    )


def demo(ports: Ports, scenario: str, speed: str, on_output: Callable[[str], None]) -> Program:
    """Return the simulated house with its exporter."""
    words = f"--scenario={scenario}", f"--speed={speed}"
    return _exporter("The demo", ports.exporter, ("demo", *words), on_output)


def serve(port: int, config: Path) -> Program:
    """Return the exporter on gateways that its configuration names."""
    words = f"--config.file={config}", "--log.level=warn"
    return _exporter("The exporter", port, ("serve", *words), ignore_output)


def _exporter(
    name: str, port: int, words: tuple[str, ...], on_output: Callable[[str], None]
) -> Program:
    return Program(
        name,
        (
            *(sys.executable, "-m", "exporter", *words),
            f"--web.listen-address={LOOPBACK}:{port}",
        ),
        f"http://localhost:{port}/-/ready",
        on_output,
    )


def environment(folder: Path) -> dict[str, str]:
    """Return the environment for programs: without settings of an exporter on this machine.

    Temporary files go into `folder`.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ENPHASE_")}
    paths = filter(None, (str(_ROOT), kept.get("PYTHONPATH")))
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(folder)}
