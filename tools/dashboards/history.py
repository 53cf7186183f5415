"""The year before the recording, as the rules would have recorded it.

A year of the exporter in virtual time takes an hour. For what is drawn by day and month the
energies of the simulated home are enough, so its physics alone runs, in steps of half an hour, and
what the rules keep of such a time is written from it.
"""

import math
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.simulator.homes.time_of_use import SEASONS, SELL, price_level
from exporter.simulator.physics.energy_counters import EnergyTotals
from exporter.simulator.physics.simulation import HomeSimulation
from exporter.simulator.scenario import Scenario
from exporter.sun import position

_STEP = 1800
_DAY = timedelta(days=1)
_JOULES = 3600.0
#: flows by their names in metrics, and in the energies of a simulated home
_FLOWS = {
    "solar": "produced",
    "house": "used",
    "grid_import": "imported",
    "grid_export": "exported",
    "battery_charge": "charged",
    "battery_discharge": "discharged",
}
#: what the exporter must have measured for what the rules make of it: a home has not every meter
_NEEDED = {
    **{f"enphase:{flow}_joules:yesterday": {f"enphase_{flow}_joules_total"} for flow in _FLOWS},
    "enphase:import_cost:increase15m": {"enphase_grid_import_joules_total"},
    "enphase:export_earnings:increase15m": {"enphase_grid_export_joules_total"},
    "enphase:avoided_cost:increase15m": {"enphase_house_joules_total"},
}
#: hours after midnight at which the day before is written
_TOLD_AT = (6, 12, 18)
_INFO = "enphase_inverter_info"
#: as in the rules: days before that a clear sky is made of, and how high the sun is at least (sine)
_CLEAR_DAYS, _LEAST_SINE = (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28), 0.08
_STEPS_A_DAY = 86400 // _STEP
#: degrees: as the simulated sun stands in the homes' time zone
_LONGITUDE = -120.0
#: what the batteries lose of their health in a year: a percent, as those of the recording have
_AGEING = 0.01
_YEAR = 365 * _DAY.total_seconds()


def write_history(scenario: Scenario, recording: Path, end: float, days: int, path: Path) -> None:
    """Write so many days up to `end` (epoch seconds) as OpenMetrics.

    The `recording` goes on from there: its home, and its names for the inverters, are those of the
    history.
    """
    gateway, names, measured = _identity(recording)
    zone = ZoneInfo(scenario.site.timezone)
    first = datetime.fromtimestamp(end, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first -= days * _DAY
    house = HomeSimulation(
        scenario.site,
        seed=scenario.seed,
        start=first.timestamp(),
        latitude=scenario.latitude,
        household=scenario.household,
        past_days=0,
        step=_STEP,
    )
    samples: dict[str, list[str]] = {}
    for at, name, labels, value in chain(
        _samples(house, zone, end, _ClearSky(scenario.latitude)),
        _health(scenario, first.timestamp(), end),
    ):
        if not _NEEDED.get(name, set()) <= measured:
            continue
        more = "".join(f',{key}="{word}"' for key, word in labels.items())
        line = f'{name}{{gateway="{gateway}"{more}}} {value:.6g} {at:.0f}'
        samples.setdefault(name, []).append(line)
        if serial := labels.get("serial"):
            samples.setdefault(_INFO, []).append(f"{names[serial]} 1 {at:.0f}")
    with path.open("w") as file:
        for name, lines in samples.items():
            file.write(f"# TYPE {name} gauge\n")
            file.writelines(f"{line}\n" for line in lines)
        file.write("# EOF\n")


def _identity(recording: Path) -> tuple[str, dict[str, str], set[str]]:
    """Return the gateway of a recording, what is known of each inverter, and all metrics."""
    names: dict[str, str] = {}
    metrics: set[str] = set()
    gateway = ""
    with recording.open() as file:
        for line in file:
            metric = line.partition("{")[0]
            metrics.add(metric)
            if metric == _INFO:
                series = line.rsplit(" ", 2)[0]
                [gateway] = re.findall(r'gateway="([^"]*)"', series)
                [serial] = re.findall(r'serial="([^"]*)"', series)
                names.setdefault(serial, series)
    return gateway, names, metrics


class _ClearSky:
    """What a clear sky gives, from what the days before gave."""

    def __init__(self, latitude: float) -> None:
        self._latitude = latitude
        self._ratios: list[float | None] = []

    def watts(self, now: float, produced: float) -> float | None:
        """Return it for the step until `now`, in which so much was produced (Wh)."""
        height = math.sin(math.radians(position(self._latitude, _LONGITUDE, now).elevation))
        best = max(
            (
                ratio
                for day in _CLEAR_DAYS
                if day * _STEPS_A_DAY <= len(self._ratios)
                and (ratio := self._ratios[-day * _STEPS_A_DAY]) is not None
            ),
            default=None,
        )
        watts = produced * 3600 / _STEP
        self._ratios.append(watts / height if height > _LEAST_SINE else None)
        return None if best is None else best * max(0.0, height)


def _health(
    scenario: Scenario, first: float, end: float
) -> Iterator[tuple[float, str, dict[str, str], float]]:
    """Yield how the batteries age, by the hour."""
    if not scenario.site.batteries:
        return
    for hour in range(int(first // 3600) + 1, int(end // 3600)):
        health = 1 - _AGEING + _AGEING * (end - 3600 * hour) / _YEAR
        yield 3600 * hour, "enphase:storage_health_ratio", {}, min(1.0, health)
        yield 3600 * hour, "enphase:storage_commissioned_ratio", {}, 1.0


def _samples(
    house: HomeSimulation, zone: ZoneInfo, end: float, sky: _ClearSky
) -> Iterator[tuple[float, str, dict[str, str], float]]:
    currency = {"currency": house.site.currency}
    midnight = before = house.energy
    panels = _panels(house)
    given: dict[str, float] = {}
    day: EnergyTotals | None = None
    # the day in which the recording begins is told on the next
    while house.now + _STEP <= end + _DAY.total_seconds():
        house.advance(house.now + _STEP)
        energy, now = house.energy, datetime.fromtimestamp(house.now, zone)
        for name, value in _money(now, before, energy).items() if house.now <= end else ():
            yield house.now, f"enphase:{name}:increase15m", currency, value
        clear = sky.watts(house.now, energy.produced - before.produced)
        if clear is not None:
            # the rules record it four times an hour; in a recording they wait a day for the first
            for at in (house.now - _STEP / 2, house.now):
                yield at, "enphase:solar_clear_sky_watts", {}, clear
        before = energy
        if (now.hour, now.minute) == (0, 0):
            day, midnight = _less(energy, midnight), energy
            given = {serial: wh - panels.get(serial, 0) for serial, wh in _panels(house).items()}
            panels = _panels(house)
        if day and now.minute == 0 and now.hour in _TOLD_AT:
            for flow, name in _FLOWS.items():
                value = getattr(day, name) * _JOULES
                yield house.now, f"enphase:{flow}_joules:yesterday", {}, value
        if now.minute == 0 and house.now <= end:
            for serial, wh in given.items():
                name = "enphase:inverter_joules:increase1d"
                yield house.now, name, {"serial": serial}, wh * _JOULES


def _money(now: datetime, before: EnergyTotals, after: EnergyTotals) -> dict[str, float]:
    passed = _less(after, before)
    season = max(
        (each for each in SEASONS if _day_of(each.start) <= (now.month, now.day)),
        key=lambda each: _day_of(each.start),
        default=SEASONS[-1],
    )
    price = season.price(price_level(now.weekday(), 60 * now.hour + now.minute)) / 1000
    return {
        "import_cost": passed.imported * price,
        "export_earnings": passed.exported * SELL / 1000,
        "avoided_cost": max(0.0, passed.used - passed.imported) * price,
    }


def _day_of(text: str) -> tuple[int, int]:
    month, day = text.split("/")
    return int(month), int(day)


def _panels(house: HomeSimulation) -> dict[str, float]:
    return {each.serial: each.lifetime for each in house.state().inverters}


def _less(after: EnergyTotals, before: EnergyTotals) -> EnergyTotals:
    return EnergyTotals(*(a - b for a, b in zip(after, before, strict=True)))
