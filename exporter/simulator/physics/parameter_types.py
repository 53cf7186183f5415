"""What the value of a lever may be, in words for a list and as a check."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

_VERSION = re.compile(r"\d+(\.\d+)+", re.A)
_CONDITION = re.compile(r"\w+\.[\w-]+", re.A)


class ParameterType(ABC):
    """The values that a lever takes."""

    @property
    @abstractmethod
    def words(self) -> str:
        """The values in words, such as `a number from 0 to 1`."""

    @abstractmethod
    def takes(self, value: Any) -> bool:
        """Return whether the value is one of them."""


@dataclass(frozen=True)
class BooleanType(ParameterType):
    """True or false."""

    @property
    def words(self) -> str:
        """See `ParameterType`."""
        return "true or false"

    def takes(self, value: Any) -> bool:
        """See `ParameterType`."""
        return isinstance(value, bool)


@dataclass(frozen=True)
class NumberType(ParameterType):
    """A number within limits; `whole` wants an integer."""

    low: float
    high: float
    unit: str = ""
    whole: bool = False

    @property
    def words(self) -> str:
        """See `ParameterType`."""
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g} {self.unit}".rstrip()

    def takes(self, value: Any) -> bool:
        """See `ParameterType`."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        return isfinite(value) and self.low <= value <= self.high


@dataclass(frozen=True)
class ChoiceType(ParameterType):
    """One of some words."""

    among: Sequence[str]

    @property
    def words(self) -> str:
        """See `ParameterType`."""
        return "one of " + ", ".join(self.among)

    def takes(self, value: Any) -> bool:
        """See `ParameterType`."""
        return isinstance(value, str) and value in self.among


@dataclass(frozen=True)
class ListType(ParameterType):
    """Any number of some words, as a list."""

    among: Sequence[str]

    @property
    def words(self) -> str:
        """See `ParameterType`."""
        return "a list of any of " + ", ".join(self.among)

    def takes(self, value: Any) -> bool:
        """See `ParameterType`."""
        return isinstance(value, (list, tuple)) and all(word in self.among for word in value)


@dataclass(frozen=True)
class VersionType(ParameterType):
    """A firmware version: numbers with dots between them."""

    @property
    def words(self) -> str:
        """See `ParameterType`."""
        return "a version such as 8.3.5200"

    def takes(self, value: Any) -> bool:
        """See `ParameterType`."""
        return isinstance(value, str) and _VERSION.fullmatch(value) is not None


@dataclass(frozen=True)
class TextType(ParameterType):
    """Any text."""

    @property
    def words(self) -> str:
        """See `ParameterType`."""
        return "a text"

    def takes(self, value: Any) -> bool:
        """See `ParameterType`."""
        return isinstance(value, str) and bool(value)


@dataclass(frozen=True)
class ConditionsType(ParameterType):
    """Conditions of a device as a list, each as group and name."""

    @property
    def words(self) -> str:
        """See `ParameterType`."""
        return "a list of conditions such as pcu_chan.gfitripped"

    def takes(self, value: Any) -> bool:
        """See `ParameterType`."""
        return isinstance(value, (list, tuple)) and all(
            isinstance(each, str) and _CONDITION.fullmatch(each) for each in value
        )
