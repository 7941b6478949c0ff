"""Machines whose instances run and whose Nodes never come: what AWS shows beside the words of CAPI's core controller.

Source: CAPI v1.14.0 core/reconcilers/machine/machine_controller_status.go (setNodeHealthyAndReadyConditions).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from drift_audit.model.findings import Certainty
from tests.e2e.written_fleet import Written
from tests.e2e.written_machines import never_join
from tests.e2e.written_row import AND_CLOUD, Row
from tests.integration.aws_callers import ALICE_CONSOLE
from tests.rig.fleet import ACCOUNT, REGION
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.faults import Answer, refusing


def _boot_failed(written: Written) -> Sequence[str]:
    lines = (
        "[   21.334] cloud-init[1203]: [preflight] Running pre-flight checks",
        "[   21.901] cloud-init[1203]: error execution phase preflight: [ERROR FileContent--proc-sys-net-ip_forward]",
        "[   22.012] cloud-init[1203]: Cloud-init v. 24.1 finished with error: Failed to run module scripts-user",
    )
    output = base64.b64encode("\n".join(lines).encode()).decode()
    body = f"<GetConsoleOutputResponse><instanceId>i</instanceId><output>{output}</output></GetConsoleOutputResponse>"
    written.faults.append(refusing("GetConsoleOutput", Answer(200, body.encode())))
    never_join(written, written.workers)
    return written.workers


def _no_target(written: Written) -> Sequence[str]:
    """Somebody took the control plane out of its load balancer: nobody reaches the API server through it."""
    elb: Any = written.fleet.aws_client("elbv2", written.cluster)
    [group] = elb.describe_target_groups()["TargetGroups"]
    instances = written.fleet.states[written.cluster].instances
    gone = [{"Id": instances[head], "Port": group["Port"]} for head in written.heads]
    elb.deregister_targets(TargetGroupArn=group["TargetGroupArn"], Targets=gone)
    never_join(written, written.workers)
    return written.workers


def _closed(written: Written) -> Sequence[str]:
    """A person in the console takes away the rule that lets nodes reach the API server."""
    groups = written.fleet.states[written.cluster].security_groups
    nodes = {"GroupId": groups["node"], "Description": "Kubernetes API"}
    rule = {"IpProtocol": "tcp", "FromPort": 6443, "ToPort": 6443, "UserIdGroupPairs": [nodes]}
    console = ALICE_CONSOLE.client(AwsEndpoint(written.fleet.aws), region=REGION, account=ACCOUNT)
    console.revoke_security_group_ingress(GroupId=groups["controlplane"], IpPermissions=[rule])
    never_join(written, written.workers)
    return written.workers


JOINS: Sequence[Row] = (
    Row(
        "cloud-init fails on new Machines",
        "JOIN-NO-NODE",
        "Machine",
        _boot_failed,
        evidence="error execution phase preflight",
        certainty=Certainty.HIGH,
        proved_on=AND_CLOUD,
    ),
    Row(
        "The load balancer of the API server has no target, and Machines never join",
        "JOIN-NO-NODE",
        "Machine",
        _no_target,
        drift=("aws.target-group.member",),
        certainty=Certainty.HIGH,
        proved_on=AND_CLOUD,
    ),
    Row(
        "A console edit closes the API server to Nodes, and Machines never join",
        "JOIN-NO-NODE",
        "Machine",
        _closed,
        evidence="was taken away by alice@example.com",
        drift=("aws.security-group.ingress",),
        certainty=Certainty.HIGH,
        proved_on=AND_CLOUD,
    ),
)
