"""Grafana dashboards as code: `python -m grafana` writes them into `dashboards/`.

One module for each dashboard, named after what it shows; what they share is in `kit/`.

Hardware that a home does not have. Grafana 11 cannot hide a row whose queries find nothing: a row
or panel that repeats over a variable without values is drawn once, empty. So nothing is hidden by
a trick; instead

- what differs from home to home shares a panel with what every home has: tiles, table rows and
  lines of a timeline appear for the devices there are, and no others;
- panels for rare hardware are in a collapsed row at the end. It takes one line and queries nothing
  until it is opened;
- a panel that is empty in some homes names what is missing, instead of "No data".
"""
