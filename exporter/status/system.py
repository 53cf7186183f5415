"""What kind of system a gateway looks after, and what no device there can measure."""

from exporter.status.batteries import has_batteries
from exporter.status.view import SnapshotView


def system(view: SnapshotView) -> str:
    """Return what the system consists of, empty where that is not known yet."""
    if not view.has_data:
        return ""
    parts = []
    ensemble = view.collector("ensemble")
    if has_batteries(view):
        acb = "acb" in view.report.collectors or view.member("production", "acb_power") is not None
        both = acb and bool(view.devices("ensemble", "encharge_inventory"))
        parts.append(
            "IQ Batteries and AC Batteries" if both else "AC Batteries" if acb else "IQ Batteries"
        )
    if ensemble.get("enpower") is not None:
        parts.append("a system controller")
    if ensemble.get("collar") is not None:
        parts.append("a meter collar")
    generator = view.member("generator", "generator")
    if getattr(generator, "present", None):
        parts.append("a generator")
    if not parts:
        return "Solar only"
    *others, last = parts
    return f"Solar with {', '.join(others)} and {last}" if others else f"Solar with {last}"


def measured(view: SnapshotView) -> bool:
    """Return whether a meter measures house or grid; also while that is not known yet."""
    production = view.collector("production")
    sections = ("system_consumption", "system_net_consumption")
    return not production or any(production.get(name) is not None for name in sections)


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
        and not any(kind in ("controller", "collar") for kind, _ in view.expected)
    ):
        sentences.append(
            "Grid outages cannot be seen here: there is no system controller and no meter collar."
        )
    return tuple(sentences)
