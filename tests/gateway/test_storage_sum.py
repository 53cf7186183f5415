"""The power of all batteries is the sum of all of them, or absent."""

from pathlib import Path

from tests.polled_gateway import polled_gateway


async def test_no_sum_is_served_before_the_ac_batteries_are_read(tmp_path: Path) -> None:
    """From the first second on, IQ Batteries alone are never served as the power of all."""
    async with polled_gateway("acb", tmp_path) as watched:
        values = set()
        for _ in range(60):
            values.add(watched.value("enphase_storage_watts"))
            await watched.pass_time(3)
    assert len(values - {None}) == 1
