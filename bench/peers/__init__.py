"""Alternatives to this exporter, each run as a separate process."""
