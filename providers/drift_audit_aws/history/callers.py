"""Who made a call that CloudTrail recorded, and by what kind of tool.

Marks that AWS itself sets (console session, service) come before the user agent, which a client may choose freely.
Sources: CloudTrail user guide, "userIdentity element" and "record contents"; CAPA v2.13.0 pkg/cloud/metrics/metrics.go,
WithCAPAUserAgentMiddleware.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from enum import StrEnum

from drift_audit.model.values import Json, JsonObject, dig, mapping, text


class CallerClass(StrEnum):
    """The words of `Actor.actor_class`."""

    CONSOLE = "console-human"
    CLI = "cli-human"
    IAC = "iac"
    AUTOMATION = "automation"
    SERVICE = "aws-service"
    CAPA = "capa"
    IN_CLUSTER = "in-cluster-controller"
    UNKNOWN = "unknown"


CAPA_AGENT = "aws.cluster.x-k8s.io/"
CAPA_ROLE = re.compile(r"controllers\.cluster-api-provider-aws\.sigs\.k8s\.io\Z")
"""Name of the role that `clusterawsadm bootstrap iam` makes for the controller (cmd/clusterawsadm/.../template.go)."""
SSO_ROLE = re.compile(r"AWSReservedSSO_(?P<permission_set>.+)_[0-9a-f]{16}\Z")
_INSTANCE_SESSION = re.compile(r"i-[0-9a-f]{8,17}\Z")
_NAMELESS_SESSION = re.compile(
    r"(?:botocore|aws-go-sdk|aws-sdk-[\w-]+|boto3|session|AssumeRoleSession|GitHubActions|aws-cli)(?:[-_]?[\w-]*)\Z|[\d-]+\Z",
    re.IGNORECASE,
)
"""Session names that tools make up: they name nobody, so that the role has to."""

_CONSOLE_AGENTS = re.compile(
    r"AWS Internal\b|aws-internal/|\b(?:console|signin)\.amazonaws\.com|\bCoral/|S3Console|\[AWSCloudTrail"
    r"|\AMozilla/5\.0"
)
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?\Z")

_AGENTS: tuple[tuple[re.Pattern[str], CallerClass, str], ...] = tuple(
    (re.compile(pattern), caller, tool)
    for pattern, caller, tool in (
        # In-cluster controllers first: they are built on SDKs whose names stand in the same line.
        (r"aws-load-balancer-controller|elbv2\.k8s\.aws/", CallerClass.IN_CLUSTER, "AWS Load Balancer Controller"),
        (r"aws-ebs-csi-driver|ebs\.csi\.aws\.com", CallerClass.IN_CLUSTER, "EBS CSI driver"),
        (r"cluster-autoscaler", CallerClass.IN_CLUSTER, "cluster-autoscaler"),
        (r"karpenter", CallerClass.IN_CLUSTER, "Karpenter"),
        (r"amazon-vpc-cni|aws-node", CallerClass.IN_CLUSTER, "VPC CNI"),
        (r"cloud-provider-aws|aws-cloud-controller-manager|\bkubernetes/", CallerClass.IN_CLUSTER, "cloud provider"),
        (r"HashiCorp[^ ]* .*Terraform|\bTerraform/|terraform-provider-aws", CallerClass.IAC, "Terraform"),
        (r"OpenTofu", CallerClass.IAC, "OpenTofu"),
        (r"Pulumi", CallerClass.IAC, "Pulumi"),
        (r"[Cc]rossplane|upjet", CallerClass.IAC, "Crossplane"),
        (r"cloudformation\.amazonaws\.com", CallerClass.IAC, "CloudFormation"),
        (r"aws-cdk|cdk-assets", CallerClass.IAC, "AWS CDK"),
        (r"[Aa]nsible", CallerClass.IAC, "Ansible"),
        (r"exec-env/CloudShell", CallerClass.CLI, "AWS CloudShell"),
        (r"\Aaws-cli/|\A\[aws-cli/", CallerClass.CLI, "AWS CLI"),
        (r"AWSPowerShell", CallerClass.CLI, "AWS PowerShell"),
        (r"eksctl", CallerClass.CLI, "eksctl"),
        (r"Boto3/|Botocore/", CallerClass.AUTOMATION, "boto3"),
        (r"aws-sdk-([\w-]+)|aws-sdk/", CallerClass.AUTOMATION, "an AWS SDK"),
    )
)
"""By user agent, the first that matches."""

_ROBOTS = re.compile(
    r"token\.actions\.githubusercontent\.com|gitlab|circleci|oidc\.eks\.|buildkite|bitbucket|tfc|app\.terraform"
)
"""Issuers of web identities that no person signs in with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who made a call."""

    who: str
    how: str
    caller: CallerClass
    role: str = ""
    """ARN of the assumed role, or of the user: what the credentials belong to."""


def caller_of(record: JsonObject) -> Caller:
    """The caller of a record, as far as the record alone tells."""
    identity = mapping(record.get("userIdentity"))
    caller, tool = next(found for rule in _RULES if (found := rule(record, identity)) is not None)
    role = _role_name(identity)
    return Caller(
        who=_who(identity, record),
        how=", ".join(filter(None, (tool, _credentials(identity, role)))),
        caller=caller,
        role=text(dig(identity, "sessionContext", "sessionIssuer", "arn")) or text(identity.get("arn")),
    )


def controller_roles(callers: Iterator[Caller]) -> Set[str]:
    """The roles that the controller was seen to use, and those with the name that it has by default."""
    found = set[str]()
    for caller in callers:
        if caller.role and (caller.caller is CallerClass.CAPA or CAPA_ROLE.search(caller.role)):
            found.add(caller.role)
    return found


def borrowed(caller: Caller, roles: Set[str]) -> str:
    """How somebody acts who has the controller's credentials and is not the controller; empty for everybody else."""
    if caller.caller in (CallerClass.CAPA, CallerClass.SERVICE) or caller.role not in roles:
        return ""
    return "with the controller's own credentials"


# What kind of caller: asked in this order, the first answer counts

_Rule = Callable[[JsonObject, JsonObject], "tuple[CallerClass, str] | None"]


def _by_cloudformation(record: JsonObject, identity: JsonObject) -> tuple[CallerClass, str] | None:
    """CloudFormation acts for somebody, and the record names that somebody."""
    if "cloudformation.amazonaws.com" in (text(identity.get("invokedBy")), text(record.get("sourceIPAddress"))):
        return CallerClass.IAC, "CloudFormation"
    return None


def _by_service(record: JsonObject, identity: JsonObject) -> tuple[CallerClass, str] | None:
    role = text(dig(identity, "sessionContext", "sessionIssuer", "arn"))
    service = next(filter(_SERVICE.match, (text(identity.get("invokedBy")), text(record.get("sourceIPAddress")))), "")
    own = identity.get("type") == "AWSService" or record.get("eventType") == "AwsServiceEvent"
    if own or service or "/aws-service-role/" in role or "AWSServiceRoleFor" in role:
        named = service or text(identity.get("invokedBy")) or text(record.get("eventSource"))
        return CallerClass.SERVICE, named
    return None


def _by_console(record: JsonObject, identity: JsonObject) -> tuple[CallerClass, str] | None:
    flags = (record.get("sessionCredentialFromConsole"), _attribute(identity, "sessionCredentialFromConsole"))
    agent = text(record.get("userAgent"))
    if any(str(flag).lower() == "true" for flag in flags):
        shell = "aws-cli/" in agent
        return (CallerClass.CLI, "AWS CloudShell") if shell else (CallerClass.CONSOLE, "AWS console")
    internal = record.get("sourceIPAddress") == "AWS Internal" or identity.get("invokedBy") == "AWS Internal"
    acted = record.get("eventType") in ("AwsConsoleAction", "AwsConsoleSignIn")
    if acted or internal or _CONSOLE_AGENTS.search(agent):
        return CallerClass.CONSOLE, "AWS console"
    return None


def _by_capa(record: JsonObject, identity: JsonObject) -> tuple[CallerClass, str] | None:
    _, found, version = text(record.get("userAgent")).partition(CAPA_AGENT)
    return (CallerClass.CAPA, f"CAPA {version.split(' ')[0]}".strip()) if found else None


def _by_agent(record: JsonObject, identity: JsonObject) -> tuple[CallerClass, str] | None:
    agent = text(record.get("userAgent"))
    for pattern, caller, tool in _AGENTS:
        if pattern.search(agent):
            return (CallerClass.AUTOMATION if caller is CallerClass.CLI and _is_robot(identity) else caller), tool
    return None


def _by_node(record: JsonObject, identity: JsonObject) -> tuple[CallerClass, str] | None:
    """Something on a machine, with the machine's own role, that no other rule knows."""
    return (CallerClass.IN_CLUSTER, "a program on a machine") if _on_a_machine(identity) else None


def _unknown(record: JsonObject, identity: JsonObject) -> tuple[CallerClass, str]:
    agent = text(record.get("userAgent"))
    return CallerClass.UNKNOWN, agent if len(agent) <= 60 else f"{agent[:59]}…"


_RULES: tuple[_Rule, ...] = (
    _by_cloudformation,
    _by_service,
    _by_console,
    _by_capa,
    _by_agent,
    _by_node,
    _unknown,
)


def _is_robot(identity: JsonObject) -> bool:
    """True where a command line is run by a pipeline or on a machine, and not by a person."""
    federation = mapping(dig(identity, "sessionContext", "webIdFederationData"))
    provider = text(federation.get("federatedProvider")) + text(identity.get("identityProvider"))
    return _on_a_machine(identity) or bool(_ROBOTS.search(provider))


def _on_a_machine(identity: JsonObject) -> bool:
    delivered = dig(identity, "sessionContext", "ec2RoleDelivery") is not None
    return delivered or bool(_INSTANCE_SESSION.match(_session(identity)))


# Who


def _who(identity: JsonObject, record: JsonObject) -> str:
    chosen = text(dig(identity, "sessionContext", "sourceIdentity")) or text(_attribute(identity, "sourceIdentity"))
    if chosen:
        return chosen
    match identity.get("type"):
        case "Root":
            return "root"
        case "AssumedRole":
            session, role = _session(identity), _role_name(identity)
            nameless = not SSO_ROLE.match(role) and bool(_NAMELESS_SESSION.match(session))
            return (role or session) if nameless else (session or role)
        case "AWSService":
            return text(identity.get("invokedBy")) or text(record.get("sourceIPAddress"))
        case "IdentityCenterUser":
            return text(identity.get("userName")) or text(dig(identity, "onBehalfOf", "userId"))
        case "AWSAccount":
            return f"account {text(identity.get('accountId'))}"
        case _:
            named = text(identity.get("userName")) or text(identity.get("arn")).rpartition("/")[2]
            return named or text(identity.get("invokedBy")) or text(identity.get("principalId"))


def _session(identity: JsonObject) -> str:
    """The name of the session of an assumed role; `principalId` is `AROA…:name`, the ARN ends in it."""
    arn = text(identity.get("arn"))
    by_arn = arn.rpartition("/")[2] if ":assumed-role/" in arn else ""
    return by_arn or text(identity.get("principalId")).partition(":")[2]


def _role_name(identity: JsonObject) -> str:
    return text(dig(identity, "sessionContext", "sessionIssuer", "userName"))


def _credentials(identity: JsonObject, role: str) -> str:
    found = SSO_ROLE.match(role)
    if found:
        return f"permission set {found['permission_set']}"
    return f"role {role}" if role else ""


def _attribute(identity: JsonObject, name: str) -> Json:
    return dig(identity, "sessionContext", "attributes", name)
