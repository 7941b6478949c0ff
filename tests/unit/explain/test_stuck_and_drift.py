"""From views to the document: a pause that somebody edited, what it covers, what fails a run, what `explain` prints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.audit import judge, suspects_of
from drift_audit.config.settings import Config, Dependency, DependencyEdge, ManagementClusterSettings
from drift_audit.inspection import inspect
from drift_audit.model.findings import FindingKind, Severity, Verdict
from drift_audit.model.objects import CapiObject
from drift_audit.model.result import AuditResult, ClusterStatus, Status
from drift_audit.model.tree import NodeState
from drift_audit.model.views import ClusterView, GitSourceView, KindListing, Rendering, Views
from tests.builders import declaration
from tests.unit.stuck.stage import (
    MANAGEMENT,
    NOW,
    ago,
    cluster,
    condition,
    fleet_with,
    healthy_fleet,
    infra_machine,
    machine,
    made,
)

APPLIER = "kustomize-controller"
CONFIG = Config(management_clusters=(ManagementClusterSettings(name=MANAGEMENT),))


def with_writers(live: CapiObject, *editor: dict[str, Any]) -> CapiObject:
    """The object as a GitOps tool applied it, and others edited it since."""
    applied: dict[str, Any] = {"f:spec": {"f:infrastructureRef": {}, "f:controlPlaneRef": {}}}
    fields = [
        {"manager": APPLIER, "operation": "Apply", "time": ago(9000), "apiVersion": live.api_version}
        | {"fieldsType": "FieldsV1", "fieldsV1": applied},
        *editor,
    ]
    return replace(live, raw={**live.raw, "metadata": {**live.metadata, "managedFields": fields}})


def paused_by_hand() -> CapiObject:
    editor = {"manager": "kubectl-edit", "operation": "Update", "time": ago(3000), "apiVersion": cluster().api_version}
    owned = {"fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:paused": {}}}}
    paused = cluster(condition("Paused", True, "Paused", since=3000), spec={"paused": True})
    return with_writers(paused, editor | owned)


def views_of(*objects: CapiObject) -> Views:
    declared = declaration("Cluster", "one", api_version=cluster().api_version, spec=cluster().spec)
    git = GitSourceView(
        management_cluster=MANAGEMENT,
        source="fleet",
        repo="https://git.example.com/fleet.git",
        ref="main",
        path="clusters",
        flavor="kustomize",
        applier=f"{APPLIER}/Apply",
        head=Rendering(revision="0" * 40, renderer="plain", declarations=(declared,)),
    )
    kinds = {
        (live.key.group, live.kind): KindListing(
            group=live.key.group,
            kind=live.kind,
            plural=f"{live.kind.lower()}s",
            version="v1beta2",
            served=("v1beta2",),
            namespaced=True,
            complete=True,
        )
        for live in objects
    }
    view = ClusterView(
        management_cluster=MANAGEMENT,
        server_version="v1.34.1",
        objects={live.key: live for live in objects},
        kinds=kinds,
        reread=frozenset(live.key for live in objects),
    )
    return Views(git=(git,), clusters=(view,))


def audited(views: Views, **changes: Any) -> AuditResult:
    return judge(views, replace(CONFIG, **changes), providers={}, clock=lambda: NOW, started_at=NOW)


def explained(views: Views, kind: str, name: str) -> str:
    return inspect(views, CONFIG, audited(views), providers={}, kind=kind, namespace="fleet", name=name, now=NOW)


def test_a_pause_edited_by_hand_is_one_cause_with_the_edit() -> None:
    late = machine(condition("Ready", False, since=2500), phase="Provisioned", entered=2500)

    found = audited(views_of(*fleet_with(paused_by_hand(), late)))

    stuck = next(one for one in found.findings if one.verdict is Verdict.STUCK)
    (cause,) = [one for one in found.causes if stuck.id in one.findings]
    assert len(cause.findings) == 2
    assert cause.kind is FindingKind.DRIFT
    assert "because of it: The Cluster is paused" in cause.title
    assert [link.layer for link in stuck.chain][:2] == ["edit", "intent"]
    assert "kubectl-edit" in stuck.chain[0].fact
    assert "Machine/fleet/one-md-0-abc-1" in stuck.affected


def test_the_cluster_is_called_stuck_and_the_run_fails() -> None:
    found = audited(views_of(*fleet_with(paused_by_hand())))

    assert [entry.status for entry in found.clusters] == [ClusterStatus.STUCK]
    assert found.status is Status.DRIFT


def test_what_is_stuck_is_shown_where_git_declares_it_or_what_it_was_made_from() -> None:
    late = machine(condition("Ready", False, since=900), phase="Provisioned", entered=900)

    paused = audited(views_of(*fleet_with(paused_by_hand())))
    riddle = audited(views_of(*fleet_with(with_writers(cluster()), late)))

    places = {one.rule: one.declared_at for found in (paused, riddle) for one in found.findings if one.chain}
    itself, made_from = places["stuck.PAUSE-CLUSTER"], places["stuck.UNEXPLAINED"]
    assert itself is not None
    assert itself.exact
    assert made_from is not None
    assert (made_from.file, made_from.line, made_from.exact) == (itself.file, itself.line, False)


def test_nobody_is_asked_who_wrote_the_line_that_a_stuck_object_was_made_from() -> None:
    late = machine(condition("Ready", False, since=900), phase="Provisioned", entered=900)

    found = audited(views_of(*fleet_with(with_writers(cluster()), late)))

    assert [one.rule for one in found.findings if one.declared_at] == ["stuck.UNEXPLAINED"]
    assert suspects_of(found).places == ()


@pytest.mark.parametrize(("fail_on", "fails"), [(Severity.HIGH, True), (Severity.CRITICAL, False)])
def test_what_is_stuck_fails_a_run_from_the_severity_on_that_was_asked_for(fail_on: Severity, fails: bool) -> None:
    found = audited(views_of(*fleet_with(paused_by_hand())), fail_on=fail_on)

    assert [one.severity for one in found.findings if one.verdict is Verdict.STUCK] == [Severity.HIGH]
    assert (found.status is Status.DRIFT) is fails


def test_what_nobody_can_explain_is_told_and_never_fails_a_run() -> None:
    late = machine(condition("Ready", False, since=900), phase="Provisioned", entered=900)

    found = audited(views_of(*fleet_with(with_writers(cluster()), late)))

    riddles = [one for one in found.findings if one.rule == "stuck.UNEXPLAINED"]
    assert len(riddles) == 1
    others = [one for one in found.findings if one not in riddles and one.verdict is not Verdict.UNMANAGED]
    assert others == []
    assert [entry.status for entry in found.clusters] == [ClusterStatus.STUCK], "it is, whatever the cause"


def test_explain_tells_the_edit_and_what_waits_for_it() -> None:
    late = machine(condition("Ready", False, since=2500), phase="Provisioned", entered=2500)
    views = views_of(*fleet_with(paused_by_hand(), late))

    of_cluster, of_machine = explained(views, "Cluster", "one"), explained(views, "machine", late.name)

    for told in (of_cluster, of_machine):
        assert "Stuck: 1 cause" in told
        assert "because      edit · Cluster/fleet/one: spec.paused was added by kubectl-edit" in told
        assert "intent · Cluster/fleet/one: spec.paused is true" in told
    assert "here         on this object" in of_cluster
    assert "here         this object waits for it" in of_machine
    do = of_cluster.partition("    do           ")[2]
    assert do.startswith("Ask who paused it: `kubectl -n fleet get cluster one")


def test_explain_of_a_sound_machine_says_what_was_looked_at() -> None:
    young = machine(condition("Ready", False, since=4), phase="Provisioned", entered=4)

    sound = explained(views_of(*healthy_fleet()), "Machine", "one-md-0-abc-1")
    starting = explained(views_of(*fleet_with(young)), "MachineDeployment", "one-md-0")

    assert "Stuck: nothing\n" in sound and "of 2 objects below it" in sound
    assert "Stuck: nothing\n" in starting
    assert f"in its time  Machine/fleet/{young.name}: phase Provisioned" in starting


def racked() -> list[CapiObject]:
    """A Machine that waits for a rack, which a team declared as a kind of its own."""
    late = machine(condition("Ready", False, since=50), phase="Provisioning", entered=50)
    failing = infra_machine(condition("Ready", False, "WaitingForRack", since=50), of=late)
    spec = {"machineRef": {"apiVersion": failing.api_version, "kind": "AWSMachine", "name": failing.name}}
    rack = made(
        "example.com/v1",
        "Rack",
        "rack-1",
        spec=spec,
        conditions=[condition("Bound", False, "NoRack", "all racks are full", since=50)],
    )
    return fleet_with(with_writers(cluster()), late, failing, rack)


RACK = Dependency(
    name="rack",
    kind="Rack",
    group="example.com",
    ready="conditions.Bound.status == 'True'",
    edges=(DependencyEdge(path="spec.machineRef", serves=True),),
)


def test_a_declared_kind_takes_part_in_chain_tree_and_explanation() -> None:
    views, config = views_of(*racked()), replace(CONFIG, dependencies=(RACK,))

    found = judge(views, config, providers={}, clock=lambda: NOW, started_at=NOW)

    (stuck,) = [one for one in found.findings if one.verdict is Verdict.STUCK]
    assert (stuck.rule, str(stuck.cluster)) == ("stuck.BESPOKE-RACK", "mgmt/fleet/one")
    nodes = found.trees[0].nodes
    (at,) = [number for number, node in enumerate(nodes) if node.kind == "Rack"]
    assert nodes[at].state is NodeState.STUCK
    assert nodes[at - 1].kind == "AWSMachine" and nodes[at].depth == nodes[at - 1].depth + 1
    told = inspect(
        views, config, found, providers={}, kind="Machine", namespace="fleet", name="one-md-0-abc-1", now=NOW
    )
    assert "because      machine infrastructure · Rack/fleet/rack-1: condition Bound is False" in told


def test_a_declared_kind_that_nobody_serves_is_never_silently_green() -> None:
    views = views_of(*fleet_with(with_writers(cluster())))
    view = views.clusters[0]
    [listing] = [each for each in view.kinds.values() if each.kind == "Cluster"]
    nobody = replace(listing, group=RACK.group, kind=RACK.kind, served=(), plural="", version="")
    views = replace(views, clusters=(replace(view, kinds={**view.kinds, (RACK.group, RACK.kind): nobody}),))

    healthy, unwatched = audited(views), audited(views, dependencies=(RACK,))

    assert "dependencies/rack" not in {gap.scope for gap in healthy.coverage.gaps}
    assert "dependencies/rack" in {gap.scope for gap in unwatched.coverage.gaps}
    assert not unwatched.complete
    assert unwatched.coverage.percent < 100
    assert unwatched.clusters == healthy.clusters, "it says nothing about any of them"


def test_a_kind_of_a_teams_own_is_not_called_unmanaged() -> None:
    found = audited(views_of(*racked()), dependencies=(RACK,))

    assert [one for one in found.findings if one.object and one.object.kind == "Rack" and one.rule[:4] == "git."] == []
