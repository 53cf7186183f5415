"""From a new answer to new readings: what is taken in, when it is read, and when it is too old."""

from collections.abc import Iterable
from contextlib import suppress

from exporter.errors import GatewayError, GatewayStartingError
from exporter.gateway import topology
from exporter.gateway.assembly import says_nothing
from exporter.gateway.endpoints import PATHS, events
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.parts import GatewayParts
from exporter.gateway.response import Response
from exporter.gateway.scheduler import EndpointSchedule, EndpointState
from exporter.snapshot import SELF, Reading

#: seconds until a surprising grid state is asked again
_CONFIRM_DELAY = 0.25
#: seconds after which production is read from what answered until then
SETTLING = 60.0


class Collection:
    """Makes the readings of one gateway, by collector."""

    def __init__(self, parts: GatewayParts) -> None:
        self._parts = parts
        #: the last answer of each endpoint, and whether it says nothing
        self._looked_at: dict[str, tuple[Parsed, bool]] = {}

    async def take(self, schedule: EndpointSchedule, response: Response) -> bool:
        """Read an answer, keep it and make new readings; return whether it is believed.

        Raises GatewayError for one that cannot be used.
        """
        parts = self._parts
        endpoint, assembler = schedule.endpoint, parts.assembler
        parsed = await assembler.parse(endpoint, response.body)
        assembler.clock_skew = parts.client.clock_skew
        last, empty = self._looked_at.get(endpoint.path, (None, False))
        if last is not parsed:
            empty = says_nothing(parsed.data)
            self._looked_at[endpoint.path] = parsed, empty
        if empty and schedule.seen:
            for collector in topology.collectors_of(endpoint.path):
                self._note_missing(collector, None)
            raise GatewayStartingError(f"{endpoint.path}: empty, though it was not before")
        if not parts.grid.confirmed(endpoint.path, parsed):
            # Asked again at once: one odd answer is no outage.
            parts.scheduler.repeat(schedule, _CONFIRM_DELAY)
            return False
        before = assembler.answers.get(endpoint.path)
        assembler.keep(endpoint, parsed, response.body, schedule.lifetime)
        collectors = topology.readings_of(endpoint.path)
        try:
            readings = [self.assemble(collector) for collector in collectors]
        except GatewayError:
            if before is not None:
                assembler.answers[endpoint.path] = before
            raise
        settled = all(map(self._settled, collectors))
        useful = any(reading and reading.data for reading in readings)
        useless = settled and not useful and not self._others_are_unknown(endpoint.path, collectors)
        parts.scheduler.answered(schedule, empty=empty or useless)
        if schedule.seen:
            parts.memory.endpoints.add(endpoint.path)
        self._note_settings(parsed)
        if endpoint is events.ENDPOINT and assembler.events.behind:
            parts.scheduler.repeat(schedule, _CONFIRM_DELAY)
        return True

    def _others_are_unknown(self, path: str, collectors: Iterable[str]) -> bool:
        """Return whether answers are still to come without which this one may say nothing."""
        scheduler, now = self._parts.scheduler, self._parts.clock.monotonic()
        return any(
            other != path and scheduler[other].enabled and scheduler[other].is_unknown(now)
            for collector in collectors
            for other in topology.STANDS_ON[collector]
        )

    def assemble(self, collector: str) -> Reading | None:
        """Make a new reading of a collector from the answers there are."""
        if not self._settled(collector):
            return None
        parts = self._parts
        reading, missing = parts.assembler.reading(collector, parts.readings.get(collector))
        parts.states.note_missing(collector, missing)
        if reading is not None:
            parts.readings[collector] = reading
            if not says_nothing(reading.data):
                parts.inventory.note("collector", collector, {collector})
        return reading

    def assemble_settled(self) -> None:
        """Make the first reading of what has waited for the answers of several endpoints."""
        for collector in topology.SETTLING - self._parts.readings.keys():
            # What is wrong with it is reported with the next answer.
            with suppress(GatewayError):
                self.assemble(collector)
        if self._parts.assembler.sum_pending:
            with suppress(GatewayError):
                self.assemble("battery_power")

    def assemble_all(self) -> None:
        """Make every reading again: what counts as there has changed."""
        for collector in self._parts.readings.keys() & PATHS.keys():
            self.assemble(collector)

    def expire(self, now: float) -> None:
        """Drop what is too old, and report what is missing with it."""
        parts = self._parts
        for collector, reading in list(parts.readings.items()):
            if collector in (SELF, "gateway"):
                continue
            rest = reading.unexpired(now)
            if rest is reading:
                continue
            if rest is None:
                del parts.readings[collector]
                parts.states[collector].has_data = False
                parts.inventory.note("collector", collector, ())
            else:
                parts.readings[collector] = rest
            if parts.states[collector].error is not None:
                # What was only asked too late is not missing.
                self._note_missing(collector, rest)

    def _settled(self, collector: str) -> bool:
        """Return whether a collector can be read without another source taking over later.

        Which registers production is read from depends on answers of several endpoints.
        """
        parts = self._parts
        if collector in parts.readings or collector not in topology.SETTLING:
            return True
        if parts.states.connected_for() > SETTLING:
            return True
        return not any(
            schedule.enabled and schedule.condition in (EndpointState.NEW, EndpointState.FAILING)
            for schedule in map(parts.scheduler.__getitem__, PATHS[collector])
        )

    def _note_missing(self, collector: str, reading: Reading | None) -> None:
        data = {} if reading is None else reading.data
        parts = self._parts
        parts.states.note_missing(collector, parts.assembler.missing(collector, data))

    def _note_settings(self, parsed: Parsed) -> None:
        home = parsed.data.get("home")
        if home is not None and home.timezone:
            self._parts.memory.timezone = home.timezone
