"""What the alert rules say and from where on they say it, as data of the package.

Rules, status page, `status` and the metric `enphase_alert_threshold` read the same thresholds and
the same texts, so that a page without Prometheus never contradicts an alert. Imports nothing of the
exporter: whoever needs a threshold or a text can have it.
"""
