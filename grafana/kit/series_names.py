"""Series that are called after what they are of: colours and dashes by a pattern of the name."""

from collections.abc import Mapping

from grafana.kit import colours
from grafana.kit.panel_spec import FieldOverride


def _coloured(names: Mapping[str, str]) -> Mapping[str, FieldOverride]:
    return {
        f"/{pattern}/": FieldOverride(extra={"color": {"mode": "fixed", "fixedColor": colour}})
        for pattern, colour in names.items()
    }


BY_PHASE = _coloured({f"^{phase}$": colour for phase, colour in colours.PHASES.items()})
BY_METER = _coloured({f"^{meter}$": colour for meter, colour in colours.METERS.items()})
#: `production L2`: the colour of the meter, and dashes of the phase
BY_METER_AND_PHASE = {
    **_coloured({f"^{meter} ": colour for meter, colour in colours.METERS.items()}),
    "/ L2$/": FieldOverride(extra={"custom.lineStyle": {"fill": "dash", "dash": [8, 6]}}),
    "/ L3$/": FieldOverride(extra={"custom.lineStyle": {"fill": "dot", "dash": [0, 6]}}),
}
BY_STATUS_CODE = _coloured({f"^{digit}..$": each for digit, each in colours.RESPONSES.items()})
