"""`python -m grafana`: write the dashboards, to be provisioned and to be imported by hand."""

import json
from pathlib import Path

from grafana import battery, energy, fleet, gateway, grid, home, meter, solar
from grafana.kit.portable import importable

DASHBOARDS = (
    home.DASHBOARD,
    energy.DASHBOARD,
    battery.DASHBOARD,
    solar.DASHBOARD,
    grid.DASHBOARD,
    meter.DASHBOARD,
    gateway.DASHBOARD,
    fleet.DASHBOARD,
)
FOLDER = Path(__file__).parent / "dashboards"
IMPORTABLE = Path(__file__).parent / "import"


def main() -> None:
    """Write every dashboard in both forms, and remove files without a source."""
    for folder, texts in (
        (FOLDER, {board.file: board.text() for board in DASHBOARDS}),
        (IMPORTABLE, {board.file: importable(json.loads(board.text())) for board in DASHBOARDS}),
    ):
        folder.mkdir(exist_ok=True)
        for stale in {path.name for path in folder.glob("*.json")} - set(texts):
            (folder / stale).unlink()
        for name, text in texts.items():
            (folder / name).write_text(text)


if __name__ == "__main__":
    main()
