"""What node groups, Fargate profiles, add-ons and access entries of EKS should have.

Source, where no other is named: CAPA v2.13.0 pkg/cloud/services/eks/nodegroup.go, fargate.go, addons.go and
accessentry.go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import yaml

from drift_audit.model.objects import CapiObject
from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.eks.facts import MANAGED_POOL, own_entry, pool_of
from drift_audit_aws.eks.versions import minor
from drift_audit_aws.fleet import REPLICAS_MANAGED_ANNOTATION
from drift_audit_aws.network.subnets import declared_subnets
from drift_audit_aws.ownership import NAME_TAG, cloud_provider_tag
from drift_audit_aws.subject import Subject

_EFFECTS: Mapping[str, str] = {
    "no-execute": "NO_EXECUTE",
    "no-schedule": "NO_SCHEDULE",
    "prefer-no-schedule": "PREFER_NO_SCHEDULE",
}
_CAPACITY: Mapping[str, str] = {"onDemand": "ON_DEMAND", "spot": "SPOT"}
_CLUSTER_GROUP = "cluster"
_NOT_READ = Unknown("the MachinePool that owns this AWSManagedMachinePool was not read")


def managed_elsewhere(pool: CapiObject) -> bool:
    """True when CAPA copies the size of the node group into the MachinePool instead of the other way round."""
    return pool.annotations.get(REPLICAS_MANAGED_ANNOTATION, "false") != "false"


def node_group_size(subject: Subject) -> Observed | None:
    pool = pool_of(subject)
    if pool is None:
        return _NOT_READ
    if managed_elsewhere(pool):
        return None
    replicas = pool.spec.get("replicas")
    return Present(1 if replicas is None else replicas)


def node_group_version(subject: Subject) -> Observed | None:
    pool = pool_of(subject)
    return _NOT_READ if pool is None else minor(text(dig(pool.spec, "template", "spec", "version")))


def node_group_labels(subject: Subject) -> Observed | None:
    return Present(dict(mapping(subject.object.spec.get("labels"))))


def node_group_taints(subject: Subject) -> Observed | None:
    """`key=value:NO_SCHEDULE`, sorted."""
    taints = map(mapping, sequence(subject.object.spec.get("taints")))
    return Present(sorted(taint_text(each, _EFFECTS.get(text(each.get("effect")), "")) for each in taints))


def taint_text(taint: Mapping[str, Json], effect: str) -> str:
    return f"{text(taint.get('key'))}={text(taint.get('value'))}:{effect}"


def node_group_update(subject: Subject) -> Observed | None:
    """The webhook sets one node at a time where nobody says anything."""
    wanted = mapping(subject.object.spec.get("updateConfig")) or {"maxUnavailable": 1}
    return Present({name: wanted[name] for name in UPDATE_FIELDS if wanted.get(name) is not None})


UPDATE_FIELDS = ("maxUnavailable", "maxUnavailablePercentage")


def node_group_image_type(subject: Subject) -> Observed | None:
    """Not sent where the launch template names the image: EKS then says `CUSTOM`."""
    wanted = text(subject.object.spec.get("amiType"))
    image = dig(subject.object.spec, "awsLaunchTemplate", "ami", "id")
    return Present(wanted) if wanted and not image else None


def node_group_types(subject: Subject) -> Observed | None:
    wanted = text(subject.object.spec.get("instanceType"))
    return Present([wanted]) if wanted else None


def node_group_capacity(subject: Subject) -> Observed | None:
    wanted = text(subject.object.spec.get("capacityType"))
    return Present(_CAPACITY[wanted]) if wanted in _CAPACITY else None


def part_subnets(subject: Subject) -> Observed | None:
    """Those that the spec names; the choice among all of them is made once, from what was there then."""
    named = [text(each) for each in sequence(subject.object.spec.get("subnetIDs"))]
    known = {subnet.id: subnet.resource_id for subnet in declared_subnets(subject.cluster)}
    return Present(sorted(known.get(each) or each for each in named)) if named else None


def node_group_key(subject: Subject) -> Observed | None:
    """Own name, else the control plane's; none where no access is asked for."""
    access = subject.object.spec.get("remoteAccess")
    if access is None:
        return ABSENT
    wanted = text(mapping(access).get("sshKeyName")) or text(subject.cluster.infra.spec.get("sshKeyName"))
    return Present(wanted) if wanted else ABSENT


def node_group_sources(subject: Subject) -> Observed | None:
    """The groups that may log in: the declared ones, with that of the cluster and of the bastion."""
    access = subject.object.spec.get("remoteAccess")
    wanted = mapping(access)
    if access is None or wanted.get("public") is True:
        return Present([])
    groups = [text(each) for each in sequence(wanted.get("sourceSecurityGroups"))]
    roles = [_CLUSTER_GROUP]
    if dig(subject.cluster.infra.spec, "bastion", "enabled") is True:
        roles.append("bastion")
    known = [subject.cluster.security_groups.get(role, "") for role in roles]
    return Present(sorted({*groups, *known})) if all(known) else None


def node_group_template(subject: Subject) -> Observed | None:
    """What CAPA noted; nothing where the spec has no template."""
    wanted = text(subject.object.status.get("launchTemplateID"))
    return Present(wanted) if wanted and subject.object.spec.get("awsLaunchTemplate") is not None else None


def node_group_template_version(subject: Subject) -> Observed | None:
    wanted = text(subject.object.status.get("launchTemplateVersion"))
    return Present(wanted) if wanted and subject.object.spec.get("awsLaunchTemplate") is not None else None


def template_version_noted(subject: Subject) -> Observed | None:
    noted = text(subject.object.status.get("launchTemplateVersion"))
    return Present(int(noted)) if noted.isdecimal() else None


def part_tags(subject: Subject) -> Observed | None:
    """All tags but the mark of the cluster, which has a row of its own. A profile takes none from the cluster."""
    pool = subject.object.kind == MANAGED_POOL
    shared = mapping(subject.cluster.infra.spec.get("additionalTags")) if pool else {}
    merged = {**shared, **mapping(subject.object.spec.get("additionalTags"))}
    return Present({key: value for key, value in merged.items() if key != _mark(subject)})


def declared_part_tags(subject: Subject) -> Observed | None:
    """Of add-ons and access entries: the tags of the control plane."""
    wanted = mapping(subject.object.spec.get("additionalTags"))
    kept = {key: value for key, value in wanted.items() if key not in (_mark(subject), NAME_TAG)}
    return Present(kept) if kept else None


def _mark(subject: Subject) -> str:
    return cloud_provider_tag(subject.cluster.key.name)


def profile_selectors(subject: Subject) -> Observed | None:
    """In one spelling, in any order."""
    return Present(selectors_text(subject.object.spec.get("selectors")))


def selectors_text(selectors: Json) -> list[Json]:
    """`web{a=b}`, sorted."""
    found: list[Json] = []
    for each in map(mapping, sequence(selectors)):
        labels = ",".join(f"{key}={value}" for key, value in sorted(mapping(each.get("labels")).items()))
        found.append(f"{text(each.get('namespace'))}{{{labels}}}" if labels else text(each.get("namespace")))
    return sorted(found, key=text)


def addon_version(subject: Subject) -> Observed | None:
    return _declared(subject, "version")


def addon_role(subject: Subject) -> Observed | None:
    return _declared(subject, "serviceAccountRoleARN") or ABSENT


def addon_configuration(subject: Subject) -> Observed | None:
    found = parsed(own_entry(subject).get("configuration"))
    return ABSENT if found is None else Present(found)


def parsed(configuration: Json) -> Json:
    """EKS takes JSON and YAML; a text that is neither stays one."""
    spelled = text(configuration)
    if not spelled.strip():
        return None
    try:
        found: Json = json.loads(json.dumps(yaml.load(spelled, Loader=yaml.CSafeLoader)))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return spelled
    return found


def entry_type(subject: Subject) -> Observed | None:
    return Present(text(own_entry(subject).get("type")).upper() or "STANDARD")


def entry_username(subject: Subject) -> Observed | None:
    """Only where the spec has one: EKS makes one up for an entry without."""
    return _declared(subject, "username")


def entry_groups(subject: Subject) -> Observed | None:
    return Present(sorted(text(each) for each in sequence(own_entry(subject).get("kubernetesGroups"))))


def entry_policies(subject: Subject) -> Observed | None:
    """`AmazonEKSViewPolicy: namespace web`, sorted. CAPA sets none on entries of nodes."""
    if text(own_entry(subject).get("type")) in ("ec2_linux", "ec2_windows"):
        return None
    policies = map(mapping, sequence(own_entry(subject).get("accessPolicies")))
    return Present(sorted(policy_text(text(each.get("policyARN")), each.get("accessScope")) for each in policies))


def policy_text(arn: str, scope: Json) -> str:
    namespaces = " ".join(sorted(map(text, sequence(dig(scope, "namespaces")))))
    return f"{arn.rpartition('/')[2]}: {text(dig(scope, 'type'))} {namespaces}".strip()


def provider_claims(subject: Subject) -> Observed | None:
    declared = mapping(subject.object.spec.get("oidcIdentityProviderConfig"))
    return Present({name: declared.get(name) or empty for name, empty in PROVIDER_FIELDS.items()})


PROVIDER_FIELDS: Mapping[str, Json] = {
    "clientId": "",
    "groupsClaim": "",
    "groupsPrefix": "",
    "issuerUrl": "",
    "requiredClaims": {},
    "usernameClaim": "",
    "usernamePrefix": "",
}
"""What CAPA compares (pkg/eks/identityprovider/types.go, IsEqual), with what absent means."""


def _declared(subject: Subject, field: str) -> Observed | None:
    wanted = text(own_entry(subject).get(field))
    return Present(wanted) if wanted else None


EXPECTATIONS = (
    addon_configuration,
    addon_role,
    addon_version,
    declared_part_tags,
    entry_groups,
    entry_policies,
    entry_type,
    entry_username,
    node_group_capacity,
    node_group_image_type,
    node_group_key,
    node_group_labels,
    node_group_size,
    node_group_sources,
    node_group_taints,
    node_group_template,
    node_group_template_version,
    node_group_types,
    node_group_update,
    node_group_version,
    part_subnets,
    part_tags,
    profile_selectors,
    provider_claims,
    template_version_noted,
)
