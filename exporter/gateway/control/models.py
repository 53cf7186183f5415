"""The parts of a command: its row in the table, an order for it, the plan, and how it ended."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pyenphase import Envoy
from pyenphase.const import SupportedFeatures
from pyenphase.models.envoy import EnvoyData

#: what the owner gave with the command, by name of the flag
Args = Mapping[str, Any]
#: settings or states by name: texts, numbers, flags; None where the gateway does not say
Values = dict[str, Any]

#: seconds between two readings while a change is waited for: with a running exporter beside it, the
#: gateway is still asked no more than it can bear
PACE = 5.0


@dataclass(frozen=True, slots=True)
class Need:
    """Hardware without which a command makes no sense."""

    #: what pyenphase has to be told that there is
    features: SupportedFeatures
    #: the endpoint that shows it, and whether its parsed answer does
    endpoint: str
    there: Callable[[Any], bool]
    #: what is said where it is not, after `the gateway`
    lacks: str
    #: its name among the features that the exporter remembers
    remembered: str


@dataclass(frozen=True, slots=True)
class Request:
    """One write as pyenphase sends it."""

    method: str
    endpoint: str
    #: the parsed JSON
    body: Any


def _nothing(args: Args, before: Values) -> None:
    """Accept everything."""


def _no_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    return []


def _no_idea(wanted: Values, after: Values) -> str:
    return "the gateway does not say why"


@dataclass(frozen=True, slots=True)
class Control:
    """A row of the table: one command, and everything that is particular about it."""

    #: as it is typed after `control`
    name: str
    #: what it does, for the owner, from the arguments
    title: Callable[[Args], str]
    needs: Need
    #: the endpoints that show the state; these are read again until the change is seen
    reads: tuple[str, ...]
    #: the state, as far as it matters here; raises ControlError for devices that there are not
    state: Callable[[EnvoyData, Args], Values]
    #: which of these values are to become what
    wanted: Callable[[Args, Values], Values]
    #: lets pyenphase send it; the last is what is wanted
    write: Callable[[Envoy, Args, Values], Awaitable[Any]]
    #: raises ControlError for what is no good idea with this state
    check: Callable[[Args, Values], None] = _nothing
    #: endpoints for `notes` alone, read once; the command does not hang on them
    looks: tuple[str, ...] = ()
    #: what the owner should know before it is sent
    notes: Callable[[Args, Values, EnvoyData], list[str]] = _no_notes
    #: why it was taken and not done, from what was wanted and what is
    why: Callable[[Values, Values], str] = _no_idea
    #: what has to be typed to agree; empty: a plain yes
    phrase: str = ""
    #: seconds until the change must have been seen, and between two readings
    timeout: float = 30.0
    pace: float = PACE
    #: seconds to stay afterwards, on request; the cloud takes up to two minutes
    watched: float = 180.0
    #: whether the Enphase cloud is known to put its own value back
    cloud: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A command with its arguments."""

    control: Control
    args: Args = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it does, for the owner."""
        return self.control.title(self.args)


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, before anything is."""

    order: Order
    before: Values
    wanted: Values
    requests: tuple[Request, ...]
    notes: tuple[str, ...]

    @property
    def already(self) -> bool:
        """Whether everything is as wanted, so that nothing has to be sent."""
        return fits(self.wanted, self.before)


Kind = Literal["done", "already", "refused", "ignored", "overwritten", "lost", "unsent"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    done          the gateway shows the change
    already       it showed it before, nothing was sent
    refused       the gateway answered with an error
    ignored       the change did not come in time, whatever the gateway answered
    overwritten   the change came, and something turned it back
    lost          whether the change was made cannot be told, for want of an answer
    unsent        no connection: nothing was sent
    """

    kind: Kind
    #: one line for the owner
    line: str
    before: Values
    #: the last state read after sending; None when none could be read
    after: Values | None
    requests: tuple[Request, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the system is now as the owner wants it."""
        return self.kind in ("done", "already")


def fits(wanted: Values, found: Values) -> bool:
    """Return whether all that is wanted is found."""
    return all(found.get(name) == value for name, value in wanted.items())


def printable(text: str) -> str:
    """Return text from elsewhere in one line, without anything that a terminal obeys."""
    return "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))


def shown(value: Any) -> str:
    """Return a value as the owner reads it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else printable(str(value)) or '""'


def told(values: Values) -> str:
    """Return values in one line."""
    return ", ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in values.items())
