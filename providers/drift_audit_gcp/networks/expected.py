"""What network, router, subnets and rules should be. Source: CAPG v1.13.1 cloud/scope/cluster.go."""

from __future__ import annotations

from collections.abc import Callable

from drift_audit.model.values import Json, JsonObject, Observed, Present, mapping, text
from drift_audit_gcp.family import Expectation
from drift_audit_gcp.networks.blocks import plain_block
from drift_audit_gcp.networks.rules import ANYWHERE, Rule, expected_rules
from drift_audit_gcp.subject import Subject

_PRIVATE = "PRIVATE"


def owner_mark(subject: Subject) -> Observed | None:
    return Present(subject.cluster.owner_mark)


def no_foreign_rules(subject: Subject) -> Observed | None:
    return Present([])


def nat_name(subject: Subject) -> Observed | None:
    return Present([f"{subject.cluster.network_name}-nat"])


def automatic_addresses(subject: Subject) -> Observed | None:
    return Present("AUTO_ONLY")


def all_subnets(subject: Subject) -> Observed | None:
    return Present("ALL_SUBNETWORKS_ALL_IP_RANGES")


def declared_subnet(subject: Subject) -> JsonObject:
    """The entry of the spec that stands for this subnet."""
    cluster, wanted = subject.cluster, subject.resource.key.id
    return next((subnet for subnet in cluster.subnets if cluster.subnet_id(subnet) == wanted), {})


def _made_by_capg(subject: Subject) -> bool:
    """False for a subnet that somebody brought: what the spec leaves open there was their choice."""
    declared = text(declared_subnet(subject).get("description"))
    return subject.at("description") in {subject.cluster.owner_mark, declared} - {""}


def _declared(subject: Subject, field: str, default: Json) -> Observed | None:
    value = declared_subnet(subject).get(field)
    if value is None or value == "":
        return Present(default) if default is not None and _made_by_capg(subject) else None
    return Present(value)


def subnet_cidr(subject: Subject) -> Observed | None:
    block = declared_subnet(subject).get("cidrBlock")
    return Present(plain_block(block)) if block else None


def secondary_ranges(subject: Subject) -> Observed | None:
    declared = mapping(declared_subnet(subject).get("secondaryCidrBlocks"))
    return Present({name: plain_block(block) for name, block in declared.items()}) if declared else None


def google_access(subject: Subject) -> Observed | None:
    return _declared(subject, "privateGoogleAccess", False)


def flow_logs(subject: Subject) -> Observed | None:
    return _declared(subject, "enableFlowLogs", False)


def subnet_purpose(subject: Subject) -> Observed | None:
    wanted = _declared(subject, "purpose", _PRIVATE)
    return Present(_PRIVATE) if wanted == Present("PRIVATE_RFC_1918") else wanted


def subnet_stack(subject: Subject) -> Observed | None:
    return _declared(subject, "stackType", "IPV4_ONLY")


def subnet_description(subject: Subject) -> Observed | None:
    return _declared(subject, "description", None)


def cluster_network_link(subject: Subject) -> Observed | None:
    return Present(subject.cluster.network_link)


def enabled(subject: Subject) -> Observed | None:
    return Present(False)


def _of_rule(name: str, value_of: Callable[[Rule], Json]) -> Expectation:
    def expect(subject: Subject) -> Observed | None:
        rule = subject.cluster.ask(expected_rules).get(subject.resource.key.id)
        value = value_of(rule) if rule is not None else None
        return None if value is None else Present(list(value) if isinstance(value, tuple) else value)

    expect.__name__ = name
    return expect


def rule_destinations(subject: Subject) -> Observed | None:
    """Only where some are declared; of any other egress rule all destinations are meant."""
    rule = subject.cluster.ask(expected_rules).get(subject.resource.key.id)
    if rule is None or rule.direction != "EGRESS":
        return None
    return Present(list(rule.destinations or (ANYWHERE,)))


EXPECTATIONS = (
    all_subnets,
    automatic_addresses,
    cluster_network_link,
    enabled,
    flow_logs,
    google_access,
    nat_name,
    no_foreign_rules,
    owner_mark,
    rule_destinations,
    secondary_ranges,
    subnet_cidr,
    subnet_description,
    subnet_purpose,
    subnet_stack,
    _of_rule("rule_allowed", lambda rule: rule.allowed),
    _of_rule("rule_denied", lambda rule: rule.denied),
    _of_rule("rule_direction", lambda rule: rule.direction),
    _of_rule("rule_priority", lambda rule: rule.priority),
    _of_rule("rule_source_tags", lambda rule: rule.source_tags),
    _of_rule("rule_sources", lambda rule: rule.sources),
    _of_rule("rule_target_tags", lambda rule: rule.target_tags),
)
