"""Serves a capture: a gateway that sends the responses recorded from another one."""

from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

from exporter.capture.folder import CaptureFolder, read_folder
from exporter.simulator.gateway import HttpResponse, SimulatedGateway
from exporter.simulator.timeshift import TimestampedBody, newest_timestamp


class ReplayGateway(SimulatedGateway):
    """A gateway that sends recorded responses, as they were or moved to the present."""

    def __init__(self, folder: CaptureFolder, now: Callable[[], float] | None) -> None:
        """Serve a capture; with `now` (epoch seconds), its time stamps follow that clock."""
        self._folder = folder
        self._now = now
        self._recorded_at = _recorded_at(folder)
        self._bodies: dict[str, TimestampedBody] = {}
        #: the response of the present second, by name
        self._current: dict[str, tuple[int, HttpResponse]] = {}

    @property
    def serial(self) -> str:
        """See `SimulatedGateway.serial`."""
        return self._folder.serial

    @property
    def firmware(self) -> str:
        """See `SimulatedGateway.firmware`."""
        return self._folder.firmware

    @property
    def recorded_at(self) -> int | None:
        """The time of the recording (epoch seconds); None if nothing in it has a time."""
        return self._recorded_at

    def answer(self, target: str) -> HttpResponse | None:
        """Answer as recorded; see `SimulatedGateway.answer`."""
        name = self._folder.name(target)
        if name is None:
            return None
        if self._now is None:
            return self._as_recorded(name)
        return self._at(name, target, int(self._now()))

    def _as_recorded(self, name: str) -> HttpResponse:
        recorded = self._folder.responses[name]
        date = self._recorded_at if recorded.date is None else recorded.date
        headers = dict(recorded.headers)
        if date is not None:
            headers["Date"] = formatdate(date, usegmt=True)
        return HttpResponse(recorded.status, recorded.body, headers)

    def _at(self, name: str, target: str, now: int) -> HttpResponse:
        """Return the response as it would be at `now` (epoch seconds)."""
        second, response = self._current.get(name, (None, None))
        if response is not None and second == now:
            return response
        recorded = self._folder.responses[name]
        body = self._bodies.get(name)
        if body is None:
            body = self._bodies[name] = TimestampedBody(recorded.body, target)
        shift = 0 if self._recorded_at is None else now - self._recorded_at
        headers = {**recorded.headers, "Date": formatdate(now, usegmt=True)}
        response = HttpResponse(recorded.status, body.shifted(shift), headers)
        self._current[name] = (now, response)
        return response


def load_capture(directory: Path, *, now: Callable[[], float] | None = None) -> ReplayGateway:
    """Return the gateway of a capture folder.

    Without `now`, responses are byte for byte as recorded. With it (a function returning epoch
    seconds), every time stamp is moved by the time since the recording and follows the clock, so
    that ages stay what they were.

    Raises `CaptureError` for a folder that is missing, incomplete or unreadable.
    """
    return ReplayGateway(read_folder(directory), now)


def _recorded_at(folder: CaptureFolder) -> int | None:
    """Return when a capture was made: its newest date header or time stamp.

    Headers alone are not enough: some folders hold logs that are older than their responses.
    """
    times = [response.date for response in folder.responses.values()]
    times += [
        newest_timestamp(response.body, f"/{name}") for name, response in folder.responses.items()
    ]
    return max((time for time in times if time is not None), default=None)
