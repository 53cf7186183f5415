"""Gateways that we serve ourselves: recorded ones and sample homes, over the real protocol.

A `SimulatedGateway` (`gateway`) answers requests; `replay` makes one from a recorded folder,
`homes` from a table of hardware, `live` from a simulated house (`physics`), which also accepts
commands (`writes`). `server` puts any of them on the network with the logins of a real gateway and
injects `faults`; `cloud` issues the tokens.
"""
