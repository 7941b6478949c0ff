"""What the network interface of a machine should have and has.

Source: CAPZ v1.26.0 azure/scope/machine.go (BuildNICSpec), azure/services/networkinterfaces/spec.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.model.values import ABSENT, Json, JsonObject, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_azure.arm_ids import name_of, resource_id
from drift_audit_azure.names import balancer_id, public_ip_id, subnet_id
from drift_audit_azure.subject import Subject

_IPV6 = "ipConfigv6"


def not_declared(subject: Subject) -> bool:
    """True for an interface that CAPZ did not make: somebody attached it, and the machine's own row tells that."""
    return _place(subject) is None


def not_primary(subject: Subject) -> bool:
    """Name servers, pools and public addresses are for the first interface only."""
    return _place(subject) != 0


def _place(subject: Subject) -> int | None:
    """Which of the machine's interfaces it is, by its name; `None` for a stranger."""
    machine = subject.machine
    base = f"{name_of(machine.vm_id)}-nic" if machine is not None else ""
    name, count = name_of(subject.resource.key.id), len(sequence(subject.object.spec.get("networkInterfaces")))
    if name == base:
        return 0
    number = name.removeprefix(f"{base}-")
    return int(number) if number != name and number.isdecimal() and int(number) < count else None


def _declared(subject: Subject) -> JsonObject:
    place, interfaces = _place(subject), sequence(subject.object.spec.get("networkInterfaces"))
    return mapping(interfaces[place]) if place is not None and place < len(interfaces) else {}


def wanted_subnet(subject: Subject) -> Observed | None:
    """The webhook writes the subnet's name; before that CAPZ takes the one of the machine's role."""
    name = text(_declared(subject).get("subnetName"))
    return Present(subnet_id(subject.cluster, subject.link.resource.account, name)) if name else None


def subnets(subject: Subject) -> Observed:
    found = {resource_id(dig(one, "properties", "subnet", "id")) for one in _configurations(subject)} - {""}
    return Present(", ".join(sorted(found))) if found else ABSENT


def wanted_acceleration(subject: Subject) -> Observed | None:
    """Without a word of it the size of the machine decides."""
    declared = _declared(subject).get("acceleratedNetworking")
    return Present(declared) if isinstance(declared, bool) else None


def acceleration(subject: Subject) -> Observed:
    return Present(subject.shown("enableAcceleratedNetworking") is True)


def forwarding(subject: Subject) -> Observed:
    return Present(subject.shown("enableIPForwarding") is True)


def wanted_name_servers(subject: Subject) -> Observed | None:
    """None means those of the network."""
    return Present(list(sequence(subject.object.spec.get("dnsServers"))))


def name_servers(subject: Subject) -> Observed:
    return Present(list(sequence(subject.shown("dnsSettings", "dnsServers"))))


def wanted_addresses(subject: Subject) -> Observed | None:
    count = _declared(subject).get("privateIPConfigs")
    return Present(max(count, 1)) if isinstance(count, int) else None


def addresses(subject: Subject) -> Observed:
    return Present(sum(text(one.get("name")) != _IPV6 for one in _configurations(subject)))


def wanted_public_address(subject: Subject) -> Observed | None:
    """`pip-<machine>`, for a node that asks for it on its first interface; else none at all."""
    machine = subject.machine
    if machine is None or not machine.role:
        return Unknown("the Machine that owns this AzureMachine was not read")
    if subject.object.spec.get("allocatePublicIP") is True and machine.role == "node" and _place(subject) == 0:
        name = f"pip-{name_of(machine.vm_id)}"
        return Present(public_ip_id(subject.cluster, subject.link.resource.account, name))
    return ABSENT


def public_address(subject: Subject) -> Observed:
    found = {resource_id(dig(one, "properties", "publicIPAddress", "id")) for one in _configurations(subject)} - {""}
    return Present(", ".join(sorted(found))) if found else ABSENT


def no_security_group(subject: Subject) -> Observed | None:
    return ABSENT


def security_group(subject: Subject) -> Observed:
    found = resource_id(subject.shown("networkSecurityGroup", "id"))
    return Present(found) if found else ABSENT


def wanted_pools(subject: Subject) -> Observed | None:
    """Of a control plane: the pool of the API server, and of a private one also that of its way out.

    Nodes are put into pools by the cloud controller manager, and so are compared with nothing.
    """
    machine, network = subject.machine, subject.cluster.network
    if machine is None or not machine.role:
        return Unknown("the Machine that owns this AzureMachine was not read")
    if machine.role != "control-plane":
        return None
    fields = ("apiServerLB", "controlPlaneOutboundLB") if subject.cluster.internal else ("apiServerLB",)
    wanted: list[Json] = []
    for field in fields:
        name, pool = text(dig(network, field, "name")), text(dig(network, field, "backendPool", "name"))
        if name and pool:
            balancer = balancer_id(subject.cluster, subject.link.resource.account, name)
            wanted.append(f"{balancer}/backendaddresspools/{pool}".casefold())
    return Present(wanted) if wanted else None


def pools(subject: Subject) -> Observed:
    found = {
        resource_id(dig(pool, "id"))
        for one in _configurations(subject)
        for pool in sequence(dig(one, "properties", "loadBalancerBackendAddressPools"))
    }
    return Present(sorted(found))


def _configurations(subject: Subject) -> Iterator[JsonObject]:
    return map(mapping, sequence(subject.shown("ipConfigurations")))


EXPECTATIONS = (
    no_security_group,
    wanted_acceleration,
    wanted_addresses,
    wanted_name_servers,
    wanted_pools,
    wanted_public_address,
    wanted_subnet,
)
OBSERVATIONS = (
    acceleration,
    addresses,
    forwarding,
    name_servers,
    pools,
    public_address,
    security_group,
    subnets,
)
CONDITIONS = (not_declared, not_primary)
