"""The table of known causes, one module per story: `SIGNATURES` has them in the order of the layers.

Within a layer the first that speaks is taken: what explains more stands before what explains less.
"""

from __future__ import annotations

from collections.abc import Sequence

from drift_audit.stuck.signature import Signature
from drift_audit.stuck.signatures import (
    bootstrap,
    bootstrap_waiting,
    certificates,
    cluster_infrastructure,
    control_plane,
    control_plane_remediation,
    deletion_blocked,
    deletion_drain,
    deletion_hooks,
    deletion_volumes,
    deletion_waits,
    etcd,
    etcd_quorum,
    flapping,
    gitops,
    gpu,
    identity,
    infrastructure_objects,
    intent,
    machine_churn,
    machine_health_checks,
    machine_instance,
    machine_limits,
    machine_start,
    machine_supply,
    management,
    node_health,
    node_identity,
    node_join,
    node_join_preflight,
    permissions,
    reach,
    remediation,
    template_edits,
    terminal_failures,
    topology,
    unattended,
    upgrades,
    webhooks,
)

_MODULES = (
    webhooks,
    management,
    intent,
    unattended,
    gitops,
    identity,
    permissions,
    infrastructure_objects,
    cluster_infrastructure,
    upgrades,
    topology,
    certificates,
    reach,
    etcd,
    etcd_quorum,
    control_plane,
    control_plane_remediation,
    bootstrap,
    bootstrap_waiting,
    machine_instance,
    machine_limits,
    machine_supply,
    machine_start,
    machine_churn,
    node_identity,
    node_join,
    node_join_preflight,
    terminal_failures,
    node_health,
    gpu,
    flapping,
    deletion_drain,
    deletion_volumes,
    deletion_hooks,
    deletion_blocked,
    deletion_waits,
    machine_health_checks,
    remediation,
    template_edits,
)

SIGNATURES: Sequence[Signature] = tuple(
    sorted((row for module in _MODULES for row in module.SIGNATURES), key=lambda row: row.layer)
)
