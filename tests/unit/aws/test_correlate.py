"""What is gone, what is left over, and what nobody can say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from drift_audit.interfaces import Correlation
from drift_audit.model.findings import Severity
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import mapping, text
from drift_audit.model.views import ClusterView, Gap, View
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.rig.aws_state import CCM, ROLE, TAG, AwsClusterSpec, AwsClusterState, MachineSpec
from tests.unit.aws.builders import (
    ACCOUNT,
    CONTROL_PLANE,
    CORE,
    INFRA,
    REGION,
    capi_object,
    changed,
    cloud,
    cluster_objects,
    correlated,
    instance,
    replaced,
    resource,
    settings,
    standing_network,
    view,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
C1 = AwsClusterSpec(name="c1", machines=(MachineSpec(name="md-0"), MachineSpec(name="cp-0", role="control-plane")))
MAPPED = AwsAccount(account=ACCOUNT, identities=("AWSClusterControllerIdentity/default",))


def state(vpc: str = "vpc-1", **instances: str) -> AwsClusterState:
    return AwsClusterState(
        account=ACCOUNT,
        region=REGION,
        vpc_id=vpc,
        subnet_ids={"public": "subnet-1", "private": "subnet-2"},
        security_groups={"node": "sg-node", "lb": "sg-lb"},
        instances=instances or {"md-0": "i-md0", "cp-0": "i-cp0"},
        zone=f"{REGION}a",
        nat_address="192.0.2.1",
    )


OBJECTS = cluster_objects(C1, state())
GROUPS = (resource("security-group", "sg-node", VpcId="vpc-1"), resource("security-group", "sg-lb", VpcId="vpc-1"))
WHOLE = (instance("i-md0"), instance("i-cp0"), *GROUPS)


def correlate(
    resources: Sequence[CloudResource] = WHOLE,
    objects: Sequence[CapiObject] = OBJECTS,
    *,
    more: Sequence[ClusterView] = (),
    accounts: Sequence[AwsAccount] = (MAPPED,),
    incomplete_kinds: Sequence[str] = (),
    gaps: Sequence[Gap] = (),
    **scope: Any,
) -> Correlation:
    """Of a scope in which also the networks stand that clusters name, unless nothing does."""
    views = [view(objects, incomplete=incomplete_kinds, gaps=gaps), *more]
    named = {text(found.at("spec", "network", "vpc", "id")) for each in views for found in each.objects.values()}
    networks = [part for vpc in sorted(named - {""}) for part in standing_network(vpc)] if resources else []
    return correlated(AwsProvider(settings(*accounts)), views, [cloud([*resources, *networks], **scope)], NOW)


def named(kind: str, name: str) -> CapiObject:
    return next(found for found in OBJECTS if (found.kind, found.name) == (kind, name))


def group(resource_id: str, role: str = "node", cluster: str = "c1", **fields: Any) -> CloudResource:
    tags = {TAG + cluster: "owned", ROLE: role, **fields.pop("tags", {})}
    return resource("security-group", resource_id, **{"VpcId": "vpc-1", **fields}, tags=tags)


def test_every_object_is_linked_to_its_resource() -> None:
    found = correlate()

    assert {(str(link.object), link.resource.id) for link in found.links} == {
        ("AWSMachine/default/md-0", "i-md0"),
        ("AWSMachine/default/cp-0", "i-cp0"),
        ("AWSCluster/default/c1", "sg-node"),
        ("AWSCluster/default/c1", "sg-lb"),
        ("AWSCluster/default/c1", "vpc-1"),
        ("AWSCluster/default/c1", "subnet-1"),
        ("AWSCluster/default/c1", "subnet-2"),
    }
    assert not (found.absences or found.leftovers or found.undecided or found.gaps)


def test_what_a_complete_listing_does_not_hold_is_missing() -> None:
    found = correlate([WHOLE[0], GROUPS[1]])

    assert [(absence.link.resource.id, absence.path, absence.severity) for absence in found.absences] == [
        ("i-cp0", "spec.providerID", Severity.CRITICAL),
        ("sg-node", "status.networkStatus.securityGroups.node.id", Severity.HIGH),
    ]
    assert not any(absence.transitional for absence in found.absences)
    assert all(absence.next_steps and absence.reaction for absence in found.absences)


def test_what_an_incomplete_listing_does_not_hold_is_undecided() -> None:
    found = correlate([WHOLE[0]], incomplete=("instance", "security-group"))

    assert found.absences == ()
    assert {str(undecided.object) for undecided in found.undecided} == {
        "AWSMachine/default/cp-0",
        "AWSCluster/default/c1",
    }
    assert "is not completely known: denied" in found.undecided[0].reason


def test_an_unmapped_cluster_is_undecided() -> None:
    found = correlate(accounts=(AwsAccount(account=ACCOUNT), AwsAccount(account="444455556666")))

    assert (found.links, found.absences) == ((), ())
    assert {undecided.object.kind for undecided in found.undecided} == {"AWSMachine", "AWSCluster"}


@pytest.mark.parametrize("account", [AwsAccount(account=ACCOUNT), MAPPED])
def test_a_cluster_of_which_nothing_is_found_is_undecided_where_only_the_configuration_knows_its_account(
    account: AwsAccount,
) -> None:
    found = correlate([], accounts=(account,))

    assert found.absences == ()
    assert "only the configuration says that it lives there" in found.undecided[0].reason


def test_a_cluster_of_which_nothing_is_found_is_missing_where_its_load_balancer_proves_the_account() -> None:
    infra = named("AWSCluster", "c1")
    balancer = {"arn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/net/c1/1"}
    network = {**mapping(infra.at("status", "networkStatus")), "apiServerElb": balancer}
    proven = changed(infra, status={"networkStatus": network})

    found = correlate([], objects=replaced(OBJECTS, proven))

    assert len(found.absences) == 4 + len(standing_network())


def test_one_instance_missing_in_an_assumed_account_is_missing() -> None:
    found = correlate(WHOLE[1:], accounts=(AwsAccount(account=ACCOUNT),))

    assert [absence.link.resource.id for absence in found.absences] == ["i-md0"]


@pytest.mark.parametrize(
    "section",
    [
        {"metadata": {"deletionTimestamp": "2026-11-20T11:00:00Z"}},
        {"metadata": {"creationTimestamp": "2026-11-20T11:58:00Z"}},
    ],
    ids=["deleting", "creating"],
)
def test_coming_and_going_is_transitional(section: dict[str, Any]) -> None:
    machine = named("AWSMachine", "md-0")
    edited = changed(machine, **section)

    (absence,) = correlate(WHOLE[1:], replaced(OBJECTS, edited)).absences

    assert absence.transitional


def test_an_instance_of_a_pool_is_replaced_by_its_group() -> None:
    labels = {"labels": {"cluster.x-k8s.io/cluster-name": "c1", "cluster.x-k8s.io/pool-name": "mp-0"}}
    pooled = changed(named("AWSMachine", "md-0"), metadata=labels)

    (absence,) = correlate(WHOLE[1:], replaced(OBJECTS, pooled)).absences

    assert absence.transitional
    assert "Auto Scaling group" in absence.reaction


def test_a_terminated_instance_counts_as_gone() -> None:
    ended = instance("i-md0", state="terminated", StateTransitionReason="User initiated (2026-11-20 09:00:00 GMT)")

    (absence,) = correlate([ended, *WHOLE[1:]]).absences

    assert absence.detail == "terminated: User initiated (2026-11-20 09:00:00 GMT)"


def test_a_missing_override_breaks_the_cluster() -> None:
    network = {"securityGroupOverrides": {"node": "sg-node"}, "vpc": {"id": "vpc-1"}}
    overriding = changed(named("AWSCluster", "c1"), spec={"network": network})

    (absence,) = correlate(WHOLE[:2] + GROUPS[1:], replaced(OBJECTS, overriding)).absences

    assert absence.path == "spec.network.securityGroupOverrides.node"
    assert "cannot reconcile" in absence.reaction


def test_a_tagged_instance_and_group_that_nothing_names_are_left_over() -> None:
    found = correlate([*WHOLE, instance("i-old"), group("sg-old")])

    assert [(left.resource.id, str(left.cluster), left.claimed, left.potential) for left in found.leftovers] == [
        ("i-old", "mgmt/default/c1", "c1", False),
        ("sg-old", "mgmt/default/c1", "c1", False),
    ]
    assert found.leftovers[0].created_at == "2026-01-01T00:00:00Z"
    assert "VPC vpc-1" in found.leftovers[0].why_sure


@pytest.mark.parametrize(
    "extra",
    [
        instance("i-x", state="terminated"),
        instance("i-x", state="shutting-down"),
        instance("i-x", created_at="2026-11-20T11:30:00Z"),
        instance("i-x", tags={"aws:autoscaling:groupName": "mp-0"}),
        instance("i-x", tags={"eks:nodegroup-name": "ng"}),
        instance("i-x", tags={"karpenter.sh/nodepool": "default"}),
        instance("i-x", tags={TAG + "c1": "shared"}),
        group("sg-x", tags={"aws:eks:cluster-name": "c1"}),
        group("sg-x", GroupName="eks-cluster-sg-c1-123"),
        group("sg-x", GroupName="k8s-elb-a1b2"),
        group("sg-x", tags={"elbv2.k8s.aws/cluster": "c1"}),
        group("sg-x", role="controlplane"),
        resource("instance", "i-x", VpcId="vpc-1", State={"Name": "running"}, tags={CCM + "c1": "owned"}),
        resource("instance", "i-x", VpcId="vpc-1", State={"Name": "running"}),
    ],
    ids=[
        "terminated",
        "shutting-down",
        "young",
        "member-of-a-known-pool",
        "eks-node-group",
        "karpenter",
        "shared",
        "eks-group",
        "eks-group-by-name",
        "service-group-by-name",
        "load-balancer-controller",
        "role-not-recorded-yet",
        "cloud-provider-tag-alone",
        "no-claim-at-all",
    ],
)
def test_a_veto_speaks_for_the_resource(extra: CloudResource) -> None:
    pool = capi_object(INFRA, "AWSMachinePool", "mp-0")

    assert correlate([*WHOLE, extra], [*OBJECTS, pool]).leftovers == ()


def test_a_member_of_a_group_that_no_pool_has_is_left_over() -> None:
    (leftover,) = correlate([*WHOLE, instance("i-x", tags={"aws:autoscaling:groupName": "mp-9"})]).leftovers

    assert "Auto Scaling group mp-9" in leftover.why_sure


def test_instances_that_a_pool_lists_are_its_own() -> None:
    pool = capi_object(INFRA, "AWSMachinePool", "mp-0", spec={"providerIDList": ["aws:////i-x"]})

    assert correlate([*WHOLE, instance("i-x")], [*OBJECTS, pool]).leftovers == ()


def test_an_instance_that_capa_will_adopt_is_no_leftover() -> None:
    unborn = changed(named("AWSMachine", "md-0"), spec={"providerID": "", "instanceID": ""})

    found = correlate([instance("i-new", tags={"Name": "md-0"}), *WHOLE[1:]], replaced(OBJECTS, unborn))

    assert found.leftovers == ()


def test_nothing_of_a_cluster_that_is_being_deleted_is_left_over() -> None:
    leaving = changed(named("Cluster", "c1"), metadata={"deletionTimestamp": "2026-11-20T11:00:00Z"})

    assert correlate([*WHOLE, instance("i-old")], replaced(OBJECTS, leaving)).leftovers == ()


def test_a_claim_of_an_unknown_cluster_is_its_own_class() -> None:
    (leftover,) = correlate([*WHOLE, instance("i-x", cluster="someone-elses")]).leftovers

    assert (leftover.cluster, leftover.claimed, leftover.potential) == (None, "someone-elses", True)


def test_a_lost_cluster_tag_leaves_only_a_suspicion() -> None:
    stripped = resource(
        "instance", "i-x", VpcId="vpc-1", State={"Name": "running"}, tags={CCM + "c1": "owned", "MachineName": "d/x"}
    )

    (leftover,) = correlate([*WHOLE, stripped]).leftovers

    assert leftover.potential


def test_the_vpc_tells_two_clusters_of_one_name_apart() -> None:
    twin = view(cluster_objects(C1, state("vpc-2", **{"md-0": "i-a", "cp-0": "i-b"})), name="mgmt-2")
    alive = [instance("i-a", vpc="vpc-2"), instance("i-b", vpc="vpc-2")]

    found = correlate(
        [*WHOLE, *alive, instance("i-1"), instance("i-2", vpc="vpc-2"), instance("i-3", vpc="vpc-3")], more=[twin]
    )

    assert [(left.resource.id, str(left.cluster), left.potential) for left in found.leftovers] == [
        ("i-1", "mgmt/default/c1", False),
        ("i-2", "mgmt-2/default/c1", False),
        ("i-3", "None", True),
    ]


def test_outside_the_clusters_vpc_a_leftover_is_only_a_suspicion() -> None:
    (leftover,) = correlate([*WHOLE, instance("i-x", vpc="vpc-9")]).leftovers

    assert leftover.potential
    assert "outside" in leftover.why_sure


def test_a_cluster_of_that_name_without_a_place_may_own_it() -> None:
    elsewhere = view(cluster_objects(AwsClusterSpec(name="c7"), state("vpc-7")), name="mgmt-2")
    accounts = (
        AwsAccount(account=ACCOUNT, identities=("mgmt/AWSClusterControllerIdentity/default",)),
        AwsAccount(account="444455556666"),
    )

    found = correlate([*WHOLE, instance("i-x", cluster="c7")], more=[elsewhere], accounts=accounts)

    assert found.leftovers == ()


@pytest.mark.parametrize("kind", ["AWSMachine", "AWSCluster", "AWSMachinePool", "Cluster", "AWSManagedControlPlane"])
def test_with_one_kind_unread_anywhere_nothing_is_left_over(kind: str) -> None:
    found = correlate([*WHOLE, instance("i-old")], more=[view([], name="mgmt-2", incomplete=(kind,))])

    assert found.leftovers == ()
    assert f"management cluster mgmt-2 ({kind}" in found.gaps[0].reason


def test_a_management_cluster_without_capa_keeps_nobody_from_deciding() -> None:
    bare = view([], name="mgmt-2")
    core_only = {key: listing for key, listing in bare.kinds.items() if key[1] == "Cluster"}
    without = ClusterView(management_cluster="mgmt-2", server_version="v1.35.0", objects={}, kinds=core_only)
    blind = ClusterView(
        management_cluster="mgmt-2",
        server_version="v1.35.0",
        objects={},
        kinds=core_only,
        gaps=(Gap(view=View.CAPI, scope="mgmt-2", subject="", reason="discovery failed", remedy=""),),
    )

    assert len(correlate([*WHOLE, instance("i-old")], more=[without]).leftovers) == 1
    assert correlate([*WHOLE, instance("i-old")], more=[blind]).leftovers == ()


@pytest.mark.parametrize("scope", [{"incomplete": ("instance",)}, {"identity": "999999999999"}])
def test_nothing_is_left_over_in_a_doubtful_listing(scope: dict[str, Any]) -> None:
    found = correlate([*WHOLE, instance("i-old")], **scope)

    assert [left for left in found.leftovers if left.resource.type == "instance"] == []


def test_a_machine_of_eks_is_linked_under_the_name_of_its_eks_cluster() -> None:
    spec = {"region": REGION, "eksClusterName": "default_e1", "network": {"vpc": {"id": "vpc-1"}}}
    reference = {"kind": "AWSManagedControlPlane", "name": "e1"}
    eks = AwsClusterSpec(name="e1", machines=(MachineSpec(name="md-0"),))
    machines = [found for found in cluster_objects(eks, state()) if found.kind in ("Machine", "AWSMachine")]
    objects = [
        capi_object(CORE, "Cluster", "e1", spec={"controlPlaneRef": reference}),
        capi_object(CONTROL_PLANE, "AWSManagedControlPlane", "e1", spec=spec),
        *machines,
    ]

    found = correlate([instance("i-md0", cluster="default_e1"), instance("i-x", cluster="default_e1")], objects)

    assert [link.resource.id for link in found.links if link.object.kind == "AWSMachine"] == ["i-md0"]
    assert [(left.resource.id, str(left.cluster)) for left in found.leftovers] == [("i-x", "mgmt/default/e1")]


# What an audit of a part of the fleet can still say


def narrowed(objects: Sequence[CapiObject] = OBJECTS, *, name: str = "mgmt", **narrowing: Any) -> ClusterView:
    return replace(view(objects, name=name), **narrowing)


def part_of(
    views: Sequence[ClusterView], *extra: CloudResource, accounts: Sequence[AwsAccount] = (MAPPED,)
) -> Correlation:
    return correlated(AwsProvider(settings(*accounts)), views, [cloud([*WHOLE, *extra])], NOW)


LEFT_OUT = frozenset({ObjectKey(CORE.split("/")[0], "Cluster", "default", "c2")})


BY_NAMESPACES_OR_SELECTOR = pytest.mark.parametrize(
    "narrowing",
    [{"namespaces": ("default",)}, {"left_out": LEFT_OUT}],
    ids=["by-namespaces", "by-a-label-selector"],
)


@BY_NAMESPACES_OR_SELECTOR
def test_a_narrowed_audit_judges_what_stands_in_the_vpc_of_a_selected_cluster(narrowing: dict[str, Any]) -> None:
    found = part_of([narrowed(**narrowing)], instance("i-old"), group("sg-old"))

    assert [(left.resource.id, str(left.cluster), left.potential) for left in found.leftovers] == [
        ("i-old", "mgmt/default/c1", False),
        ("sg-old", "mgmt/default/c1", False),
    ]
    assert found.gaps == ()


@BY_NAMESPACES_OR_SELECTOR
@pytest.mark.parametrize(
    "extra",
    [
        instance("i-x", cluster="c2"),
        instance("i-x", vpc="vpc-9"),
        instance("i-x", tags={TAG + "c2": "owned"}),
    ],
    ids=["of-a-cluster-that-was-left-out", "outside-the-vpc", "claimed-twice"],
)
def test_a_narrowed_audit_passes_over_what_may_belong_to_what_it_left_out(
    extra: CloudResource, narrowing: dict[str, Any]
) -> None:
    found = part_of([narrowed(**narrowing)], extra)

    assert (found.leftovers, found.gaps) == ((), ())


def test_a_cluster_of_the_same_name_that_was_left_out_may_own_it() -> None:
    twin = frozenset({ObjectKey(CORE.split("/")[0], "Cluster", "other", "c1")})

    assert part_of([narrowed(left_out=twin)], instance("i-old")).leftovers == ()


def test_one_narrowed_management_cluster_leaves_the_clusters_of_another_judged() -> None:
    found = part_of([view(OBJECTS), narrowed((), name="mgmt-2", namespaces=("team-a",))], instance("i-old"))

    assert [left.resource.id for left in found.leftovers] == ["i-old"]


def test_a_cluster_whose_machines_were_not_read_in_its_namespace_is_not_judged() -> None:
    whole = view(OBJECTS)
    key = (INFRA.split("/")[0], "AWSMachine")
    elsewhere = {**whole.kinds, key: replace(whole.kinds[key], namespaces=("team-a",))}
    here = {**whole.kinds, key: replace(whole.kinds[key], namespaces=("default",))}

    assert part_of([replace(whole, kinds=elsewhere)], instance("i-old")).leftovers == ()
    assert len(part_of([replace(whole, kinds=here)], instance("i-old")).leftovers) == 1
    assert part_of([replace(whole, kinds=here)], instance("i-x", cluster="c2")).leftovers == ()


# No gap, no undetermined finding


def told(found: Correlation) -> list[tuple[str, str, str]]:
    return [(gap.scope, gap.subject, gap.reason) for gap in found.gaps]


def test_machines_without_an_owner_are_one_gap() -> None:
    ownerless = [found for found in OBJECTS if found.kind != "Machine"]

    found = correlate(objects=ownerless)

    assert len([link for link in found.links if link.object.kind == "AWSMachine"]) == 2
    assert told(found) == [
        (
            "aws/mgmt/AWSMachine",
            "AWSMachine/default/cp-0 and 1 more",
            "the Machine that owns an AWSMachine was not read, so nobody can tell all that its instance should have",
        )
    ]
    assert found.gaps[0].view is View.CLOUD
    assert found.gaps[0].remedy


@pytest.mark.parametrize(
    "edit",
    [
        {"metadata": {"deletionTimestamp": "2026-11-20T11:00:00Z"}},
        {"metadata": {"labels": {"cluster.x-k8s.io/cluster-name": "c1", "cluster.x-k8s.io/pool-name": "mp"}}},
    ],
    ids=["deleting", "in-a-pool"],
)
def test_a_machine_that_is_not_compared_needs_no_owner(edit: dict[str, Any]) -> None:
    machine = changed(named("AWSMachine", "md-0"), **edit)
    ownerless = [found for found in OBJECTS if (found.kind, found.name) != ("Machine", "md-0")]

    found = correlate(objects=replaced(ownerless, machine))

    assert found.gaps == ()


def test_a_machine_of_no_known_cluster_is_a_gap() -> None:
    stray = changed(named("AWSMachine", "md-0"), metadata={"labels": {}, "ownerReferences": []})

    found = correlate(objects=replaced(OBJECTS, stray))

    assert [str(undecided.object) for undecided in found.undecided] == ["AWSMachine/default/md-0"]
    assert told(found) == [
        (
            "aws/mgmt/AWSMachine",
            "AWSMachine/default/md-0",
            "AWSMachines in namespace default name no cluster, neither by a label nor by an owning Machine",
        )
    ]


def test_a_machine_of_a_cluster_that_was_not_read_is_a_gap() -> None:
    without = [found for found in OBJECTS if found.kind not in ("Cluster", "AWSCluster")]

    found = correlate(objects=without)

    assert len(found.undecided) == 2
    assert told(found) == [
        ("aws/mgmt/AWSMachine", "AWSMachine/default/cp-0 and 1 more", "no Cluster default/c1 on AWS was read")
    ]


def test_what_an_incomplete_listing_leaves_undecided_is_one_gap_for_each_type() -> None:
    found = correlate(standing_network(), incomplete=("instance", "security-group"))

    assert [(scope, subject) for scope, subject, _ in told(found)] == [
        (f"aws/{ACCOUNT}/{REGION}/instance", "AWSMachine/default/cp-0 and 1 more"),
        (f"aws/{ACCOUNT}/{REGION}/security-group", "AWSCluster/default/c1"),
    ]


def test_what_the_scope_tells_itself_is_not_told_twice() -> None:
    denied = Gap(
        view=View.CLOUD, scope=f"aws/{ACCOUNT}/{REGION}/instance", subject="instance", reason="denied", remedy="allow"
    )
    scope = replace(cloud(GROUPS, incomplete=("instance",)), gaps=(denied,))

    found = correlated(AwsProvider(settings(MAPPED)), [view(OBJECTS)], [scope], NOW)

    assert len(found.undecided) == 2
    assert found.gaps == ()


def test_a_cluster_that_only_the_configuration_places_is_one_gap() -> None:
    found = correlate([])

    assert len(found.undecided) == 3
    assert [(scope, subject) for scope, subject, _ in told(found)] == [
        (f"aws/{ACCOUNT}/{REGION}", "AWSCluster/default/c1 and 2 more")
    ]


# A cluster that CAPA has not built

UNBUILT = changed(named("AWSCluster", "c1"), spec={"network": {}}, status={"ready": False, "networkStatus": {}})
NOT_BUILT = "AWSCluster default/c1 has no security groups in its status: CAPA has not built it (or cannot)"


@pytest.mark.parametrize(
    "edit",
    [
        {},
        {"metadata": {"annotations": {"cluster.x-k8s.io/paused": ""}}},
        {"metadata": {"creationTimestamp": "2026-11-20T11:49:00Z"}},
        {"status": {"networkStatus": {"securityGroups": {"node": {"id": ""}}}}},
    ],
    ids=["long-ago", "paused", "eleven-minutes-ago", "without-ids"],
)
def test_a_cluster_without_security_groups_is_undecided(edit: dict[str, Any]) -> None:
    found = correlate((), [named("Cluster", "c1"), changed(UNBUILT, **edit)])

    assert [(str(each.object), each.reason) for each in found.undecided] == [("AWSCluster/default/c1", NOT_BUILT)]
    assert told(found) == [("aws/mgmt/default/c1", "AWSCluster/default/c1", NOT_BUILT)]
    assert "conditions" in found.gaps[0].remedy


def test_a_cluster_without_security_groups_and_without_a_place_is_undecided() -> None:
    accounts = (AwsAccount(account=ACCOUNT), AwsAccount(account="444455556666"))

    found = correlate((), [named("Cluster", "c1"), UNBUILT], accounts=accounts)

    assert [each.reason for each in found.undecided] == [NOT_BUILT]
    assert [scope for scope, _, _ in told(found)] == ["aws/mgmt/default/c1"]


@pytest.mark.parametrize(
    "edit",
    [
        {"metadata": {"creationTimestamp": "2026-11-20T11:51:00Z"}},
        {"metadata": {"deletionTimestamp": "2026-11-20T11:00:00Z"}},
        {"metadata": {"annotations": {"cluster.x-k8s.io/managed-by": "crossplane"}}},
    ],
    ids=["young", "deleting", "externally-managed"],
)
def test_a_cluster_that_needs_no_security_groups_now_is_silent(edit: dict[str, Any]) -> None:
    found = correlate((), [named("Cluster", "c1"), changed(UNBUILT, **edit)])

    assert (found.undecided, found.gaps) == ((), ())
