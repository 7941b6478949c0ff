"""What the network of a cluster should have and has.

Source, where no other is named: CAPZ v1.26.0 azure/services/{virtualnetworks,subnets,securitygroups,natgateways,
publicips,loadbalancers}/spec.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drift_audit.model.values import ABSENT, Json, JsonObject, Observed, Present, dig, mapping, sequence, text
from drift_audit_azure.arm_ids import name_of, resource_id
from drift_audit_azure.names import nat_gateway_id, public_ip_id, route_table_id, security_group_id
from drift_audit_azure.subject import Subject

_OF_SERVICES = re.compile(r"k8s-azure-|a?[0-9a-f]{32}", re.IGNORECASE)
"""Names that the cloud controller manager gives to rules and addresses of Services."""
_API_PORT = 6443


def not_built(subject: Subject) -> bool:
    """In a network that somebody brought CAPZ keeps nothing of this (IsVnetManaged)."""
    return not subject.cluster.builds_its_network


def prefixes(subject: Subject) -> Observed:
    """Of a network."""
    return Present(sorted(map(text, sequence(subject.shown("addressSpace", "addressPrefixes")))))


def subnet_prefixes(subject: Subject) -> Observed:
    """Azure answers with one of two fields, or with both."""
    one = text(subject.shown("addressPrefix"))
    return Present(sorted({*map(text, sequence(subject.shown("addressPrefixes"))), *filter(None, (one,))}))


def wanted_subnet_prefixes(subject: Subject) -> Observed | None:
    blocks = sequence(_declared_subnet(subject).get("cidrBlocks"))
    return Present(sorted(map(text, blocks))) if blocks else None


def wanted_subnet_group(subject: Subject) -> Observed | None:
    name = text(dig(_declared_subnet(subject), "securityGroup", "name"))
    return Present(security_group_id(subject.cluster, _account(subject), name)) if name else None


def wanted_subnet_routes(subject: Subject) -> Observed | None:
    name = text(dig(_declared_subnet(subject), "routeTable", "name"))
    return Present(route_table_id(subject.cluster, _account(subject), name)) if name else ABSENT


def wanted_subnet_gateway(subject: Subject) -> Observed | None:
    name = text(dig(_declared_subnet(subject), "natGateway", "name"))
    return Present(nat_gateway_id(subject.cluster, _account(subject), name)) if name else ABSENT


def subnet_group(subject: Subject) -> Observed:
    return _id_at(subject, "networkSecurityGroup")


def subnet_routes(subject: Subject) -> Observed:
    return _id_at(subject, "routeTable")


def subnet_gateway(subject: Subject) -> Observed:
    return _id_at(subject, "natGateway")


def wanted_endpoints(subject: Subject) -> Observed | None:
    declared = sequence(_declared_subnet(subject).get("serviceEndpoints"))
    return Present(sorted(text(dig(one, "service")) for one in declared))


def endpoints(subject: Subject) -> Observed:
    return Present(sorted(text(dig(one, "service")) for one in sequence(subject.shown("serviceEndpoints"))))


def wanted_rules(subject: Subject) -> Observed | None:
    """The rules that all subnets with this group declare, by name."""
    rules: dict[str, Json] = {}
    for subnet in subject.cluster.subnets:
        declared = mapping(subnet.get("securityGroup"))
        if text(declared.get("name")).casefold() == name_of(subject.resource.key.id):
            for rule in map(mapping, sequence(declared.get("securityRules"))):
                rules[text(rule.get("name")).casefold()] = _declared_rule(rule)
    return Present(list(rules.values()))


def _declared_rule(rule: JsonObject) -> JsonObject:
    """azure/converters/rules.go, SecurityRuleToSDK."""
    return {
        "name": text(rule.get("name")),
        "priority": rule.get("priority"),
        "direction": text(rule.get("direction")),
        "access": text(rule.get("action")) or "Allow",
        "protocol": text(rule.get("protocol")) or "*",
        "from": _spelled(rule.get("source"), rule.get("sources")),
        "from-ports": _spelled(rule.get("sourcePorts"), None),
        "to": _spelled(rule.get("destination"), None),
        "to-ports": _spelled(rule.get("destinationPorts"), None),
    }


def rules(subject: Subject) -> Observed:
    """Those of Azure, without the ones that Services have."""
    told = (mapping(rule) for rule in sequence(subject.shown("securityRules")))
    own = (rule for rule in told if not _OF_SERVICES.match(text(rule.get("name"))))
    return Present([_told_rule(rule) for rule in own])


def _told_rule(rule: JsonObject) -> JsonObject:
    found = mapping(rule.get("properties"))
    groups = [name_of(resource_id(dig(one, "id"))) for one in sequence(found.get("sourceApplicationSecurityGroups"))]
    return {
        "name": text(rule.get("name")),
        "priority": found.get("priority"),
        "direction": text(found.get("direction")),
        "access": text(found.get("access")),
        "protocol": text(found.get("protocol")),
        "from": _spelled(found.get("sourceAddressPrefix"), [*sequence(found.get("sourceAddressPrefixes")), *groups]),
        "from-ports": _spelled(found.get("sourcePortRange"), found.get("sourcePortRanges")),
        "to": _spelled(found.get("destinationAddressPrefix"), found.get("destinationAddressPrefixes")),
        "to-ports": _spelled(found.get("destinationPortRange"), found.get("destinationPortRanges")),
    }


def _spelled(one: Json, many: Json) -> str:
    """One spelling for a value and for a list of values, in any order."""
    parts = {text(one), *map(text, sequence(many))} - {""}
    return ", ".join(sorted(part.casefold() for part in parts))


def own_routes(subject: Subject) -> Observed:
    """Routes that lead to no node: those of nodes are the cloud controller manager's, and point to an appliance."""
    told = (mapping(route) for route in sequence(subject.shown("routes")))
    strange = [
        {
            "name": text(route.get("name")),
            "to": text(dig(route, "properties", "addressPrefix")),
            "by": text(dig(route, "properties", "nextHopType")),
        }
        for route in told
        if text(dig(route, "properties", "nextHopType")) != "VirtualAppliance"
        or text(dig(route, "properties", "addressPrefix")) in ("0.0.0.0/0", "::/0")
    ]
    return Present(strange) if strange else ABSENT


def nothing(subject: Subject) -> Observed | None:
    return ABSENT


def wanted_gateway_addresses(subject: Subject) -> Observed | None:
    """The address that the subnets with this gateway name."""
    found = {
        public_ip_id(subject.cluster, _account(subject), name)
        for subnet in subject.cluster.subnets
        if text(dig(subnet, "natGateway", "name")).casefold() == name_of(subject.resource.key.id)
        and (name := text(dig(subnet, "natGateway", "ip", "name")))
    }
    return Present(sorted(found)) if found else None


def gateway_addresses(subject: Subject) -> Observed:
    return Present(sorted(resource_id(dig(one, "id")) for one in sequence(subject.shown("publicIpAddresses"))))


def wanted_dns_name(subject: Subject) -> Observed | None:
    """Of the API server's address: the name that clients connect to."""
    for front in map(mapping, sequence(dig(subject.cluster.network, "apiServerLB", "frontendIPs"))):
        if text(dig(front, "publicIP", "name")).casefold() == name_of(subject.resource.key.id):
            name = text(dig(front, "publicIP", "dnsName"))
            return Present(name) if name else None
    return None


def dns_name(subject: Subject) -> Observed:
    found = text(subject.shown("dnsSettings", "fqdn"))
    return Present(found) if found else ABSENT


def other_balancer(subject: Subject) -> bool:
    """True for a balancer that is not the API server's."""
    declared = text(dig(subject.cluster.network, "apiServerLB", "name")).casefold()
    return declared != name_of(subject.resource.key.id)


def _balancer(subject: Subject) -> JsonObject:
    return mapping(subject.cluster.network.get("apiServerLB"))


def wanted_fronts(subject: Subject) -> Observed | None:
    """The one frontend that CAPZ takes (azure/scope/cluster.go, LBSpecs), with the address behind it."""
    declared = [mapping(one) for one in sequence(_balancer(subject).get("frontendIPs"))]
    for front in declared:
        if subject.cluster.internal or front.get("publicIP"):
            return Present([_declared_front(subject, front)])
    return None


def _declared_front(subject: Subject, front: JsonObject) -> JsonObject:
    if subject.cluster.internal:
        return {"name": text(front.get("name")), "address": text(front.get("privateIP"))}
    address = text(dig(front, "publicIP", "name"))
    return {"name": text(front.get("name")), "address": public_ip_id(subject.cluster, _account(subject), address)}


def fronts(subject: Subject) -> Observed:
    told: list[Json] = []
    for front in map(mapping, sequence(subject.shown("frontendIPConfigurations"))):
        properties = mapping(front.get("properties"))
        address = resource_id(dig(properties, "publicIPAddress", "id")) or text(properties.get("privateIPAddress"))
        told.append({"name": text(front.get("name")), "address": address})
    return Present(told)


def wanted_api_rules(subject: Subject) -> Observed | None:
    port = dig(subject.cluster.cluster.spec, "clusterNetwork", "apiServerPort") or _API_PORT
    pool, extra = text(dig(_balancer(subject), "backendPool", "name")), _extra_ports(subject)
    ports = [("LBRuleHTTPS", port), *extra]
    return Present(
        [
            {"name": name, "protocol": "Tcp", "frontendPort": number, "backendPort": number, "pool": pool}
            for name, number in ports
        ]
    )


def _extra_ports(subject: Subject) -> Iterator[tuple[str, Json]]:
    for port in map(mapping, sequence(subject.cluster.network.get("additionalAPIServerLBPorts"))):
        yield text(port.get("name")), port.get("port")


def api_rules(subject: Subject) -> Observed:
    told: list[Json] = []
    for rule in map(mapping, sequence(subject.shown("loadBalancingRules"))):
        properties = mapping(rule.get("properties"))
        pool = name_of(resource_id(dig(properties, "backendAddressPool", "id")))
        told.append(
            {
                "name": text(rule.get("name")),
                "protocol": text(properties.get("protocol")),
                "frontendPort": properties.get("frontendPort"),
                "backendPort": properties.get("backendPort"),
                "pool": pool,
            }
        )
    return Present(told)


def wanted_probes(subject: Subject) -> Observed | None:
    port = dig(subject.cluster.cluster.spec, "clusterNetwork", "apiServerPort") or _API_PORT
    return Present([{"name": "HTTPSProbe", "protocol": "Https", "port": port, "requestPath": "/readyz"}])


def probes(subject: Subject) -> Observed:
    told: list[Json] = []
    for probe in map(mapping, sequence(subject.shown("probes"))):
        properties = mapping(probe.get("properties"))
        told.append(
            {
                "name": text(probe.get("name")),
                **{name: properties.get(name) for name in ("protocol", "port", "requestPath")},
            }
        )
    return Present(told)


def wanted_balancer_pools(subject: Subject) -> Observed | None:
    name = text(dig(_balancer(subject), "backendPool", "name"))
    return Present([{"name": name}]) if name else None


def balancer_pools(subject: Subject) -> Observed:
    pools = map(mapping, sequence(subject.shown("backendAddressPools")))
    return Present([{"name": text(pool.get("name"))} for pool in pools])


def sku(subject: Subject) -> Observed:
    found = text(dig(subject.resource.attributes, "sku", "name"))
    return Present(found) if found else ABSENT


def _declared_subnet(subject: Subject) -> JsonObject:
    name = name_of(subject.resource.key.id)
    return next((one for one in subject.cluster.subnets if text(one.get("name")).casefold() == name), {})


def _id_at(subject: Subject, field: str) -> Observed:
    found = resource_id(subject.shown(field, "id"))
    return Present(found) if found else ABSENT


def _account(subject: Subject) -> str:
    return subject.link.resource.account


EXPECTATIONS = (
    nothing,
    wanted_api_rules,
    wanted_balancer_pools,
    wanted_dns_name,
    wanted_endpoints,
    wanted_fronts,
    wanted_gateway_addresses,
    wanted_probes,
    wanted_rules,
    wanted_subnet_gateway,
    wanted_subnet_group,
    wanted_subnet_prefixes,
    wanted_subnet_routes,
)
OBSERVATIONS = (
    api_rules,
    balancer_pools,
    dns_name,
    endpoints,
    fronts,
    gateway_addresses,
    own_routes,
    prefixes,
    probes,
    rules,
    sku,
    subnet_gateway,
    subnet_group,
    subnet_prefixes,
    subnet_routes,
)
CONDITIONS = (not_built, other_balancer)
