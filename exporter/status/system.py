"""What kind of system a gateway manages, and what no device there can measure."""

from exporter.house import measures_grid
from exporter.snapshot import HOUSE
from exporter.status.batteries import has_batteries
from exporter.status.view import SnapshotView

#: CTs that measure the house or the grid
_CONSUMPTION = frozenset({"net-consumption", "total-consumption"})


def system(view: SnapshotView) -> str:
    """Return what the system consists of, empty where that is not known yet."""
    if not view.has_data:
        return ""
    parts = []
    if has_batteries(view):
        acb = view.expects("acb") or view.member("production", "acb_power") is not None
        iq = view.expects("battery") or bool(view.devices("ensemble", "encharge_inventory"))
        both = acb and iq
        parts.append(
            "IQ Batteries and AC Batteries" if both else "AC Batteries" if acb else "IQ Batteries"
        )
    if view.expects("controller") or view.member("ensemble", "enpower") is not None:
        parts.append("a system controller")
    if view.expects("collar") or view.member("ensemble", "collar") is not None:
        parts.append("a meter collar")
    generator = view.member("generator", "generator")
    if getattr(generator, "present", None):
        parts.append("a generator")
    if not parts:
        return "Solar only"
    *others, last = parts
    return f"Solar with {', '.join(others)} and {last}" if others else f"Solar with {last}"


def measured(view: SnapshotView) -> bool:
    """Return whether something measures house or grid; also while that is not known yet."""
    production = view.collector("production")
    sections = ("system_consumption", "system_net_consumption")
    house = view.member(HOUSE, "house")
    setups = view.devices("meters", "meter_setup").items()
    if getattr(house, "house_watts", None) is not None or any(
        setup.enabled and name in _CONSUMPTION for name, setup in setups
    ):
        return True
    live = bool(view.devices("livedata", "live_flows")) and measures_grid(view.expected)
    return live or not production or any(production.get(name) is not None for name in sections)


def limits(view: SnapshotView) -> tuple[str, ...]:
    """Return what cannot be known here, as sentences; nothing while a collector has no data yet."""
    sentences = []
    if not measured(view):
        sentences.append(
            "Power of house and grid cannot be known here: no meter (CT) measures consumption."
        )
    ensemble_read = view.collector("ensemble") or "ensemble" not in view.report.collectors
    switches = ("enpower", "collar")
    if (
        view.has_data
        and ensemble_read
        and all(view.member("ensemble", name) is None for name in switches)
        and not view.expects("controller", "collar")
    ):
        sentences.append(
            "Grid outages cannot be seen here: there is no system controller and no meter collar."
        )
    return tuple(sentences)
