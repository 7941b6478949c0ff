"""What network, router, subnets and rules show, and when nothing of it can be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import (
    ABSENT,
    Json,
    JsonObject,
    Observed,
    Present,
    Unknown,
    mapping,
    observed,
    sequence,
    text,
)
from drift_audit.model.views import CloudScopeView
from drift_audit.provider_kit.parts import Part
from drift_audit_gcp.links import relative
from drift_audit_gcp.networks.blocks import plain_block, plain_blocks
from drift_audit_gcp.networks.rules import OPEN, cluster_tags, expected_rules, made_by_others, protocols
from drift_audit_gcp.resource_types import FIREWALL
from drift_audit_gcp.subject import Subject


def foreign_rules(subject: Subject) -> Observed:
    """Rules on the network for the machines' tags that no cluster of the fleet and no controller accounts for."""
    if not subject.cloud.listed(FIREWALL):
        return Unknown("the firewall rules of the project were not read completely")
    return Present(sorted(found.key.id for found in _foreign(subject)))


def _foreign(subject: Subject) -> Iterator[CloudResource]:
    tags = {subject.cluster.name, *cluster_tags(subject.cluster)}
    by_network = subject.index.ask(_rules_by_network, subject.cloud)
    for found in by_network.get(relative(subject.resource.attributes.get("selfLink")), ()):
        rule = found.attributes
        reached = tags.intersection(map(text, sequence(rule.get("targetTags"))))
        if (
            reached
            and not _is_known(subject, found.key.id)
            and rule.get("disabled") is not True
            and not made_by_others(rule)
        ):
            yield found


def _is_known(subject: Subject, name: str) -> bool:
    return any(name in cluster.ask(expected_rules) for cluster in subject.fleet.clusters.values())


def _rules_by_network(view: CloudScopeView) -> Mapping[str, list[CloudResource]]:
    found: dict[str, list[CloudResource]] = defaultdict(list)
    for (kind, _), resource in view.resources.items():
        if kind == FIREWALL:
            found[relative(resource.attributes.get("network"))].append(resource)
    return found


def foreign_parts(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """One for each rule; critical where it lets the whole internet in."""
    for found in _foreign(subject):
        rule = found.attributes
        open_to_all = bool(OPEN & {*plain_blocks(rule.get("sourceRanges"))} and rule.get("allowed"))
        told = {name: rule[name] for name in ("direction", "sourceRanges", "targetTags", "allowed") if name in rule}
        yield Part(
            path=f"firewall[{found.key.id}]",
            capi=ABSENT,
            cloud=Present(told),
            severity=Severity.CRITICAL if open_to_all else None,
        )


def _nats(subject: Subject) -> list[JsonObject]:
    return [mapping(nat) for nat in sequence(subject.at("nats"))]


def _nat(subject: Subject) -> JsonObject:
    name = f"{subject.cluster.network_name}-nat"
    return next((nat for nat in _nats(subject) if nat.get("name") == name), {})


def nat_names(subject: Subject) -> Observed:
    return Present([text(nat.get("name")) for nat in _nats(subject)])


def nat_addresses(subject: Subject) -> Observed:
    return observed(_nat(subject).get("natIpAllocateOption"))


def nat_subnets(subject: Subject) -> Observed:
    return observed(_nat(subject).get("sourceSubnetworkIpRangesToNat"))


def nat_ports(subject: Subject) -> Observed:
    return observed(_nat(subject).get("minPortsPerVm"))


def no_nat(subject: Subject) -> bool:
    return not _nat(subject)


def seen_secondary_ranges(subject: Subject) -> Observed:
    found = map(mapping, sequence(subject.at("secondaryIpRanges")))
    return Present({text(each.get("rangeName")): plain_block(each.get("ipCidrRange")) for each in found})


def seen_google_access(subject: Subject) -> Observed:
    return Present(subject.at("privateIpGoogleAccess") is True)


def seen_flow_logs(subject: Subject) -> Observed:
    """Google sends neither field for a subnet that never had any."""
    return Present(subject.at("enableFlowLogs") is True or subject.at("logConfig", "enable") is True)


def seen_purpose(subject: Subject) -> Observed:
    return Present("PRIVATE" if (found := subject.at("purpose")) in (None, "PRIVATE_RFC_1918") else found)


def seen_network_link(subject: Subject) -> Observed:
    return Present(subject.plain(subject.at("network")))


def rule_disabled(subject: Subject) -> Observed:
    return Present(subject.at("disabled") is True)


def seen_allowed(subject: Subject) -> Observed:
    return Present(list(protocols(subject.at("allowed"))))


def seen_denied(subject: Subject) -> Observed:
    return Present(list(protocols(subject.at("denied"))))


def _listed(value: Json) -> Observed:
    return Present(list(sequence(value)))


def seen_sources(subject: Subject) -> Observed:
    return _listed(plain_blocks(subject.at("sourceRanges")))


def seen_source_tags(subject: Subject) -> Observed:
    return _listed(subject.at("sourceTags"))


def seen_target_tags(subject: Subject) -> Observed:
    return _listed(subject.at("targetTags"))


def seen_destinations(subject: Subject) -> Observed:
    return _listed(plain_blocks(subject.at("destinationRanges")))


def network_not_ours(subject: Subject) -> bool:
    """True for a network that somebody brought: CAPG keeps a router only in one that it made."""
    return subject.at("description") != subject.cluster.owner_mark and not subject.cluster.recorded.get("router")


def shared_vpc(subject: Subject) -> bool:
    """There the rules are the host project's own, and CAPG makes none."""
    return subject.cluster.shared_vpc


OBSERVATIONS = (
    foreign_rules,
    nat_addresses,
    nat_names,
    nat_ports,
    nat_subnets,
    rule_disabled,
    seen_allowed,
    seen_denied,
    seen_destinations,
    seen_flow_logs,
    seen_google_access,
    seen_network_link,
    seen_purpose,
    seen_secondary_ranges,
    seen_source_tags,
    seen_sources,
    seen_target_tags,
)
CONDITIONS = (network_not_ours, no_nat, shared_vpc)
COMPARERS = {"foreign-rules": foreign_parts}
