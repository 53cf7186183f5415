"""A snapshot loses what is too old, each member on its own."""

from exporter.snapshot import Reading, Snapshot


def snapshot() -> Snapshot:
    """Return a snapshot with a member that expires before the others."""
    counters: dict[tuple[str, ...], float] = {("early", "a"): 1.0, ("late", "b"): 2.0}
    reading = Reading({"early": 1, "late": 2}, 0, 100, counters, member_expires={"early": 50})
    return Snapshot("home", {"meters": reading})


def test_a_member_can_expire_before_its_reading() -> None:
    """It goes with its counters; the others stay until the reading itself expires."""
    whole = snapshot().fresh("meters", 49)
    assert whole is not None
    assert whole.data == {"early": 1, "late": 2}
    rest = snapshot().fresh("meters", 50)
    assert rest is not None
    assert (rest.data, rest.counters) == ({"late": 2}, {("late", "b"): 2.0})
    assert snapshot().fresh("meters", 100) is None


def test_a_snapshot_has_the_time_of_its_next_expiry() -> None:
    """That is when to render it again."""
    assert snapshot().next_expiry(0) == 50
    assert snapshot().next_expiry(50) == 100
    assert snapshot().next_expiry(100) == float("inf")
