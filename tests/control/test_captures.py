"""Commands at gateways that were recorded: a plan, or one line that explains why there is none."""

from pathlib import Path
from typing import Any

from exporter.clock import VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.errors import ControlError
from exporter.gateway.control import COMMANDS, CommandCall, CommandRunner
from exporter.gateway.paths import DRY_CONTACT_SETTINGS
from exporter.simulator.replay import load_capture
from exporter.simulator.server import serve
from tests.control.harness import CASES
from tests.simulator.reference_homes import content


async def test_real_gateways(capture: Path, tmp_path: Path) -> None:
    """Each command has a plan with all that it sends, or a line; nothing is sent for either."""
    gateway = load_capture(capture)
    clock = VirtualClock(1_800_000_000.0)
    settings = content(gateway, DRY_CONTACT_SETTINGS) or {}
    contacts = [each["id"] for each in settings.get("dry_contacts", [])]
    refusals = []
    async with serve(gateway, now=clock.time) as running:
        login: dict[str, Any] = {"token": running.token} if gateway.uses_tls else {}
        config = GatewayConfig(host=running.host, name="home", **login)
        async with CommandRunner(config, tmp_path, clock) as command_runner:
            for case in CASES:
                args = dict(case.args)
                if "id" in args and contacts:
                    args["id"] = contacts[0]
                try:
                    plan = await command_runner.plan(CommandCall(COMMANDS[case.row], args))
                except ControlError as error:
                    refusals.append(str(error))
                    continue
                assert plan.desired.keys() <= plan.before.keys()
                assert len(plan.requests) == 1
        assert {request.method for request in running.requests} == {"GET"}
    for line in refusals:
        assert line.startswith("home: nothing was sent: ")
        assert "\n" not in line
        assert "unknown (" not in line
