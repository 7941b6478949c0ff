"""Owner trees: everything of a cluster is in its tree, in one place, and what is alike is folded.

- where an object hangs: references, owners, and neither
- what is gone, unread, claimed twice or nobody's
- states, ages and messages
- folding and pruning, at the size of a thousand machines
"""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from drift_audit.explain.tree import full_tree, pruned_trees
from drift_audit.interfaces import Absence, Correlation, Leftover
from drift_audit.model.findings import Finding, FindingKind, Severity, Verdict
from drift_audit.model.views import Gap, View
from tests.builders import cluster_key, finding, object_ref, resource_key, shown_values, suppression, unknown
from tests.unit.explain.declared import GAP as GIT_GAP
from tests.unit.explain.declared import git_source
from tests.unit.explain.trees import (
    AWS_CLUSTER,
    BOOT,
    CONTROL_PLANE,
    CORE,
    DEPLOYMENT,
    INFRA,
    MACHINE_SET,
    PLANE,
    ROOT,
    STEM,
    cloud,
    condition,
    drawn,
    grown,
    infra_key,
    instances,
    link,
    machine,
    made,
    named,
    sources,
    to,
)

WHOLE = [*STEM, *machine("a"), *machine("b"), *machine("c", CONTROL_PLANE)]
LINKED = Correlation(links=(*instances("a", "b", "c"), link(AWS_CLUSTER.key, "security-group", "sg-1")))


def leftover(name: str = "i-left") -> Leftover:
    return Leftover(
        resource=resource_key("instance", name),
        cluster=cluster_key(),
        claimed="eu-1",
        why_sure="nobody names it",
        severity=Severity.HIGH,
        next_steps=(),
    )


def orphan(name: str = "i-left") -> Finding:
    return finding(
        kind=FindingKind.ORPHAN,
        verdict=Verdict.ORPHAN,
        object=None,
        resource=resource_key("instance", name),
        title="Instance is tagged for a cluster of the fleet, and no object names it",
        since="2026-11-12T00:00:00Z",
    )


# Where things hang


def test_a_cluster_is_shown_down_to_its_cloud_resources() -> None:
    tree = grown(sources(WHOLE, correlation=LINKED), unfolded=True)

    assert drawn(tree) == [
        "Cluster eu-1",
        "  AWSCluster eu-1",
        "    security-group sg-1",
        "  KubeadmControlPlane eu-1-cp",
        "    Machine c",
        "      AWSMachine c",
        "        instance i-c",
        "      KubeadmConfig c",
        "  MachineDeployment eu-1-md",
        "    MachineSet eu-1-md-x",
        "      Machine a",
        "        AWSMachine a",
        "          instance i-a",
        "        KubeadmConfig a",
        "      Machine b",
        "        AWSMachine b",
        "          instance i-b",
        "        KubeadmConfig b",
    ]


def test_alike_machines_are_folded_all_the_way_down() -> None:
    assert drawn(grown(sources(WHOLE, correlation=LINKED)))[8:] == [
        "  MachineDeployment eu-1-md",
        "    MachineSet eu-1-md-x",
        "      Machine a x2",
        "        AWSMachine a x2",
        "          instance i-a x2",
        "        KubeadmConfig a x2",
    ]


def test_a_template_hangs_under_what_is_cut_from_it_and_a_pool_holds_its_parts() -> None:
    template = made(INFRA, "AWSMachineTemplate", "large", ROOT)
    body = {"template": {"spec": {"infrastructureRef": to((INFRA, "AWSMachinePool", "mp"))}}}
    pool = made(CORE, "MachinePool", "mp", ROOT, spec=body)
    aws_pool = made(INFRA, "AWSMachinePool", "mp", pool)
    spec = {"template": {"spec": {"infrastructureRef": to(template)}}}
    deployment = made(CORE, "MachineDeployment", "eu-1-md", ROOT, spec=spec)
    asg = Correlation(links=(link(aws_pool.key, "auto-scaling-group", "mp"),))

    tree = grown(sources([ROOT, AWS_CLUSTER, CONTROL_PLANE, deployment, template, pool, aws_pool], correlation=asg))

    assert drawn(tree)[3:] == [
        "  MachineDeployment eu-1-md",
        "    AWSMachineTemplate large",
        "  MachinePool mp",
        "    AWSMachinePool mp",
        "      auto-scaling-group mp",
    ]


def test_one_template_of_two_deployments_is_no_reason_for_doubt() -> None:
    template = made(INFRA, "AWSMachineTemplate", "large", ROOT)
    spec = {"template": {"spec": {"infrastructureRef": to(template)}}}
    pools = [made(CORE, "MachineDeployment", f"md-{name}", ROOT, spec=spec) for name in "ab"]

    node = named(grown(sources([ROOT, template, *pools])), "AWSMachineTemplate")

    assert (node.state, node.message) == ("ok", "also named by MachineDeployment/fleet/md-b")


def test_what_hangs_nowhere_is_shown_as_not_owned() -> None:
    stray = made(INFRA, "AWSMachineTemplate", "gpu-test")
    config = made("v1", "ConfigMap", "addon")

    tree = grown(sources([*WHOLE, stray, config]))

    assert drawn(tree)[-2:] == ["  not owned", "    AWSMachineTemplate gpu-test"]
    assert "  ConfigMap addon" in drawn(tree)


def test_an_owner_that_does_not_exist_is_told() -> None:
    machine_of_nobody = made(CORE, "Machine", "z", made(CORE, "MachineSet", "gone"))

    node = named(grown(sources([*WHOLE, machine_of_nobody])), "Machine", "z")

    assert (node.depth, node.state) == (2, "unknown")
    assert node.message == "its owner MachineSet/gone does not exist"


def test_a_namesake_of_the_owner_is_no_owner() -> None:
    earlier = made(CORE, "Machine", "a", metadata={"uid": "of-last-year"})
    config = made(BOOT, "KubeadmConfig", "extra", earlier)

    node = named(grown(sources([*WHOLE, config])), "KubeadmConfig", "extra")

    assert (node.state, node.message) == (
        "unknown",
        "its owner reference means an earlier Machine/a (another uid)",
    )


def test_two_machines_that_name_one_infrastructure_are_told() -> None:
    twin = made(CORE, "Machine", "twin", MACHINE_SET, spec={"infrastructureRef": to((INFRA, "AWSMachine", "a"))})

    tree = grown(sources([*WHOLE, twin], correlation=LINKED), unfolded=True)

    assert drawn(tree).count("        AWSMachine a unknown") == 1
    assert named(tree, "AWSMachine", "a").message == "also named by Machine/fleet/twin"


def test_a_circle_of_owners_ends() -> None:
    one, two = made(CORE, "MachineSet", "one"), made(CORE, "MachineSet", "two")
    one, two = made(CORE, "MachineSet", "one", two), made(CORE, "MachineSet", "two", one)
    itself = made(CORE, "MachineSet", "own")
    itself = made(CORE, "MachineSet", "own", itself)

    tree = grown(sources([*WHOLE, one, two, itself]), unfolded=True)

    assert drawn(tree)[-4:] == [
        "  not owned",
        "    MachineSet one unknown",
        "      MachineSet two",
        "    MachineSet own unknown",
    ]
    assert named(tree, "MachineSet", "one").message.startswith("a circle of owners: MachineSet/fleet/one, ")


def test_a_chain_of_ten_thousand_owners_is_no_deeper_than_memory() -> None:
    chain = [made(CORE, "MachineSet", "n0", ROOT)]
    for number in range(1, 10_000):
        chain.append(made(CORE, "MachineSet", f"n{number}", chain[-1]))

    tree = grown(sources([ROOT, *chain]))

    assert max(node.depth for node in tree.nodes) == 10_000


def test_an_object_of_another_cluster_is_shown_and_said_to_be_so() -> None:
    tree = grown(sources(WHOLE, elsewhere={AWS_CLUSTER.key: "eu-2"}))

    assert named(tree, "AWSCluster").message == "belongs to cluster fleet/eu-2"


def test_a_cluster_class_stands_beside_its_cluster() -> None:
    shape = made(CORE, "ClusterClass", "standard", namespace="classes")
    topology = {"topology": {"classRef": {"name": "standard", "namespace": "classes"}}}
    root = made(CORE, "Cluster", "eu-1", spec=topology)

    assert drawn(grown(sources([root, shape]))) == ["Cluster eu-1", "  ClusterClass classes/standard"]


# Gone, unread, claimed twice, nobody's


def test_what_is_named_and_not_there_is_missing() -> None:
    without = [each for each in WHOLE if (each.kind, each.name) != ("AWSMachine", "a")]

    node = named(grown(sources(without, correlation=LINKED)), "AWSMachine", "a")

    assert node.state == "missing"
    assert node.message == "Machine/fleet/a names it, and it does not exist"


def test_the_infrastructure_of_a_leaving_machine_may_be_gone() -> None:
    leaving = machine("a", metadata={"deletionTimestamp": "2026-11-20T11:50:00Z"})[0]

    tree = grown(sources([*STEM, leaving]))

    assert {node.state for node in tree.nodes if node.name == "a"} == {"changing"}


def test_a_kind_that_was_not_read_is_unknown_and_its_children_stay() -> None:
    tree = grown(sources(WHOLE, correlation=LINKED, unread=("Machine",)))

    assert "  Machine unknown" in drawn(tree)
    assert "  Machine a x3 unknown" in drawn(tree)
    assert "    AWSMachine a x3" in drawn(tree)
    assert "      instance i-a x3" in drawn(tree)
    assert {node.message for node in tree.nodes if node.kind == "Machine"} == {
        "not all of its objects were read: HTTP 403",
        "not read: HTTP 403",
    }


def test_what_git_declares_is_unknown_where_it_was_not_read() -> None:
    seen = sources(WHOLE, correlation=LINKED)
    unread = replace(seen, views=replace(seen.views, git=(git_source(head=None, gaps=(GIT_GAP,)),)))
    elsewhere = replace(seen, views=replace(seen.views, git=(git_source(head=None, management_cluster="lab"),)))

    (node,) = [node for node in grown(unread).nodes if node.state == "unknown"]
    assert (node.view, node.kind, node.depth) == ("git", "git", 1)
    assert node.message == "what it declares is not wholly known: Git source fleet: the server does not answer"
    assert [node for node in grown(elsewhere).nodes if node.state == "unknown"] == []


def test_a_management_cluster_without_git_says_so_in_its_trees() -> None:
    gap = Gap(view=View.GIT, scope="prod", subject="", reason="management cluster prod has no Git source", remedy="")

    (node,) = [node for node in grown(replace(sources(WHOLE), gaps=(gap,))).nodes if node.kind == "git"]

    assert node.message == "what it declares is not wholly known: management cluster prod has no Git source"


@pytest.mark.parametrize("kind", ["AWSMachine", "KubeadmConfig", "KubeadmControlPlane", "AWSCluster"])
def test_what_is_named_and_of_an_unread_kind_is_not_called_missing(kind: str) -> None:
    tree = grown(sources(WHOLE, correlation=LINKED, unread=(kind,)))

    assert {node.state for node in tree.nodes if node.kind == kind} == {"unknown"}
    assert "missing" not in {node.state for node in tree.nodes}


def test_what_stands_in_a_namespace_that_was_not_read_is_not_called_missing() -> None:
    far = to((INFRA, "AWSMachine", "far"))
    named_far = made(CORE, "Machine", "m", MACHINE_SET, spec={"infrastructureRef": {**far, "namespace": "other"}})

    node = named(grown(sources([*STEM, named_far], namespaces=("fleet",))), "AWSMachine")

    assert (node.name, node.state, node.message) == ("other/far", "unknown", "namespace other was not read")


def test_what_the_label_selector_leaves_out_is_not_called_missing() -> None:
    tree = grown(sources([*machine("a")[:1], *STEM], left_out=frozenset({infra_key("a")})))

    assert named(tree, "AWSMachine").message == "left out by the label selector"
    assert named(tree, "AWSMachine").state == "unknown"


def test_kinds_of_other_clouds_are_none_of_its_business() -> None:
    seen = sources(WHOLE, unread=("AWSMachinePool",))
    group, listing = INFRA.partition("/")[0], next(iter(seen.views.clusters[0].kinds.values()))
    other = replace(listing, group=group, kind="AzureMachine", complete=False, reason="HTTP 403")
    view = replace(seen.views.clusters[0], kinds={**seen.views.clusters[0].kinds, (group, "AzureMachine"): other})

    tree = grown(replace(seen, views=replace(seen.views, clusters=(view,))))

    assert [node.kind for node in tree.nodes if node.state == "unknown"] == ["AWSMachinePool"]


def test_a_resource_type_that_was_not_listed_is_unknown() -> None:
    tree = grown(sources(WHOLE, correlation=LINKED, clouds=[cloud(unlisted=("security-group",))]))

    (node,) = [node for node in tree.nodes if node.state == "unknown"]
    assert (node.kind, node.name, node.depth) == ("security-group", "", 2)
    assert node.message == "not listed in aws/123456789012/eu-west-1: denied"


def test_a_cluster_whose_cloud_nobody_read_says_why() -> None:
    gap = Gap(view=View.CLOUD, scope="aws/prod/fleet/eu-1", subject="prod/fleet/eu-1", reason="no account", remedy="")

    tree = grown(replace(sources(WHOLE, clouds=[]), gaps=(gap,)))

    assert named(tree, "cloud").message == "nothing of it was read in the cloud: no account"
    assert named(tree, "cloud").state == "unknown"


def test_an_instance_that_two_machines_stand_for_is_doubtful() -> None:
    twins = [
        made(INFRA, "AWSMachine", name, spec={"providerID": "aws:///eu-west-1a/i-x"}, metadata={"ownerReferences": []})
        for name in "ab"
    ]
    objects = [*(each for each in WHOLE if each.kind != "AWSMachine"), *twins]
    both = Correlation(links=tuple(link(infra_key(name), "instance", "i-x") for name in "ab"))

    tree = grown(sources(objects, correlation=both), unfolded=True)

    assert [node.message for node in tree.nodes if node.kind == "instance"] == [
        "also claimed by AWSMachine/fleet/b",
        "also claimed by AWSMachine/fleet/a",
    ]
    assert {node.state for node in tree.nodes if node.kind == "instance"} == {"unknown"}


def test_a_profile_that_all_machines_share_is_one_and_no_reason_for_doubt() -> None:
    shared = tuple(link(infra_key(name), "instance-profile", "nodes") for name in "abc")

    tree = grown(sources(WHOLE, correlation=Correlation(links=shared)))

    assert drawn(tree)[-3:] == [
        "        AWSMachine a x2",
        "          instance-profile nodes",
        "        KubeadmConfig a x2",
    ]
    assert {node.message for node in tree.nodes} == {""}


def test_a_network_of_two_clusters_is_said_to_be_shared() -> None:
    others = replace(AWS_CLUSTER, name="eu-2").key
    both = Correlation(
        links=(
            link(AWS_CLUSTER.key, "vpc", "vpc-1"),
            replace(link(others, "vpc", "vpc-1"), cluster=cluster_key("eu-2")),
        )
    )

    node = named(grown(sources(WHOLE, correlation=both)), "vpc")

    assert (node.state, node.message) == ("ok", "shared with AWSCluster/fleet/eu-2")


def test_what_a_thousand_machines_share_costs_no_more() -> None:
    names = [f"m{number:04}" for number in range(1000)]
    objects = [*STEM, *(each for name in names for each in machine(name))]
    shared = tuple(link(infra_key(name), "instance-profile", "nodes") for name in names)

    began = time.process_time()
    tree = grown(sources(objects, correlation=Correlation(links=shared)))

    assert time.process_time() - began < 4
    assert (named(tree, "instance-profile").count, named(tree, "AWSMachine").count) == (1, 1000)


def test_an_absence_is_missing_and_an_orphan_hangs_under_the_infrastructure() -> None:
    (gone,) = instances("a")
    absence = Absence(
        link=gone,
        path="spec.providerID",
        detail="terminated",
        severity=Severity.HIGH,
        reaction="",
        next_steps=(),
    )
    correlation = Correlation(absences=(absence,), leftovers=(leftover(),))
    found = finding(
        kind=FindingKind.MISSING,
        verdict=Verdict.MISSING,
        object=object_ref(name="a"),
        resource=gone.resource,
        title="AWSMachine names a cloud instance that does not exist",
        values=shown_values(None, "i-a", replace(unknown("terminated"))),
    )

    tree = grown(sources(WHOLE, found, orphan(), correlation=correlation))

    assert "    instance i-left orphan" in drawn(tree)
    assert "          instance i-a missing" in drawn(tree)
    assert named(tree, "instance", "i-a").message.endswith("does not exist: terminated")
    assert named(tree, "AWSMachine", "a").findings == ()


def test_a_declared_object_that_was_never_applied_is_missing() -> None:
    absent = finding(
        verdict=Verdict.NOT_APPLIED,
        object=object_ref("MachineDeployment", "eu-1-new", api_version=CORE),
        resource=None,
        title="MachineDeployment is committed and not applied",
    )

    assert named(grown(sources(WHOLE, absent)), "MachineDeployment", "eu-1-new").state == "missing"


def test_a_declared_object_of_an_unread_kind_is_not_called_missing() -> None:
    absent = finding(
        verdict=Verdict.UNDETERMINED, object=object_ref("MachinePool", "mp", api_version=CORE), resource=None
    )

    assert named(grown(sources(WHOLE, absent, unread=("MachinePool",))), "MachinePool", "mp").state == "unknown"


def test_a_cluster_that_is_gone_still_has_a_root() -> None:
    gone = finding(
        kind=FindingKind.MISSING, verdict=Verdict.MISSING, object=object_ref("Cluster", "eu-1", api_version=CORE)
    )

    tree = grown(sources([AWS_CLUSTER], replace(gone, resource=None)))

    assert (tree.nodes[0].kind, tree.nodes[0].state) == ("Cluster", "missing")


def test_a_management_cluster_that_was_not_read_has_no_tree() -> None:
    assert full_tree(sources(WHOLE), cluster_key(management_cluster="other")) is None


# States


def test_the_worst_finding_speaks_and_the_others_are_counted() -> None:
    about = object_ref("MachineDeployment", "eu-1-md", api_version=CORE)
    low = finding(object=about, resource=None, severity=Severity.LOW, path="metadata.labels.a", title="Label")
    high = finding(
        object=about,
        resource=None,
        verdict=Verdict.EDITED_IN_CLUSTER,
        title="MachineDeployment spec.replicas was changed in the cluster",
        path="spec.replicas",
        values=shown_values(3, 5, None),
        since="2026-11-19T00:00:00Z",
    )

    node = named(grown(sources(WHOLE, low, high)), "MachineDeployment")

    assert (node.state, node.since) == ("drifted", "2026-11-19T00:00:00Z")
    assert node.message == (
        "MachineDeployment spec.replicas was changed in the cluster: Git 3, cluster 5 (and 1 more finding)"
    )
    assert set(node.findings) == {low.id, high.id}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"kind": FindingKind.STUCK}, "stuck"),
        ({"verdict": Verdict.RECONCILING}, "changing"),
        ({"verdict": Verdict.UNDETERMINED}, "unknown"),
        ({"verdict": Verdict.UNMANAGED}, "drifted"),
        ({"verdict": Verdict.HAZARD}, "drifted"),
    ],
)
def test_each_verdict_has_its_state(changes: dict[str, object], state: str) -> None:
    found = finding(object=object_ref(name="a"), resource=None, **changes)

    assert named(grown(sources(WHOLE, found), unfolded=True), "AWSMachine", "a").state == state


def test_a_suppressed_finding_is_told_and_counts_for_nothing() -> None:
    found = finding(object=object_ref(name="a"), resource=None, suppressed=suppression())

    node = named(grown(sources(WHOLE, found), unfolded=True), "AWSMachine", "a")

    assert (node.state, node.findings) == ("ok", ())
    assert node.message.startswith("suppressed by known-bastion: ")


@pytest.mark.parametrize(
    ("status", "state", "message"),
    [
        (condition("False", "2026-11-20T11:50:00Z", reason="Waiting"), "changing", "Ready is False: Waiting"),
        (condition("False", reason="Broken", message="no"), "stuck", "Ready is False: Broken: no"),
        (condition("False", "yesterday"), "stuck", "Ready is False"),
        (condition("False", kind="Available"), "stuck", "Available is False"),
        (condition("False", kind="RollingOut"), "ok", ""),
        (condition("True"), "ok", ""),
        (condition("Unknown"), "ok", ""),
        ({"conditions": "odd"}, "ok", ""),
    ],
)
def test_without_a_finding_the_summary_of_the_object_speaks(
    status: dict[str, object], state: str, message: str
) -> None:
    deployment = made(CORE, "MachineDeployment", "eu-1-md", ROOT, status=status)

    node = named(grown(sources([ROOT, deployment])), "MachineDeployment")

    assert (node.state, node.message) == (state, message)


def test_a_deletion_that_takes_too_long_is_stuck() -> None:
    long_ago = made(CORE, "MachineDeployment", "eu-1-md", ROOT, metadata={"deletionTimestamp": "2026-11-19T00:00:00Z"})

    node = named(grown(sources([ROOT, long_ago])), "MachineDeployment")

    assert (node.state, node.since, node.message) == ("stuck", "2026-11-19T00:00:00Z", "it is being deleted")


# Folding and pruning


def test_machines_with_the_same_problem_are_one_node_with_all_findings() -> None:
    drifted = [
        finding(object=object_ref(name=name), resource=resource_key("instance", f"i-{name}")) for name in ("a", "b")
    ]

    node = named(grown(sources(WHOLE, *drifted, correlation=LINKED)), "instance", "i-a")

    assert (node.count, node.state) == (2, "drifted")
    assert set(node.findings) == {each.id for each in drifted}


def test_other_values_are_another_problem() -> None:
    drifted = [
        finding(
            object=object_ref(name=name),
            resource=resource_key("instance", f"i-{name}"),
            values=shown_values("m5.large", "m5.large", size),
        )
        for name, size in (("a", "m5.4xlarge"), ("b", "m5.8xlarge"))
    ]

    tree = grown(sources(WHOLE, *drifted, correlation=LINKED))

    assert [node.name for node in tree.nodes if node.state == "drifted"] == ["i-a", "i-b"]


def test_a_pruned_tree_holds_the_problems_the_way_to_them_and_the_rest_folded() -> None:
    drifted = finding(object=object_ref(name="b"), resource=resource_key("instance", "i-b"))

    (tree,) = pruned_trees(sources([*WHOLE, *machine("d"), *machine("e")], drifted, correlation=LINKED))

    assert drawn(tree) == [
        "Cluster eu-1",
        "  AWSCluster eu-1",
        "  KubeadmControlPlane eu-1-cp",
        "  MachineDeployment eu-1-md",
        "    MachineSet eu-1-md-x",
        "      Machine b",
        "        AWSMachine b",
        "          instance i-b drifted",
        "        KubeadmConfig b",
        "      Machine a x3",
    ]


def test_a_cluster_without_open_findings_has_no_pruned_tree() -> None:
    hidden = finding(object=object_ref(name="b"), suppressed=suppression())

    assert pruned_trees(sources(WHOLE, hidden)) == ()


def test_deployments_keep_their_names_while_they_are_few() -> None:
    few = [made(CORE, "MachineDeployment", f"md-{number}", ROOT) for number in range(10)]
    many = [made(CORE, "MachineDeployment", f"md-{number:02}", ROOT) for number in range(11)]

    assert len(grown(sources([ROOT, *few])).nodes) == 11 + 2
    assert "  MachineDeployment md-00 x11" in drawn(grown(sources([ROOT, *many])))


def test_a_thousand_machines_fold_into_a_screen_and_fast() -> None:
    names = [f"m{number:04}" for number in range(1000)]
    objects = [*STEM, *(each for name in names for each in machine(name))]
    found = finding(object=object_ref(name="m0500"), resource=resource_key("instance", "i-m0500"))
    made_of = sources(objects, found, correlation=Correlation(links=instances(*names)))

    began = time.process_time()
    tree, (cut,) = grown(made_of), pruned_trees(made_of)
    took = time.process_time() - began

    assert "      Machine m0000 x999" in drawn(tree)
    assert drawn(tree)[5:9] == [
        "      Machine m0500",
        "        AWSMachine m0500",
        "          instance i-m0500 drifted",
        "        KubeadmConfig m0500",
    ]
    assert len(cut.nodes) == 10
    assert took < 4
    assert all(node.view is (View.CLOUD if node.kind == "instance" else View.CAPI) for node in cut.nodes)


def test_the_order_of_reading_changes_nothing() -> None:
    straight = grown(sources(WHOLE, correlation=LINKED))
    turned = grown(sources(WHOLE[::-1], correlation=replace(LINKED, links=LINKED.links[::-1])))

    assert straight == turned


def test_the_control_plane_is_named_by_the_cluster_even_without_an_owner() -> None:
    plane = made(PLANE, "KubeadmControlPlane", "eu-1-cp")

    assert "  KubeadmControlPlane eu-1-cp" in drawn(grown(sources([ROOT, AWS_CLUSTER, plane, DEPLOYMENT])))
