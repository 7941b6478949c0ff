"""Builders for a management cluster, its GitOps objects, and the Git sources beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from drift_audit.correlate.pairing import pair_objects
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.pairing import ObjectPair, Pairing
from drift_audit.model.views import ClusterView, Gap, GitSourceView, KindListing, Rendering, View
from tests.builders import capi_object, declaration, location

REPO = "https://git.example.com/platform/fleet.git"
OLD, HEAD, OTHER = "1" * 40, "2" * 40, "3" * 40
FLUX, SOURCE, ARGO = "kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io", "argoproj.io"
CORE = "cluster.x-k8s.io"


def key(kind: str, name: str, namespace: str = "fleet", group: str = CORE) -> ObjectKey:
    return ObjectKey(group, kind, namespace, name)


def flux_labels(name: str = "fleet", namespace: str = "flux-system") -> dict[str, Any]:
    return {"labels": {f"{FLUX}/name": name, f"{FLUX}/namespace": namespace}}


def kustomization(
    name: str = "fleet", *, spec: Mapping[str, Any] | None = None, status: Mapping[str, Any] | None = None
) -> CapiObject:
    given = {
        "sourceRef": {"kind": "GitRepository", "name": "fleet"},
        "interval": "10m",
        "path": "./clusters",
        **(spec or {}),
    }
    return capi_object(
        "Kustomization",
        name,
        "flux-system",
        api_version=f"{FLUX}/v1",
        spec=given,
        status={"lastAppliedRevision": f"main@sha1:{HEAD}", **(status or {})},
    )


def git_repository(**spec: Any) -> CapiObject:
    return capi_object("GitRepository", "fleet", "flux-system", api_version=f"{SOURCE}/v1", spec={"url": REPO, **spec})


def application(
    name: str = "fleet",
    *,
    spec: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    **metadata: Any,
) -> CapiObject:
    given = {
        "destination": {"server": "https://kubernetes.default.svc"},
        "source": {"repoURL": REPO, "path": "clusters"},
        **(spec or {}),
    }
    return capi_object(
        "Application", name, "argocd", api_version=f"{ARGO}/v1alpha1", spec=given, status=status, metadata=metadata
    )


def tracking(live: CapiObject, app: str = "fleet") -> dict[str, Any]:
    group = live.api_version.rpartition("/")[0]
    value = f"{app}:{group}/{live.kind}:{live.namespace}/{live.name}"
    return {"annotations": {"argocd.argoproj.io/tracking-id": value}}


def listing(group: str, kind: str, **changes: Any) -> KindListing:
    given = {
        "group": group,
        "kind": kind,
        "plural": f"{kind.lower()}s",
        "version": "v1beta2",
        "served": ("v1beta1", "v1beta2"),
        "namespaced": True,
        "complete": True,
        **changes,
    }
    return KindListing(**given)


KINDS = (
    (CORE, "Cluster"),
    (CORE, "Machine"),
    (CORE, "MachineSet"),
    (CORE, "MachineDeployment"),
    (CORE, "MachinePool"),
    (FLUX, "Kustomization"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    (ARGO, "Application"),
)


def view(*objects: CapiObject, listings: Iterable[KindListing] = (), **changes: Any) -> ClusterView:
    """A management cluster whose kinds were all listed completely, unless `listings` says otherwise."""
    known = {(group, kind): listing(group, kind) for group, kind in KINDS}
    known |= {(each.key.group, each.kind): listing(each.key.group, each.kind) for each in objects}
    known |= {(each.group, each.kind): each for each in listings}
    given = ClusterView(
        management_cluster="prod", server_version="v1.36.0", objects={each.key: each for each in objects}, kinds=known
    )
    return replace(given, **changes)


def rendering(*declarations: Declaration, revision: str = HEAD, broken: bool = False) -> Rendering:
    gap = Gap(view=View.GIT, scope="fleet", subject="broken.yaml", reason="broken", remedy="mend it")
    return Rendering(
        revision=revision,
        committed_at="2026-11-20T00:00:00Z",
        renderer="plain",
        declarations=declarations,
        gaps=(gap,) if broken else (),
    )


def source(head: Rendering | None, applied: Rendering | None = None, **changes: Any) -> GitSourceView:
    given = GitSourceView(
        management_cluster="prod",
        source="fleet",
        repo=REPO,
        ref="main",
        path="clusters",
        flavor="kustomize",
        applier="",
        head=head,
        applied=applied,
    )
    return replace(given, **changes)


def declared(kind: str = "Cluster", name: str = "eu-1", namespace: str = "fleet", **changes: Any) -> Declaration:
    return declaration(kind, name, namespace, **{"location": location("clusters/fleet.yaml"), **changes})


def paired(seen: ClusterView, *sources: GitSourceView) -> dict[ObjectKey, ObjectPair]:
    return {pair.key: pair for pair in pairing_of(seen, *sources).pairs}


def pairing_of(seen: ClusterView, *sources: GitSourceView) -> Pairing:
    return pair_objects(seen, sources)
