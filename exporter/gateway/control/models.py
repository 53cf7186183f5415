"""The model of a command: its table row, a call with arguments, the plan, the result."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pyenphase import Envoy
from pyenphase.const import SupportedFeatures
from pyenphase.models.envoy import EnvoyData

#: arguments of the command line, by name
Args = Mapping[str, Any]
#: settings or states by name; None where the gateway does not report one
Values = dict[str, Any]

#: seconds between two reads while waiting for a change; together with a running exporter this stays
#: within what a gateway can handle
POLL_INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class Requirement:
    """Hardware that a command needs."""

    #: the features that pyenphase checks before it writes
    features: SupportedFeatures
    #: the endpoint that shows it, and whether its parsed response does
    endpoint: str
    is_present: Callable[[Any], bool]
    #: message when it is missing, after `the gateway`
    missing_message: str
    #: its name in the saved state of the exporter
    feature_name: str


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """One write as pyenphase sends it."""

    method: str
    endpoint: str
    #: the parsed JSON
    body: Any


def _accept(args: Args, before: Values) -> None:
    """Accept all arguments."""


def _no_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    return []


def _no_hint(desired: Values, after: Values) -> str:
    return "the gateway gives no reason"


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table: one command and everything specific to it."""

    #: the words after `control` on the command line
    name: str
    #: what it does, from the arguments
    title: Callable[[Args], str]
    requirement: Requirement
    #: the endpoints that show the state; read again until the change is visible
    reads: tuple[str, ...]
    #: the relevant part of the state; raises ControlError for unknown devices
    state: Callable[[EnvoyData, Args], Values]
    #: the desired values of that state
    desired: Callable[[Args, Values], Values]
    #: lets pyenphase send it; the last argument is the desired values
    write: Callable[[Envoy, Args, Values], Awaitable[Any]]
    #: raises ControlError for arguments that are invalid in this state
    check: Callable[[Args, Values], None] = _accept
    #: endpoints that only `notes` uses, read once; the command works without them
    extra_reads: tuple[str, ...] = ()
    #: what the owner should know before it is sent
    notes: Callable[[Args, Values, EnvoyData], list[str]] = _no_notes
    #: why it was accepted but not applied, from the desired and the actual values
    failure_hint: Callable[[Values, Values], str] = _no_hint
    #: what has to be typed to confirm; empty: y or yes
    phrase: str = ""
    #: seconds until the change must be visible, and between two reads
    timeout: float = 30.0
    poll_interval: float = POLL_INTERVAL
    #: seconds that --watch keeps reading; the cloud takes up to two minutes
    watch_seconds: float = 180.0
    #: whether the Enphase cloud may restore its own value
    cloud: bool = False


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A command with its arguments."""

    command: Command
    args: Args = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Return what the command does with these arguments."""
        return self.command.title(self.args)


@dataclass(frozen=True, slots=True)
class CommandPlan:
    """What would be sent, before anything is."""

    call: CommandCall
    before: Values
    desired: Values
    requests: tuple[WriteRequest, ...]
    notes: tuple[str, ...]

    @property
    def is_noop(self) -> bool:
        """Whether the state is already as desired, so that nothing has to be sent."""
        return matches(self.desired, self.before)


ResultKind = Literal["done", "already", "refused", "ignored", "overwritten", "lost", "unsent"]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command.

    done          the gateway shows the change
    already       the state was already as desired, nothing was sent
    refused       the gateway answered with an error
    ignored       the change was not visible in time, whatever the gateway answered
    overwritten   the change was visible, and then reverted
    lost          unknown whether the change was made, because the gateway stopped answering
    unsent        no connection: nothing was sent
    """

    kind: ResultKind
    #: the message, in one line
    line: str
    before: Values
    #: the last state read after sending; None when none could be read
    after: Values | None
    requests: tuple[WriteRequest, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the state is now as desired."""
        return self.kind in ("done", "already")


def matches(desired: Values, actual: Values) -> bool:
    """Return whether all desired values are the actual ones."""
    return all(actual.get(name) == value for name, value in desired.items())


def printable(text: str) -> str:
    """Return external text in one line, without control characters."""
    return "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))


def format_value(value: Any) -> str:
    """Return a value as text for the owner."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else printable(str(value)) or '""'


def format_values(values: Values) -> str:
    """Return values in one line."""
    return ", ".join(
        f"{name.replace('_', ' ')} {format_value(value)}" for name, value in values.items()
    )
