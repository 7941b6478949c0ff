"""Cluster API alive: its own managers, kube-controller-manager and the in-memory infrastructure, as local processes."""
