"""What of a group or of a launch template differs, told once for each thing that a person would put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.keys import canonical_json
from drift_audit.model.values import ABSENT, Json, Observed, Present, dig, mapping, observed, sequence, text
from drift_audit_aws.comparers import COMPARERS as ANY
from drift_audit_aws.instances import exposure
from drift_audit_aws.parts import Comparer, Part, declared_path
from drift_audit_aws.pools.group_facts import member_ids, member_version, members
from drift_audit_aws.pools.observed import newest_failure, newest_refresh
from drift_audit_aws.resource_types import AUTO_SCALING_GROUP, LAUNCH_TEMPLATE, LAUNCH_TEMPLATE_VERSION
from drift_audit_aws.subject import Subject

_JUDGED: Mapping[str, Callable[[Json, Json], Severity | None]] = {
    "httpTokens": exposure.tokens,
    "httpPutResponseHopLimit": exposure.hops,
    "httpEndpoint": exposure.endpoint,
}
_TEMPLATE = ("spec", "awsLaunchTemplate")
_REPLICAS = ("spec", "replicas")
"""In the MachinePool."""
_OPENING = frozenset({"NetworkInterfaces", "SecurityGroups"})
"""Fields that give new instances other security groups, or public addresses, than CAPA chose."""


def _replicas(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """The size, as a fact about the MachinePool: that is where it is declared."""
    owner = subject.pool.pool if subject.pool is not None else None
    for part in ANY["exact"](subject, row, wanted, actual):
        yield replace(
            part,
            object=owner.key if owner is not None else None,
            capi_path=_REPLICAS,
            note=f"the group has {len(member_ids(subject.resource))} instances",
        )


def _made(compare: Comparer) -> Comparer:
    """The same comparison, telling who made the version of the launch template."""

    def told(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
        for part in compare(subject, row, wanted, actual):
            yield replace(part, note="; ".join(filter(None, (part.note, maker(subject)))))

    return told


def maker(subject: Subject) -> str:
    """`version 4 was made by arn:… at …`, as EC2 keeps it: no audit log is needed for that."""
    version = subject.cloud.resources.get((LAUNCH_TEMPLATE_VERSION, subject.resource.key.id))
    by = text(version.attributes.get("CreatedBy")) if version is not None else ""
    if version is None or not by:
        return ""
    return f"version {version.attributes.get('VersionNumber')} was made by {by} at {version.created_at}"


def _struct(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Each field of a structure that differs; the structure as a whole where one side has none."""
    if not (isinstance(wanted, Present) and isinstance(actual, Present)):
        yield from ANY["exact"](subject, row, wanted, actual)
        return
    wants, has = mapping(wanted.value), mapping(actual.value)
    for name in wants:
        if canonical_json(wants[name]) != canonical_json(has.get(name)):
            judge = _JUDGED.get(name)
            yield Part(
                path=f"{row.path}.{name}",
                capi=observed(wants[name]),
                cloud=observed(has.get(name)),
                capi_path=(*declared_path(row), name),
                severity=judge(wants[name], has.get(name)) if judge is not None else None,
            )


def _hooks(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every hook that is missing or too many, and every setting of a hook that differs."""
    wants = mapping(wanted.value if isinstance(wanted, Present) else None)
    has = mapping(actual.value if isinstance(actual, Present) else None)
    for name in sorted({*wants, *has}):
        if name not in wants or name not in has:
            yield _part(row, f"{row.path}[{name}]", wants.get(name), has.get(name), name)
            continue
        for setting, value in mapping(wants[name]).items():
            found = dig(has[name], setting)
            if canonical_json(value) != canonical_json(found):
                yield _part(row, f"{row.path}[{name}].{setting}", value, found, name)


def _part(row: FieldRow, path: str, wanted: Json, actual: Json, item: str) -> Part:
    return Part(path=path, capi=observed(wanted), cloud=observed(actual), capi_path=declared_path(row), item=item)


def _volumes(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every volume that is missing or too many, and every setting of one that differs from what the spec sets."""
    wants = mapping(wanted.value if isinstance(wanted, Present) else None)
    has = mapping(actual.value if isinstance(actual, Present) else None)
    root = text(dig(subject.pool.template, "rootVolume", "deviceName")) if subject.pool is not None else ""
    for device in sorted({*wants, *has}):
        field = "rootVolume" if device == root else f"nonRootVolumes[deviceName={device}]"
        place = _part(row, f"{row.path}.{field}", wants.get(device), has.get(device), device)
        place = replace(place, capi_path=(*_TEMPLATE, field.partition("[")[0]))
        if device not in wants or device not in has:
            yield place
            continue
        for setting, value in mapping(wants[device]).items():
            found = dig(has[device], setting)
            if canonical_json(value) != canonical_json(found):
                yield _setting(place, setting, value, found)


def _setting(place: Part, setting: str, wanted: Json, found: Json) -> Part:
    """One setting of a volume. Its line in Git can be told only for the root volume, which is no list."""
    return replace(
        place,
        path=f"{place.path}.{setting}",
        capi=observed(wanted),
        cloud=observed(found),
        capi_path=(*place.capi_path, setting) if place.capi_path[-1] == "rootVolume" else place.capi_path,
        severity=Severity.CRITICAL if setting == "encrypted" and wanted is True else None,
    )


def _extras(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every field that CAPA never sends."""
    for name, value in sorted(mapping(actual.value if isinstance(actual, Present) else None).items()):
        yield Part(
            path=f"{row.path}.{name}",
            capi=ABSENT,
            cloud=Present(value),
            item=name,
            severity=Severity.HIGH if name in _OPENING else None,
        )


def _activity(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """The failure, with what made the group act (`Cause`) beside what went wrong."""
    failed = newest_failure(sequence(subject.resource.attributes.get("Activities"))) or {}
    for part in ANY["exact"](subject, row, wanted, actual):
        told = (text(failed.get("Description")), text(failed.get("Cause")))
        yield replace(part, note="; ".join(filter(None, told)))


def _refresh(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """The refresh that ended badly, with how many members still run an older version."""
    group = subject.cloud.resources.get((AUTO_SCALING_GROUP, subject.resource.key.id))
    template = subject.cloud.resources.get((LAUNCH_TEMPLATE, subject.pool.template_id if subject.pool else ""))
    for part in ANY["exact"](subject, row, wanted, actual):
        told = [text(newest_refresh(subject.resource).get("StatusReason"))]
        if group is not None and template is not None:
            newest = str(template.attributes.get("LatestVersionNumber"))
            behind = sum(member_version(member) != newest for member in members(group))
            told.append(f"{behind} of {len(members(group))} instances run an older version than {newest}")
        yield replace(part, note="; ".join(filter(None, told)))


COMPARERS: Mapping[str, Comparer] = {
    "group-size": _replicas,
    "hooks": _hooks,
    "refresh": _refresh,
    "scaling-activity": _activity,
    "template": _made(ANY["exact"]),
    "template-number": _made(ANY["number"]),
    "template-extras": _made(_extras),
    "template-set": _made(ANY["set"]),
    "template-struct": _made(_struct),
    "template-tags": _made(ANY["tags"]),
    "template-volumes": _made(_volumes),
}
