"""Who is behind a field manager: a table, because managers are only names that clients choose.

A manager is the explicit `fieldManager`, else the User-Agent up to its first `/` (apiserver
`endpoints/handlers/create.go`). It is self-declared: reports say "kubectl edit", never a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from drift_audit.compare.managed_fields import Entry, identity
from drift_audit.config.settings import ManagerRule


class ManagerClass(StrEnum):
    GITOPS = "gitops"
    HUMAN = "human"
    SCRIPT = "script"
    CONTROLLER = "controller"
    AUTOSCALER = "autoscaler"
    SYNTHETIC = "synthetic"
    """Written by the API server itself: says when, never who."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Manager:
    """What the table knows of one entry."""

    manager_class: ManagerClass
    label: str
    """For people: `kubectl edit`."""

    @property
    def out_of_band(self) -> bool:
        """True when a person or a script outside GitOps wrote, or when nobody knows who did."""
        return self.manager_class in (ManagerClass.HUMAN, ManagerClass.SCRIPT, ManagerClass.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Row:
    pattern: re.Pattern[str]
    """Matched against `manager/Operation` or `manager/Operation/subresource`."""
    manager: Manager


def _row(pattern: str, manager_class: ManagerClass, label: str) -> _Row:
    return _Row(re.compile(pattern), Manager(manager_class, label))


_C = ManagerClass
_ROWS: tuple[_Row, ...] = (
    # The scale subresource first: it names the autoscaler and `kubectl scale` apart from the rest.
    _row(r"cluster-autoscaler.*/Update(/scale)?", _C.AUTOSCALER, "cluster autoscaler"),
    _row(r"(vpa|keda|horizontal-pod-autoscaler).*/Update/scale", _C.AUTOSCALER, "autoscaler"),
    _row(r"kubectl/Update/scale", _C.HUMAN, "kubectl scale"),
    # GitOps tools. Argo CD passes the same name for client-side apply (gitops-engine sync_context.go).
    _row(r"kustomize-controller/(Apply|Update)", _C.GITOPS, "Flux kustomize-controller"),
    _row(r"helm-controller/(Apply|Update)", _C.GITOPS, "Flux helm-controller"),
    _row(r"argocd-controller/(Apply|Update)", _C.GITOPS, "Argo CD"),
    _row(r"application/apply-patch/(Apply|Update)", _C.GITOPS, "Sveltos"),
    _row(r"fleetagent.*/(Apply|Update)", _C.GITOPS, "Rancher Fleet"),
    # Command line (kubectl pkg/cmd/**).
    _row(r"kubectl-client-side-apply/Update", _C.HUMAN, "kubectl apply"),
    _row(r"flux-client-side-apply/(Apply|Update)", _C.HUMAN, "kubectl apply --field-manager=flux-client-side-apply"),
    _row(r"kubectl-last-applied/(Apply|Update)", _C.HUMAN, "kubectl apply"),
    _row(r"kubectl/Apply", _C.HUMAN, "kubectl apply --server-side"),
    _row(r"kubectl-(?P<verb>[a-z]+)/Update(/scale)?", _C.HUMAN, "kubectl {verb}"),
    _row(r"kubectl.*/(Apply|Update).*", _C.HUMAN, "kubectl"),
    _row(r"(k9s|Lens|Freelens|Headlamp|octant)[^/]*/(Apply|Update).*", _C.HUMAN, "{manager}"),
    _row(r"node-fetch/(Apply|Update).*", _C.HUMAN, "a desktop UI (node-fetch, such as Lens)"),
    _row(r"Mozilla/(Apply|Update).*", _C.HUMAN, "a browser UI through a proxy"),
    _row(r"argocd-server/(Apply|Update).*", _C.HUMAN, "an edit in the Argo CD UI"),
    _row(
        r"(OpenAPI-Generator|python-requests|curl|Go-http-client|Terraform|terraform.*|HashiCorp|pulumi.*|ansible.*)"
        r"/(Apply|Update).*",
        _C.SCRIPT,
        "{manager}",
    ),
    _row(r"(helm|Helm)/(Apply|Update)", _C.SCRIPT, "helm"),
    # Cluster API. Nearly every controller image runs a binary called `manager`.
    _row(r"manager/(Apply|Update).*", _C.CONTROLLER, "a Cluster API or provider controller"),
    _row(r"capi-[a-z-]+/(Apply|Update)", _C.CONTROLLER, "{manager}"),
    _row(r"clusterctl.*/(Apply|Update)", _C.CONTROLLER, "clusterctl"),
    _row(r"velero.*/(Apply|Update)", _C.CONTROLLER, "velero"),
    _row(r".*-controller(-manager)?/(Apply|Update).*", _C.CONTROLLER, "{manager}"),
    _row(r"(before-first-apply|ancient-changes)/.*", _C.SYNTHETIC, "{manager}"),
)


class ManagerTable:
    """The known managers, the user's own rules first."""

    def __init__(self, rules: Iterable[ManagerRule] = ()) -> None:
        self._own = [(re.compile(rule.match), rule) for rule in rules]
        self._known: dict[tuple[str, str, str], Manager] = {}

    def of(self, entry: Entry) -> Manager:
        """The class and the readable name of an entry's manager."""
        return self.named(entry.manager, entry.operation, entry.subresource)

    def named(self, manager: str, operation: str, subresource: str = "") -> Manager:
        """The same by what the entry says of its writer."""
        writer = (manager, operation, subresource)
        known = self._known.get(writer)
        if known is None:
            known = self._known[writer] = self._look_up(manager, identity(*writer))
        return known

    def _look_up(self, manager: str, writer: str) -> Manager:
        for pattern, rule in self._own:
            if pattern.fullmatch(manager):
                return Manager(ManagerClass(rule.manager_class), rule.label or manager)
        for row in _ROWS:
            match = row.pattern.fullmatch(writer)
            if match:
                label = row.manager.label.format(manager=manager, **match.groupdict())
                return Manager(row.manager.manager_class, label)
        return Manager(ManagerClass.UNKNOWN, manager)
