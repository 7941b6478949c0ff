"""Machines that the cloud refuses, ends, or lets nobody reach: what CAPA and the core controller write of them.

Sources: CAPA v2.13.0 controllers/awsmachine_controller.go, awscluster_controller.go, pkg/cloud/services; the codes and
texts of EC2's own answers (EC2 API reference, Error codes).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from moto.ec2.models import ec2_backends

from drift_audit.model.findings import Certainty
from tests.e2e.written_fleet import Written
from tests.e2e.written_machines import silent_kubelet, terminate, unborn, young
from tests.e2e.written_row import AND_CLOUD, Row
from tests.e2e.written_words import api_error, no
from tests.rig.fleet import ACCOUNT, REGION, Workload
from tests.unit.aws.faults import Answer, refusing

IMAGE = "ami-0123456789abcdef0"
MANY = 40
ADDRESSES = 5
"""Elastic addresses of a region, as AWS has it."""
CAPA = f"arn:aws:sts::{ACCOUNT}:assumed-role/controllers.cluster-api-provider-aws.sigs.k8s.io/capa"


def _limit(name: str, code: str, value: float) -> Answer:
    """What Service Quotas answers."""
    limit = {"Quota": {"QuotaName": name, "QuotaCode": code, "Value": value}}
    return Answer(200, json.dumps(limit).encode(), "application/x-amz-json-1.1")


def _quota(written: Written) -> Sequence[str]:
    """A batch of another team has taken what was left."""
    written.ec2.run_instances(ImageId=IMAGE, InstanceType="m6i.large", MinCount=15, MaxCount=15)
    written.faults.append(refusing("GetServiceQuota", _limit("Running On-Demand Standard instances", "L-1216C47A", 32)))
    told = "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket "
    told += "that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request"
    unborn(written, written.workers, api_error("VcpuLimitExceeded", told))
    return written.workers


def _full_subnet(written: Written) -> Sequence[str]:
    subnet = written.fleet.states[written.cluster].subnet_ids["private"]
    backend = ec2_backends[ACCOUNT][REGION]
    full = backend.get_subnet(subnet)
    full._available_ip_addresses -= full.available_ip_address_count
    told = f"There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances."
    unborn(written, written.workers, api_error("InsufficientFreeAddressesInSubnet", told))
    return written.workers


def _denied(written: Written) -> Sequence[str]:
    """The role's policy lost an action; STS puts what was denied into a blob."""
    told = f"You are not authorized to perform this operation. User: {CAPA} is not authorized to perform: "
    told += f"ec2:RunInstances on resource: arn:aws:ec2:{REGION}:{ACCOUNT}:instance/* because no identity-based policy "
    told += "allows the ec2:RunInstances action. Encoded authorization failure message: dGVzdA"
    body = (
        "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
        "<EvaluationResults><member><EvalActionName>ec2:RunInstances</EvalActionName>"
        "<EvalDecision>implicitDeny</EvalDecision></member></EvaluationResults>"
        "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )
    written.faults.append(refusing("SimulatePrincipalPolicy", Answer(200, body.encode())))
    unborn(written, written.workers, api_error("UnauthorizedOperation", told, status=403))
    return written.workers


def _no_image(written: Written) -> Sequence[str]:
    unborn(written, written.workers, api_error("InvalidAMIID.NotFound", f"The image id '[{IMAGE}]' does not exist"))
    return written.workers


def _no_capacity(written: Written) -> Sequence[str]:
    told = "We currently do not have sufficient m6i.xlarge capacity in the Availability Zone you requested "
    told += f"({REGION}a). Our system will be working on provisioning additional capacity."
    unborn(written, written.workers, api_error("InsufficientInstanceCapacity", told, status=500))
    return written.workers


def _no_addresses(written: Written) -> Sequence[str]:
    """The gateways of a new cluster want elastic addresses, and the region has none left."""
    used = len(written.ec2.describe_addresses()["Addresses"])
    for _ in range(ADDRESSES - used):
        written.ec2.allocate_address(Domain="vpc")
    written.faults.append(refusing("GetServiceQuota", _limit("EC2-VPC Elastic IPs", "L-0263D0A3", ADDRESSES)))
    error = api_error(
        "AddressLimitExceeded", "The maximum number of addresses has been reached.", call="AllocateAddress"
    )
    told = f"failed to create one or more IP addresses for NAT gateways: failed to allocate Elastic IP: {error}"
    failed = no("NatGatewaysReady", "NatGatewaysReconciliationFailed", told, 40, severity="Warning")
    not_ready = {**failed, "type": "Ready"}
    written.say(written.infra_cluster, not_ready, failed, ready=False)
    young(written, told, since=40)
    return [written.cluster]


def _terminated(written: Written) -> Sequence[str]:
    """Somebody ended the instance; CAPA and the Node tell of it, and nothing looks after the Machine."""
    name = written.workers[0]
    terminate(written, name)
    written.say_aws_machine(name, "InstanceTerminated", "", since=30)
    written.client.status(written.aws_machine(name), {"instanceState": "terminated"})
    written.event(written.aws_machine(name), "InstanceUnexpectedTermination", "Unexpected EC2 instance termination")
    silent_kubelet(written, name)
    return [name]


def _identity_gone(written: Written) -> Sequence[str]:
    told = "failed to create aws V2 session: Failed to get providers for cluster: "
    told += 'secrets "team-credentials" not found'
    reason = "PrincipalCredentialRetrievalFailed"
    failed = [no(kind, reason, told, severity="Error") for kind in ("Ready", "PrincipalCredentialRetrieved")]
    written.say(written.infra_cluster, *failed)
    top = [
        no("Available", "NotAvailable", f"* InfrastructureReady: {told}"),
        no("InfrastructureReady", reason, told),
    ]
    written.say_above(written.cluster_object, *top)
    return [written.cluster]


CLOUDS: Sequence[Row] = (
    Row(
        "The account has no vCPUs left for 40 Machines",
        "MACH-QUOTA",
        "AWSMachine",
        _quota,
        workload=Workload(name="prod-1", workers=MANY),
        evidence="32 of 32 are used",
        certainty=Certainty.HIGH,
        proved_on=AND_CLOUD,
    ),
    Row(
        "The subnet has no free addresses",
        "MACH-SUBNET-IP",
        "AWSMachine",
        _full_subnet,
        evidence="0 addresses of subnet",
        drift=("aws.subnet.free-addresses",),
        certainty=Certainty.HIGH,
        proved_on=AND_CLOUD,
    ),
    Row(
        "The provider's role may not start instances any more",
        "IDENT-IAM-DENIED",
        "AWSMachine",
        _denied,
        evidence="do not allow ec2:RunInstances",
        certainty=Certainty.HIGH,
        proved_on=AND_CLOUD,
    ),
    Row(
        "The image of the Machines does not exist",
        "MACH-IMAGE",
        "AWSMachine",
        _no_image,
        workload=Workload(name="prod-1", machines={"ami": {"id": IMAGE}}),
        evidence=f"image {IMAGE} does not exist",
        drift=("aws.image.missing",),
        certainty=Certainty.HIGH,
        proved_on=AND_CLOUD,
    ),
    Row(
        "The zone has no instances of the type left",
        "MACH-CAPACITY",
        "AWSMachine",
        _no_capacity,
        evidence="do not have sufficient m6i.xlarge capacity",
        proved_on=AND_CLOUD,
    ),
    Row(
        "The region has no elastic addresses left for the gateways of a new cluster",
        "INFRA-VPC-FAILED",
        "AWSCluster",
        _no_addresses,
        evidence="5 of 5 are used",
        certainty=Certainty.HIGH,
        proved_on=AND_CLOUD,
    ),
    Row(
        "Somebody ended the instance of a Machine",
        "MACH-INSTANCE-GONE",
        "AWSMachine",
        _terminated,
        evidence="terminated",
        drift=("aws.instance.missing",),
        certainty=Certainty.HIGH,
        proved_on=AND_CLOUD,
    ),
    Row(
        "The Secret with the credentials of a cluster's account is gone",
        "IDENT-AWS",
        "AWSCluster",
        _identity_gone,
        evidence="PrincipalCredentialRetrieved",
    ),
)
