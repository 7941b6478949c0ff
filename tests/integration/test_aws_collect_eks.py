"""How EKS is read over HTTP: a listing of clusters, then one pass over each; one refusal blinds only its own part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from drift_audit.model.keys import CloudScope
from drift_audit.model.views import CloudScopeView, ScopeStatus
from tests.integration.eks_world import ADMINS, EksWorld, auditing, eks_world
from tests.rig.aws_eks import EksSpec, GroupSpec
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, quiet, view
from tests.unit.aws.faults import Answer, Fault, Params, faulty_aws

SCOPE = CloudScope("aws", ACCOUNT, REGION)
PARTS = {
    "eks-access-entry": 3,
    "eks-addon": 2,
    "eks-cluster": 1,
    "eks-fargate-profile": 1,
    "eks-identity-provider": 1,
    "eks-node-group": 2,
    "oidc-provider": 1,
}
DENIED = Answer(403, b'{"__type": "AccessDeniedException", "message": "no"}', "application/json")


@pytest.fixture
def world(aws_endpoint: AwsEndpoint) -> EksWorld:
    return eks_world(aws_endpoint)


def collected(url: str, world: EksWorld, **more: int) -> CloudScopeView:
    provider = auditing(url, max_attempts=1, **more)
    (cloud,) = [provider.collect(asked, quiet) for asked in provider.plan([view(world.objects)]).requests]
    return cloud


def counts(cloud: CloudScopeView) -> Mapping[str, int]:
    found = Counter(kind for kind, _ in cloud.resources)
    return {kind: found[kind] for kind in PARTS if found[kind]}


def listing(path: str, answer: Answer = DENIED, after: int = 0) -> Fault:
    """Every call to a path that ends so gets this answer, once it has worked so many times."""
    seen = iter(range(after))
    return lambda params: answer if params["Path"].endswith(path) and next(seen, None) is None else None


def test_everything_of_a_cluster_is_read(world: EksWorld) -> None:
    cloud = collected(world.url, world)

    assert cloud.gaps == ()
    assert counts(cloud) == PARTS
    group = cloud.resources["eks-node-group", f"{world.name}/default_ng"]
    assert group.attributes["scalingConfig"] == {"minSize": 1, "maxSize": 5, "desiredSize": 2}
    assert group.tags["team"] == "web"
    assert group.created_at.endswith("Z")
    entry = cloud.resources["eks-access-entry", f"{world.name}/{ADMINS}"]
    assert entry.attributes["associatedAccessPolicies"] == []
    assert "certificateAuthority" not in cloud.resources["eks-cluster", world.name].attributes


def test_a_cluster_takes_a_listing_of_each_kind_and_a_call_for_each_part(world: EksWorld) -> None:
    with faulty_aws(world.url, lambda _: None) as endpoint:
        cloud = collected(endpoint.url, world)
        asked = Counter(params["Path"] for params in endpoint.asked if "/clusters" in params["Path"])

    base = f"/clusters/{world.name}"
    described = 1 + 2 + 1 + 2 + 3 + 1
    assert [path for path, times in asked.items() if times > 1] == []
    assert {path for path in asked if path.count("/") < 4} == {
        "/clusters",
        base,
        *(
            f"{base}/{kind}"
            for kind in ("access-entries", "addons", "fargate-profiles", "identity-provider-configs", "node-groups")
        ),
    }
    assert sum(asked.values()) == 1 + 5 + described + 3
    spent = {read.scope.rpartition("/")[2]: read.calls for read in cloud.reads}
    assert sum(spent[kind] for kind in PARTS if kind.startswith("eks-")) == sum(asked.values())


@pytest.fixture
def many(aws_endpoint: AwsEndpoint) -> EksWorld:
    return eks_world(aws_endpoint, EksSpec(name="e1", groups=[GroupSpec(name=f"ng-{number}") for number in range(7)]))


def test_a_listing_goes_on_over_its_pages(many: EksWorld) -> None:
    assert counts(collected(many.url, many, page_size=5)) == {"eks-cluster": 1, "eks-node-group": 7}


@pytest.mark.parametrize(
    ("path", "kind", "action"),
    [
        ("/clusters", "eks-cluster", "eks:ListClusters"),
        ("/clusters/default_e1-cp", "eks-cluster", "eks:DescribeCluster"),
        ("/node-groups", "eks-node-group", "eks:ListNodegroups"),
        ("/node-groups/default_ng", "eks-node-group", "eks:DescribeNodegroup"),
        ("/fargate-profiles", "eks-fargate-profile", "eks:ListFargateProfiles"),
        ("/fargate-profiles/default_fp", "eks-fargate-profile", "eks:DescribeFargateProfile"),
        ("/addons", "eks-addon", "eks:ListAddons"),
        ("/addons/coredns", "eks-addon", "eks:DescribeAddon"),
        ("/access-entries", "eks-access-entry", "eks:ListAccessEntries"),
        ("readers", "eks-access-entry", "eks:DescribeAccessEntry"),
        ("/access-policies", "eks-access-entry", "eks:ListAssociatedAccessPolicies"),
        ("/identity-provider-configs", "eks-identity-provider", "eks:ListIdentityProviderConfigs"),
        ("/identity-provider-configs/describe", "eks-identity-provider", "eks:DescribeIdentityProviderConfig"),
    ],
)
def test_a_refused_call_is_a_gap_with_the_missing_right(world: EksWorld, path: str, kind: str, action: str) -> None:
    with faulty_aws(world.url, listing(path)) as endpoint:
        cloud = collected(endpoint.url, world)

    (gap,) = cloud.gaps
    assert (gap.scope, gap.right) == (f"{SCOPE}/{kind}", action)
    assert not cloud.listed(kind)


def test_without_clusters_nothing_of_them_is_complete(world: EksWorld) -> None:
    with faulty_aws(world.url, listing("/clusters")) as endpoint:
        cloud = collected(endpoint.url, world)

    hanging = [kind for kind in PARTS if kind.startswith("eks-")]
    assert not any(cloud.listed(kind) for kind in hanging)
    statuses = {read.scope.rpartition("/")[2]: read.status for read in cloud.reads}
    assert {statuses[kind] for kind in hanging} == {ScopeStatus.FAILED}


def test_half_an_answer_is_no_answer(world: EksWorld) -> None:
    with faulty_aws(
        world.url, listing("/node-groups", Answer(200, b'{"nodegroups": ["def', "application/json"))
    ) as bad:
        cloud = collected(bad.url, world)

    assert [gap.subject for gap in cloud.gaps] == ["eks-node-group"]
    assert not cloud.listed("eks-node-group")


def test_a_second_page_that_fails_leaves_the_listing_incomplete(many: EksWorld) -> None:
    with faulty_aws(many.url, listing("/node-groups", after=1)) as endpoint:
        cloud = collected(endpoint.url, many, page_size=5)

    assert [read.status for read in cloud.reads if read.scope.endswith("eks-node-group")] == [ScopeStatus.PARTIAL]
    assert not cloud.listed("eks-node-group")


def test_a_part_that_goes_between_the_listing_and_its_description_is_none(world: EksWorld) -> None:
    gone = Answer(404, b'{"__type": "ResourceNotFoundException", "message": "gone"}', "application/json")

    with faulty_aws(world.url, listing("/addons/coredns", gone)) as endpoint:
        cloud = collected(endpoint.url, world)

    assert cloud.gaps == ()
    assert counts(cloud) == {**PARTS, "eks-addon": 1}


def test_a_cluster_that_only_knows_the_config_map_is_not_asked_for_its_access_entries(
    aws_endpoint: AwsEndpoint,
) -> None:
    """EKS refuses that question with an InvalidRequestException."""
    world = eks_world(aws_endpoint, EksSpec(name="e1", spec={"accessConfig": {"authenticationMode": "config_map"}}))
    paths: list[str] = []

    def heard(params: Params) -> None:
        paths.append(params["Path"])

    with faulty_aws(world.url, heard) as endpoint:
        cloud = collected(endpoint.url, world)

    assert cloud.gaps == ()
    assert not [path for path in paths if "access-entries" in path]


def test_other_peoples_clusters_are_neither_kept_nor_looked_into(world: EksWorld) -> None:
    subnets = {"subnetIds": [world.state.network.subnets[0].id]}
    world.eks.create_cluster(name="theirs", roleArn="arn:aws:iam::1:role/x", resourcesVpcConfig=subnets)

    with faulty_aws(world.url, lambda _: None) as endpoint:
        cloud = collected(endpoint.url, world)
        paths = [params["Path"] for params in endpoint.asked]

    assert counts(cloud) == PARTS
    assert [path for path in paths if path.startswith("/clusters/theirs/")] == []


def test_a_second_look_asks_for_the_suspects_alone(world: EksWorld) -> None:
    views = [view(world.objects)]
    (request,) = world.provider.plan(views).requests
    cloud = world.provider.collect(request, quiet)
    key = cloud.resources["eks-node-group", f"{world.name}/default_ng"].key
    world.eks.delete_nodegroup(clusterName=world.name, nodegroupName="default_ng")

    with faulty_aws(world.url, lambda _: None) as endpoint:
        again = auditing(endpoint.url).reread(request, cloud, [key])
        paths = [params["Path"] for params in endpoint.asked if params["Path"] != "/"]

    assert paths == [f"/clusters/{world.name}/node-groups/default_ng"]
    assert ("eks-node-group", key.id) not in again.resources
    assert again.gaps == ()
