"""Whose an Auto Scaling group is: CAPA names it by the object's name alone.

Two AWSMachinePools of one name, in two namespaces or two management clusters that share an account and region, find
the same group: each sets it to its own size and template, and whichever is deleted first deletes it for both.
Source: CAPA v2.13.0 pkg/cloud/scope/machinepool.go, Name, and
pkg/cloud/services/autoscaling/autoscalinggroup.go, GetASGByName.
"""

from __future__ import annotations

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import FindingKind
from drift_audit_aws.ownership import claims
from drift_audit_aws.resource_types import AUTO_SCALING_GROUP
from drift_audit_aws.subject import Subject

ROWS_OF_POOL_MACHINES = frozenset(
    {
        "aws.instance.metadata.hop-limit",
        "aws.instance.metadata.http-endpoint",
        "aws.instance.metadata.http-tokens",
        "aws.instance.metadata.ipv6",
        "aws.instance.metadata.tags",
        "aws.instance.profile",
        "aws.instance.security-groups",
        "aws.instance.source-dest-check",
    }
)
"""What is compared of an AWSMachine that CAPA wrote down for a member of a group.

Its spec is a copy of the instance as it was found, so that a later change shows; type, image and the like of a
member follow from the launch template, and its state is the group's business (CAPA v2.13.0
exp/controllers/awsmachinepool_machines.go, createAWSMachinesIfNotExists).
"""


def owners(subject: Subject) -> tuple[str, ...]:
    """Everybody who takes the group for his own, this object first."""
    itself = f"AWSMachinePool {subject.object.namespace}/{subject.object.name}"
    return itself, *_namesakes(subject), *_strangers(subject)


def silenced(subject: Subject, row: FieldRow) -> bool:
    """True for a row that would guess: of a group that several pools take for theirs, or of a member of a group."""
    if subject.machine is not None:
        return subject.machine.in_pool and row.id not in ROWS_OF_POOL_MACHINES
    return subject.pool is not None and row.finding is not FindingKind.HAZARD and _shared(subject)


def _shared(subject: Subject) -> bool:
    return bool(_namesakes(subject) or _strangers(subject))


def _namesakes(subject: Subject) -> tuple[str, ...]:
    """Other pools of that name whose cluster lives in this account and region."""
    if subject.pool is None:
        return ()
    here = set(subject.cloud.clusters)
    return tuple(f"AWSMachinePool {other}" for other in subject.pool.namesakes if other.cluster in here)


def _strangers(subject: Subject) -> tuple[str, ...]:
    """Clusters that the group's tags name and that are not this one: somebody else's controller made it."""
    group = subject.cloud.resources.get((AUTO_SCALING_GROUP, subject.object.name))
    named = {claim.name for claim in claims(group) if claim.by_owned_tag} if group is not None else set()
    if named & subject.cluster.tag_names:
        return ()
    return tuple(f"cluster {name}, by the group's tag" for name in sorted(named))
