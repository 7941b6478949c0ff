"""What machines are made with: images, key pairs, instance profiles, buckets; and what CAPA leaves in IAM and in
Secrets Manager.

Of secrets only the names and tags are listed, of roles only the name, the tags and the age.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drift_audit.model.objects import CloudResource
from drift_audit_aws.reading import Calls, PagedReader, Wanted, resource_of, tag_list
from drift_audit_aws.resource_types import BUCKET, IMAGE, INSTANCE_PROFILE, KEY_PAIR, ROLE, SECRET

SECRET_PREFIX = "aws.cluster.x-k8s.io/"
"""Source: pkg/cloud/services/secretsmanager/secret.go, entryPrefix."""

IMAGES = PagedReader(
    type=IMAGE,
    operation="describe_images",
    actions=("ec2:DescribeImages",),
    id_field="ImageId",
    id_filter="image-id",
    items=lambda page: page.get("Images", ()),
    by_tag=False,
    # A deprecated image still makes machines; without this it would look gone to all but its owner.
    arguments={"IncludeDeprecated": True, "IncludeDisabled": True},
)

KEY_PAIRS = PagedReader(
    type=KEY_PAIR,
    operation="describe_key_pairs",
    actions=("ec2:DescribeKeyPairs",),
    id_field="KeyName",
    id_filter="key-name",
    items=lambda page: page.get("KeyPairs", ()),
    by_tag=False,
    paginated=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeListing:
    """A type that its service lists whole, without a filter for what we want."""

    type: str
    service: str
    operation: str
    actions: tuple[str, ...]
    items: str
    """The key of the list in a page."""
    id_field: str
    kept: tuple[str, ...]
    """The fields that are kept: what nothing asks for is not remembered."""
    created_field: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    largest_page: int = 100
    only_named: bool = False
    """True where nothing but what objects name is wanted: without a name nothing is called."""
    wants: Callable[[Mapping[str, Any]], bool] = lambda item: True
    needs: tuple[str, ...] = ()
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        names = wanted.named if wanted.only is None else wanted.only
        chosen = self.only_named or wanted.only is not None
        if chosen and not names:
            return
        pages: Iterable[Mapping[str, Any]] = (
            calls.client(self.service)
            .get_paginator(self.operation)
            .paginate(**self.arguments, PaginationConfig={"PageSize": self.largest_page})
        )
        for page in pages:
            for item in page.get(self.items, ()):
                if (item[self.id_field] in names or not chosen) and self.wants(item):
                    yield resource_of(
                        wanted.scope,
                        self.type,
                        item[self.id_field],
                        {name: item[name] for name in self.kept if name in item},
                        tags=tag_list(item.get("Tags", ())),
                        created=item.get(self.created_field),
                    )


def _names_a_cluster(item: Mapping[str, Any]) -> bool:
    return any(tag["Key"].startswith("kubernetes.io/cluster/") for tag in item.get("Tags", ()))


INSTANCE_PROFILES = WholeListing(
    type=INSTANCE_PROFILE,
    service="iam",
    operation="list_instance_profiles",
    actions=("iam:ListInstanceProfiles",),
    items="InstanceProfiles",
    id_field="InstanceProfileName",
    kept=("InstanceProfileName", "Arn", "Path", "Roles"),
    created_field="CreateDate",
    largest_page=1000,
    only_named=True,
    everywhere=False,
)

ROLES = WholeListing(
    type=ROLE,
    service="iam",
    operation="get_account_authorization_details",
    actions=("iam:GetAccountAuthorizationDetails",),
    items="RoleDetailList",
    id_field="RoleName",
    kept=("RoleName", "Arn", "Path"),
    created_field="CreateDate",
    arguments={"Filter": ["Role"]},
    largest_page=1000,
    wants=_names_a_cluster,
    everywhere=False,
)

BUCKETS = WholeListing(
    type=BUCKET,
    service="s3",
    operation="list_buckets",
    actions=("s3:ListAllMyBuckets",),
    items="Buckets",
    id_field="Name",
    kept=("Name",),
    created_field="CreationDate",
    largest_page=1000,
    only_named=True,
    everywhere=False,
)

SECRETS = WholeListing(
    type=SECRET,
    service="secretsmanager",
    operation="list_secrets",
    actions=("secretsmanager:ListSecrets",),
    items="SecretList",
    id_field="Name",
    kept=("Name", "ARN"),
    created_field="CreatedDate",
    arguments={"Filters": [{"Key": "name", "Values": [SECRET_PREFIX]}]},
)
