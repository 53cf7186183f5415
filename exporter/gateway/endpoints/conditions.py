"""The conditions that devices name, and what they mean for a home.

Case and hyphens of the names vary between firmwares, so they are compared without. A condition
that is not in the table is passed on all the same, by its own name.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

#: somebody must look, and must not reset it blindly
DANGER = "danger"
BROKEN = "broken"
#: the grid is bad or gone at the device
GRID = "grid"
#: it gives less than it could, on purpose
LIMITED = "limited"
#: a panel in the dark, or a loose one
DARK = "dark"
#: the gateway does not hear it
SILENT = "silent"
PASSING = "passing"
OTHER = "other"
CLASSES = (DANGER, BROKEN, GRID, LIMITED, DARK, SILENT, PASSING, OTHER)

#: group and name of a condition, as patterns, and its class
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("pcu_chan", "gfitripped", DANGER),
    ("pcu_chan", "dcresistancelow", DANGER),
    ("pcu_chan", "dcresistancelowpoweroff", DANGER),
    ("pcu_ctrl", "criticaltemperature", DANGER),
    ("acb_ctrl", "cellmaxtemperror", DANGER),
    ("acb_ctrl", "cellmaxvoltageerror", DANGER),
    ("acb_ctrl", "bmuhardwareerror", DANGER),
    ("acb_ctrl", "bmumaxcurrentwarning", DANGER),
    ("pcu_chan", "hardwareerror", BROKEN),
    ("pcu_chan", "acmonitorerror", BROKEN),
    ("pcu_chan", "vreferror", BROKEN),
    ("pcu_ctrl", "badflashimage", BROKEN),
    ("pcu_ctrl", "bricked", BROKEN),
    ("pcu_ctrl", "watchdogreset", BROKEN),
    ("pcu_ctrl", "unexpectedreset", BROKEN),
    ("pcu_ctrl", "iuplinkproblem", BROKEN),
    ("acb_ctrl", "bmuimageerror", BROKEN),
    ("acb_ctrl", "bmusenseerror", BROKEN),
    ("acb_ctrl", "bmudatabounds", BROKEN),
    ("acb_ctrl", "cellmin*error", BROKEN),
    ("acb_ctrl", "cib*error", BROKEN),
    ("obs_strs", "flasherror", BROKEN),
    ("obs_strs", "plmerror", BROKEN),
    ("rgm_chan", "checkmeter", BROKEN),
    ("pcu_chan", "gridgone", GRID),
    ("pcu_chan", "gridinstability", GRID),
    ("pcu_chan", "acvoltage*", GRID),
    ("pcu_chan", "acfrequency*", GRID),
    ("pcu_chan", "dfdt", GRID),
    ("pcu_chan", "gridoffset*", GRID),
    ("nsrb_ctrl", "relayopen", GRID),
    ("nsrb_ctrl", "ac*", GRID),
    ("nsrb_ctrl", "rocof", GRID),
    ("nsrb_ctrl", "dcgrid*", GRID),
    ("pcu_chan", "agfpowerlimiting", LIMITED),
    ("pcu_chan", "pwrgenoffbycmd", LIMITED),
    ("pcu_ctrl", "pwrgenoffbycmd", LIMITED),
    ("pcu_ctrl", "altpwrgenmode", LIMITED),
    ("pcu_ctrl", "overtemperature", LIMITED),
    ("pcu_ctrl", "dcpwrlow", DARK),
    ("pcu_chan", "dcvoltagetoolow", DARK),
    ("pcu_chan", "dcvoltagetoohigh", DARK),
    ("obs_strs", "failure", SILENT),
    ("obs_strs", "discovering", SILENT),
    ("obs_strs", "notmonitored", SILENT),
    ("pcu_ctrl", "poweronreset", PASSING),
    ("pcu_ctrl", "commandedreset", PASSING),
    ("pcu_ctrl", "runningonac", PASSING),
    ("pcu_ctrl", "sleepmode", PASSING),
    ("obs_strs", "sleeping", PASSING),
    ("obs_strs", "verifing", PASSING),
    ("nsrb_ctrl", "buttonpress", PASSING),
    ("nsrb_ctrl", "relayforced", PASSING),
)
#: words of good news, and of an AC Battery that sleeps, as `plain` has them
HEALTHY = frozenset({"envoy.global.ok", "prop.done", "envoy.condflags.obsstrs.ok"})
ASLEEP = "envoy.condflags.pcuctrl.sleepmode"
_SPELLING = str.maketrans("", "", "-_")
#: no device has this many conditions at once
_MAX_CONDITIONS = 32


def plain(name: str) -> str:
    """Return a name without what is spelled in one way or another."""
    return name.strip().lower().translate(_SPELLING)


@lru_cache(maxsize=512)
def classify(status: str) -> tuple[str, str] | None:
    """Return name and class of a condition, or None for a word that says all is well."""
    text = plain(status)
    if not text or text in HEALTHY:
        return None
    *_, group, condition = ("", *text.split("."))
    classes = (
        kind
        for table_group, pattern, kind in _TABLE
        if plain(table_group) == group and fnmatchcase(condition, pattern)
    )
    return status.strip().lower().rpartition(".")[2], next(classes, OTHER)


def conditions(statuses: Iterable[str] | None) -> dict[str, str]:
    """Return the class of each condition that holds, by its name; of too many, the worst."""
    classified = (classify(status) for status in statuses or ())
    worst_last = sorted(
        (each for each in classified if each is not None),
        key=lambda each: CLASSES.index(each[1]),
        reverse=True,
    )
    # where two groups have a condition of one name, the worse of the two is kept
    kept = dict(reversed(dict(worst_last).items()))
    return dict(list(kept.items())[:_MAX_CONDITIONS])
