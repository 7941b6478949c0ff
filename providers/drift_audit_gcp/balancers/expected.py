"""What the parts of a load balancer should be. Source: CAPG v1.13.1 cloud/scope/cluster.go and
cloud/services/compute/loadbalancers/reconcile.go."""

from __future__ import annotations

from collections.abc import Callable

from drift_audit.model.values import Json, Observed, Present, Unknown, dig, mapping, text
from drift_audit_gcp.family import Expectation
from drift_audit_gcp.links import id_of, is_global
from drift_audit_gcp.resource_types import ADDRESS
from drift_audit_gcp.subject import Subject

_INTERNAL_PORT = "22623"


def _always(name: str, value: Json) -> Expectation:
    def expect(subject: Subject) -> Observed | None:
        return Present(value)

    expect.__name__ = name
    return expect


def _recorded(name: str, field: str) -> Expectation:
    """A link that CAPG wrote down in `status.network`."""

    def expect(subject: Subject) -> Observed | None:
        link = subject.plain(subject.cluster.recorded.get(field))
        return Present(link) if link else None

    expect.__name__ = name
    return expect


def named_ports(subject: Subject) -> Observed | None:
    port = subject.cluster.network.get("loadBalancerBackendPort") or 6443
    return Present([f"apiserver={port}"])


def _groups(subject: Subject) -> Observed | None:
    links = mapping(subject.cluster.recorded.get("apiServerInstanceGroups"))
    return Present(sorted(map(subject.plain, links.values()))) if links else None


def backend_groups(subject: Subject) -> Observed | None:
    return _groups(subject)


def serving_groups(subject: Subject) -> Observed | None:
    """Those of its groups to which the load balancer has to send something; a missing one is told by another row."""
    wanted = _groups(subject)
    if not isinstance(wanted, Present) or not isinstance(wanted.value, list):
        return wanted
    has = {subject.plain(each) for each in _backends(subject)}
    return Present([group for group in wanted.value if group in has])


def _backends(subject: Subject) -> list[Json]:
    found = subject.at("backends")
    return [mapping(each).get("group") for each in found] if isinstance(found, list) else []


def balancing_mode(subject: Subject) -> Observed | None:
    both = subject.cluster.balancer_type == "InternalExternal"
    connection = both or not is_global(subject.resource.key.id)
    return Present(["CONNECTION" if connection else "UTILIZATION"])


def backend_check(subject: Subject) -> Observed | None:
    field = "apiServerHealthCheck" if is_global(subject.resource.key.id) else "apiInternalHealthCheck"
    link = subject.plain(subject.cluster.recorded.get(field))
    return Present([link]) if link else None


def balancer_network(subject: Subject) -> Observed | None:
    return Present(subject.cluster.network_link)


def endpoint_host(subject: Subject) -> Observed | None:
    """The global address, or the internal one where it is the only one."""
    if not is_global(subject.resource.key.id) and subject.cluster.balancer_type != "Internal":
        return None
    host = text(dig(subject.cluster.infra.spec, "controlPlaneEndpoint", "host"))
    return Present(host) if host else None


def reserved_address(subject: Subject) -> Observed | None:
    """What the reserved address of this load balancer is."""
    field = "apiServerIpAddress" if is_global(subject.resource.key.id) else "apiInternalIpAddress"
    link = subject.cluster.recorded.get(field)
    if not link:
        return None
    address = subject.cloud.resources.get((ADDRESS, id_of(link)))
    if address is None:
        return None if subject.cloud.listed(ADDRESS) else Unknown("the addresses of the project were not read")
    return Present(text(address.attributes.get("address")))


def _port(subject: Subject) -> int:
    """Of `Cluster.spec.clusterNetwork`, not of the endpoint, which CAPG writes itself."""
    port = dig(subject.cluster.cluster.spec, "clusterNetwork", "apiServerPort")
    return port if isinstance(port, int) and port else 443


def port_range(subject: Subject) -> Observed | None:
    return Present(f"{_port(subject)}-{_port(subject)}")


def internal_ports(subject: Subject) -> Observed | None:
    return Present([str(_port(subject)), _INTERNAL_PORT])


def global_access(subject: Subject) -> Observed | None:
    return Present(
        dig(subject.cluster.infra.spec, "loadBalancer", "internalLoadBalancer", "internalAccess") == "Global"
    )


def rule_labels(subject: Subject) -> Observed | None:
    """As they are written: unlike those of instances CAPG does not bring them into small letters."""
    return Present(dict(subject.cluster.labels))


_constants: tuple[tuple[str, Json], ...] = (
    ("backend_timeout", 600),
    ("check_healthy", 1),
    ("check_path", "/readyz"),
    ("check_port", 6443),
    ("check_seconds", 5),
    ("check_type", "HTTPS"),
    ("check_unhealthy", 6),
    ("no_header", "NONE"),
    ("port_name", "apiserver"),
)
_links: tuple[tuple[str, str], ...] = (
    ("recorded_backend", "apiServerBackendService"),
    ("recorded_internal_backend", "apiInternalBackendService"),
    ("recorded_proxy", "apiServerTargetProxy"),
)

EXPECTATIONS: tuple[Callable[[Subject], Observed | None], ...] = (
    backend_check,
    backend_groups,
    balancer_network,
    balancing_mode,
    endpoint_host,
    global_access,
    internal_ports,
    named_ports,
    port_range,
    reserved_address,
    rule_labels,
    serving_groups,
    *(_always(name, value) for name, value in _constants),
    *(_recorded(name, field) for name, field in _links),
)
"""The port of the health check is always 6443, whatever `loadBalancerBackendPort` says: that is CAPG's own mistake."""
