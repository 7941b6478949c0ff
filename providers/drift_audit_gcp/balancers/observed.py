"""What the parts of a load balancer show, and when nothing of it can be compared."""

from __future__ import annotations

from drift_audit.model.values import JsonObject, Observed, Present, mapping, sequence, text
from drift_audit_gcp.links import is_global
from drift_audit_gcp.subject import Subject


def seen_named_ports(subject: Subject) -> Observed:
    ports = map(mapping, sequence(subject.at("namedPorts")))
    return Present(sorted(f"{text(each.get('name'))}={each.get('port')}" for each in ports))


def _backends(subject: Subject) -> list[JsonObject]:
    return [mapping(each) for each in sequence(subject.at("backends"))]


def seen_backend_groups(subject: Subject) -> Observed:
    return Present(sorted(subject.plain(each.get("group")) for each in _backends(subject)))


def seen_serving_groups(subject: Subject) -> Observed:
    """Those that are not drained: a capacity that is not told is all of it."""
    serving = (each for each in _backends(subject) if each.get("capacityScaler") not in (0, 0.0))
    return Present(sorted(subject.plain(each.get("group")) for each in serving))


def seen_balancing_mode(subject: Subject) -> Observed:
    return Present(sorted({text(each.get("balancingMode")) for each in _backends(subject)}) or ["none"])


def seen_backend_check(subject: Subject) -> Observed:
    return Present(sorted(map(subject.plain, sequence(subject.at("healthChecks")))))


def _link(subject: Subject, field: str) -> Observed:
    return Present(subject.plain(subject.at(field)))


def seen_balancer_network(subject: Subject) -> Observed:
    return _link(subject, "network")


def seen_service(subject: Subject) -> Observed:
    return _link(subject, "service")


def seen_target(subject: Subject) -> Observed:
    return _link(subject, "target")


def seen_internal_backend(subject: Subject) -> Observed:
    return _link(subject, "backendService")


def seen_global_access(subject: Subject) -> Observed:
    return Present(subject.at("allowGlobalAccess") is True)


def seen_rule_labels(subject: Subject) -> Observed:
    return Present(dict(subject.resource.tags))


def regional(subject: Subject) -> bool:
    return not is_global(subject.resource.key.id)


def worldwide(subject: Subject) -> bool:
    return is_global(subject.resource.key.id)


def only_swapped(subject: Subject) -> str:
    """Source: createOrGetBackendService: `len(backendsvc.Backends) != len(backendsvcSpec.Backends)`."""
    wanted = mapping(subject.cluster.infra.status.get("failureDomains"))
    if len(wanted) == len(_backends(subject)):
        return "CAPG only counts the backends, and their number is right"
    return ""


OBSERVATIONS = (
    seen_backend_check,
    seen_backend_groups,
    seen_balancer_network,
    seen_balancing_mode,
    seen_global_access,
    seen_internal_backend,
    seen_named_ports,
    seen_rule_labels,
    seen_service,
    seen_serving_groups,
    seen_target,
)
CONDITIONS = (regional, worldwide)
