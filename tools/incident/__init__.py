"""Replays an incident: a scenario in virtual time, and the shipped rules evaluated on it.

Everything is the real thing but time: the simulated gateway is polled by the exporter's own poller,
its exposition is scraped into a recording, and promtool evaluates the shipped rules on
the recording. promtool's rule tests run Prometheus' own rule manager, with `for`, `keep_firing_for`
and staleness as in a running server; on a server with imported blocks each rule would
need its own query, without support for either.

Two things are expensive there. A rule test holds ten thousand samples at once, so the shipped rules
make no subqueries over all inverters, which suits large sites as well; if the limit is exceeded,
the replay is an error. And every evaluation takes time, so a story of months is evaluated in
windows, see `story`.
"""
