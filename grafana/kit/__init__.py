"""Shared parts of the dashboards: colours, texts, queries, panels, and the dashboard model."""
