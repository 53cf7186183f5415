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

#: states; bad ones have the colour of an outage
FINE = EXPORT
WATCH = "#F0E442"
BAD = OUTAGE
#: neither good nor bad, or unknown
NEUTRAL = IMPORT

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
    "Reserve": WATCH,
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
    "Of the commissioned capacity": SOLAR,
    "Self-consumption": SOLAR,
    "Autonomy": DISCHARGE,
    "Expected": NEUTRAL,
    "Low": OUTAGE,
    "High": OUTAGE,
    "Generator starts": WATCH,
    "Generator stops": NEUTRAL,
    "Usable": DISCHARGE,
    "Commissioned": NEUTRAL,
}
