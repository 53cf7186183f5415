"""Thresholds for the colours of tiles and tables, equal to those of the alerts.

Grafana cannot take these from a metric. Who changes one in the rules (`thresholds.rules.yml`)
changes it here too; a test compares the two.
"""

from exporter.gateway.rate_limit import PER_MINUTE, SMALL_PER_MINUTE
from grafana.kit.colours import BAD, FINE, NEUTRAL, WATCH, ThresholdSteps

#: any at all
ANY_BAD: ThresholdSteps = ((None, FINE), (1, BAD))
#: charge of a battery: nearly flat, low
STATE_OF_CHARGE: ThresholdSteps = ((None, BAD), (0.05, WATCH), (0.25, FINE))
#: charge of a battery less the mean of all
LAG: ThresholdSteps = ((None, BAD), (-0.15, WATCH), (-0.05, FINE))
#: temperature of a battery, degrees Celsius
TEMPERATURE: ThresholdSteps = ((None, WATCH), (-15, FINE), (45, WATCH), (55, BAD))
#: seconds since a battery reported
REPORT_AGE: ThresholdSteps = ((None, FINE), (900, WATCH), (1800, BAD))
#: state of health, and capacity left of what was commissioned
HEALTH: ThresholdSteps = ((None, BAD), (0.7, WATCH), (0.8, FINE))
CAPACITY: ThresholdSteps = ((None, BAD), (0.97, FINE))
#: difference of the legs as a share of their mean
LEG_IMBALANCE: ThresholdSteps = ((None, FINE), (0.05, WATCH), (0.10, BAD))
#: changes of the switch to the grid in an hour
GRID_CHANGES: ThresholdSteps = ((None, FINE), (3, BAD))
#: power of a panel relative to the median of its siblings
RELATIVE_POWER: ThresholdSteps = ((None, BAD), (0.6, WATCH), (0.85, FINE))
#: the same in the roof layout, which also contains those that cannot be compared
ROOF_LAYOUT: ThresholdSteps = ((None, NEUTRAL), (0, BAD), *RELATIVE_POWER[1:])
#: seconds since the last report to the cloud
CLOUD_REPORT_AGE: ThresholdSteps = ((None, FINE), (1080, WATCH), (86400, BAD))
#: seconds of clock skew
CLOCK_SKEW: ThresholdSteps = ((None, FINE), (60, WATCH), (120, BAD))
#: remaining seconds of a token: a good fourteen days, and thirty
TOKEN_LIFETIME: ThresholdSteps = ((None, BAD), (1_231_200, WATCH), (30 * 86400, FINE))
#: requests a minute: full and small ones, and what a window of some minutes blurs
REQUESTS: ThresholdSteps = ((None, FINE), (PER_MINUTE + SMALL_PER_MINUTE + 1, BAD))
