"""Settings of the site that limit power, and the firmware update of its storage devices."""

from dataclasses import dataclass
from typing import Literal

from exporter.simulator.homes.device_states import FirmwareUpdateState, LimitState, battery_serial

#: seconds that an update takes, and the share of it at which one that hangs stands still
_UPDATE_SECONDS, _HANGS_AT = 7200.0, 0.98


@dataclass
class PowerLimits:
    """What limits export, batteries and production; None where there is no limit."""

    export_watts: float | None = None
    dynamic_export_watts: float | None = None
    #: current of all batteries on each leg, while on grid
    battery_amperes: float | None = None
    #: share of the rated power that may be produced
    production_ratio: float = 1.0
    production_off: bool = False
    #: name of the grid profile; None is the usual one
    grid_profile: str | None = None

    @property
    def most_export(self) -> float:
        """The most that may be exported, in watts."""
        limits = (self.export_watts, self.dynamic_export_watts)
        return min((limit for limit in limits if limit is not None), default=float("inf"))

    def most_battery(self, volts: float) -> float:
        """Return the most that batteries give or take, in watts; `volts` are of all legs."""
        return float("inf") if self.battery_amperes is None else self.battery_amperes * volts

    def state(self) -> LimitState:
        """Return what the gateway reports."""
        return LimitState(
            export_watts=self.export_watts,
            dynamic_export_watts=self.dynamic_export_watts,
            battery_amperes=self.battery_amperes,
            production_ratio=self.production_ratio,
            production_off=self.production_off,
            grid_profile=self.grid_profile,
        )


class FirmwareUpdater:
    """The update of the storage devices; it runs until a scenario ends it."""

    def __init__(self) -> None:
        self.running = False
        self.last_result: Literal["success", "failed"] = "success"
        self.failure_reason = "Device not communicating"
        #: number of the battery that is updated
        self.battery = 1
        self._since: float | None = None
        self._now = 0.0
        self._lasted = 7900.0

    def update(self, now: float) -> None:
        """Note how long it has been running at `now` (epoch seconds)."""
        self._now = now
        if self.running and self._since is None:
            self._since = now
        elif not self.running and self._since is not None:
            self._lasted, self._since = now - self._since, None

    def state(self) -> FirmwareUpdateState:
        """Return what the gateway reports."""
        seconds = self._lasted if self._since is None else self._now - self._since
        progress = min(_HANGS_AT, seconds / _UPDATE_SECONDS) if self.running else 0.0
        return FirmwareUpdateState(
            running=self.running,
            progress=progress,
            seconds_running=round(seconds),
            seconds_left=round((1.0 - progress) * _UPDATE_SECONDS) if self.running else 0,
            last_result=self.last_result,
            failure_reason=self.failure_reason,
            serials=(battery_serial(self.battery - 1),) if self.running else (),
        )


class LiveStream:
    """The live stream of the gateway, which ends by itself."""

    #: seconds that it stays on
    _LASTS = 900.0
    #: seconds between two updates of live data while it is off
    _INTERVAL = 60

    def __init__(self) -> None:
        #: whether somebody has switched it on
        self.on = False
        self._until: float | None = None

    def update(self, now: float) -> None:
        """Switch it off when its time is over (epoch seconds)."""
        if self.on and self._until is None:
            self._until = now + self._LASTS
        elif not self.on or (self._until is not None and now >= self._until):
            self.on, self._until = False, None

    def read_at(self, now: float) -> int:
        """Return when live data was last updated (epoch seconds)."""
        return int(now) if self.on else int(now // self._INTERVAL) * self._INTERVAL
