"""Identities and permissions: by the objects, by what conditions and logs say, and by the cloud's own answer."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import Certainty
from drift_audit.model.health import Answer, Feasible, Question, Topic
from drift_audit.model.keys import CloudScope
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    AWS,
    MANAGEMENT,
    cluster,
    condition,
    control_plane,
    event,
    fleet_with,
    infra_cluster,
    infra_machine,
    judged,
    log,
    machine,
    made,
    rules,
)

GROUP = "infrastructure.cluster.x-k8s.io"
ROLE = "AWSClusterRoleIdentity"
ROLES = [(GROUP, ROLE), (GROUP, "AWSClusterStaticIdentity"), (GROUP, "AzureClusterIdentity")]
NO_SESSION = (
    "failed to create scope: failed to create aws V2 session: Failed to get providers for cluster: "
    'AWSClusterRoleIdentity.infrastructure.cluster.x-k8s.io "team" not found'
)
ASSUME = (
    "operation error STS: AssumeRole, https response error StatusCode: 403, RequestID: 1-2-3, api error AccessDenied: "
    "User: arn:aws:sts::1:assumed-role/capa/i-0 is not authorized to perform: sts:AssumeRole on resource: "
    "arn:aws:iam::2:role/team"
)
DENIED = (
    "failed to create AWSMachine instance: failed to run instance: operation error EC2: RunInstances, https response "
    "error StatusCode: 403, RequestID: 8f2a, api error UnauthorizedOperation: You are not authorized to perform this "
    "operation. User: arn:aws:sts::123456789012:assumed-role/capa/i-0abc is not authorized to perform: "
    "ec2:RunInstances on resource: arn:aws:ec2:eu-central-1:123456789012:instance/* because no identity-based policy "
    "allows the ec2:RunInstances action. Encoded authorization failure message: abc"
)


def _identity(allowed: Any = None, name: str = "team", kind: str = ROLE, **spec: Any) -> CapiObject:
    allows = {} if allowed is None else {"allowedNamespaces": allowed}
    return made(AWS, kind, name, namespace="", spec={**allows, **spec})


def _using(*conditions: Any, kind: str = ROLE, **more: Any) -> CapiObject:
    return infra_cluster(*conditions, spec={"identityRef": {"kind": kind, "name": "team"}}, **more)


EVERYBODY: dict[str, Any] = {"list": None, "selector": {}}


@pytest.mark.parametrize(
    ("objects", "listed", "found"),
    [
        pytest.param([_using()], True, ["IDENT-AWS"], id="identity-gone"),
        pytest.param([_using()], False, [], id="identities-not-listed"),
        pytest.param([_using(), _identity(EVERYBODY)], True, [], id="allows-everybody"),
        pytest.param([_using(), _identity({"list": ["fleet"]})], True, [], id="allows-the-namespace"),
        pytest.param([_using(), _identity({"list": ["other"]})], True, ["IDENT-AWS"], id="allows-another"),
        pytest.param(
            [_using(), _identity({"list": ["other"], "selector": {"matchLabels": {"team": "a"}}})],
            True,
            [],
            id="allows-by-labels-that-nobody-read",
        ),
        pytest.param([_using(), _identity()], True, ["IDENT-AWS"], id="allows-nobody"),
        pytest.param(
            [_using(), _identity(EVERYBODY, sourceIdentityRef={"kind": "AWSClusterStaticIdentity", "name": "root"})],
            True,
            ["IDENT-AWS"],
            id="source-identity-gone",
        ),
        pytest.param([infra_cluster()], True, [], id="no-identity-named"),
        pytest.param([_using(age=1)], True, [], id="applied-this-minute"),
    ],
)
def test_an_identity_that_cannot_be_used_is_found_although_all_conditions_are_well(
    objects: list[CapiObject], listed: bool, found: list[str]
) -> None:
    assert rules(judged(*fleet_with(*objects), listed=ROLES if listed else ())) == found


def test_an_identity_that_is_gone_covers_the_machines_that_wait() -> None:
    late = machine(condition("Ready", False, since=40), phase="Provisioning", entered=40)
    failed = infra_machine(condition("InstanceReady", False, "InstanceProvisionFailed", "x", since=40), of=late)

    found = judged(*fleet_with(_using(), late, failed), listed=ROLES)

    assert rules(found) == ["IDENT-AWS"]
    assert found[0].affected == ("AWSMachine/fleet/one-md-0-abc-1", "Machine/fleet/one-md-0-abc-1")
    assert found[0].variant == "AWSClusterRoleIdentity team"


UNUSABLE = condition(
    "PrincipalUsageAllowed",
    False,
    "PrincipalUsageUnauthorized",
    "Namespace is not permitted to use AWSClusterRoleIdentity: team",
    since=20,
    severity="Error",
)
UNRETRIEVED = condition("PrincipalCredentialRetrieved", "Unknown", "CredentialProviderBuildFailed", ASSUME, since=20)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        pytest.param([UNUSABLE], ["IDENT-AWS"], id="usage"),
        pytest.param([UNRETRIEVED], ["IDENT-AWS"], id="role-that-cannot-be-assumed"),
        pytest.param([condition("PrincipalCredentialRetrieved")], [], id="well"),
    ],
)
def test_conditions_of_capa_name_the_identity(told: list[Any], found: list[str]) -> None:
    assert rules(judged(*fleet_with(_using(*told)))) == found


def test_what_says_it_twice_is_evidence_once() -> None:
    told = 'failed to create aws V2 session: Failed to get providers for cluster: secrets "team" not found'
    failed = [
        condition(kind, False, "PrincipalCredentialRetrievalFailed", told, since=20, severity="Error")
        for kind in ("Ready", "PrincipalCredentialRetrieved")
    ]

    found = judged(*fleet_with(_using(*failed)))

    assert rules(found) == ["IDENT-AWS"]
    assert len(found[0].evidence) == len(set(found[0].evidence)) == 2


def test_a_log_line_agrees_with_the_missing_object() -> None:
    frozen = _using(condition("Ready", False, "VpcReconciliationFailed", since=40, severity="Error"))

    found = judged(*fleet_with(frozen), logs=[log(frozen, NO_SESSION)], listed=ROLES)

    assert (rules(found), found[0].certainty) == (["IDENT-AWS"], Certainty.HIGH)


def _elsewhere(kind: str, *conditions: Any, **more: Any) -> CapiObject:
    return made(
        f"{GROUP}/v1beta1",
        kind,
        "one",
        owner=cluster(),
        status={"ready": True},
        conditions=conditions or (condition("Ready", False, since=30),),
        **more,
    )


AZURE_REF = {"identityRef": {"kind": "AzureClusterIdentity", "name": "team"}}


@pytest.mark.parametrize(
    ("live", "message", "found"),
    [
        pytest.param(
            _elsewhere("AzureCluster"),
            "failed to create scope: failed to configure azure settings and credentials for Identity: failed to "
            'retrieve AzureClusterIdentity external object "fleet"/"team": not found',
            ["IDENT-AZURE"],
            id="azure-identity-gone",
        ),
        pytest.param(
            _elsewhere("AzureCluster"),
            "failed to reconcile: ClientSecretCredential authentication failed. AADSTS7000222: The provided client "
            "secret keys for app 'x' are expired.",
            ["IDENT-AZURE"],
            id="azure-secret-expired",
        ),
        pytest.param(
            _elsewhere("GCPCluster"),
            "Reconcile error - google: could not find default credentials.",
            ["IDENT-GCP"],
            id="gcp-no-credentials",
        ),
        pytest.param(
            _elsewhere("GCPCluster"),
            'failed to create scope: getting credentials secret fleet\\gcp: Secret "gcp" not found',
            ["IDENT-GCP"],
            id="gcp-secret-gone",
        ),
        pytest.param(_elsewhere("AzureCluster"), "SkuNotAvailable: ...", ["UNEXPLAINED"], id="azure-something-else"),
        pytest.param(_elsewhere("GCPCluster"), "googleapi: Error 404", ["UNEXPLAINED"], id="gcp-something-else"),
    ],
)
def test_other_clouds_tell_it_in_their_events(live: CapiObject, message: str, found: list[str]) -> None:
    assert rules(judged(*fleet_with(live), events=[event(live, "ReconcileError", message)])) == found


def test_an_azure_identity_that_is_gone_is_found_by_the_object() -> None:
    live = _elsewhere("AzureCluster", condition("Ready"), spec=AZURE_REF)

    assert rules(judged(*fleet_with(live), listed=ROLES)) == ["IDENT-AZURE"]
    assert rules(judged(*fleet_with(live))) == []


def _failed(message: str, since: float = 30) -> list[CapiObject]:
    late = machine(condition("Ready", False, since=since), phase="Provisioning", entered=since)
    told = condition("InstanceReady", False, "InstanceProvisionFailed", message, since=since, severity="Error")
    return [late, infra_machine(told, of=late)]


@pytest.mark.parametrize(
    ("message", "found", "variant", "value"),
    [
        pytest.param(
            DENIED,
            ["IDENT-IAM-DENIED"],
            "ec2:RunInstances",
            "ec2:RunInstances is denied on arn:aws:ec2:eu-central-1:123456789012:instance/*",
            id="aws",
        ),
        pytest.param(
            "operation error Elastic Load Balancing v2: DescribeTargetGroups, https response error StatusCode: 403, "
            "RequestID: 1, api error AccessDenied: no",
            ["IDENT-IAM-DENIED"],
            "elastic load balancing v2:DescribeTargetGroups",
            "elastic load balancing v2:DescribeTargetGroups is denied",
            id="aws-without-a-sentence",
        ),
        pytest.param(
            "UnauthorizedOperation: You are not authorized to perform this operation.",
            ["IDENT-IAM-DENIED"],
            "UnauthorizedOperation",
            "UnauthorizedOperation is denied",
            id="aws-code-alone",
        ),
        pytest.param(
            "RESPONSE 403: 403 Forbidden ERROR CODE: AuthorizationFailed The client 'x' with object id 'y' does not "
            "have authorization to perform action 'Microsoft.Compute/virtualMachines/write' over scope "
            "'/subscriptions/1/resourceGroups/one' or the scope is invalid.",
            ["IDENT-IAM-DENIED"],
            "Microsoft.Compute/virtualMachines/write",
            "Microsoft.Compute/virtualMachines/write is denied on /subscriptions/1/resourceGroups/one",
            id="azure",
        ),
        pytest.param(
            "googleapi: Error 403: Required 'compute.instances.create' permission for "
            "'projects/p/zones/z/instances/i', forbidden",
            ["IDENT-IAM-DENIED"],
            "compute.instances.create",
            "compute.instances.create is denied on projects/p/zones/z/instances/i",
            id="gcp",
        ),
        pytest.param(
            "api error AuthFailure: AWS was not able to validate the provided access credentials",
            ["IDENT-CREDENTIALS"],
            "AuthFailure",
            "the cloud does not accept the credentials: AuthFailure",
            id="credentials",
        ),
        pytest.param(
            "operation error EC2: RunInstances, api error ExpiredToken: The security token is expired",
            ["IDENT-CREDENTIALS"],
            "ExpiredToken",
            "the cloud does not accept the credentials: ExpiredToken",
            id="token",
        ),
    ],
)
def test_what_is_denied_is_named_with_its_action_and_resource(
    message: str, found: list[str], variant: str, value: str
) -> None:
    said = judged(*fleet_with(*_failed(message)))

    assert rules(said) == found
    assert (said[0].variant, said[0].chain[0].fact) == (variant, value)


@pytest.mark.parametrize(
    "message",
    [
        "api error AuthFailure.ServiceLinkedRoleCreationNotPermitted: no spot role",
        "api error InsufficientInstanceCapacity: We currently do not have sufficient m5.large capacity",
    ],
)
def test_other_failures_are_no_matter_of_identity(message: str) -> None:
    assert not [rule for rule in rules(judged(*fleet_with(*_failed(message)))) if rule.startswith("IDENT-")]


@pytest.mark.parametrize(
    ("feasible", "certainty"), [(Feasible.IMPOSSIBLE, Certainty.HIGH), (Feasible.POSSIBLE, Certainty.MEDIUM)]
)
def test_the_cloud_confirms_or_contradicts_a_denial(feasible: Feasible, certainty: Certainty) -> None:
    objects = _failed(DENIED)
    scope = CloudScope("aws", "123456789012", "eu-central-1")
    question = Question(
        topic=Topic.PERMISSION, scope=scope, management_cluster=MANAGEMENT, object=objects[1].key, about={}
    )
    answer = Answer(question=question, feasible=feasible, fact="ec2:RunInstances: simulated")

    found = judged(*fleet_with(*objects), answers=[answer])

    assert (rules(found), found[0].certainty) == (["IDENT-IAM-DENIED"], certainty)


FINALIZER = "awsmachine.infrastructure.cluster.x-k8s.io"


@pytest.mark.parametrize(
    ("deleting", "finalizers", "message", "found"),
    [
        pytest.param(40, [FINALIZER], NO_SESSION, ["IDENT-DELETE-BLOCKED"], id="no-session"),
        pytest.param(40, [FINALIZER], DENIED.replace("Run", "Terminate"), ["IDENT-DELETE-BLOCKED"], id="denied"),
        pytest.param(5, [FINALIZER], NO_SESSION, [], id="for-minutes"),
        pytest.param(40, [FINALIZER], "DependencyViolation: in use", ["DEL-INFRA"], id="another-error"),
    ],
)
def test_a_deletion_that_cannot_ask_the_cloud_is_told_with_what_to_restore_first(
    deleting: float, finalizers: list[str], message: str, found: list[str]
) -> None:
    above = machine(
        condition("Deleting", True, "WaitingForInfrastructureDeletion", since=deleting),
        phase="Deleting",
        deleting=deleting,
    )
    live = infra_machine(of=above, deleting=deleting, finalizers=finalizers)

    assert rules(judged(*fleet_with(above, live), logs=[log(live, message)])) == found


def test_the_echo_of_a_denial_on_the_machine_is_no_cause_of_its_own() -> None:
    late, failed = _failed(DENIED)
    echo = machine(
        condition("InfrastructureReady", False, "NotReady", DENIED, since=30), phase="Provisioning", entered=30
    )

    found = judged(*fleet_with(echo, failed, control_plane()))

    assert [str(finding.object and finding.object.kind) for finding in found] == ["AWSMachine"]
    assert late.key == echo.key
