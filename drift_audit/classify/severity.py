"""How much a field matters: a table, first match wins. Never raised by how many objects show it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drift_audit.model.findings import Severity
from drift_audit.model.keys import FieldPath, ItemKey

_PAUSING = re.compile(
    r"cluster\.x-k8s\.io/(paused|managed-by|skip-remediation|disable-machine-create)"
    r"|topology\.cluster\.x-k8s\.io/(defer-upgrade|hold-upgrade-sequence)"
    r"|kustomize\.toolkit\.fluxcd\.io/(reconcile|ssa|prune|force)"
    r"|argocd\.argoproj\.io/(sync-options|compare-options|skip-reconcile)"
)


@dataclass(frozen=True, slots=True)
class _Row:
    kinds: str
    path: str
    severity: Severity
    why: str


# Paths are matched as names joined by "/", with list items left out.
_ROWS: tuple[_Row, ...] = (
    _Row(r".*", r"spec/paused", Severity.HIGH, "it stops reconciliation"),
    _Row(r"Kustomization|GitRepository|HelmRelease", r"spec/suspend", Severity.HIGH, "it stops GitOps"),
    _Row(r".*", r".*/?identityRef(/.*)?", Severity.CRITICAL, "it decides whose credentials are used"),
    _Row(
        r".*",
        r".*(extraArgs|kubeletExtraArgs|files|users|sshAuthorizedKeys)(/.*)?",
        Severity.HIGH,
        "it is security-sensitive",
    ),
    _Row(r".*", r".*(pre|post)KubeadmCommands", Severity.HIGH, "it runs on every new node"),
    _Row(
        r".*",
        r".*(ingressRules|[iI]ngressRules|securityGroupOverrides|[sS]ecurityGroups)(/.*)?",
        Severity.HIGH,
        "it opens network access",
    ),
    _Row(r".*", r".*(iamInstanceProfile|instanceMetadataOptions)(/.*)?", Severity.HIGH, "it is security-sensitive"),
    _Row(r"KubeadmControlPlane", r"spec/version", Severity.HIGH, "it rolls the control plane"),
    _Row(r"KubeadmControlPlane", r"spec/kubeadmConfigSpec(/.*)?", Severity.HIGH, "it rolls the control plane"),
    _Row(
        r"KubeadmControlPlane",
        r"spec/machineTemplate/(spec/)?infrastructureRef(/.*)?",
        Severity.HIGH,
        "it rolls the control plane",
    ),
    _Row(
        r"MachineDeployment|MachineSet|MachinePool",
        r"spec/template/spec/(version|bootstrap|infrastructureRef|failureDomain)(/.*)?",
        Severity.HIGH,
        "it replaces Machines",
    ),
    _Row(r"Cluster", r"spec/topology/(version|class|classRef)(/.*)?", Severity.HIGH, "it rolls the whole cluster"),
    _Row(
        r"Cluster",
        r"spec/(controlPlaneEndpoint|infrastructureRef|controlPlaneRef)(/.*)?",
        Severity.HIGH,
        "it identifies the cluster",
    ),
    _Row(r"MachineHealthCheck", r"spec/.*", Severity.MEDIUM, "it decides about automatic repair"),
    _Row(r".*", r"metadata/(labels|annotations)(/.*)?", Severity.LOW, ""),
    _Row(r".*", r"metadata/finalizers(/.*)?", Severity.MEDIUM, "it decides about clean-up"),
    _Row(r".*", r".*", Severity.MEDIUM, ""),
)


def severity_of(kind: str, path: FieldPath) -> tuple[Severity, str]:
    """(severity, why it is not lower) of a change at this field."""
    if path[:2] == ("metadata", "annotations") and len(path) > 2 and _PAUSING.fullmatch(str(path[2])):
        return Severity.HIGH, "it disables correction or repair"
    names = "/".join(step for step in path if isinstance(step, str)) or "/"
    # An item of a topology list stands for what it holds: `variables[name=x]`.
    if kind == "Cluster" and "variables" in path and any(isinstance(step, ItemKey) for step in path):
        return Severity.HIGH, "a topology variable may roll Machines"
    for row in _ROWS:
        if re.fullmatch(row.kinds, kind) and re.fullmatch(row.path, names):
            return row.severity, row.why
    return Severity.MEDIUM, ""


def raised(severity: Severity) -> Severity:
    """One step up."""
    return list(Severity)[min(severity.rank + 1, Severity.CRITICAL.rank)]
