"""What of a load balancer differs. Every part names the load balancer of the spec that it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.keys import canonical_json, format_path
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, mapping, observed, sequence, text
from drift_audit_aws.comparers import COMPARERS as ANY
from drift_audit_aws.load_balancers.about import balancer_of, detail
from drift_audit_aws.load_balancers.api_balancers import PRIMARY
from drift_audit_aws.load_balancers.listeners import Difference, listener_differences
from drift_audit_aws.load_balancers.subnets import chosen_subnets, zones_of_candidates
from drift_audit_aws.load_balancers.target_groups import groups_by_balancer, wanted_listeners
from drift_audit_aws.load_balancers.targets import member_target
from drift_audit_aws.ownership import NAME_TAG, ROLE_TAG, owned_tag, state_of
from drift_audit_aws.parts import Comparer, Part, declared_path
from drift_audit_aws.resource_types import BALANCER_LISTENERS, INSTANCE
from drift_audit_aws.subject import Subject

_OWN_TAGS = {NAME_TAG: "Name", ROLE_TAG: "role"}
_ADDITIONAL_TAGS = ("spec", "additionalTags")


def _placed(comparer: Comparer) -> Comparer:
    """The comparer with the paths of its parts in the field of the spec that holds this very load balancer."""

    def compare(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
        balancer = balancer_of(subject)
        field = balancer.field if balancer is not None else PRIMARY
        for part in comparer(subject, row, wanted, actual):
            yield replace(
                part,
                path=part.path.replace(PRIMARY, field),
                capi_path=tuple(field if step == PRIMARY else step for step in part.capi_path),
            )

    return compare


def _fields(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every wanted field that has another value; texts that differ in case alone are one."""
    has = _mapping(actual)
    for key, value in sorted(_mapping(wanted).items()):
        if _one_case(has.get(key)) != _one_case(value):
            yield Part(
                path=f"{row.path}.{key}",
                capi=observed(value),
                cloud=observed(has.get(key)),
                capi_path=declared_path(row),
                item=key,
            )


def _one_case(value: Json) -> str:
    return canonical_json(value.casefold() if isinstance(value, str) else value)


def _subnets(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Other subnets than those of the spec; or, where CAPA chose, not one fitting subnet in each of its zones."""
    balancer = balancer_of(subject)
    wants, has = _texts(wanted), _texts(actual)
    if balancer is None or set(wants) == set(has):
        return
    zones = zones_of_candidates(balancer)
    left_to_capa = not chosen_subnets(balancer) and len(wants) == len(has)
    if left_to_capa and {zones.get(subnet) for subnet in has} == {zones[subnet] for subnet in wants}:
        return
    yield Part(path=row.path, capi=wanted, cloud=actual, capi_path=declared_path(row), note=_both_ways(wants, has, {}))


def _groups(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Another set of security groups; one too few is less bad than one too many."""
    wants, has = _texts(wanted), _texts(actual)
    if set(wants) != set(has):
        yield Part(
            path=row.path,
            capi=wanted,
            cloud=actual,
            capi_path=declared_path(row),
            severity=None if set(has) - set(wants) else Severity.HIGH,
            note=_both_ways(wants, has, subject.group_names),
        )


def _both_ways(wants: list[str], has: list[str], names: Mapping[str, str]) -> str:
    sides = (("extra:", set(has) - set(wants)), ("missing:", set(wants) - set(has)))
    return "; ".join(
        f"{word} {', '.join(names.get(each, each) for each in sorted(some))}" for word, some in sides if some
    )


def _tags(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every tag that is missing, other, or too many: of a load balancer CAPA takes away what it does not know."""
    wants, has = _mapping(wanted), _mapping(actual)
    declared = mapping(subject.object.at(*_ADDITIONAL_TAGS))
    for key in sorted({*wants, *has} - {owned_tag(subject.cluster.key.name)}):
        if wants.get(key) == has.get(key):
            continue
        own = key in _OWN_TAGS and key not in declared
        yield Part(
            path=f"tags[{_OWN_TAGS[key]}]" if own else format_path((*_ADDITIONAL_TAGS, key)),
            capi=observed(wants.get(key)),
            cloud=observed(has.get(key)),
            capi_path=() if own else (*_ADDITIONAL_TAGS, key) if key in declared else _ADDITIONAL_TAGS,
            item=key,
        )


def _classic_listeners(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every listener that is missing or too many."""
    wants, has = _texts(wanted), _texts(actual)
    for each in sorted({*wants} ^ {*has}):
        yield Part(
            path=f"{row.path}[{each}]",
            capi=Present(each) if each in wants else ABSENT,
            cloud=Present(each) if each in has else ABSENT,
            severity=None if each in wants else Severity.HIGH,
            item=each,
        )


def _listeners(kind: Difference) -> Comparer:
    """The comparer that tells of one sort of difference: CAPA answers each in another way."""

    def compare(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
        balancer = balancer_of(subject)
        listeners = detail(subject, BALANCER_LISTENERS, "Listeners")
        if balancer is None or isinstance(listeners, Unknown):
            return
        groups: tuple[CloudResource, ...] = subject.index.ask(groups_by_balancer).get(balancer.name, ())
        found = listener_differences(wanted_listeners(balancer), list(map(mapping, sequence(listeners))), groups)
        for difference in found:
            if difference.kind is kind:
                yield Part(
                    path=f"{row.path}[{difference.shown}]",
                    capi=observed(difference.wanted or None),
                    cloud=observed(difference.actual or None),
                    capi_path=declared_path(row),
                    item=difference.shown,
                )

    return compare


def _extra_targets(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Everything registered that is no control-plane instance of the cluster; what is dead already does no harm."""
    machines = {each.instance_id: each.object.name for each in subject.fleet.members.get(subject.cluster.key, ())}
    for target in sorted({*_texts(actual)} - {*_texts(wanted)}):
        instance = subject.cloud.resources.get((INSTANCE, target))
        lives = state_of(instance) == "running" if instance is not None else not _surely_gone(subject, target)
        name = machines.get(target) or (instance.tags.get(NAME_TAG, "") if instance is not None else "")
        yield Part(
            path=f"{row.path}[{target}]",
            capi=ABSENT,
            cloud=Present(target),
            severity=None if lives else Severity.LOW,
            item=target,
            note=" ".join(filter(None, (name, "gets requests for the API server" if lives else "does not run"))),
        )


def _surely_gone(subject: Subject, target: str) -> bool:
    """True for an instance that the complete listing does not have; an address may be anybody's."""
    return target.startswith("i-") and subject.cloud.listed(INSTANCE)


def _health(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """A member that is not well, with what the health check says."""
    for part in ANY["exact"](subject, row, wanted, actual):
        target = member_target(subject)
        yield replace(part, note="" if isinstance(target, Unknown) else target.reason)


def _mapping(value: Observed) -> Mapping[str, Json]:
    return mapping(value.value) if isinstance(value, Present) else {}


def _texts(value: Observed) -> list[str]:
    return [text(item) for item in sequence(value.value)] if isinstance(value, Present) else []


_OWN: Mapping[str, Callable[..., Iterator[Part]]] = {
    "balancer-exact": ANY["exact"],
    "balancer-any-case": ANY["any-case"],
    "balancer-fields": _fields,
    "balancer-subnets": _subnets,
    "balancer-groups": _groups,
    "balancer-tags": _tags,
    "balancer-classic-listeners": _classic_listeners,
    "balancer-targets": _extra_targets,
    "balancer-health": _health,
    **{f"balancer-listeners-{kind}": _listeners(kind) for kind in Difference},
}
COMPARERS: Mapping[str, Comparer] = {name: _placed(comparer) for name, comparer in _OWN.items()}
