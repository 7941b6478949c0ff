"""What an EKS cluster shows, where that takes more than reading one field of the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drift_audit.clock import moment
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import ABSENT, Json, Observed, Present, dig, mapping, sequence, text
from drift_audit_aws.eks.cluster_wanted import LOGS
from drift_audit_aws.eks.facts import access_entries, addons, nested, parts_of, status_of
from drift_audit_aws.identity import ROLE_IDENTITY
from drift_audit_aws.ownership import cloud_provider_tag
from drift_audit_aws.resource_types import ACCESS_ENTRY, ADDON, IDENTITY_PROVIDER
from drift_audit_aws.subject import Subject

_WITH_THE_CLUSTER = 15 * 60
"""Seconds within which the entry of a cluster's creator follows the cluster."""
_OF_NODES = frozenset({"EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"})
"""Types of entries that EKS makes for nodes; none of them can carry a policy or a group of one's own choice."""
_CONTROLLER_ROLE = "controllers.cluster-api-provider-aws.sigs.k8s.io"
"""As `clusterawsadm bootstrap iam` makes it."""
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "computeConfig": ("computeConfig", "enabled"),
    "elasticLoadBalancing": ("kubernetesNetworkConfig", "elasticLoadBalancing", "enabled"),
    "blockStorage": ("storageConfig", "blockStorage", "enabled"),
    "zonalShiftConfig": ("zonalShiftConfig", "enabled"),
    "remoteNetworkConfig": ("remoteNetworkConfig",),
}
"""What CAPA has no field for, with the place in the answer."""


def eks_cidrs_shown(subject: Subject) -> Observed:
    blocks = nested(subject, "resourcesVpcConfig", "publicAccessCidrs")
    return Present(sorted(map(text, sequence(blocks))))


def eks_logs_shown(subject: Subject) -> Observed:
    """A type can stand in several entries."""
    entries = map(mapping, sequence(nested(subject, "logging", "clusterLogging")))
    on = {kind for entry in entries if entry.get("enabled") is True for kind in sequence(entry.get("types"))}
    return Present({name: sent in on for name, sent in LOGS.items()})


def eks_encryption_shown(subject: Subject) -> Observed:
    """The first entry: EKS takes one."""
    for entry in map(mapping, sequence(subject.resource.attributes.get("encryptionConfig"))):
        resources = sorted(map(text, sequence(entry.get("resources"))))
        return Present({"provider": text(dig(entry, "provider", "keyArn")), "resources": resources})
    return ABSENT


def eks_provider_tag(subject: Subject) -> Observed:
    """Under the name of the EKS cluster, or, of older clusters, under that of the Cluster."""
    names = (subject.cluster.tag_name, subject.cluster.key.name)
    tags = subject.resource.tags
    return next((Present(tags[key]) for key in map(cloud_provider_tag, names) if key in tags), ABSENT)


def eks_protected(subject: Subject) -> Observed:
    return Present(subject.resource.attributes.get("deletionProtection") is True)


def eks_settings_shown(subject: Subject) -> Observed:
    found = {name: nested(subject, *path) for name, path in _SETTINGS.items()}
    return Present({name: value for name, value in found.items() if value not in (None, False, {})})


def eks_issues(subject: Subject) -> Observed:
    """`FAILED` and what EKS itself complains of, of a cluster as of any of its parts."""
    return Present(list(troubles(subject.resource)))


def troubles(resource: CloudResource) -> Iterator[str]:
    status = status_of(resource)
    if status.endswith("FAILED") or status == "DEGRADED":
        yield status
    for issue in map(mapping, sequence(dig(resource.attributes, "health", "issues"))):
        yield text(issue.get("code"))


def undeclared_addons(subject: Subject) -> Observed:
    return Present(sorted(parts_of(subject, ADDON).keys() - addons(subject.cluster).keys()))


def undeclared_providers(subject: Subject) -> Observed:
    """Nothing where the spec has one: EKS takes a single one, so the declared one is missing then, and told so."""
    if subject.object.spec.get("oidcIdentityProviderConfig") is not None:
        return Present([])
    return Present(sorted(parts_of(subject, IDENTITY_PROVIDER)))


def forgotten_entries(subject: Subject) -> Observed:
    """Entries with CAPA's mark that the spec has not, or no longer."""
    mark = cloud_provider_tag(subject.cluster.key.name)
    return Present([name for name, entry in _undeclared_entries(subject) if mark in entry.tags])


def foreign_entries(subject: Subject) -> Observed:
    """Entries that somebody made past CAPA, which therefore never sees them."""
    mark = cloud_provider_tag(subject.cluster.key.name)
    strange = {name: entry for name, entry in _undeclared_entries(subject) if mark not in entry.tags}
    expected = {_creator(subject, strange), *_controllers(subject)}
    return Present([name for name, entry in strange.items() if name not in expected and not _of_aws(name, entry)])


def _undeclared_entries(subject: Subject) -> list[tuple[str, CloudResource]]:
    declared = access_entries(subject.cluster)
    return [(name, entry) for name, entry in sorted(parts_of(subject, ACCESS_ENTRY).items()) if name not in declared]


def _of_aws(principal: str, entry: CloudResource) -> bool:
    """Of nodes, and of services of AWS."""
    return text(entry.attributes.get("type")) in _OF_NODES or "/aws-service-role/" in principal


def _creator(subject: Subject, entries: Mapping[str, CloudResource]) -> str:
    """The principal that made the cluster: EKS gives it an entry together with the cluster, unless told not to."""
    born = moment(subject.resource.created_at)
    if born is None or dig(subject.object.spec, "accessConfig", "bootstrapClusterCreatorAdminPermissions") is False:
        return ""
    by_age = sorted((entry.created_at, name) for name, entry in entries.items() if not _of_aws(name, entry))
    made = moment(by_age[0][0]) if by_age else None
    young = made is not None and (made - born).total_seconds() < _WITH_THE_CLUSTER
    return by_age[0][1] if young else ""


def _controllers(subject: Subject) -> Iterator[str]:
    """The roles that CAPA can have made the cluster with: it keeps its own entry whenever that was made."""
    for _, identity in subject.fleet.of_kind(ROLE_IDENTITY):
        yield text(identity.spec.get("roleARN"))
    account = subject.resource.key.account
    yield f"arn:aws:iam::{account}:role/{_CONTROLLER_ROLE}"


def rights_of(entry: CloudResource) -> list[Json]:
    """The names of its policies, and its groups."""
    policies = map(mapping, sequence(entry.attributes.get("associatedAccessPolicies")))
    names: list[Json] = [text(policy.get("policyArn")).rpartition("/")[2] for policy in policies]
    return [*names, *sequence(entry.attributes.get("kubernetesGroups"))]


OBSERVATIONS = (
    eks_cidrs_shown,
    eks_encryption_shown,
    eks_issues,
    eks_logs_shown,
    eks_protected,
    eks_provider_tag,
    eks_settings_shown,
    foreign_entries,
    forgotten_entries,
    undeclared_addons,
    undeclared_providers,
)
