"""Workload clusters, through the kubeconfigs that Cluster API keeps in Secrets: GET requests only, bounded in time,
and a fact in the view for every way of not getting there."""

from drift_audit.collect.workload.secret import NotThere, read_kubeconfig
from drift_audit.collect.workload.view import collect_workload, scope_of

__all__ = ["NotThere", "collect_workload", "read_kubeconfig", "scope_of"]
