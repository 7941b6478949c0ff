"""What machines are made with, and what is left of them where no instance shows it: IAM, Secrets Manager, S3."""

from __future__ import annotations

from drift_audit.model.findings import Severity
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Observed, Present, sequence
from drift_audit_aws.family import Family, LeftoverRule
from drift_audit_aws.fleet import AwsCluster, Fleet
from drift_audit_aws.ownership import NAME_TAG
from drift_audit_aws.resource_types import ROLE, SECRET
from drift_audit_aws.subject import Subject
from drift_audit_aws.supplies.names import named_supplies
from drift_audit_aws.supplies.readers import BUCKETS, IMAGES, INSTANCE_PROFILES, KEY_PAIRS, ROLES, SECRETS


def some_role(subject: Subject) -> Observed | None:
    return Present(True)


def has_role(subject: Subject) -> Observed:
    return Present(bool(sequence(subject.resource.attributes.get("Roles"))))


def _still_bootstrapping(secret: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    """True while CAPA has not stored the prefix in the AWSMachine of that name yet, or the instance still starts."""
    return any(machine.object.name == secret.tags.get(NAME_TAG) for machine in fleet.unborn.get(cluster.key, ()))


FAMILY = Family(
    readers=(IMAGES, KEY_PAIRS, INSTANCE_PROFILES, ROLES, BUCKETS, SECRETS),
    names=named_supplies,
    expectations=(some_role,),
    observations=(has_role,),
    leftovers=(
        LeftoverRule(
            type=ROLE,
            by_cloud_provider_tag=True,
            severity=Severity.MEDIUM,
            next_steps=(
                "See when the role was used last: aws iam get-role --role-name {id} --query Role.RoleLastUsed",
                "If nothing uses it: detach its policies, then aws iam delete-role --role-name {id}",
            ),
        ),
        LeftoverRule(
            type=SECRET,
            severity=Severity.HIGH,
            next_steps=(
                "It holds the bootstrap data of a machine, with a join token: check that nobody read it "
                "(CloudTrail event GetSecretValue), then aws secretsmanager delete-secret --region {region} "
                "--secret-id {id}",
            ),
            expected=_still_bootstrapping,
        ),
    ),
)
