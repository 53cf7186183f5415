"""`python -m grafana`: write the dashboards into `dashboards/`."""

from pathlib import Path

from grafana import battery, fleet, gateway, grid, home, meter, solar

DASHBOARDS = (
    home.DASHBOARD,
    battery.DASHBOARD,
    solar.DASHBOARD,
    grid.DASHBOARD,
    meter.DASHBOARD,
    gateway.DASHBOARD,
    fleet.DASHBOARD,
)
FOLDER = Path(__file__).parent / "dashboards"


def main() -> None:
    """Write every dashboard, and remove files without a source."""
    texts = {FOLDER / board.file: board.text() for board in DASHBOARDS}
    for stale in set(FOLDER.glob("*.json")) - set(texts):
        stale.unlink()
    for path, text in texts.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
