"""Errors in CAPA's messages, what they make worth asking, and what a console may tell."""

from __future__ import annotations

import base64

import pytest

from drift_audit_aws.constraints.console import failed_to_boot, telling_lines, without_secrets
from drift_audit_aws.constraints.errors import AwsError, Denial, denials_in, errors_in
from drift_audit_aws.constraints.quotas import family_of
from drift_audit_aws.session import RefusedCall, check_allowed

V2 = (
    "failed to create AWSMachine instance: failed to run instance: operation error EC2: RunInstances, https response "
    "error StatusCode: 400, RequestID: 5c3d6f1a-0000-4444-8888-aaaaaaaaaaaa, api error VcpuLimitExceeded: You have "
    "requested more vCPU capacity than your current vCPU limit of 32 allows"
)
V1 = "failed to create: InsufficientFreeAddressesInSubnet: There are not enough\n\tstatus code: 400, request id: 5c3d"


def test_errors_of_both_generations_of_the_sdk_are_read() -> None:
    assert list(errors_in(V2)) == [AwsError("VcpuLimitExceeded", "ec2:RunInstances")]
    assert list(errors_in(V1)) == [AwsError("InsufficientFreeAddressesInSubnet")]
    assert list(errors_in("Waiting for bootstrap data: not ready")) == []


def test_several_errors_of_one_message_are_read_one_by_one() -> None:
    other = "operation error Elastic Load Balancing v2: CreateLoadBalancer, x, api error TooManyLoadBalancers: no"

    assert [error.action for error in errors_in(f"[{V2}, {other}]")] == [
        "ec2:RunInstances",
        "elasticloadbalancing:CreateLoadBalancer",
    ]


def test_a_denial_names_the_role_behind_a_session() -> None:
    told = (
        "api error UnauthorizedOperation: You are not authorized to perform this operation. User: "
        "arn:aws-cn:sts::111122223333:assumed-role/capa/1234 is not authorized to perform: ec2:RunInstances on "
        "resource: arn:aws-cn:ec2:cn-north-1:111122223333:instance/* because no identity-based policy allows it."
    )

    assert list(denials_in(told)) == [
        Denial(
            "arn:aws-cn:iam::111122223333:role/capa",
            "ec2:RunInstances",
            "arn:aws-cn:ec2:cn-north-1:111122223333:instance/*",
        )
    ]
    assert list(denials_in("api error UnauthorizedOperation: no. Encoded authorization failure message: xyz")) == []


@pytest.mark.parametrize(
    ("instance_type", "family"),
    [
        ("m5.large", "standard"),
        ("t3a.small", "standard"),
        ("inf2.xlarge", "inf"),
        ("g5.xlarge", "g"),
        ("vt1.3xlarge", "g"),
        ("p5.48xlarge", "p"),
        ("trn1.2xlarge", ""),
        ("u-6tb1.metal", ""),
        ("mac1.metal", ""),
        ("hpc7a.96xlarge", ""),
        ("dl1.24xlarge", ""),
        ("is4gen.large", "standard"),
        ("", ""),
    ],
)
def test_instance_types_share_a_quota_by_their_family(instance_type: str, family: str) -> None:
    assert family_of(instance_type) == family


CONSOLE = """\
[   12.3] cloud-init[900]: Cloud-init v. 24.1 running 'modules:final'
[   40.1] cloud-init[900]: + kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef --x
\x1b[31m[   61.7] cloud-init[900]: error execution phase preflight: couldn't validate the identity of the API Server: \
Get "https://10.0.0.1:6443/api": dial tcp 10.0.0.1:6443: i/o timeout; token abcdef.0123456789abcdef
[   61.8] cloud-init[900]: ok
"""


def test_a_console_keeps_the_lines_that_tell_of_a_failure_and_no_token() -> None:
    told = telling_lines(CONSOLE)

    assert len(told) == 1
    assert "i/o timeout" in told[0]
    assert "abcdef" not in "".join(told)
    assert "\x1b" not in told[0]


@pytest.mark.parametrize(
    ("line", "fatal"),
    [
        ("error execution phase preflight: [ERROR Port-10250]: Port 10250 is in use", True),
        ("cloud-init[1203]: Failed to run module scripts-user (scripts in /var/lib/cloud/instance/scripts)", True),
        ('Get "https://10.0.0.1:6443/api": dial tcp 10.0.0.1:6443: i/o timeout', True),
        ("/var/lib/cloud/instance/scripts/part-001: line 3: kubeadm: command not found", True),
        ("[    0.412] ACPI Error: AE_NOT_FOUND, While evaluating _PRT", False),
        ("systemd[1]: nvme-fail.service: Skipped, unmet condition", False),
    ],
)
def test_not_every_line_that_speaks_of_an_error_kept_a_machine_from_joining(line: str, fatal: bool) -> None:
    assert telling_lines(line) == [line]
    assert failed_to_boot([line]) is fatal


def test_the_answer_of_a_console_is_reduced_before_anybody_reads_it() -> None:
    output = base64.b64encode(CONSOLE.encode()).decode()
    body = f"<GetConsoleOutputResponse><output>{output}</output></GetConsoleOutputResponse>".encode()

    reduced = without_secrets(body)

    kept = base64.b64decode(reduced.partition(b"<output>")[2].partition(b"</output>")[0])
    assert b"i/o timeout" in kept
    assert b"abcdef" not in kept
    assert without_secrets(body[:-40]) == b"<unreadable"


def test_what_asks_is_let_out_and_what_writes_is_not() -> None:
    for operation in ("SimulatePrincipalPolicy", "GetServiceQuota", "GetConsoleOutput", "DescribeInstanceStatus"):
        check_allowed(operation)
    for operation in ("RequestServiceQuotaIncrease", "RunInstances", "GetPasswordData", "SimulateSomethingElse"):
        with pytest.raises(RefusedCall):
            check_allowed(operation)
