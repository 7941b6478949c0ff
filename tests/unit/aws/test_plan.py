"""From CAPA identities to accounts, and from clusters to scopes."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.keys import CloudScope, ClusterKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ScopeStatus
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.unit.aws.builders import (
    ACCOUNT,
    CONTROL_PLANE,
    CORE,
    INFRA,
    OTHER_ACCOUNT,
    REGION,
    SCOPE,
    capi_object,
    settings,
    view,
)

C1 = ClusterKey("mgmt", "default", "c1")
TWO = (AwsAccount(account=ACCOUNT), AwsAccount(account=OTHER_ACCOUNT))


def cluster(
    identity: str = "", *, balancer_account: str = "", name: str = "c1", region: str = REGION
) -> list[CapiObject]:
    kind, _, identity_name = identity.partition("/")
    reference = {"identityRef": {"kind": kind, "name": identity_name}} if identity else {}
    arn = f"arn:aws:elasticloadbalancing:{region}:{balancer_account}:loadbalancer/net/x/y"
    groups: dict[str, Any] = {"securityGroups": {"node": {"id": "sg-node", "name": "c1-node"}}}
    return [
        capi_object(CORE, "Cluster", name, spec={"infrastructureRef": {"kind": "AWSCluster", "name": name}}),
        capi_object(
            INFRA,
            "AWSCluster",
            name,
            spec={"region": region, "network": {"vpc": {"id": f"vpc-{name}"}}, **reference},
            status={"networkStatus": {**groups, **({"apiServerElb": {"arn": arn}} if balancer_account else {})}},
        ),
    ]


def role_identity(account: str, name: str = "prod") -> CapiObject:
    spec = {"roleARN": f"arn:aws:iam::{account}:role/capa"}
    return capi_object(INFRA, "AWSClusterRoleIdentity", name, namespace="", spec=spec)


def eks() -> list[CapiObject]:
    reference = {"kind": "AWSManagedControlPlane", "name": "e1-cp"}
    return [
        capi_object(
            CORE,
            "Cluster",
            "e1",
            spec={
                "controlPlaneRef": reference,
                "infrastructureRef": {"kind": "AWSManagedCluster", "name": "e1"},
            },
        ),
        capi_object(
            CONTROL_PLANE,
            "AWSManagedControlPlane",
            "e1-cp",
            spec={"region": REGION, "eksClusterName": "default_e1-cp", "network": {"vpc": {"id": "vpc-e1"}}},
        ),
    ]


def test_the_only_account_serves_the_default_identity() -> None:
    plan = AwsProvider(settings()).plan([view(cluster())])

    assert plan.gaps == ()
    assert plan.scope_of == {C1: SCOPE}
    (request,) = plan.requests
    assert request.clusters == (C1,)
    assert request.hints["vpc"] == ("vpc-c1",)
    assert request.hints["security-group"] == ("sg-node",)


def test_with_two_accounts_the_default_identity_has_to_be_mapped() -> None:
    plan = AwsProvider(settings(*TWO)).plan([view(cluster())])

    (gap,) = plan.gaps
    assert plan.requests == ()
    assert "cluster default/c1 uses identity AWSClusterControllerIdentity/default" in gap.reason
    assert gap.remedy == (
        "Add 'AWSClusterControllerIdentity/default' under clouds.aws.accounts[].identities of its account."
    )


def test_the_default_identity_of_each_management_cluster_can_be_mapped() -> None:
    identity = "AWSClusterControllerIdentity/default"
    accounts = (
        AwsAccount(account=ACCOUNT, identities=(f"mgmt/{identity}",)),
        AwsAccount(account=OTHER_ACCOUNT, identities=(identity,)),
    )

    plan = AwsProvider(settings(*accounts)).plan([view(cluster()), view(cluster(), name="mgmt-2")])

    assert plan.scope_of[C1] == SCOPE
    assert plan.scope_of[ClusterKey("mgmt-2", "default", "c1")] == CloudScope("aws", OTHER_ACCOUNT, REGION)


def test_the_account_of_a_role_identity_stands_in_its_arn() -> None:
    objects = [*cluster("AWSClusterRoleIdentity/prod"), role_identity(OTHER_ACCOUNT)]

    plan = AwsProvider(settings(*TWO)).plan([view(objects)])

    assert plan.scope_of[C1].account == OTHER_ACCOUNT


def test_the_account_of_the_load_balancer_is_proof() -> None:
    plan = AwsProvider(settings(*TWO)).plan([view(cluster(balancer_account=OTHER_ACCOUNT))])

    assert plan.scope_of[C1].account == OTHER_ACCOUNT


@pytest.mark.parametrize(
    ("objects", "incomplete", "accounts", "reason", "remedy"),
    [
        (
            [*cluster("AWSClusterRoleIdentity/prod"), role_identity("999999999999")],
            (),
            TWO,
            "account 999999999999, which is not configured",
            'account: "999999999999"',
        ),
        (cluster("AWSClusterRoleIdentity/prod"), (), TWO, "does not exist", "identityRef"),
        (
            cluster("AWSClusterRoleIdentity/prod"),
            ("AWSClusterRoleIdentity",),
            TWO,
            "could not be read",
            "Let the audit list AWSClusterRoleIdentity",
        ),
        (cluster("AWSClusterStaticIdentity/keys"), (), (), "no configured account", "AWSClusterStaticIdentity/keys"),
        (
            cluster(balancer_account=OTHER_ACCOUNT),
            (),
            (AwsAccount(account=ACCOUNT, identities=("AWSClusterControllerIdentity/default",)),),
            f"mapped to account {ACCOUNT}, but its load balancer is in {OTHER_ACCOUNT}",
            f"entry of account {OTHER_ACCOUNT}",
        ),
        (cluster(balancer_account=OTHER_ACCOUNT), (), (), f"of account {OTHER_ACCOUNT}, which", OTHER_ACCOUNT),
        (cluster(region=""), (), (), "names no region", "spec.region"),
        (cluster()[:1], (), (), "could not be read", "AWSCluster"),
    ],
)
def test_a_cluster_without_an_account_is_a_gap(
    objects: list[CapiObject], incomplete: tuple[str, ...], accounts: tuple[AwsAccount, ...], reason: str, remedy: str
) -> None:
    plan = AwsProvider(settings(*accounts)).plan([view(objects, incomplete=incomplete)])

    (gap,) = plan.gaps
    assert plan.scope_of == {}
    assert reason in gap.reason
    assert remedy in gap.remedy


def test_eks_is_placed_and_nothing_of_it_is_left_out() -> None:
    plan = AwsProvider(settings()).plan([view(eks())])

    assert plan.scope_of == {ClusterKey("mgmt", "default", "e1"): SCOPE}
    assert plan.gaps == ()
    assert plan.requests[0].hints["eks-cluster"] == ("default_e1-cp",)


def test_rosa_is_said_not_to_be_audited() -> None:
    rosa = capi_object(CONTROL_PLANE, "ROSAControlPlane", "r1-cp", spec={"region": REGION})

    (gap,) = AwsProvider(settings()).plan([view([rosa])]).gaps

    assert gap.status is ScopeStatus.SKIPPED
    assert "ROSA" in gap.reason


def test_clusters_of_other_providers_are_no_business_of_aws() -> None:
    azure = capi_object(CORE, "Cluster", "a1", spec={"infrastructureRef": {"kind": "AzureCluster", "name": "a1"}})

    plan = AwsProvider(settings()).plan([view([azure])])

    assert (plan.requests, plan.gaps) == ((), ())


def test_clusters_of_one_account_and_region_share_one_request() -> None:
    objects = [*cluster(), *cluster(name="c2"), *cluster(name="c3", region="us-east-1")]

    plan = AwsProvider(settings()).plan([view(objects)])

    assert [(request.scope.region, len(request.clusters)) for request in plan.requests] == [
        (REGION, 2),
        ("us-east-1", 1),
    ]
