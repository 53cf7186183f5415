"""Replays an incident: a scenario in virtual time, and the shipped rules evaluated on it.

Everything is the real thing but time: the simulated gateway is polled by the exporter's own poller,
what that would have said is scraped into a recording, and promtool evaluates the shipped rules on
the recording. promtool's rule tests run Prometheus' own rule manager, with `for`, `keep_firing_for`
and staleness as in a running server; a server of its own on imported blocks would have to be asked
rule by rule and knows neither for data of the past.

Two things are dear there. A rule test holds ten thousand samples at once, so the shipped rules make
no subqueries over all inverters, which suits large sites as well; where it has no room all the
same, a replay is an error and not a silence. And every evaluation takes its time, so that a story
of months is watched in windows, see `story`.
"""
