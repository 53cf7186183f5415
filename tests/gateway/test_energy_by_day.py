"""Today, yesterday and the last week follow from guarded counters and the time zone of the site."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from exporter.gateway.energy_by_day import Days, EnergyByDay, GatewayFigures
from exporter.gateway.site_limits import Side, SiteLimits
from exporter.gateway.state_model import DayState

BERLIN = ZoneInfo("Europe/Berlin")
NOTHING = GatewayFigures()


class DailyCounter:
    """A counter that is read at local times."""

    def __init__(self, zone: ZoneInfo | None = BERLIN) -> None:
        self.states: dict[str, DayState] = {}
        self.zone = zone
        self.start()

    def start(self) -> None:
        """Start the exporter, with what is remembered."""
        limits = SiteLimits(inverters=12, batteries=0)
        self.daily = EnergyByDay(self.states, limits, lambda: self.zone)

    def read(
        self, moment: str, position: float, today: float | None = None, week: float | None = None
    ) -> Days:
        """Return the days at a local time, such as `2026-06-21 14:00`."""
        now = datetime.fromisoformat(moment).replace(tzinfo=BERLIN).timestamp()
        return self.daily.update("a", position, now, Side.SOLAR, GatewayFigures(today, week))


def test_the_day_of_the_start_begins_with_the_gateways_figure() -> None:
    """Energy before the start comes from the gateway; the rest is counted."""
    site = DailyCounter()
    assert site.read("2026-06-21 14:00", 100_000, 5000).today == 5000
    assert site.read("2026-06-21 14:30", 101_000, 99).today == 6000


def test_a_day_ends_at_midnight_of_the_site() -> None:
    """The energy around midnight is shared out by time."""
    site = DailyCounter()
    site.read("2026-06-21 14:00", 100_000, 5000)
    site.read("2026-06-21 23:58", 110_000)
    days = site.read("2026-06-22 00:02", 110_040)
    assert days == Days(20, 15_020, None)


@pytest.mark.parametrize("figure", [14_405_000, 12_345_700, -5, float("nan")])
def test_a_figure_that_cannot_be_true_is_not_passed_on(figure: float) -> None:
    """Twelve inverters make no 12 MWh until the afternoon; nothing is known until midnight then."""
    site = DailyCounter()
    assert site.read("2026-06-21 14:00", 14_405_000, figure, figure) == Days(None, None, None)
    site.read("2026-06-21 23:59", 14_408_000, figure, figure)
    assert site.read("2026-06-22 00:00", 14_408_000, figure, figure).today == 0
    assert site.read("2026-06-22 12:00", 14_418_000, figure, figure).today == 10_000


def test_a_figure_that_jumps_later_changes_nothing() -> None:
    """Once the day has begun with a known position, the figure of the gateway is not used."""
    site = DailyCounter()
    site.read("2026-06-21 10:00", 100_000, 2000)
    assert site.read("2026-06-21 14:00", 104_000, 12_345_700).today == 6000


def test_a_figure_that_resets_an_hour_late_is_not_taken_for_todays() -> None:
    """After midnight it may be yesterday's: it is looked at when it must have been reset."""
    site = DailyCounter()
    assert site.read("2026-06-22 00:20", 100_000, 4000).today is None
    assert site.read("2026-06-22 02:00", 100_000, 0).today == 0


def test_a_restart_over_midnight_knows_both_days_when_nothing_moved() -> None:
    """At night the panels make nothing, so a night without the exporter costs nothing."""
    site = DailyCounter()
    site.read("2026-06-21 12:00", 100_000, 5000)
    site.read("2026-06-21 22:00", 110_000)
    site.start()
    days = site.read("2026-06-22 05:00", 110_000)
    assert (days.today, days.yesterday) == (0, 15_000)


def test_a_restart_over_midnight_does_not_guess() -> None:
    """What was counted in a night without readings belongs to no known day; the gateway helps."""
    site = DailyCounter()
    site.read("2026-06-21 12:00", 100_000, 5000)
    site.read("2026-06-21 22:00", 110_000)
    site.start()
    days = site.read("2026-06-22 09:00", 112_500, 2400)
    assert (days.today, days.yesterday) == (2400, None)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_with_another_number_of_hours_are_days(day: str, hours: int) -> None:
    """When the clocks change, a day has 23 or 25 hours, and ends at midnight all the same."""
    site = DailyCounter()
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    first = midnight - timedelta(minutes=10)
    site.read(first.strftime("%F %T"), 0, 0)
    start = midnight.timestamp()
    limits = (NOTHING, Side.SOLAR)
    days = Days(None, None, None)
    for quarter in range(hours * 4 + 1):
        days = site.daily.update("a", quarter * 100.0, start + quarter * 900, limits[1], limits[0])
    assert days.today == 0
    assert days.yesterday == hours * 400


def test_the_week_is_that_of_seven_known_days() -> None:
    """Until then it is the gateway's, if it can be true."""
    site = DailyCounter()
    first = datetime(2026, 6, 1, 12, tzinfo=BERLIN)
    days = Days(None, None, None)
    for noon in range(9):
        for hour in range(24):
            moment = first + timedelta(days=noon, hours=hour)
            days = site.read(moment.strftime("%F %T"), noon * 2400 + hour * 100, 1200, 7777)
        if noon < 6:
            assert days.last_7_days == 7777
    assert days.last_7_days == 7 * 2400


def test_without_a_time_zone_only_the_gateways_figures_are_left() -> None:
    """Without a time zone midnight is unknown."""
    site = DailyCounter(None)
    assert site.read("2026-06-21 14:00", 100_000, 5000, 60_000) == Days(5000, None, 60_000)


def test_a_clock_that_is_set_back_begins_a_new_page() -> None:
    """The record of a future day is not reported as yesterday's."""
    site = DailyCounter()
    site.read("2026-06-21 14:00", 100_000, 5000)
    days = site.read("2026-06-20 14:00", 100_100, 4000)
    assert days == Days(4000, None, None)
