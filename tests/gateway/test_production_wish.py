"""Production that the owner has switched off is known to the running exporter, for a day."""

from pathlib import Path

import pytest

from exporter.gateway.control.audit_log import AuditLog
from exporter.gateway.production_wish import COMMAND_LOG, ProductionWish
from tests.polled_gateway import polled_gateway

DAY = 86400.0


def wish(directory: Path, at: float) -> bool:
    """Return whether the owner of `home` wants production off at this time."""
    return ProductionWish(directory, "home", lambda: at).is_off()


def test_the_last_command_counts(tmp_path: Path) -> None:
    """Off holds until on, for the gateway that was commanded, whatever came of it."""
    record = AuditLog(tmp_path)
    assert not wish(tmp_path, 100.0)
    record.write(100.0, {"gateway": "home", "command": "production off", "event": "sending"})
    assert wish(tmp_path, 101.0)
    record.write(102.0, {"gateway": "cabin", "command": "production on", "event": "sending"})
    record.write(103.0, {"gateway": "home", "command": "grid off", "event": "sending"})
    assert wish(tmp_path, 104.0)
    record.write(105.0, {"gateway": "home", "command": "production on", "event": "sending"})
    assert not wish(tmp_path, 106.0)


def test_it_ends_after_a_day(tmp_path: Path) -> None:
    """Panels that are still off by then have been forgotten; a clock set back proves nothing."""
    AuditLog(tmp_path).write(1e6, {"gateway": "home", "command": "production off"})
    assert wish(tmp_path, 1e6 + DAY - 1)
    assert not wish(tmp_path, 1e6 + DAY)
    assert not wish(tmp_path, 1e6 - 1)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"{", b"[]\n", b'{"gateway": "home", "command": ["production off"]}\n', b"\xff"],
)
def test_a_broken_record_says_nothing(tmp_path: Path, content: bytes) -> None:
    """Lines that cannot be read are passed over, and the newest part of a long one is enough."""
    path = tmp_path / COMMAND_LOG
    path.write_bytes(content)
    assert not wish(tmp_path, 100.0)
    path.write_bytes(b"x" * 1_000_000 + b"\n")
    AuditLog(tmp_path).write(100.0, {"gateway": "home", "command": "production off"})
    assert wish(tmp_path, 101.0)
    path.unlink()
    path.mkdir()
    assert not wish(tmp_path, 101.0)


@pytest.mark.parametrize(
    ("config", "shown"), [({}, [0, None]), ({"production": True}, [1, 1])], ids=["none", "on"]
)
async def test_a_running_exporter_follows(
    config: dict[str, bool], shown: list[float | None], tmp_path: Path
) -> None:
    """A command shows without a restart; the configuration has the last word."""
    seen: list[float | None] = []
    async with polled_gateway("battery-home", tmp_path, wanted=config) as polled:
        for command in ("production off", "production on"):
            event = {"gateway": "home", "command": command, "event": "sending"}
            AuditLog(tmp_path).write(polled.clock.time(), event)
            await polled.pass_time(90)
            seen.append(polled.value("enphase_production_wanted"))
    assert seen == shown
