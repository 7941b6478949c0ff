"""EBS volumes, and the aliases of the KMS keys that specs name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import dig, sequence, text
from drift_audit_aws.reading import Calls, PagedReader, Wanted, resource_of
from drift_audit_aws.resource_types import INSTANCE, KMS_ALIAS, VOLUME


def _attached(wanted: Wanted) -> Iterator[str]:
    """The volumes of the instances that were read: one that lost its tags is still theirs."""
    for instance in wanted.of_type(INSTANCE):
        for mapped in sequence(instance.attributes.get("BlockDeviceMappings")):
            yield text(dig(mapped, "Ebs", "VolumeId"))


VOLUMES = PagedReader(
    type=VOLUME,
    operation="describe_volumes",
    actions=("ec2:DescribeVolumes",),
    id_field="VolumeId",
    id_filter="volume-id",
    items=lambda page: page.get("Volumes", ()),
    created_field="CreateTime",
    needs=(INSTANCE,),
    behind=_attached,
)


@dataclass(frozen=True, slots=True)
class KmsAliases:
    """The aliases of the region, only where a spec names a key by one. KMS filters by key alone, never by alias."""

    type: str = KMS_ALIAS
    actions: tuple[str, ...] = ("kms:ListAliases",)
    needs: tuple[str, ...] = ()
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        names = wanted.named if wanted.only is None else wanted.only
        if not names:
            return
        for page in calls.client("kms").get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 100}):
            for alias in page.get("Aliases", ()):
                if alias["AliasName"] in names:
                    yield resource_of(
                        wanted.scope,
                        KMS_ALIAS,
                        alias["AliasName"],
                        alias,
                        tags={},
                        created=alias.get("CreationDate"),
                    )


KMS_ALIASES = KmsAliases()
