"""Gateways that we serve ourselves: recorded ones and sample homes, over the real protocol.

A `Gateway` (`answers`) says what is answered to a request; `capture` makes one from a recorded
folder, `homes` from a table of hardware, `live` from a simulated house (`physics`), which can also
be told things (`commands`). `server` puts any of them on the network with the logins of a real
gateway, and breaks it on request (`faults`); `cloud` is where its tokens come from.
"""
