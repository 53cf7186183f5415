"""The shipped configuration: itself, or where ports are others, the same with those ports."""

import re
from dataclasses import fields
from pathlib import Path

from tools.stack.places import SHIPPED, Ports

FOLDER = Path(__file__).resolve().parents[2] / "alertmanager"
#: the files that name ports; what lies in the folders is taken as it is
FILES = ("prometheus.yml", "alertmanager.yml")
FOLDERS = ("rules", "templates")
_ADDRESS = re.compile(r"\blocalhost:(\d+)\b")


def place(ports: Ports, folder: Path, *more: int) -> Path:
    """Return the folder of the configuration for these ports, made in `folder` if need be.

    Exporters at `more` ports are scraped beside the first, in the same way.
    """
    if ports == SHIPPED and not more:
        return FOLDER
    others = {
        str(getattr(SHIPPED, field.name)): str(getattr(ports, field.name))
        for field in fields(Ports)
    }

    def other(address: re.Match[str]) -> str:
        return f"localhost:{others.get(address[1], address[1])}"

    for name in FILES:
        (folder / name).write_text(_ADDRESS.sub(other, (FOLDER / name).read_text()))
    if more:
        targets = [f'"localhost:{port}"' for port in (ports.exporter, *more)]
        path = folder / "prometheus.yml"
        path.write_text(path.read_text().replace(targets[0], ", ".join(targets)))
    for name in FOLDERS:
        (folder / name).symlink_to(FOLDER / name)
    return folder
