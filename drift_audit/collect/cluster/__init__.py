"""Reads management clusters: GET requests only, paged lists, and a gap for whatever could not be read."""

from drift_audit.collect.cluster.kubeconfig import unreachable
from drift_audit.collect.cluster.plan import Wanted, wanted_by
from drift_audit.collect.cluster.reread import reread_cluster
from drift_audit.collect.cluster.view import collect_cluster, unread_cluster

__all__ = ["Wanted", "collect_cluster", "reread_cluster", "unreachable", "unread_cluster", "wanted_by"]
