"""Prometheus metrics from Enphase gateways, read over the local network."""

__version__ = "0.1.0"
