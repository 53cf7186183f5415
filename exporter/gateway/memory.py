"""What the exporter remembers of a gateway over a restart.

Kept in the state directory. A file that is lost, broken or from elsewhere costs only the memory:
whatever is not of the right type is taken as never known.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator
from pydantic import ValidatorFunctionWrapHandler as Handler
from pydantic_core import PydanticUseDefault


def _or_default(value: Any, handler: Handler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        raise PydanticUseDefault from None


_LENIENT = WrapValidator(_or_default)
Text = Annotated[str | None, _LENIENT]
Stamp = Annotated[float | None, _LENIENT]
Names = Annotated[set[str], _LENIENT]


@dataclass(slots=True)
class GuardState:
    """Where one counter stands; energies in Wh, time in epoch seconds.

    What is exported is `raw + offset`. `at` is when `raw` last changed. A reading that cannot
    follow `raw` opens a pending series (`pending_*`), which takes over once it has proved itself.
    `unproven` is a first zero that may be the one of a gateway that starts.
    """

    raw: float
    offset: float = 0
    at: float = 0
    unproven: bool = False
    #: the total is the sum of what we saw, not the gateway's own
    summed: bool = False
    pending_first: float | None = None
    pending_last: float | None = None
    pending_since: float = 0
    pending_count: int = 0


class Memory(BaseModel):
    """Everything that is remembered of one gateway."""

    model_config = ConfigDict(extra="ignore")

    token: Text = None
    serial: Text = None
    firmware: Text = None
    timezone: Text = None
    replaced_at: Stamp = None
    firmware_changed_at: Stamp = None
    #: names of pyenphase's SupportedFeatures ever seen
    features: Names = set()
    #: collectors that ever had something to collect
    collectors: Names = set()
    #: serials ever listed, by kind of device
    devices: Annotated[dict[str, set[str]], _LENIENT] = {}
    #: counters by path, joined with `/`
    counters: Annotated[dict[str, GuardState], _LENIENT] = {}
    #: joules integrated from power by path, joined with `/`
    integrals: Annotated[dict[str, float], _LENIENT] = Field(default_factory=dict)

    def dump(self, *, closing: bool = False) -> dict[str, Any]:
        """Return what `load` takes, sorted so that an unchanged memory is an unchanged file.

        What was summed up since the last save is lost when the process is killed, and a sum that
        goes on from an older value would look like a reset with all of it counted again. So sums
        are left out but for the last save of all, and begin at zero after a kill.
        """
        told = self.model_dump(mode="json", exclude_none=True)
        if not closing:
            told["integrals"] = {}
            told["counters"] = {k: v for k, v in told["counters"].items() if not v["summed"]}
        for names in ("features", "collectors"):
            told[names] = sorted(told[names])
        told["devices"] = {
            kind: sorted(serials) for kind, serials in sorted(told["devices"].items())
        }
        return told

    @classmethod
    def load(cls, told: Any) -> "Memory":
        """Return the memory in what a state file held, whatever that is."""
        return cls.model_validate(told) if isinstance(told, dict) else cls()
