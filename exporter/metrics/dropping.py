"""Which metric families an owner leaves out of `/metrics`, to keep fewer series.

A family that the alert rules read cannot be left out: its alerts would stay silent, and nobody
would notice.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from exporter.config.errors import did_you_mean
from exporter.errors import ConfigError
from exporter.metrics.catalogue import FAMILIES

_NAME = re.compile(r"\benphase_\w+")
_MOST_NAMED = 3


def families_to_drop(patterns: Sequence[str]) -> frozenset[str]:
    """Return the families that match patterns such as `enphase_inverter_dc_*`.

    Raises ConfigError for one that matches nothing, or what the alert rules read.
    """
    if not patterns:
        return frozenset()
    from exporter.alerting.rules import shipped_rules  # noqa: PLC0415 - text that few need

    read = families_in(shipped_rules().values())
    dropped: set[str] = set()
    for pattern in patterns:
        matching = {name for name in FAMILIES if fnmatchcase(name, pattern)}
        if not matching:
            raise ConfigError(
                f"metrics.drop: no such metric: {did_you_mean(pattern, list(FAMILIES))}"
            )
        if needed := sorted(matching & read):
            names = ", ".join(needed[:_MOST_NAMED]) + (" …" if len(needed) > _MOST_NAMED else "")
            raise ConfigError(
                f"metrics.drop: the alert rules read {names}: name more closely than"
                f" '{pattern}' what is to be left out"
            )
        dropped |= matching
    return frozenset(dropped)


def families_in(texts: Iterable[str]) -> frozenset[str]:
    """Return the families that are named in the text of rules."""
    return frozenset(name for text in texts for name in _NAME.findall(text) if name in FAMILIES)
