"""Whether the house is connected to the grid, by the one switch that knows."""

from collections.abc import Callable
from typing import Any

#: what firmwares call the states of a switch
_SWITCH_STATES = {"closed": 1, "close": 1, "open": 0}
_COLLAR_STATES = {"encmn_mde_on_grid": 1, "encmn_mde_off_grid": 0}


def grid_connected(view: Any) -> int | None:
    """Return 1 where the switch towards the grid is closed, 0 where it is open, None unknown.

    Only that switch knows: the system controller or the meter collar. What the gateway last knew of
    one that it cannot reach proves nothing. `grid_mode` of the controller and `grid_state` of the
    collar are not looked at: they stay wrong in the field.
    """
    enpower, relay = view.get("enpower"), view.get("relay")
    lost = enpower is not None and not is_true(enpower.communicating)
    if not lost and (enpower is not None or relay is not None):
        state = _newest(view, enpower, relay, "mains_oper_state")
        return _live_relay(view) if state is None else state
    collar = view.get("collar")
    if collar is None or not is_true(collar.communicating):
        return None
    state = _COLLAR_STATES.get(str(collar.admin_state_str).lower())
    state = switch(collar.mid_state) if state is None else state
    return _live_relay(view) if state is None else state


def disconnect_commanded(view: Any) -> int | None:
    """Return 1 where somebody commanded the system controller to leave the grid, 0 where not."""
    enpower, relay = view.get("enpower"), view.get("relay")
    if enpower is not None and not is_true(enpower.communicating):
        return None
    stay = _newest(view, enpower, relay, "mains_admin_state")
    return None if stay is None else 1 - stay


def _newest(view: Any, enpower: Any, relay: Any, name: str) -> int | None:
    """Return a state of the switch from the newer of the two answers that have it."""
    states = [
        (at, state)
        for at, device in ((_read_at(view, "enpower"), enpower), (_read_at(view, "relay"), relay))
        if device is not None and (state := switch(getattr(device, name, None))) is not None
    ]
    return max(states, key=lambda each: each[0])[1] if states else None


def switch(state: Any) -> int | None:
    """Return 1 for a closed switch, 0 for an open one."""
    return _SWITCH_STATES.get(state.lower()) if isinstance(state, str) else None


def is_true(value: Any) -> bool:
    """Return whether a value is true in any of the ways in which firmwares write that."""
    return value in (True, 1) or str(value).lower() == "true"


def _read_at(view: Any, member: str) -> float:
    read_at: Callable[[str], float] | None = getattr(view, "read_at", None)
    return 0.0 if read_at is None else read_at(member)


def _live_relay(view: Any) -> int | None:
    """Return what live data says of the switch, where it is of now."""
    live = view.get("live")
    if live is None or view.get("live_flows") is None:
        return None
    return switch(getattr(live, "main_relay", None))
