"""The lines of `status` in a terminal: what flows, bars, and no control characters."""

import pytest

from exporter.cli.status.lines import bar, lines
from exporter.cli.status.screen import Screen
from exporter.status import api
from exporter.status.models import GatewayStatus, GridStatus, PowerFlow, StorageStatus


def flow(**watts: float | None) -> str:
    """Return the line about power."""
    storage = StorageStatus() if "storage_watts" in watts else None
    status = GatewayStatus(
        "home",
        "h",
        1e9,
        "answers",
        power=PowerFlow(**watts),
        storage=storage,
        grid=GridStatus(connected=True),
    )
    return next(line.text for line in lines(status) if line.title == "Power")


@pytest.mark.parametrize(
    ("watts", "text"),
    [
        (
            {"solar_watts": 4200.0, "grid_watts": -3000.0, "house_watts": 1200.0},
            "Solar 4.2 kW → grid 3.0 kW, house 1.2 kW",
        ),
        (
            {"solar_watts": -2.0, "grid_watts": 800.0, "house_watts": 800.0},
            "Grid 800 W → house 800 W",
        ),
        (
            {"solar_watts": 0.0, "grid_watts": 0.0, "storage_watts": 900.0, "house_watts": 900.0},
            "Batteries 900 W → house 900 W",
        ),
        ({"solar_watts": 0.0, "grid_watts": 0.0, "house_watts": 0.0}, "Nothing flows"),
        ({"solar_watts": 900.0}, "Solar 900 W → ?; grid and house not known"),
        ({}, "Solar and grid and house not known"),
    ],
)
def test_what_flows(watts: dict[str, float | None], text: str) -> None:
    """Power is listed from source to destination; unknown values are named as such."""
    assert flow(**watts) == text


@pytest.mark.parametrize(
    ("share", "filled"), [(None, 0), (0.0, 0), (0.024, 0), (0.5, 10), (1.0, 20), (1.3, 20), (-1, 0)]
)
def test_bars(share: float | None, filled: int) -> None:
    """A share fills its part of twenty characters."""
    assert bar(share) == "█" * filled + "░" * (20 - filled)


def test_no_text_controls_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters in names are not printed."""
    hostile = GatewayStatus(
        "\x1b]0;title\x07home[red]", "a\nb", 1e9, "answers", summary="[bold]\x1b[2J"
    )
    content = api.dump([hostile, hostile], 1e9)
    for detailed in (False, True):
        Screen(detailed=detailed).show(api.load(content))
    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert "\x07" not in output
    assert "home[red]" in output
    assert "[bold]" in output
