"""What objects name of EKS: the cluster, its node groups, profiles, add-ons, entries; and what a loss of each means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.steps import asking
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit_aws.doubts import Doubt, Doubted, doubted
from drift_audit_aws.eks.facts import (
    DELETING,
    Hosted,
    access_entries,
    addons,
    eks_clusters,
    eks_name,
    fargate_profiles,
    node_groups,
    status_of,
)
from drift_audit_aws.eks.readers import cluster_of, part_id
from drift_audit_aws.family import Loss, Named
from drift_audit_aws.fleet import AwsCluster, Fleet, settled
from drift_audit_aws.placing import PROVIDER
from drift_audit_aws.resource_types import (
    ACCESS_ENTRY,
    ADDON,
    EKS_CLUSTER,
    FARGATE_PROFILE,
    IDENTITY_PROVIDER,
    LAUNCH_TEMPLATE,
    NODE_GROUP,
    OIDC_PROVIDER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fate:
    """What follows from the loss of one type of resource."""

    event: str
    """The event in CloudTrail that tells who did it."""
    severity: Severity
    reaction: str
    look: str


_FATES = {
    EKS_CLUSTER: _Fate(
        event="DeleteCluster",
        severity=Severity.CRITICAL,
        reaction="CAPA makes a new and empty EKS cluster of that name: everything that ran in the old one is gone",
        look="Check the condition EKSControlPlaneReady of {kind} {namespace}/{name}; restore workloads from backups.",
    ),
    NODE_GROUP: _Fate(
        event="DeleteNodegroup",
        severity=Severity.CRITICAL,
        reaction="CAPA makes the node group again at its next reconcile, with new nodes",
        look="Check the condition EKSNodegroupReady of {kind} {namespace}/{name}, and the nodes of the cluster.",
    ),
    FARGATE_PROFILE: _Fate(
        event="DeleteFargateProfile",
        severity=Severity.HIGH,
        reaction="CAPA makes the profile again at its next reconcile; its Pods were deleted with it",
        look="Check the condition EKSFargateProfileReady of {kind} {namespace}/{name}.",
    ),
    ADDON: _Fate(
        event="DeleteAddon",
        severity=Severity.HIGH,
        reaction="CAPA installs the add-on again at its next reconcile",
        look="Check the condition EKSAddonsConfigured of {kind} {namespace}/{name}.",
    ),
    ACCESS_ENTRY: _Fate(
        event="DeleteAccessEntry",
        severity=Severity.HIGH,
        reaction="CAPA makes the access entry again at its next reconcile; until then its principal has no access",
        look="Check the condition EKSControlPlaneReady of {kind} {namespace}/{name}.",
    ),
    IDENTITY_PROVIDER: _Fate(
        event="DisassociateIdentityProviderConfig",
        severity=Severity.HIGH,
        reaction="CAPA associates it again; until then nobody logs in through it, and it takes EKS about 15 min",
        look="Check the condition EKSIdentityProviderConfigured of {kind} {namespace}/{name}.",
    ),
    LAUNCH_TEMPLATE: _Fate(
        event="DeleteLaunchTemplate",
        severity=Severity.HIGH,
        reaction="CAPA makes a new launch template; the node group names the deleted one and can launch no node",
        look="Check the condition LaunchTemplateReady of {kind} {namespace}/{name}.",
    ),
    OIDC_PROVIDER: _Fate(
        event="DeleteOpenIDConnectProvider",
        severity=Severity.CRITICAL,
        reaction="CAPA never makes it again once its ARN is in the status: no service account can take a role any more",
        look="Make the provider again for the issuer of the cluster, with the client id sts.amazonaws.com.",
    ),
}


def named_by_eks(fleet: Fleet) -> Iterator[Named]:
    """Everything of EKS that an object names, each under the field that names it."""
    for cluster in eks_clusters(fleet):
        yield from _of_control_plane(cluster)
    for hosted in node_groups(fleet):
        yield from _of_hosted(hosted, NODE_GROUP)
        yield from _template_of(hosted)
    for hosted in fargate_profiles(fleet):
        yield from _of_hosted(hosted, FARGATE_PROFILE)


def _of_control_plane(cluster: AwsCluster) -> Iterator[Named]:
    eks = eks_name(cluster)
    if not eks:
        return
    infra = cluster.infra
    building = cluster.deleting or not cluster.ready
    yield _named(infra, cluster, EKS_CLUSTER, eks, "spec.eksClusterName", transitional=building)
    installed = {text(mapping(each).get("name")) for each in sequence(infra.status.get("addons"))}
    for name in addons(cluster):
        waiting = building or name not in installed
        yield _named(infra, cluster, ADDON, part_id(eks, name), "spec.addons", transitional=waiting)
    for principal in access_entries(cluster):
        yield _named(infra, cluster, ACCESS_ENTRY, part_id(eks, principal), "spec.accessEntries", transitional=building)
    provider = text(dig(infra.spec, "oidcIdentityProviderConfig", "identityProviderConfigName"))
    if provider:
        path = "spec.oidcIdentityProviderConfig.identityProviderConfigName"
        waiting = building or not dig(infra.status, "identityProviderStatus", "arn")
        yield _named(infra, cluster, IDENTITY_PROVIDER, part_id(eks, provider), path, transitional=waiting)
    arn = text(dig(infra.status, "oidcProvider", "arn"))
    if arn:
        yield _named(infra, cluster, OIDC_PROVIDER, arn, "status.oidcProvider.arn", transitional=cluster.deleting)


def _of_hosted(hosted: Hosted, kind: str) -> Iterator[Named]:
    if hosted.resource_id and hosted.cluster is not None:
        building = hosted.deleting or hosted.object.status.get("ready") is not True
        path = hosted.name_path
        yield _named(hosted.object, hosted.cluster, kind, hosted.resource_id, path, transitional=building)


def _template_of(hosted: Hosted) -> Iterator[Named]:
    template = text(hosted.object.status.get("launchTemplateID"))
    if template and hosted.cluster is not None:
        path, building = "status.launchTemplateID", hosted.deleting
        yield _named(hosted.object, hosted.cluster, LAUNCH_TEMPLATE, template, path, transitional=building)


def _named(
    subject: CapiObject, cluster: AwsCluster, kind: str, resource_id: str, path: str, *, transitional: bool
) -> Named:
    fate = _FATES[kind]
    words = {"kind": subject.kind, "namespace": subject.namespace, "name": subject.name}
    return Named(
        object=subject,
        cluster=cluster.key,
        type=kind,
        id=resource_id,
        path=path,
        loss=Loss(
            severity=fate.severity,
            reaction=fate.reaction,
            next_steps=(
                asking(f"Find out in CloudTrail who deleted it: event {fate.event}, {resource_id}."),
                fate.look.format(**words),
            ),
            transitional=transitional,
            gone=_going,
            detail=status_of,
        ),
    )


def _going(resource: CloudResource) -> bool:
    """EKS lists what it deletes for some minutes; there is no way back."""
    return status_of(resource) == DELETING


def unnamed(fleet: Fleet, links: Sequence[Link], now: datetime) -> Iterator[Doubted]:
    """Objects without the name of their resource, or without a cluster to look for it in: nothing is compared."""
    for cluster in eks_clusters(fleet):
        if not eks_name(cluster) and not cluster.deleting and settled(cluster.infra, now):
            yield doubted(cluster.infra, cluster.key, _nameless(cluster.infra, "eksClusterName"))
    for hosted in (*node_groups(fleet), *fargate_profiles(fleet)):
        if hosted.resource_id or hosted.deleting or not settled(hosted.object, now):
            continue
        if hosted.cluster is None or not hosted.cluster.eks:
            yield doubted(hosted.object, hosted.key, _homeless(hosted))
        elif eks_name(hosted.cluster):
            yield doubted(hosted.object, hosted.key, _nameless(hosted.object, hosted.name_path.partition(".")[2]))


def _nameless(subject: CapiObject, field: str) -> Doubt:
    name = f"{subject.kind} {subject.namespace}/{subject.name}"
    return Doubt(
        scope=f"{PROVIDER}/{name}",
        reason=f"{name} has no spec.{field}: nobody can tell what of EKS it stands for",
        remedy=f"CAPA's webhook sets the name: see that it is at work, or set spec.{field}.",
    )


def _homeless(hosted: Hosted) -> Doubt:
    name = f"{hosted.object.kind} {hosted.object.namespace}/{hosted.object.name}"
    whose = hosted.key.name or "none"
    return Doubt(
        scope=f"{PROVIDER}/{name}",
        reason=f"no EKS cluster of {name} was read (it names {whose})",
        remedy="Let the audit list Cluster, MachinePool and AWSManagedControlPlane, or delete what nothing owns.",
    )


def stands_in_cluster(resource: CloudResource, cluster: AwsCluster) -> bool:
    """True for what hangs on the very EKS cluster, of which an account and region have one of each name."""
    return bool(eks_name(cluster)) and cluster_of(resource.key.id) == eks_name(cluster)
