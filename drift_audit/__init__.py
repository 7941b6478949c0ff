"""Drift between Git, Cluster API management clusters and the cloud, explained."""

__version__ = "0.1.0"
