"""What page and `status` say of gateways that went silent in part, on virtual time."""

from pathlib import Path

import pytest

from exporter.cli.status.screen import Screen
from exporter.simulator import replay
from exporter.status import api
from tests.alerts.test_silent_cases import CASES
from tests.field_cases.stories import MINUTE
from tests.polled_gateway import START, polled_gateway
from tests.virtual_loop import LoopClock, VirtualLoop, run


@pytest.mark.parametrize("name", CASES)
def test_page_and_terminal_name_what_is_wrong(
    name: str, captures_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quarter of an hour later nothing is green that is not known; who copes stays green."""
    case = CASES[name]

    async def main(loop: VirtualLoop) -> None:
        clock = LoopClock(loop, START)
        gateway = replay.load_capture(captures_dir / case.capture, now=clock.time)
        async with polled_gateway(gateway, tmp_path, clock) as polled:
            await polled.pass_time(3 * MINUTE)
            polled.gateway.faults |= case.faults
            await polled.pass_time(17 * MINUTE)
            state = polled.status()
            Screen(detailed=True).show(api.load(api.dump([state], clock.time())))
            text = capsys.readouterr().out
        if case.alert:
            assert state.health in ("act", "blind")
            assert any(word in text for word in case.says), text
            assert "All is well" not in text
        else:
            assert state.health == "well", text

    run(main)
