"""Draws the shipped dashboards with Grafana's own components, for the documentation and to look at.

    python -m tools.dashboards --folder=/tmp/pictures
    python -m tools.dashboards enphase-energy --home=solar-only --theme=light --width=390

Grafana's server is not needed. A home is recorded by the real exporter into a real Prometheus
(`recorded_home`), which answers the queries of the panels as Grafana asks them (`panel_answers`).
The libraries of Grafana's front end transform, format, colour and draw (`page/`, drawn by
`drawing`). Kinds of panels that these libraries lack are drawn nearly, and say so.

Needs Node.js 20, its npm, Chromium and Prometheus. What is installed and recorded is kept in
`build/`.
"""
