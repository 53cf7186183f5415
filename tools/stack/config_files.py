"""The shipped configuration with the ports of the stack, and the phone as the receiver."""

import re
from dataclasses import fields
from pathlib import Path

from tools.stack.ports import SHIPPED, Ports

FOLDER = Path(__file__).resolve().parents[2] / "alertmanager"
#: the files that are changed; the files in the folders are used as they are
FILES = ("prometheus.yml", "alertmanager.yml")
FOLDERS = ("rules", "templates")
#: receivers that notify nobody as shipped, and whether they get resolved notifications
RECEIVERS = {"wake": True, "same-day": True, "dead-mans-switch": False}
_ADDRESS = re.compile(r"\blocalhost:(\d+)\b")
_RECEIVER = re.compile(rf"^  - name: ({'|'.join(RECEIVERS)})$", re.MULTILINE)


def place(ports: Ports, folder: Path, *more: int) -> Path:
    """Return the folder of the configuration for these ports, which is made in `folder`.

    Exporters at `more` ports are scraped beside the first, in the same way.
    """
    others = {
        str(getattr(SHIPPED, field.name)): str(getattr(ports, field.name))
        for field in fields(Ports)
    }

    def other(address: re.Match[str]) -> str:
        return f"localhost:{others.get(address[1], address[1])}"

    def with_phone(receiver: re.Match[str]) -> str:
        name = receiver[1]
        return (
            f"{receiver[0]}\n    webhook_configs:\n"
            f"      - url: http://localhost:{ports.phone}/{name}\n"
            f"        send_resolved: {str(RECEIVERS[name]).lower()}"
        )

    for name in FILES:
        text = _ADDRESS.sub(other, (FOLDER / name).read_text())
        (folder / name).write_text(_RECEIVER.sub(with_phone, text))
    if more:
        targets = [f'"localhost:{port}"' for port in (ports.exporter, *more)]
        path = folder / "prometheus.yml"
        path.write_text(path.read_text().replace(targets[0], ", ".join(targets), 1))
    for name in FOLDERS:
        (folder / name).symlink_to(FOLDER / name)
    return folder
