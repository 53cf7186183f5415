"""A sunny noon: fixed numbers for any hardware, that add up."""

from exporter.simulator.homes.site import Site, State

#: power of one inverter, of one battery and of one AC Battery (charging), in watts
_INVERTER, _BATTERY, _ACB = 304.0, -600.0, -90.0
#: what the house uses, in watts
_LOAD = 1900.0
#: energy of one inverter in Wh: since installation, today so far, in the seven days before
_PRODUCED, _PRODUCED_TODAY, _PRODUCED_WEEK = 640_000.0, 780.0, 9_800.0
#: energy of the house in Wh: today so far, in the seven days before
_CONSUMED_TODAY, _CONSUMED_WEEK = 9_200.0, 171_000.0
#: since installation: energy from the grid in Wh, and how often the batteries were charged
_IMPORTED, _CHARGED = 3_900_000.0, 122.0
#: share of the production that was exported, and of what was charged that came back
_EXPORTED, _RETURNED = 0.35, 0.89


def noon(site: Site, now: float) -> State:
    """Return the state of this hardware at noon of a sunny day; `now` is epoch seconds."""
    charged = _CHARGED * (site.battery_capacity_wh + site.acb_capacity_wh)
    return State(
        now=int(now),
        sun=_INVERTER * site.inverters * site.inverter_watts / 366,
        load=_LOAD,
        battery=_BATTERY * site.batteries,
        acb=_ACB * site.acbs,
        soc=0.64 if site.batteries else 0.0,
        acb_soc=0.41 if site.acbs else 0.0,
        produced=_PRODUCED * site.inverters,
        imported=_IMPORTED,
        exported=_EXPORTED * _PRODUCED * site.inverters,
        charged=charged,
        discharged=_RETURNED * charged,
        produced_today=_PRODUCED_TODAY * site.inverters,
        consumed_today=_CONSUMED_TODAY,
        produced_week=_PRODUCED_WEEK * site.inverters,
        consumed_week=_CONSUMED_WEEK,
    )
