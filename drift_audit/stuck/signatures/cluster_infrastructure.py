"""Layer 3: the network and the load balancer that a cluster stands on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Condition, Feasible, Layer, Topic
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import TRUE
from drift_audit.stuck.signature import Sign, Signature

_AWS_PARTS: Mapping[str, str] = {
    "VpcReady": "VPC",
    "SecondaryCidrsReady": "secondary CIDR blocks",
    "SubnetsReady": "subnets",
    "InternetGatewayReady": "internet gateway",
    "CarrierGatewayReady": "carrier gateway",
    "EgressOnlyInternetGatewayReady": "egress-only internet gateway",
    "NatGatewaysReady": "NAT gateways",
    "RouteTablesReady": "route tables",
    "VpcEndpointsReadyCondition": "VPC endpoints",
    "ClusterSecurityGroupsReady": "security groups",
    "BastionHostReady": "bastion host",
    "S3BucketCreated": "S3 bucket",
}
"""By the condition, in the order in which CAPA builds them: the first that fails keeps the others from being tried."""
_AZURE_PARTS: Mapping[str, str] = {
    "ResourceGroupReady": "resource group",
    "VNetReady": "virtual network",
    "VnetPeeringReady": "peering of virtual networks",
    "SecurityGroupsReady": "security groups",
    "RouteTablesReady": "route tables",
    "PublicIPsReady": "public addresses",
    "NATGatewaysReady": "NAT gateways",
    "SubnetsReady": "subnets",
    "LoadBalancersReady": "load balancers",
    "PrivateDNSZoneReady": "private DNS zone",
    "PrivateDNSLinkReady": "link of the private DNS zone",
    "PrivateDNSRecordReady": "record of the private DNS zone",
    "PrivateEndpointsReady": "private endpoints",
    "BastionHostReady": "bastion host",
    "NetworkInfrastructureReady": "network",
}
_CODE = re.compile(
    r"\b(?P<code>\w+LimitExceeded|\w+LimitExceededException|InvalidVpcRange|InvalidSubnet\.\w+|InvalidSubnetRange"
    r"|ResourceGroupNotFound|ResourceGroupBeingDeleted|RequestDisallowedByPolicy|ScopeLocked|\w+QuotaExceeded"
    r"|NetcfgInvalidSubnet|SubscriptionNotFound|DependencyViolation|Invalid\w+\.NotFound|Invalid\w+ID\.NotFound"
    r"|QUOTA_EXCEEDED|quotaExceeded)\b"
)
_WAITS: Mapping[str, str] = {
    "WaitForDNSName": "the load balancer of the API server has no name yet",
    "WaitForDNSNameResolve": "the name of the API server's load balancer does not resolve",
    "WaitForExternalControlPlaneEndpoint": "nobody has written the endpoint of the external load balancer",
}
"""CAPA tells these with the severity Info, however long they last."""
_NO_ELB = re.compile(r"APIServer ELB not available", re.IGNORECASE)


def _part_fails(parts: Mapping[str, str], failed: Callable[[Condition], bool]) -> Callable[[Case], Sign | None]:
    def look(case: Case) -> Sign | None:
        if case.live.deleting:
            return None
        found = [(name, condition) for name in parts if (condition := case.conditions.get(name)) and failed(condition)]
        if not found:
            return None
        name, condition = found[0]
        code = next((match["code"] for _, each in found if (match := _CODE.search(each.message))), "")
        quota = case.answers(Topic.QUOTA, Topic.ADDRESSES)
        return Sign(
            fact=f"the {parts[name]} cannot be set up: {code or condition.message or condition.reason}",
            since=condition.since,
            proofs=(
                *(said_by(each).proof for _, each in found),
                *(Proof("event", event.message) for event in case.events if _CODE.search(event.message)),
                *(Proof("cloud", each.fact) for each in quota if each.feasible is Feasible.IMPOSSIBLE),
            ),
            variant=code or f"{name} {condition.reason}",
            values=(("part", parts[name]),),
        )

    return look


def _aws_failed(condition: Condition) -> bool:
    """What is under way has the severity Info (`VpcCreationStarted`), what fails before init has Warning."""
    return condition.status != TRUE and condition.reason.endswith("Failed")


def _azure_failed(condition: Condition) -> bool:
    """`Creating` and `Updating` are under way; a network that is not ready for another's failure has no text."""
    return condition.status != TRUE and condition.reason in ("Failed", "DeletionFailed")


def _load_balancer(case: Case) -> Sign | None:
    condition = case.conditions.get("LoadBalancerReady")
    if case.live.deleting or condition is None or condition.status == TRUE:
        return None
    if condition.reason not in (*_WAITS, "LoadBalancerFailed"):
        return None
    elsewhere = case.all_said(_NO_ELB)
    return Sign(
        fact=_WAITS.get(condition.reason, f"the load balancer of the API server cannot be set up: {condition.message}"),
        since=condition.since,
        proofs=(said_by(condition).proof, *(each.proof for each in elsewhere)),
        variant=condition.reason,
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="INFRA-VPC-FAILED",
        layer=Layer.CLUSTER_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="The AWS network of a cluster cannot be set up",
        kinds=("AWSCluster", "AWSManagedControlPlane"),
        looks=_part_fails(_AWS_PARTS, _aws_failed),
        mechanism=(
            "The parts of the network are built one after the other; the first that fails keeps the infrastructure "
            "from being ready, and Machines wait for the cluster infrastructure."
        ),
        next_steps=(
            "Read the conditions: `kubectl -n {namespace} describe {kind} {name}`.",
            "Where a limit is named, see it: `aws service-quotas list-service-quotas --service-code vpc`.",
        ),
        source="CAPA v2.13.0 api/v1beta2/conditions_consts.go, pkg/cloud/services/network/network.go; capa#2227",
        confirm="kubectl -n {namespace} get {kind} {name} -o jsonpath='{.status.conditions}'",
    ),
    Signature(
        id="INFRA-LB-NOT-READY",
        layer=Layer.CLUSTER_INFRASTRUCTURE,
        severity=Severity.CRITICAL,
        title="The load balancer of an API server is not ready",
        kinds=("AWSCluster",),
        looks=_load_balancer,
        mechanism=(
            "Without a load balancer that has a name there is no endpoint: control-plane Machines are not created or "
            "not reachable, and nothing can join."
        ),
        next_steps=(
            "See whether it exists: `aws elbv2 describe-load-balancers`, `aws elb describe-load-balancers`.",
            "Compare its DNS name with the endpoint of the Cluster, which cannot be changed: "
            "`kubectl -n {namespace} get cluster {cluster} -o jsonpath='{.spec.controlPlaneEndpoint}'`.",
        ),
        source="CAPA v2.13.0 controllers/awscluster_controller.go (reconcileLoadBalancer), services/ec2/instances.go",
        clock=Clock.CLUSTER_PROVISIONING,
        everywhere=True,
    ),
    Signature(
        id="INFRA-AZURE-NET",
        layer=Layer.CLUSTER_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="The Azure network of a cluster cannot be set up",
        kinds=("AzureCluster", "AzureManagedControlPlane"),
        looks=_part_fails(_AZURE_PARTS, _azure_failed),
        mechanism=(
            "A resource group that is gone or locked, or a policy, fails each service of the cluster's infrastructure, "
            "and Machines wait for it."
        ),
        next_steps=(
            "Read the conditions: `kubectl -n {namespace} describe {kind} {name}`.",
            "See the group and its locks: `az group show -n <group>; az lock list -g <group>`.",
        ),
        source="CAPZ v1.26.0 api/v1beta1/consts.go, azure/scope/cluster.go (UpdatePutStatus)",
    ),
)
