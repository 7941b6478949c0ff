"""Auto Scaling groups and launch templates, and the newest version of each template.

Groups are all listed and sorted out here: the service's filters know no wildcard, so nothing else finds a group of
a cluster that nobody declares any more. The same holds for launch templates, which EC2 filters by neither their id
nor a tag that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drift_audit.model.objects import CloudResource
from drift_audit_aws.ownership import CLOUD_PROVIDER_TAG_PREFIX, OWNED_TAG_PREFIX, ROLE_TAG
from drift_audit_aws.reading import Calls, Wanted, chunks, resource_of, tag_list
from drift_audit_aws.resource_types import AUTO_SCALING_GROUP, LAUNCH_TEMPLATE, LAUNCH_TEMPLATE_VERSION

LATEST = "$Latest"

_GROUPS_PER_PAGE = 100
"""Auto Scaling API reference, DescribeAutoScalingGroups, MaxRecords."""
_TEMPLATES_PER_PAGE = 200
"""EC2 API reference, DescribeLaunchTemplates and DescribeLaunchTemplateVersions, MaxResults."""


@dataclass(frozen=True, slots=True)
class GroupReader:
    """Auto Scaling groups of the fleet, named or tagged, with their members."""

    type: str = AUTO_SCALING_GROUP
    actions: tuple[str, ...] = ("autoscaling:DescribeAutoScalingGroups",)
    needs: tuple[str, ...] = ()
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        for item in self._groups(calls, wanted):
            tags = tag_list(item.get("Tags", ()))
            name = item["AutoScalingGroupName"]
            if _of_the_fleet(name, tags, wanted):
                yield resource_of(wanted.scope, self.type, name, item, tags=tags, created=item.get("CreatedTime"))

    def _groups(self, calls: Calls, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
        """All groups, or those of a second look by name: an unknown name is no error here."""
        pages = calls.client("autoscaling").get_paginator("describe_auto_scaling_groups")
        size = {"PageSize": min(wanted.page_size, _GROUPS_PER_PAGE)}
        names = chunks(sorted(wanted.only), _GROUPS_PER_PAGE) if wanted.only is not None else ((),)
        for some in names:
            arguments = {"AutoScalingGroupNames": list(some)} if some else {}
            for page in pages.paginate(**arguments, PaginationConfig=size):
                yield from page.get("AutoScalingGroups", ())


@dataclass(frozen=True, slots=True)
class TemplateReader:
    """Launch templates of the fleet. A second look lists them again: an unknown id would fail a call by ids."""

    type: str = LAUNCH_TEMPLATE
    actions: tuple[str, ...] = ("ec2:DescribeLaunchTemplates",)
    needs: tuple[str, ...] = ()
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        pages = calls.client("ec2").get_paginator("describe_launch_templates")
        size = {"PageSize": min(wanted.page_size, _TEMPLATES_PER_PAGE)}
        for page in pages.paginate(PaginationConfig=size):
            for item in page.get("LaunchTemplates", ()):
                tags, template = tag_list(item.get("Tags", ())), item["LaunchTemplateId"]
                if _of_the_fleet(template, tags, wanted):
                    yield resource_of(
                        wanted.scope, self.type, template, item, tags=tags, created=item.get("CreateTime")
                    )


@dataclass(frozen=True, slots=True)
class VersionReader:
    """The newest version of each launch template that an object names, under the id of its template.

    One paged listing gives the newest version of every template of the account, where asking for each alone would
    be a call per machine pool. What it says of other people's templates is dropped, as is all user data
    (`drift_audit_aws.user_data`).
    """

    type: str = LAUNCH_TEMPLATE_VERSION
    actions: tuple[str, ...] = ("ec2:DescribeLaunchTemplateVersions",)
    needs: tuple[str, ...] = (LAUNCH_TEMPLATE,)
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        asked = wanted.named if wanted.only is None else wanted.only
        known = {template.key.id for template in wanted.of_type(LAUNCH_TEMPLATE)} & asked
        if not known:
            return
        client = calls.client("ec2")
        for item in _newest(client, wanted) if wanted.only is None else _newest_of(client, known):
            if item["LaunchTemplateId"] in known:
                yield resource_of(
                    wanted.scope,
                    self.type,
                    item["LaunchTemplateId"],
                    item,
                    tags={},
                    created=item.get("CreateTime"),
                )


def _newest(client: Any, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    pages = client.get_paginator("describe_launch_template_versions")
    size = {"PageSize": min(wanted.page_size, _TEMPLATES_PER_PAGE)}
    for page in pages.paginate(Versions=[LATEST], PaginationConfig=size):
        yield from page.get("LaunchTemplateVersions", ())


def _newest_of(client: Any, templates: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """For a second look, which is about few templates."""
    for template in sorted(templates):
        answer = client.describe_launch_template_versions(LaunchTemplateId=template, Versions=[LATEST])
        yield from answer.get("LaunchTemplateVersions", ())


def _of_the_fleet(resource_id: str, tags: Mapping[str, str], wanted: Wanted) -> bool:
    """True for what was asked for, is named, or says that it is a cluster's; the rest is other people's business."""
    if wanted.only is not None:
        return resource_id in wanted.only
    owned = any(key.startswith(OWNED_TAG_PREFIX) for key in tags)
    once_owned = ROLE_TAG in tags and any(key.startswith(CLOUD_PROVIDER_TAG_PREFIX) for key in tags)
    return resource_id in wanted.named or owned or once_owned


GROUPS = GroupReader()
TEMPLATES = TemplateReader()
VERSIONS = VersionReader()
