"""The physics of a simulated home: sun, household, batteries, grid, and their failures.

`HomeSimulation` is all that others need; `parameters.PARAMETERS` lists what can be set. From the
bottom up: `rng` and `local_time`; `sun`, `weather`, `pv_array`, `inverter`, `household`; `battery`,
`acb`, `dispatch`, `low_soc_protection`; `grid`, `generator`, `dry_contacts`, `gateway_state`;
`power_balance` balances them, `system` puts them together, `reporting` makes what the gateway
reports of them.
"""

from exporter.simulator.physics.simulation import HomeSimulation

__all__ = ["HomeSimulation"]
