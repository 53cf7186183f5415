"""Commands that run the simulator: `demo`, `simulate`, `replay`, `record`.

The simulator is an extra: nothing outside of this package imports it, and the container image of
the exporter does not contain it.
"""

from importlib.util import find_spec

from exporter.errors import ConfigError


def require_simulator() -> None:
    """Raise `ConfigError` with a remedy if the simulator or what it depends on is missing."""
    if find_spec("exporter.simulator") is None:
        raise ConfigError(
            "the simulator is not part of this image: use the demo image, or"
            " pip install 'enphase-exporter[simulator]'"
        )
    if find_spec("envoy_utils") is None:
        raise ConfigError("the simulator needs: pip install 'enphase-exporter[simulator]'")
