"""Faults of the gateway itself: clock, cloud, counters, CTs."""

from dataclasses import dataclass

from exporter.simulator.homes.device_states import CloudState, MeteringStatus, MeterState
from exporter.simulator.homes.models import UNUSED_CTS, CtKind
from exporter.simulator.physics.power_balance import PowerBalance

#: seconds between two reports to the cloud, over the network and by cellular modem
_INTERVAL, _CELLULAR = 280, 6 * 3600
#: seconds by which the time stamp of a report is older than the report
_BEFORE = 107
#: seconds between two attempts to connect the live channel
_RETRY = 60


@dataclass
class GatewayQuirks:
    """What the gateway is and gets wrong."""

    #: seconds its clock is ahead
    clock_offset: float = 0.0
    #: whether it answers as after a restart: zeros, no inverters
    zeros: bool = False
    total_is_net: bool = False
    #: whether the readings of its CTs stand still, with their time
    meters_frozen: bool = False
    #: seconds after midnight at which the counters of today begin again
    today_reset_delay: float = 0.0
    #: seconds that `/production.json` is behind
    reading_lag: float = 2.0
    serial: str | None = None
    firmware: str | None = None


class CloudReporter:
    """Its reports to the Enphase cloud."""

    def __init__(self) -> None:
        #: whether it reports, and whether it says that it can
        self.reporting = True
        self.connected = True
        self.cellular = False
        #: whether it puts back storage settings that were not set through it
        self.overwrites = False
        #: whether the live channel could stand; it falls with the reports
        self.channel = True
        self.ever_reported = True
        self._reported = 0
        self._channel_errors = 12
        self._channel_tried = 0.0

    def report(self, now: float) -> None:
        """Report if it is time (epoch seconds)."""
        interval = _CELLULAR if self.cellular else _INTERVAL
        if self.channel_up:
            self._channel_tried = now
        elif now - self._channel_tried >= _RETRY:
            tries = int((now - self._channel_tried) // _RETRY)
            self._channel_errors += tries
            self._channel_tried += tries * _RETRY
        if self.reporting:
            self._reported = max(self._reported, int(now // interval) * interval - _BEFORE)

    @property
    def channel_up(self) -> bool:
        """Whether the live channel stands."""
        return self.channel and self.connected and self.reporting

    def show(self, clock: int) -> CloudState:
        """Return what the gateway reports of it; `clock` is how far its clock is ahead, in s."""
        return CloudState(
            reported=self._reported + clock if self.ever_reported else 0,
            connected=self.connected,
            cellular=self.cellular,
            channel=self.channel_up,
            channel_errors=self._channel_errors,
            ever_reported=self.ever_reported,
        )


@dataclass
class CounterFault:
    """Errors of a lifetime counter, in Wh."""

    offset: float = 0.0
    zero: bool = False

    def show(self, energy: float) -> float:
        """Return the reported value for this energy."""
        return 0.0 if self.zero else energy + self.offset


class SimulatedMeter:
    """One CT."""

    def __init__(self, kind: CtKind) -> None:
        self._kind = kind
        self.enabled = kind not in UNUSED_CTS
        self.status: MeteringStatus = "normal"
        self.flags: tuple[str, ...] = ()
        self._missed = (0.0, 0.0)

    @property
    def counts(self) -> bool:
        """Whether it counts what passes."""
        return self.status != "not-metering"

    def after(self, flows: PowerBalance, seconds: float) -> tuple[float, float]:
        """Return what it has missed of energy delivered and received, in Wh."""
        if self.counts:
            return self._missed
        power = _power(self._kind, flows)
        hours = seconds / 3600
        delivered, received = self._missed
        return delivered + max(0.0, power) * hours, received + max(0.0, -power) * hours

    def commit(self, flows: PowerBalance, seconds: float) -> None:
        """Let time pass."""
        self._missed = self.after(flows, seconds)

    def show(self, flows: PowerBalance, seconds: float) -> MeterState:
        """Return what the gateway knows of it, when these powers have lasted so long."""
        delivered, received = self.after(flows, seconds)
        return MeterState(
            enabled=self.enabled,
            status=self.status,
            flags=self.flags,
            missed_delivered=delivered,
            missed_received=received,
        )


def _power(kind: CtKind, flows: PowerBalance) -> float:
    return {
        "production": flows.sun,
        "net-consumption": flows.grid,
        "total-consumption": flows.sun + flows.grid,
        "storage": flows.battery,
        "backfeed": -flows.grid,
    }.get(kind, 0.0)
