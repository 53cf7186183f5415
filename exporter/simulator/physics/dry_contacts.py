"""Dry contacts at work: which are closed, by their settings and by what feeds the house."""

from dataclasses import replace
from typing import Any, Literal

from exporter.simulator.homes.device_states import DryContactState, SwitchPosition
from exporter.simulator.physics.local_time import LocalMoment

#: what feeds the house, as far as contacts care
SupplySource = Literal["grid", "micro_grid", "generator"]

_ACTIONS: dict[SupplySource, str] = {
    "grid": "grid_action",
    "micro_grid": "micro_grid_action",
    "generator": "gen_action",
}


class SimulatedDryContact:
    """One dry contact."""

    def __init__(self, settings: DryContactState) -> None:
        """Start with these settings, in the state they have."""
        #: settings that were changed, by field of `DryContactState`
        self.overrides: dict[str, Any] = {}
        #: commanded state; None follows the settings
        self.command: SwitchPosition | None = None
        self._installed = settings
        self.closed = settings.status == "closed"

    def show(self) -> DryContactState:
        """Return the contact as the gateway reports it."""
        status: SwitchPosition = "closed" if self.closed else "open"
        manual = self.command is not None or self._installed.manual_override
        changes = {"manual_override": manual} | self.overrides | {"status": status}
        return replace(self._installed, **changes)

    def update(self, source: SupplySource, soc: float, local: LocalMoment) -> None:
        """Open or close; `soc` is the batteries' charge, 0 to 1."""
        if self.command is not None:
            self.closed = self.command == "closed"
            return
        if self._get("use") == "NONE":
            self.closed = False
            return
        action = self._get(_ACTIONS[source])
        if source == "micro_grid" and self._get("mode") == "soc":
            if 100 * soc <= self._get("soc_low"):
                self.closed = False
            elif 100 * soc >= self._get("soc_high"):
                self.closed = True
        elif action == "schedule":
            begin, end = self._get("essential_start"), self._get("essential_end")
            self.closed = begin <= local.seconds < end
        elif action != "none":
            self.closed = action == "apply"

    def _get(self, name: str) -> Any:
        return self.overrides.get(name, getattr(self._installed, name))
