"""Built-in kinds that stand beside a fleet, in versions that every supported Kubernetes serves: nobody need ask."""

from __future__ import annotations

from drift_audit.collect.cluster.discovery import ServedKind


def _kind(group: str, kind: str, plural: str, *, version: str = "v1", namespaced: bool = True) -> ServedKind:
    return ServedKind(group=group, kind=kind, plural=plural, namespaced=namespaced, versions=(version,))


SECRET = _kind("", "Secret", "secrets")
EVENT = _kind("", "Event", "events")
POD = _kind("", "Pod", "pods")
DEPLOYMENT = _kind("apps", "Deployment", "deployments")
LEASE = _kind("coordination.k8s.io", "Lease", "leases")
ENDPOINT_SLICE = _kind("discovery.k8s.io", "EndpointSlice", "endpointslices")
_ADMISSION = "admissionregistration.k8s.io"
VALIDATING = _kind(_ADMISSION, "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", namespaced=False)
MUTATING = _kind(_ADMISSION, "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", namespaced=False)

NODE = _kind("", "Node", "nodes", namespaced=False)
DISRUPTION_BUDGET = _kind("policy", "PodDisruptionBudget", "poddisruptionbudgets")
VOLUME_ATTACHMENT = _kind("storage.k8s.io", "VolumeAttachment", "volumeattachments", namespaced=False)
SIGNING_REQUEST = _kind(
    "certificates.k8s.io", "CertificateSigningRequest", "certificatesigningrequests", namespaced=False
)


def closer_rules() -> tuple[dict[str, list[str]], ...]:
    """The RBAC rules of looking closer at suspects: what ClusterRole `drift-audit-closer-look` grants."""
    listed = (EVENT, POD, DEPLOYMENT, LEASE, ENDPOINT_SLICE, MUTATING, VALIDATING)
    by_group: dict[str, list[str]] = {}
    for kind in listed:
        by_group.setdefault(kind.group, []).append(kind.plural)
    lists = [{"apiGroups": [group], "resources": resources, "verbs": ["list"]} for group, resources in by_group.items()]
    return (*lists, {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]})


def kubeconfig_rules() -> tuple[dict[str, list[str]], ...]:
    """The RBAC rules of looking into workload clusters: what ClusterRole `drift-audit-kubeconfigs` grants."""
    return ({"apiGroups": [SECRET.group], "resources": [SECRET.plural], "verbs": ["get"]},)
