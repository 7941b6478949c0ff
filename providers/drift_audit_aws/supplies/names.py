"""What the next machine will be made with, as the templates in use say, and what it means when that is gone.

Only the templates that a MachineDeployment or a control plane names *now* count: an older one makes no machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drift_audit.model.findings import Severity
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.steps import asking
from drift_audit.model.values import JsonObject, dig, mapping, text
from drift_audit_aws.family import Loss, Named
from drift_audit_aws.fleet import CLUSTER_NAME_LABEL, INFRASTRUCTURE, AwsCluster, Fleet
from drift_audit_aws.resource_types import BUCKET, IMAGE, INSTANCE_PROFILE, KEY_PAIR, ROLE, SECRET

_TEMPLATE = "AWSMachineTemplate"
_REFERENCES = {
    "MachineDeployment": (("template", "spec", "infrastructureRef"),),
    "KubeadmControlPlane": (("machineTemplate", "spec", "infrastructureRef"), ("machineTemplate", "infrastructureRef")),
}
"""Where the current template stands, by kind of the owner; of a control plane in the newer and the older contract."""

_ROLE_FIELDS = {
    "AWSManagedControlPlane": ("roleName",),
    "AWSManagedMachinePool": ("roleName",),
    "AWSFargateProfile": ("roleName",),
}

NO_NEXT_MACHINE = "running machines are not touched; the next one of this template cannot be made"
_NO_BUCKET = "machines that start from this bucket find no bootstrap data"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateInUse:
    """An AWSMachineTemplate that makes the next machine of a cluster."""

    object: CapiObject
    cluster: AwsCluster


def templates_in_use(fleet: Fleet) -> Iterator[TemplateInUse]:
    """Each template once, however many owners name it."""
    seen: set[tuple[str, ObjectKey]] = set()
    for kind, places in _REFERENCES.items():
        for management_cluster, owner in fleet.of_kind(kind):
            name = owner.labels.get(CLUSTER_NAME_LABEL, "") or text(owner.spec.get("clusterName"))
            cluster = fleet.clusters.get(ClusterKey(management_cluster, owner.namespace, name))
            reference = next((found for place in places if (found := mapping(dig(owner.spec, *place)))), {})
            key = ObjectKey(INFRASTRUCTURE, text(reference.get("kind")), owner.namespace, text(reference.get("name")))
            view = fleet.view(management_cluster)
            template = view.objects.get(key) if view is not None and key.kind == _TEMPLATE else None
            if cluster is not None and template is not None and (management_cluster, key) not in seen:
                seen.add((management_cluster, key))
                yield TemplateInUse(object=template, cluster=cluster)


def named_supplies(fleet: Fleet) -> Iterator[Named]:
    """Images, keys and profiles of the templates; the buckets of clusters; roles and secrets only as mentions."""
    for use in templates_in_use(fleet):
        yield from _of_template(use)
    for cluster in fleet.clusters.values():
        bucket = text(dig(cluster.infra.spec, "s3Bucket", "name"))
        if bucket and not cluster.eks:
            yield Named(
                object=cluster.infra,
                cluster=cluster.key,
                type=BUCKET,
                id=bucket,
                path="spec.s3Bucket.name",
                loss=Loss(
                    severity=Severity.HIGH,
                    reaction=f"CAPA makes the bucket again at its next reconcile; until then {_NO_BUCKET}",
                    next_steps=(
                        asking(f"Find out in CloudTrail who deleted the bucket: event DeleteBucket, {bucket}."),
                    ),
                    transitional=cluster.deleting or not cluster.ready,
                ),
            )
    yield from _mentioned_roles(fleet)
    yield from _mentioned_secrets(fleet)


def _of_template(use: TemplateInUse) -> Iterator[Named]:
    spec = mapping(dig(use.object.spec, "template", "spec"))
    base = ("spec", "template", "spec")
    image = text(dig(spec, "ami", "id"))
    if image:
        yield _supply(use, IMAGE, image, ".".join((*base, "ami", "id")), "make an image and give it to a new template")
    profile = text(spec.get("iamInstanceProfile"))
    if profile:
        yield _supply(use, INSTANCE_PROFILE, profile, ".".join((*base, "iamInstanceProfile")), "make the profile again")
    key = _key_name(use, spec)
    if key:
        yield _supply(use, KEY_PAIR, key, ".".join((*base, "sshKeyName")), "import the key pair again")


def _key_name(use: TemplateInUse, spec: JsonObject) -> str:
    """Own name, else the cluster's, else `default`; an empty text at either place means no key at all."""
    for found in (spec, use.cluster.infra.spec):
        if found.get("sshKeyName") is not None:
            return text(found.get("sshKeyName"))
    return "" if use.cluster.externally_managed else "default"


def _supply(use: TemplateInUse, kind: str, name: str, path: str, remedy: str) -> Named:
    word = kind.replace("-", " ")
    return Named(
        object=use.object,
        cluster=use.cluster.key,
        type=kind,
        id=name,
        path=path,
        loss=Loss(
            severity=Severity.MEDIUM,
            reaction=NO_NEXT_MACHINE,
            next_steps=(
                f"Check that {word} {name} exists in this account and region and is shared with it; else {remedy}.",
            ),
            transitional=use.cluster.deleting,
        ),
    )


def _mentioned_roles(fleet: Fleet) -> Iterator[Named]:
    for kind, fields in _ROLE_FIELDS.items():
        for management_cluster, found in fleet.of_kind(kind):
            name = found.labels.get(CLUSTER_NAME_LABEL, "") or text(found.spec.get("clusterName"))
            for field in fields:
                role = text(found.spec.get(field))
                if role:
                    yield Named(
                        object=found,
                        cluster=ClusterKey(management_cluster, found.namespace, name),
                        type=ROLE,
                        id=role,
                        path=f"spec.{field}",
                    )


def _mentioned_secrets(fleet: Fleet) -> Iterator[Named]:
    """CAPA forgets the prefix as soon as it has deleted the secrets (pkg/cloud/services/secretsmanager, Delete)."""
    for machine in fleet.machines.values():
        cloud_init = mapping(machine.object.spec.get("cloudInit"))
        prefix, count = text(cloud_init.get("secretPrefix")), cloud_init.get("secretCount")
        for index in range(count if prefix and isinstance(count, int) else 0):
            yield Named(
                object=machine.object,
                cluster=machine.cluster_key,
                type=SECRET,
                id=f"{prefix}-{index}",
                path="spec.cloudInit.secretPrefix",
            )
