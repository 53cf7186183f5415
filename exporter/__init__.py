"""Prometheus metrics from Enphase gateways, read over the local network."""

__version__ = "0.2.0"
