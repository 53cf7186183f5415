"""The one table of colours: a colour means the same on every dashboard.

The hues are those of Okabe and Ito, which people with any of the common kinds of colour blindness
tell apart, on a light and on a dark background.
"""

SOLAR = "#E69F00"
HOUSE = "#CC79A7"
IMPORT = "#6E6E6E"
EXPORT = "#009E73"
CHARGE = "#56B4E9"
DISCHARGE = "#0072B2"
OUTAGE = "#D55E00"

#: states; bad ones have the colour of an outage, and Grafana writes dark on what is to be watched
FINE = EXPORT
WATCH = "#F0B429"
BAD = OUTAGE
#: neither good nor bad, or unknown
NEUTRAL = IMPORT
#: marks over a graph, which nothing that is drawn there has
MARK = "#F0E442"
#: names of colours that Grafana adapts to a light and a dark background
TEXT = "text"
NONE = "transparent"

#: colours from a value upwards; the first begins at minus infinity
ThresholdSteps = tuple[tuple[float | None, str], ...]

#: names of the series on every dashboard, and their colours
SERIES = {
    "Solar": SOLAR,
    "House": HOUSE,
    "From the grid": IMPORT,
    "To the grid": EXPORT,
    "Battery charging": CHARGE,
    "Battery discharging": DISCHARGE,
    "Charge": DISCHARGE,
    "Reserve": NEUTRAL,
    "Lowest charge off grid": OUTAGE,
    "Paid": IMPORT,
    "Earned": EXPORT,
    "Saved": SOLAR,
    "Import price": IMPORT,
    "Export price": EXPORT,
    "Same day last year": NEUTRAL,
    "Same month last year": NEUTRAL,
    "Clear sky": NEUTRAL,
    "State of health": DISCHARGE,
    "Capacity left": SOLAR,
    "Self-consumption": SOLAR,
    "Autonomy": DISCHARGE,
    "Expected": NEUTRAL,
    "Low": OUTAGE,
    "High": OUTAGE,
    "Generator starts": OUTAGE,
    "Generator stops": NEUTRAL,
    "Usable": DISCHARGE,
    "Commissioned": NEUTRAL,
    "Mean of all": NEUTRAL,
    "Battery": DISCHARGE,
    "Hottest cell": OUTAGE,
    "All": NEUTRAL,
    "Reachable": DISCHARGE,
    # alone in their graphs, but for limits
    "Frequency": DISCHARGE,
    "Between legs": DISCHARGE,
    "Changes per hour": DISCHARGE,
    "Token": DISCHARGE,
    "Since the last report": DISCHARGE,
    "Ahead by": DISCHARGE,
}
#: series that are called after a meter, a phase, or both
METERS = {
    "production": SOLAR,
    "net-consumption": IMPORT,
    "total-consumption": HOUSE,
    "storage": DISCHARGE,
}
PHASES = {"L1": DISCHARGE, "L2": SOLAR, "L3": HOUSE}
#: series that are called after the status of a response: all of a class are one colour
RESPONSES = {"2": EXPORT, "3": CHARGE, "4": SOLAR, "5": OUTAGE}
