"""The physics of a simulated house: sun, household, batteries, grid, and what breaks.

`House` is all that others need; `levers.LEVERS` lists what can be set. From the bottom up: `noise`
and `calendar`; `sun`, `weather`, `roof`, `inverter`, `household`; `battery`, `acb`, `policy`,
`cutoff`; `grid`, `generator`, `contacts`, `gateway`; `flows` balances them, `plant` puts them
together, `picture` is what the gateway tells of it.
"""

from exporter.simulator.physics.house import House

__all__ = ["House"]
