"""Who talks to the server: the rig itself, the auditor, a person, the GitOps tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and groups, as a client certificate carries them."""

    user: str
    groups: tuple[str, ...]

    @property
    def file_name(self) -> str:
        return self.user.replace(":", "-")


ADMIN = Identity("rig-admin", ("system:masters",))
AUDITOR = Identity("drift-audit", ("rig:audit",))
HUMAN = Identity("alice", ("rig:humans",))
GITOPS = Identity("system:serviceaccount:flux-system:kustomize-controller", ("system:serviceaccounts", "rig:gitops"))
POWERLESS = Identity("nobody-in-particular", ("rig:powerless",))

_READ = ["get", "list", "watch"]
_CAPI_GROUPS = [
    f"{prefix}cluster.x-k8s.io"
    for prefix in (
        *("", "addons.", "bootstrap.", "clusterctl.", "controlplane.", "infrastructure.", "ipam.", "runtime."),
    )
]
_GITOPS_GROUPS = ["kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io", "argoproj.io"]


def role_bindings() -> list[dict[str, Any]]:
    """The roles of the rig: the auditor reads what an audit needs and no Secret, people and GitOps may do all."""
    rules = [
        {"apiGroups": [*_CAPI_GROUPS, *_GITOPS_GROUPS], "resources": ["*"], "verbs": _READ},
        {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": _READ},
        {
            "apiGroups": [""],
            "resources": ["namespaces", "configmaps", "events", "services", "resourcequotas"],
            "verbs": _READ,
        },
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": _READ},
    ]
    auditor = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "rig-auditor"},
        "rules": rules,
    }
    return [
        auditor,
        _binding("rig-auditor", "rig-auditor", AUDITOR.groups[-1]),
        _binding("rig-humans", "cluster-admin", HUMAN.groups[-1]),
        _binding("rig-gitops", "cluster-admin", GITOPS.groups[-1]),
    ]


def _binding(name: str, role: str, group: str) -> dict[str, Any]:
    api = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{api}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": api, "kind": "Group", "name": group}],
    }
