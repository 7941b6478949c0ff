"""Pairs, leaves and facts to be judged; each builder defaults whatever a test does not care about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from drift_audit.classify.cloud_context import CloudContext
from drift_audit.classify.git_findings import GitContext
from drift_audit.config.settings import Thresholds
from drift_audit.interfaces import Fact, Link
from drift_audit.model.comparison import LeafComparison, LeafOutcome, ObjectComparison
from drift_audit.model.delivery import Delivery
from drift_audit.model.fields import FieldRow, Reaction, ReactionKind
from drift_audit.model.findings import Severity
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.pairing import Membership, ObjectPair, Origin
from drift_audit.model.values import ABSENT, Json, Observed, Present
from drift_audit.model.views import ClusterView
from tests.builders import capi_object, cluster_key, declaration, resource_key

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = "2026-11-01T00:00:00Z"
DELIVERY = Delivery(
    tool="Flux",
    object=ObjectKey("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", "fleet"),
    applier="kustomize-controller",
    interval_seconds=600,
)
INFRA = "infrastructure.cluster.x-k8s.io/v1beta2"


def pair(kind: str = "MachineDeployment", **changes: Any) -> ObjectPair:
    """An object that is declared, applied and there."""
    declared = declaration(kind, "eu-1-md-0")
    defaults = ObjectPair(
        management_cluster="prod",
        key=declared.key,
        membership=Membership.PAIRED,
        head=declared,
        applied=declared,
        live=capi_object(kind, "eu-1-md-0"),
        cluster=cluster_key(),
        delivery=DELIVERY,
        head_committed_at=LONG_AGO,
        head_is_applied=True,
    )
    return replace(defaults, **changes)


def leaf(
    outcome: LeafOutcome, *path: str, head: Observed = ABSENT, live: Observed = ABSENT, **more: Any
) -> LeafComparison:
    steps = path or ("spec", "replicas")
    return LeafComparison(path=steps, positional=steps, head=head, applied=head, live=live, outcome=outcome, **more)


def compared(which: ObjectPair, *leaves: LeafComparison) -> ObjectComparison:
    return ObjectComparison(pair=which, leaves=leaves, compared=len(leaves))


def git_context(*pairs: ObjectPair, sure: bool = True, origins: dict[ObjectKey, Origin] | None = None) -> GitContext:
    return GitContext(
        thresholds=Thresholds(),
        now=NOW,
        confirmed=frozenset(each.key for each in pairs) if sure else frozenset(),
        origins=origins or {},
        pairs={each.key: each for each in pairs},
    )


def row(kind: ReactionKind = ReactionKind.IGNORED, **changes: Any) -> FieldRow:
    defaults = FieldRow(
        id="aws.instance.type",
        kind="AWSMachine",
        resource="instance",
        capi=("spec.instanceType",),
        cloud=("InstanceType",),
        path="spec.instanceType",
        comparer="exact",
        reaction=Reaction(kind=kind, within_minutes=10),
        severity=Severity.MEDIUM,
        title="Instance type differs",
        source="here",
    )
    return replace(defaults, **changes)


def machine(declared: Json = "m5.large", **sections: Any) -> CapiObject:
    """An AWSMachine that has stood for long, and whose controller has nothing to say."""
    sections = {"metadata": {"creationTimestamp": LONG_AGO}, "status": {"ready": True}, **sections}
    return capi_object("AWSMachine", "eu-1-md-0-abc", api_version=INFRA, spec={"instanceType": declared}, **sections)


def fact(capi: Observed, cloud: Observed, field: FieldRow | None = None, **changes: Any) -> Fact:
    link = Link(management_cluster="prod", object=machine().key, resource=resource_key(), cluster=cluster_key())
    defaults = Fact(
        link=link,
        row=field or row(),
        path="spec.instanceType",
        capi=capi,
        cloud=cloud,
        capi_path=("spec", "instanceType"),
    )
    return replace(defaults, **changes)


def cloud_context(live: CapiObject, *others: CapiObject, git: Json = "m5.large", sure: bool = True) -> CloudContext:
    """The AWSMachine derives from a template in Git with that instance type."""
    template = declaration(
        "AWSMachineTemplate", "eu-1-md-0", api_version=INFRA, spec={"template": {"spec": {"instanceType": git}}}
    )
    declared = pair("AWSMachineTemplate", key=template.key, head=template, applied=template, live=None)
    origin = Origin(key=template.key, path=("spec", "template", "spec"))
    context = git_context(declared, origins={live.key: origin})
    view = ClusterView(
        management_cluster="prod", server_version="", objects={each.key: each for each in (live, *others)}
    )
    return CloudContext(
        git={"prod": context}, views={"prod": view}, confirmed=frozenset({resource_key()}) if sure else frozenset()
    )


def present(value: Json) -> Present:
    return Present(value)
