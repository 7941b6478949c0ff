"""Who talks to the server: the rig itself, the auditor, a person, the GitOps tool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


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

_RBAC = Path(__file__).parents[2] / "deploy" / "kubernetes" / "rbac.yaml"
"""What a user is told to grant: the auditor of the rig gets these roles, and nothing else."""
_ROLES = ("drift-audit", "drift-audit-declared", "drift-audit-closer-look")
KUBECONFIGS = "drift-audit-kubeconfigs"
"""The role that users bind themselves, in the namespaces of their clusters."""


def role_bindings() -> list[dict[str, Any]]:
    """The roles of the rig: the auditor reads what `deploy/` grants, people and GitOps may do all."""
    shipped = yaml.safe_load_all(_RBAC.read_text(encoding="utf-8"))
    roles = [found for found in shipped if found["kind"] == "ClusterRole"]
    return [
        *roles,
        *(_binding(f"rig-{name}", name, AUDITOR.groups[-1]) for name in _ROLES),
        _binding("rig-humans", "cluster-admin", HUMAN.groups[-1]),
        _binding("rig-gitops", "cluster-admin", GITOPS.groups[-1]),
    ]


def reads_kubeconfigs(namespace: str) -> dict[str, Any]:
    """What a user does to let the audit look into the workload clusters of a namespace."""
    binding = _binding("drift-audit-kubeconfigs", KUBECONFIGS, AUDITOR.groups[-1])
    return {**binding, "kind": "RoleBinding", "metadata": {"name": KUBECONFIGS, "namespace": namespace}}


def _binding(name: str, role: str, group: str) -> dict[str, Any]:
    api = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{api}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": api, "kind": "Group", "name": group}],
    }
