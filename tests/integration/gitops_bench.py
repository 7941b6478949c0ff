"""Git text on one side, a real API server on the other, and what the comparison says about the two.

Writes go to the server as the managers that would make them; nobody types managedFields.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from drift_audit.collect.cluster import collect_cluster, wanted_by
from drift_audit.collect.git.documents import declare, objects_of
from drift_audit.collect.masking import Masker
from drift_audit.compare.git import Schemas, comparable, compare_with_git
from drift_audit.compare.managers import ManagerTable
from drift_audit.compare.object_pair import rulings
from drift_audit.config.settings import ManagementClusterSettings
from drift_audit.correlate.pairing import pair_objects
from drift_audit.model.comparison import LeafComparison, LeafOutcome, ObjectComparison
from drift_audit.model.keys import format_path
from drift_audit.model.objects import Declaration, Location
from drift_audit.model.pairing import Membership, ObjectPair
from drift_audit.model.views import GitSourceView, Rendering
from drift_audit.yaml_text import Flavor, read_documents
from tests.rig.client import Json, RigClient
from tests.rig.management_cluster import ManagementCluster

REPO = "https://git.example.com/platform/fleet.git"
OLD, HEAD = "1" * 40, "2" * 40
MASKER = Masker("bench")


def declarations(text: str, revision: str = HEAD) -> tuple[Declaration, ...]:
    """The objects of a manifest, read as the Git view reads them."""
    read = read_documents(text, flavor=Flavor.KUSTOMIZE)
    assert not read.problems, read.problems
    return tuple(
        declare(
            found,
            source="fleet",
            location=Location(
                repo=REPO,
                revision=revision,
                file="clusters/fleet.yaml",
                line=found.start.line,
                column=found.start.column,
            ),
            default_namespace="",
            masker=MASKER,
        )
        for document in read.documents
        for found in objects_of(document)
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparison of one object."""

    comparison: ObjectComparison
    every: Mapping[str, LeafComparison]
    """Every leaf with its raw outcome, by its readable path; empty for an object that Git does not declare."""

    @property
    def pair(self) -> ObjectPair:
        return self.comparison.pair

    @property
    def membership(self) -> Membership:
        return self.comparison.pair.membership

    @property
    def found(self) -> dict[str, LeafOutcome]:
        """What would be reported: folded, without the silent leaves."""
        return {format_path(leaf.path): leaf.outcome for leaf in self.comparison.leaves}

    def leaf(self, path: str) -> LeafComparison:
        return next(leaf for leaf in self.comparison.leaves if format_path(leaf.path) == path)

    def raw(self, path: str) -> LeafOutcome:
        return self.every[path].outcome


@dataclass(frozen=True, slots=True)
class Bench:
    """One management cluster with one Git source."""

    cluster: ManagementCluster
    namespace: str

    def person(self, manager: str) -> RigClient:
        return self.cluster.human.as_manager(manager)

    def with_user_agent(self, user_agent: str) -> RigClient:
        return self.cluster.human.with_user_agent(user_agent)

    def controller(self, manager: str = "manager") -> RigClient:
        return self.cluster.client.as_manager(manager)

    def flux_kustomization(self, revision: str = HEAD, *, name: str = "fleet", **spec: Any) -> Json:
        """A Kustomization that says it applied this revision of the source."""
        source = {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "fleet", "namespace": self.namespace},
            "spec": {"url": REPO, "interval": "1m0s", "ref": {"branch": "main"}},
        }
        kustomization = {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "interval": "10m0s",
                "path": "./clusters",
                "prune": True,
                "sourceRef": {"kind": "GitRepository", "name": "fleet"},
                **spec,
            },
        }
        owner = self.controller("rig-install")
        owner.apply(source)
        live = owner.apply(kustomization)
        return owner.status(live, {"lastAppliedRevision": f"main@sha1:{revision}"}, "kustomize-controller")

    def flux_applies(self, text: str, *, name: str = "fleet") -> Json:
        """Applies the one object of a manifest as kustomize-controller does, with its two labels."""
        body = _body(text)
        labels = body["metadata"].setdefault("labels", {})
        labels["kustomize.toolkit.fluxcd.io/name"] = name
        labels["kustomize.toolkit.fluxcd.io/namespace"] = self.namespace
        return self.cluster.gitops.apply(body)

    def argo_applies(self, text: str, app: str = "fleet") -> Json:
        """Creates or changes the object by client-side apply, as Argo CD does by default."""
        body = _body(text)
        group = body["apiVersion"].rpartition("/")[0]
        annotations = body["metadata"].setdefault("annotations", {})
        annotations["argocd.argoproj.io/tracking-id"] = (
            f"{self.namespace}_{app}:{group}/{body['kind']}:{self.namespace}/{body['metadata']['name']}"
        )
        annotations["kubectl.kubernetes.io/last-applied-configuration"] = json.dumps(body)
        client = self.cluster.client.as_manager("argocd-controller")
        return client.merge_patch(body, body) if client.find(body) else client.create(body)

    def argo_application(self, revision: str = HEAD, *, name: str = "fleet", **sync_policy: Any) -> Json:
        application = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "project": "default",
                "destination": {"server": "https://kubernetes.default.svc", "namespace": self.namespace},
                "source": {"repoURL": REPO, "path": "clusters", "targetRevision": "main"},
                "syncPolicy": sync_policy,
            },
            "status": {"history": [{"revision": revision, "id": 1, "deployedAt": "2026-11-20T00:00:00Z"}]},
        }
        return self.controller("rig-install").create(application)

    def source(self, head: str, applied: str | None = None, *, applier: str = "") -> GitSourceView:
        """The Git view; `applied` is the manifest at the applied revision, where that is not the head."""
        return GitSourceView(
            management_cluster=self.cluster.name,
            source="fleet",
            repo=REPO,
            ref="main",
            path="clusters",
            flavor="kustomize",
            applier=applier,
            head=_rendering(head, HEAD),
            applied=None if applied is None else _rendering(applied, OLD),
        )

    def compare(self, head: str, applied: str | None = None, *, applier: str = "") -> Iterator[Compared]:
        """Every pair of the management cluster."""
        source = self.source(head, applied, applier=applier)
        settings = ManagementClusterSettings(
            name=self.cluster.name,
            kubeconfig=str(self.cluster.admin_kubeconfig),
            context=self.cluster.context,
            namespaces=(self.namespace,),
        )
        both = [*declarations(head), *(declarations(applied) if applied else ())]
        view = collect_cluster(
            settings, wanted=wanted_by(both), base_dir=Path("/"), masker=MASKER, progress=lambda sentence: None
        )
        assert not view.gaps, view.gaps
        table = ManagerTable()
        for comparison in compare_with_git(view, pair_objects(view, [source]), table):
            pair = comparable(Schemas(view), comparison.pair, table)
            every = {format_path(leaf.path): leaf for leaf in (rulings(pair) if pair else ())}
            yield Compared(comparison, every)

    def compare_one(self, head: str, applied: str | None = None, *, applier: str = "") -> Compared:
        """The comparison of the object that the manifest declares."""
        key = declarations(head)[0].key
        return next(each for each in self.compare(head, applied, applier=applier) if each.pair.key == key)


def _rendering(text: str, revision: str) -> Rendering:
    return Rendering(
        revision=revision,
        committed_at="2026-11-19T00:00:00Z",
        renderer="plain",
        declarations=declarations(text, revision),
    )


def _body(text: str) -> Json:
    # Only for sending: what Git means is read by the Git view's own reader.
    body: Json = yaml.safe_load(text)
    return body


def next_second() -> None:
    """Waits until the clock of managedFields, which counts whole seconds, has moved on."""
    now = time.time()
    time.sleep(1.05 - now % 1.0)


def time_of(live: Json, manager: str, operation: str, subresource: str = "") -> str:
    """When the server last noted a write of this manager."""
    wanted = (manager, operation, subresource)
    for entry in live["metadata"]["managedFields"]:
        if (entry["manager"], entry["operation"], entry.get("subresource", "")) == wanted:
            return str(entry["time"])
    raise AssertionError(f"{wanted} has no entry")
