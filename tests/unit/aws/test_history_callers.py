"""Who made a call, and by what kind of tool: a case for every way in which CloudTrail tells it.

Records are in the layout that AWS documents (CloudTrail user guide, "CloudTrail userIdentity element"), with made-up
names and numbers.
"""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit_aws.history.callers import CallerClass, borrowed, caller_of, controller_roles

ROLE = "arn:aws:iam::111122223333:role/"
CAPA_AGENT = "aws-sdk-go-v2/1.41.0 os/linux lang/go#1.24.5 api/ec2#1.275.0 aws.cluster.x-k8s.io/v2.13.0"
CLI_AGENT = "aws-cli/2.27.50 md/awscrt#0.26.1 os/linux#6.8.0 lang/python#3.13.4 md/command#ec2.stop-instances"
SDK_JAVA = "aws-sdk-java/1.12.700 Linux/5.10"


def assumed(role: str, session: str, **context: Any) -> dict[str, Any]:
    name = role.rpartition("/")[2]
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{session}",
        "arn": f"arn:aws:sts::111122223333:assumed-role/{name}/{session}",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": ROLE + role, "userName": name},
            "attributes": {"mfaAuthenticated": "false"},
            **context,
        },
    }


def record(identity: dict[str, Any], agent: str = CLI_AGENT, **more: Any) -> dict[str, Any]:
    return {
        "userIdentity": identity,
        "userAgent": agent,
        "sourceIPAddress": "203.0.113.7",
        "eventType": "AwsApiCall",
        "eventSource": "ec2.amazonaws.com",
        **more,
    }


USER = {"type": "IAMUser", "userName": "alice", "arn": "arn:aws:iam::111122223333:user/alice"}
SSO = assumed("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef", "alice@example.com")
DEPLOYER = assumed("deployer", "ci-42")
NODE = assumed("nodes.cluster-api-provider-aws.sigs.k8s.io", "i-0123456789abcdef0")
CONTROLLER = assumed("controllers.cluster-api-provider-aws.sigs.k8s.io", "1763640000000000000")

CLASSES: tuple[tuple[str, dict[str, Any], CallerClass, str], ...] = (
    # the console
    ("session flag", record(SSO, SDK_JAVA, sessionCredentialFromConsole="true"), CallerClass.CONSOLE, "AWS console"),
    (
        "session flag inside the attributes",
        record(assumed("r", "s", attributes={"sessionCredentialFromConsole": "true"}), SDK_JAVA),
        CallerClass.CONSOLE,
        "AWS console",
    ),
    ("console action", record(USER, "", eventType="AwsConsoleAction"), CallerClass.CONSOLE, "AWS console"),
    ("browser", record(USER, "Mozilla/5.0 (X11; Linux x86_64)"), CallerClass.CONSOLE, "AWS console"),
    ("console agent", record(USER, "console.amazonaws.com"), CallerClass.CONSOLE, "AWS console"),
    ("sign-in agent", record(USER, "signin.amazonaws.com"), CallerClass.CONSOLE, "AWS console"),
    ("internal agent", record(USER, "AWS Internal"), CallerClass.CONSOLE, "AWS console"),
    (
        "internal agent, lower case",
        record(USER, "aws-internal/3 aws-sdk-java/1.12"),
        CallerClass.CONSOLE,
        "AWS console",
    ),
    ("Coral", record(USER, "Coral/Netty4"), CallerClass.CONSOLE, "AWS console"),
    ("S3 console", record(USER, "S3Console/0.4"), CallerClass.CONSOLE, "AWS console"),
    ("CloudTrail console", record(USER, "[AWSCloudTrail, aws-internal/3]"), CallerClass.CONSOLE, "AWS console"),
    ("internal address", record(USER, SDK_JAVA, sourceIPAddress="AWS Internal"), CallerClass.CONSOLE, "AWS console"),
    # command lines of people
    (
        "CloudShell",
        record(SSO, f"{CLI_AGENT} exec-env/CloudShell", sessionCredentialFromConsole="true"),
        CallerClass.CLI,
        "AWS CloudShell",
    ),
    ("command line", record(USER), CallerClass.CLI, "AWS CLI"),
    ("old command line", record(USER, "[aws-cli/1.18.0 Python/3.8]"), CallerClass.CLI, "AWS CLI"),
    # infrastructure as code
    (
        "Terraform",
        record(DEPLOYER, "APN/1.0 HashiCorp/1.0 Terraform/1.5.7 (+https://www.terraform.io) aws-sdk-go-v2/1.2"),
        CallerClass.IAC,
        "Terraform",
    ),
    ("Pulumi", record(DEPLOYER, "APN/1.0 Pulumi/1.0 PulumiAWS/6.0 aws-sdk-go"), CallerClass.IAC, "Pulumi"),
    (
        "CloudFormation for somebody",
        record({**SSO, "invokedBy": "cloudformation.amazonaws.com"}, "cloudformation.amazonaws.com"),
        CallerClass.IAC,
        "CloudFormation",
    ),
    # robots
    ("SDK", record(DEPLOYER, "Boto3/1.43.11 md/Botocore#1.43.11"), CallerClass.AUTOMATION, "boto3"),
    ("Go SDK", record(DEPLOYER, "aws-sdk-go-v2/1.41.0 os/linux"), CallerClass.AUTOMATION, "an AWS SDK"),
    (
        "command line of a pipeline",
        record(
            assumed(
                "deploy",
                "GitHubActions",
                webIdFederationData={"federatedProvider": "token.actions.githubusercontent.com"},
            )
        ),
        CallerClass.AUTOMATION,
        "AWS CLI",
    ),
    ("command line on a machine", record(NODE), CallerClass.AUTOMATION, "AWS CLI"),
    # AWS itself
    (
        "a service",
        record({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, "autoscaling.amazonaws.com"),
        CallerClass.SERVICE,
        "autoscaling.amazonaws.com",
    ),
    (
        "a service for somebody",
        record({**USER, "invokedBy": "autoscaling.amazonaws.com"}, "autoscaling.amazonaws.com"),
        CallerClass.SERVICE,
        "autoscaling.amazonaws.com",
    ),
    (
        "a service-linked role",
        record(assumed("aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot", "x"), SDK_JAVA),
        CallerClass.SERVICE,
        "ec2.amazonaws.com",
    ),
    (
        "a service event",
        record({"accountId": "111122223333", "invokedBy": "ec2.amazonaws.com"}, "", eventType="AwsServiceEvent"),
        CallerClass.SERVICE,
        "ec2.amazonaws.com",
    ),
    # controllers
    ("CAPA", record(CONTROLLER, CAPA_AGENT), CallerClass.CAPA, "CAPA v2.13.0"),
    ("CAPA with any role", record(DEPLOYER, CAPA_AGENT), CallerClass.CAPA, "CAPA v2.13.0"),
    (
        "load balancer controller",
        record(DEPLOYER, "elbv2.k8s.aws/v2.11.0 aws-sdk-go-v2/1.30"),
        CallerClass.IN_CLUSTER,
        "AWS Load Balancer Controller",
    ),
    ("EBS driver", record(NODE, "aws-ebs-csi-driver/v1.40 aws-sdk-go-v2"), CallerClass.IN_CLUSTER, "EBS CSI driver"),
    (
        "cloud provider",
        record(NODE, "kubernetes/v1.33.0 aws-sdk-go/1.55 (go1.23)"),
        CallerClass.IN_CLUSTER,
        "cloud provider",
    ),
    (
        "autoscaler",
        record(DEPLOYER, "cluster-autoscaler/1.33 aws-sdk-go"),
        CallerClass.IN_CLUSTER,
        "cluster-autoscaler",
    ),
    ("Karpenter", record(DEPLOYER, "karpenter.sh-1.6.0 aws-sdk-go-v2"), CallerClass.IN_CLUSTER, "Karpenter"),
    ("a program on a node", record(NODE, "curl/8.0"), CallerClass.IN_CLUSTER, "a program on a machine"),
    # what nobody knows
    ("an odd agent", record(USER, "my-tool/1.0"), CallerClass.UNKNOWN, "my-tool/1.0"),
    ("no agent", record(USER, ""), CallerClass.UNKNOWN, ""),
    # a person may call the user agent what they like, and AWS tells that it is a console session
    (
        "a console session that calls itself CAPA",
        record(SSO, CAPA_AGENT, sessionCredentialFromConsole="true"),
        CallerClass.CONSOLE,
        "AWS console",
    ),
)


@pytest.mark.parametrize(("told", "caller", "tool"), [row[1:] for row in CLASSES], ids=[row[0] for row in CLASSES])
def test_the_kind_of_caller(told: dict[str, Any], caller: CallerClass, tool: str) -> None:
    found = caller_of(told)

    assert (found.caller, found.how.partition(",")[0]) == (caller, tool)


PEOPLE: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("root", {"type": "Root", "arn": "arn:aws:iam::111122223333:root"}, "root", ""),
    ("a user", USER, "alice", ""),
    ("a person behind SSO", SSO, "alice@example.com", "permission set Admin"),
    ("a named session of a role", DEPLOYER, "ci-42", "role deployer"),
    (
        "a session name that a tool made up",
        assumed("deployer", "botocore-session-1763640000"),
        "deployer",
        "role deployer",
    ),
    ("a session of the Go SDK", assumed("deployer", "aws-go-sdk-1763640000"), "deployer", "role deployer"),
    ("a session that is a number", assumed("deployer", "1763640000000000000"), "deployer", "role deployer"),
    ("a source identity wins", assumed("deployer", "ci-42", sourceIdentity="bob"), "bob", "role deployer"),
    ("a service", {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "ec2.amazonaws.com", ""),
    ("an identity centre user", {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}, "u-1", ""),
    ("another account", {"type": "AWSAccount", "accountId": "444455556666"}, "account 444455556666", ""),
    ("a web identity", {"type": "WebIdentityUser", "userName": "carol"}, "carol", ""),
    (
        "a federated user",
        {"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/dave"},
        "dave",
        "",
    ),
    ("nothing at all", {}, "", ""),
)


@pytest.mark.parametrize(
    ("identity", "who", "credentials"), [row[1:] for row in PEOPLE], ids=[row[0] for row in PEOPLE]
)
def test_the_name_of_the_caller(identity: dict[str, Any], who: str, credentials: str) -> None:
    found = caller_of(record(identity, "aws-cli/2.27.50"))

    assert found.who == who
    assert found.how.endswith(credentials)


@pytest.mark.parametrize("identity", [None, [], "x", {"sessionContext": []}, {"type": 5, "arn": {}}])
def test_an_identity_of_another_shape_names_nobody_and_breaks_nothing(identity: Any) -> None:
    assert caller_of(record(identity)).who == ""


def test_somebody_with_the_controllers_role_is_found_by_what_the_controller_was_seen_to_use() -> None:
    custom = assumed("my-capa-role", "1763640000000000000")
    controller = caller_of(record(custom, CAPA_AGENT))
    person = caller_of(record(assumed("my-capa-role", "mallory")))
    stranger = caller_of(record(DEPLOYER))

    roles = controller_roles(iter([controller, person, stranger]))

    assert [bool(borrowed(caller, roles)) for caller in (controller, person, stranger)] == [False, True, False]
