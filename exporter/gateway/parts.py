"""The parts that work together to watch one gateway, and how they are put together.

Each of them knows only what it is given here; what they do in turn is the poller's.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.gateway import topology
from exporter.gateway.addresses import Locate
from exporter.gateway.assembly import Assembler
from exporter.gateway.cadences import CADENCES, intervals
from exporter.gateway.client import GatewayClient
from exporter.gateway.collector_state import CollectorStates
from exporter.gateway.counter_journal import CounterJournal
from exporter.gateway.counters import CounterGuard
from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.grid_state import GridConfirmation
from exporter.gateway.inventory import Inventory
from exporter.gateway.scheduler import Scheduler
from exporter.gateway.state_model import GatewayState
from exporter.snapshot import Reading


@dataclass(frozen=True, slots=True)
class GatewayParts:
    """What the watch of one gateway is made of."""

    config: Gateway
    clock: Clock
    #: seconds between two runs, by collector
    cadences: dict[str, float]
    #: what outlives a restart
    memory: GatewayState
    client: GatewayClient
    inventory: Inventory
    guard: CounterGuard
    assembler: Assembler
    grid: GridConfirmation
    states: CollectorStates
    scheduler: Scheduler
    #: the newest readings by collector
    readings: dict[str, Reading] = field(default_factory=dict)


def put_together(
    config: Gateway,
    content: dict[str, Any],
    journal: CounterJournal | None,
    directory: Path | None,
    clock: Clock,
    *,
    wait: float,
    locate: Locate | None,
) -> GatewayParts:
    """Return the parts for a gateway whose state file has this content, from `wait` seconds on."""
    cadences = {**CADENCES, **config.cadences}
    # once a day, however often the owner wants it
    cadences |= {name: CADENCES[name] for name in topology.OPT_IN}
    memory = GatewayState.load(content)
    client = GatewayClient(config, memory, clock, directory, locate=locate)
    inventory = Inventory(config.name, memory, clock)
    inventory.configure_retired(config.retired)
    guard = CounterGuard(memory, clock, cadences["battery_power"], config, journal)
    scheduler = Scheduler(
        [e for e in ENDPOINTS.values() if e.collector != "gateway"],
        intervals(cadences),
        clock,
        wait=wait,
        signs=topology.SIGNS,
        seen=memory.endpoints,
    )
    return GatewayParts(
        config,
        clock,
        cadences,
        memory,
        client,
        inventory,
        guard,
        Assembler(config, memory, inventory, guard, clock),
        GridConfirmation(clock),
        CollectorStates(config.name, cadences, clock),
        scheduler,
    )
