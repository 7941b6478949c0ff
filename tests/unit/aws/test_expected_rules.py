"""The rules that CAPA computes, for the corners that the clusters of the other tests do not have."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.keys import ClusterKey
from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.security_groups.expected_rules import NotYetKnown, expected_ingress
from drift_audit_aws.security_groups.rules import shown_fully
from tests.unit.aws.builders import CORE, INFRA, capi_object

GROUPS = {role: {"id": f"sg-{role}"} for role in ("node", "controlplane", "lb", "apiserver-lb", "bastion")}


def cluster(spec: dict[str, Any], *, nat: tuple[str, ...] = (), port: int = 0, groups: Any = None) -> AwsCluster:
    network = {"securityGroups": GROUPS if groups is None else groups, "natGatewaysIPs": list(nat)}
    port_spec = {"clusterNetwork": {"apiServerPort": port}} if port else {}
    return AwsCluster(
        key=ClusterKey("mgmt", "default", "c1"),
        cluster=capi_object(CORE, "Cluster", "c1", spec=port_spec),
        infra=capi_object(INFRA, "AWSCluster", "c1", spec=spec, status={"networkStatus": network}),
    )


def ingress(found: AwsCluster, role: str) -> list[str]:
    return [shown_fully(rule, {}) for rule in expected_ingress(found, role)]


def test_the_api_is_open_to_everyone_until_somebody_limits_it() -> None:
    assert ingress(cluster({}), "apiserver-lb") == ['tcp 6443 from 0.0.0.0/0 "Kubernetes API"'] * 2


def test_nodes_reach_a_limited_api_through_the_nat_gateways() -> None:
    limited = {
        "ingressRules": [
            {"description": "hq", "protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["192.0.2.7/24"]}
        ]
    }
    found = cluster({"controlPlaneLoadBalancer": limited}, nat=("198.51.100.1", "198.51.100.2"), port=443)

    assert ingress(found, "apiserver-lb") == [
        'tcp 443 from 198.51.100.1/32 "Kubernetes API"',
        'tcp 443 from 198.51.100.2/32 "Kubernetes API"',
        'tcp 443 from 192.0.2.0/24 "hq"',
    ]


def test_rules_of_the_secondary_load_balancer_count_too() -> None:
    rules = [{"description": "in", "protocol": "tcp", "fromPort": 6443, "toPort": 6443, "cidrBlocks": ["10.0.0.0/8"]}]
    found = cluster({"secondaryControlPlaneLoadBalancer": {"ingressRules": rules}}, nat=("198.51.100.1",))

    assert ingress(found, "apiserver-lb")[1:] == ['tcp 6443 from 10.0.0.0/8 "in"']


def test_an_ipv6_network_opens_its_ipv6_twins() -> None:
    spec = {
        "network": {"vpc": {"cidrBlock": "10.0.0.0/16", "ipv6": {"cidrBlock": "2001:db8::/56"}}, "cni": {}},
        "controlPlaneLoadBalancer": {"scheme": "internal", "ingressRules": []},
    }

    found = cluster(spec)

    assert ingress(found, "apiserver-lb") == [
        'tcp 6443 from 10.0.0.0/16 "Kubernetes API"',
        'tcp 6443 from 2001:db8::/56 "Kubernetes API IPv6"',
        'tcp 6443 from 0.0.0.0/0 "Kubernetes API"',
        'tcp 6443 from ::/0 "Kubernetes API IPv6"',
    ]
    assert 'tcp 30000-32767 from ::/0 "Node Port Services"' in ingress(found, "node")


def test_without_a_cni_entry_the_default_is_calico_and_an_empty_one_is_none() -> None:
    default = ingress(cluster({}), "node")
    none = ingress(cluster({"network": {"cni": {}}}), "node")

    assert 'tcp 179 from sg-node "bgp (calico)"' in default
    assert 'IP-in-IP from sg-controlplane "IP-in-IP (calico)"' in default
    assert len(none) == len(default) - 4


def test_a_rule_without_a_source_is_from_the_control_plane() -> None:
    rules = [{"description": "x", "protocol": "udp", "fromPort": 1, "toPort": 2}]

    assert 'udp 1-2 from sg-controlplane "x"' in ingress(
        cluster({"network": {"additionalNodeIngressRules": rules}}), "node"
    )


def test_a_rule_by_nat_addresses_waits_for_them() -> None:
    rules = [{"description": "x", "protocol": "tcp", "fromPort": 1, "toPort": 1, "natGatewaysIPsSource": True}]
    spec = {"network": {"additionalNodeIngressRules": rules}}

    assert 'tcp 1 from 198.51.100.1/32 "x"' in ingress(cluster(spec, nat=("198.51.100.1",)), "node")
    with pytest.raises(NotYetKnown, match="natGatewaysIPs"):
        expected_ingress(cluster(spec), "node")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"bastion": {"enabled": True}}, ['tcp 22 from 0.0.0.0/0 "SSH"']),
        ({"bastion": {"enabled": True, "disableIngressRules": True}}, []),
        ({"bastion": {"enabled": True, "allowedCIDRBlocks": ["10.0.0.0/8", "::/0"]}}, ['tcp 22 from 10.0.0.0/8 "SSH"']),
    ],
)
def test_the_bastion_is_open_for_its_blocks(spec: dict[str, Any], expected: list[str]) -> None:
    assert ingress(cluster(spec), "bastion") == expected


def test_the_balancers_own_group_is_opened_for_its_listeners() -> None:
    balancer = {"loadBalancerType": "nlb", "additionalListeners": [{"port": 8443}], "preserveClientIP": True}

    assert ingress(cluster({"controlPlaneLoadBalancer": balancer}), "lb") == [
        'tcp 6443 from 0.0.0.0/0 "Allow NLB traffic to the control plane instances."',
        'tcp 8443 from 0.0.0.0/0 "Allow NLB traffic to the control plane instances on port 8443."',
    ]


@pytest.mark.parametrize("role", ["node", "controlplane"])
def test_without_the_groups_in_the_status_nothing_is_known(role: str) -> None:
    with pytest.raises(NotYetKnown):
        expected_ingress(cluster({}, groups={}), role)


def test_a_role_that_capa_does_not_have_is_not_known() -> None:
    with pytest.raises(NotYetKnown, match="no rules"):
        expected_ingress(cluster({}), "mine")
