"""What is stuck and the drift that keeps it so are one cause; what only may have caused it is never called so."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from drift_audit.explain.causes import group_into_causes
from drift_audit.explain.drift_effects import DRIFT_EFFECTS, STUCK_EFFECTS
from drift_audit.explain.joining import join_causes
from drift_audit.explain.relations import named_in
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Certainty,
    ChainLink,
    Confidence,
    Finding,
    FindingKind,
    Severity,
    ShownValues,
    Verdict,
)
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView
from drift_audit.stuck.signatures import SIGNATURES
from tests.builders import (
    actor,
    capi_object,
    cluster_key,
    finding,
    object_ref,
    resource_key,
    shown_values,
    suppression,
    unknown,
)

CORE = "cluster.x-k8s.io/v1beta2"
BEFORE, AT, LATER, MUCH_LATER = (f"2026-11-20T{time}:00Z" for time in ("00:40", "01:00", "01:10", "02:00"))


def stuck(signature: str, kind: str = "Machine", name: str = "eu-1-md-0-abc", **changes: Any) -> Finding:
    api = "infrastructure.cluster.x-k8s.io/v1beta2" if kind.startswith("AWS") else CORE
    defaults: dict[str, Any] = {
        "kind": FindingKind.STUCK,
        "verdict": Verdict.STUCK,
        "rule": f"stuck.{signature}",
        "title": f"It shows {signature}",
        "object": object_ref(kind, name, api_version=api),
        "resource": None,
        "path": "",
        "values": ShownValues(git=NO_COUNTERPART, capi=NO_COUNTERPART, cloud=NO_COUNTERPART),
        "certainty": Certainty.MEDIUM,
        "since": AT,
        "chain": (ChainLink(layer="node join", object=f"{kind}/fleet/{name}", fact="late", evidence="", since=AT),),
        "evidence": ("condition",),
        "next_steps": ("look at it",),
    }
    return finding(**{**defaults, **changes})


def closed_port(ports: str = "tcp 6443", source: str = "node", **changes: Any) -> Finding:
    """A rule of the cluster's security group that somebody took away."""
    rule = f"{ports} from {source}"
    defaults: dict[str, Any] = {
        "rule": "aws.security-group.ingress",
        "title": "Inbound rule of a security group differs",
        "object": object_ref("AWSCluster", "eu-1"),
        "resource": resource_key("security-group", "sg-0f5b2c7d9e1a34680"),
        "path": f"ingress[{rule}]",
        "values": shown_values(unknown(""), rule, None),
        "actor": actor("j.doe", "AWS console", source="CloudTrail"),
        "since": BEFORE,
        "evidence": ("Git agrees", "CloudTrail: ec2:RevokeSecurityGroupIngress by j.doe"),
    }
    return finding(**{**defaults, **changes})


def joined(*findings: Finding, objects: tuple[CapiObject, ...] = (), **more: Any) -> dict[str, Finding]:
    view = ClusterView(management_cluster="prod", server_version="", objects={live.key: live for live in objects})
    return {one.id: one for one in join_causes(findings, (view,), **more)}


def test_without_anything_stuck_nothing_changes() -> None:
    findings = [closed_port(), finding()]

    assert join_causes(findings) == findings


def test_a_console_edit_that_keeps_twelve_machines_from_joining_is_one_cause() -> None:
    edit = closed_port()
    machines = [stuck("JOIN-NO-NODE", name=f"eu-1-md-0-{number:02}") for number in range(12)]

    causes, _ = group_into_causes(join_causes([*machines, edit]))

    (cause,) = causes
    assert len(cause.findings) == 13
    assert cause.title == "Inbound rule of a security group differs; because of it: It shows JOIN-NO-NODE"
    assert cause.next_steps[-1] == "look at it"


def test_the_chain_begins_with_the_edit_and_its_actor() -> None:
    edit, machine = closed_port(), stuck("JOIN-NO-NODE")

    told = joined(edit, machine)[machine.id]

    assert told.cause == edit.id
    assert [(link.layer, link.fact) for link in told.chain] == [
        ("edit", "ingress[tcp 6443 from node] was taken away by j.doe (AWS console)"),
        ("consequence", "nodes cannot reach the API server"),
        ("node join", "late"),
    ]
    assert told.chain[0].object == "security-group sg-0f5b2c7d9e1a34680"
    assert told.chain[0].evidence == "CloudTrail: ec2:RevokeSecurityGroupIngress by j.doe"
    assert (told.chain[0].since, told.chain[1].object) == (BEFORE, "Cluster/fleet/eu-1")
    assert told.certainty is Certainty.MEDIUM, "the order of two events is no second proof"


@pytest.mark.parametrize("since", ["", LATER], ids=["unknown", "within the time of joining"])
def test_what_did_not_provably_begin_first_is_only_a_possibility(since: str) -> None:
    edit, machine = closed_port(since=since, actor=None), stuck("JOIN-NO-NODE")

    told = joined(edit, machine)[machine.id]

    assert (told.cause, told.chain) == ("", machine.chain)
    assert len(told.possible_causes) == 1
    assert "ingress[tcp 6443 from node] was taken away" in told.possible_causes[0]
    assert (since or "nobody knows since when") in told.possible_causes[0]


@pytest.mark.parametrize(("signature", "since"), [("JOIN-NO-NODE", MUCH_LATER), ("CP-UNREACHABLE", LATER)])
def test_what_began_later_is_ruled_out(signature: str, since: str) -> None:
    edit, late = closed_port(since=since), stuck(signature)

    told = joined(edit, late)[late.id]

    assert (told.cause, told.possible_causes) == ("", ())
    assert told.ruled_out[0].endswith(f"but only at {since}")


def test_without_a_beginning_of_what_is_stuck_nothing_is_proven_and_nothing_ruled_out() -> None:
    edit, machine = closed_port(), stuck("JOIN-NO-NODE", since="")

    told = joined(edit, machine)[machine.id]

    assert told.cause == "" and len(told.possible_causes) == 1 and told.ruled_out == ()


@pytest.mark.parametrize(
    "harmless",
    [
        closed_port("tcp 30000-32767"),
        closed_port("tcp 22"),
        closed_port("udp 6443"),
        closed_port(values=shown_values(unknown(""), None, "tcp 6443 from node")),
        closed_port(path="ingress[tcp 6443 from node].description"),
        closed_port(cluster=cluster_key("eu-2")),
        closed_port(verdict=Verdict.RECONCILING),
        closed_port(verdict=Verdict.EDITED_AND_REVERTED),
        closed_port(rule="aws.security-group.tag.owned", path="tags[cluster]"),
        finding(since=BEFORE),
    ],
    ids=["node ports", "ssh", "udp", "added", "description", "other cluster", "changing", "reverted", "tag", "type"],
)
def test_what_cannot_close_the_way_is_not_even_a_possibility(harmless: Finding) -> None:
    machine = stuck("JOIN-NO-NODE")

    told = joined(harmless, machine)[machine.id]

    assert (told.cause, told.possible_causes, told.ruled_out) == ("", (), ())


@pytest.mark.parametrize("ports", ["all", "tcp", "tcp 6443", "tcp 443-7000", "tcp 0-65535"])
def test_every_spelling_of_a_rule_that_carried_the_api_counts(ports: str) -> None:
    edit, machine = closed_port(ports), stuck("JOIN-NO-NODE")

    assert joined(edit, machine)[machine.id].cause == edit.id


def test_of_several_edits_the_nearest_before_is_the_cause_and_the_others_are_told() -> None:
    early = closed_port(since="2026-11-19T00:00:00Z")
    near = closed_port("tcp 443", since=BEFORE)
    machine = stuck("JOIN-NO-NODE")

    told = joined(early, near, machine)[machine.id]

    assert told.cause == near.id
    assert ["6443" in one for one in told.possible_causes] == [True]


@pytest.mark.parametrize("doubt", [{"confidence": Confidence.POTENTIAL}, {"suppressed": suppression()}])
def test_a_drift_that_is_doubtful_or_accepted_is_no_cause(doubt: dict[str, Any]) -> None:
    edit, machine = closed_port(**doubt), stuck("JOIN-NO-NODE")

    told = joined(edit, machine)[machine.id]

    assert told.cause == "" and len(told.possible_causes) == 1


# The very thing


def edited(path: str = "spec.paused", **changes: Any) -> Finding:
    defaults: dict[str, Any] = {
        "rule": "git.changed",
        "verdict": Verdict.EDITED_IN_CLUSTER,
        "title": f"Cluster {path} was edited in the cluster",
        "object": object_ref("Cluster", "eu-1", api_version="cluster.x-k8s.io/v1beta1"),
        "resource": None,
        "path": path,
        "values": shown_values(None, True, NO_COUNTERPART),
        "actor": actor(),
        "since": MUCH_LATER,
    }
    return finding(**{**defaults, **changes})


def test_the_edited_field_that_stops_it_is_the_cause_whenever_it_was_last_written() -> None:
    edit = edited()
    paused = stuck("PAUSE-CLUSTER", "Cluster", "eu-1", path="spec.paused")

    told = joined(edit, paused)[paused.id]

    assert told.cause == edit.id
    assert told.chain[0].fact == "spec.paused was added by kubectl-edit (kubectl edit)"
    assert told.certainty is Certainty.HIGH, "the field's owner is a second source"
    assert told.evidence[-1].startswith("git.changed of Cluster/fleet/eu-1")


@pytest.mark.parametrize(
    "other",
    [
        edited("spec.topology.version"),
        edited("spec.pausedAt"),
        edited(object=object_ref("Cluster", "eu-2", api_version=CORE)),
        edited(management_cluster="stage"),
    ],
)
def test_another_field_or_object_is_no_cause(other: Finding) -> None:
    paused = stuck("PAUSE-CLUSTER", "Cluster", "eu-1", path="spec.paused")

    assert joined(other, paused)[paused.id].cause == ""


def test_an_annotation_is_found_by_its_own_path() -> None:
    path = 'metadata.annotations["cluster.x-k8s.io/paused"]'
    edit = edited(path)
    paused = stuck("PAUSE-OBJECT", "Cluster", "eu-1", path=path)

    assert joined(edit, paused)[paused.id].cause == edit.id


def missing_instance(name: str = "eu-1-md-0-abc") -> Finding:
    return finding(
        kind=FindingKind.MISSING,
        verdict=Verdict.MISSING,
        rule="aws.instance.missing",
        title="AWSMachine names a cloud instance that does not exist",
        object=object_ref("AWSMachine", name),
        path="spec.providerID",
        values=shown_values(NO_COUNTERPART, "i-1", None),
    )


@pytest.mark.parametrize("kind", ["AWSMachine", "Machine"])
def test_an_instance_that_is_gone_explains_its_machine(kind: str) -> None:
    infrastructure = {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "AWSMachine", "name": "eu-1-md-0-abc"}
    machine = capi_object("Machine", "eu-1-md-0-abc", spec={"infrastructureRef": infrastructure})
    gone, other = missing_instance(), missing_instance("eu-1-md-0-xyz")
    lost = stuck("MACH-INSTANCE-GONE" if kind == "AWSMachine" else "NODE-NOTREADY", kind)

    told = joined(gone, other, lost, objects=(machine,))[lost.id]

    assert (told.cause, told.possible_causes) == (gone.id, ())
    assert (told.chain[0].layer, told.chain[0].fact) == ("missing", "it does not exist any more")
    assert told.certainty is Certainty.HIGH


def test_a_template_that_was_deleted_explains_who_names_it() -> None:
    reference = {"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta2", "kind": "AWSMachineTemplate", "name": "t"}
    owner = capi_object("MachineSet", "eu-1-md-0-x", spec={"template": {"spec": {"infrastructureRef": reference}}})
    gone = replace(missing_instance("t"), rule="git.object-missing", object=object_ref("AWSMachineTemplate", "t"))
    elsewhere = replace(gone, id="e" * 16, object=object_ref("AWSMachineTemplate", "t", namespace="other"))
    scaling = stuck("MACH-TEMPLATE-GONE", "MachineSet", "eu-1-md-0-x")

    told = joined(gone, elsewhere, scaling, objects=(owner,))[scaling.id]

    assert (told.cause, told.possible_causes) == (gone.id, ())
    assert told.chain[0].object == "AWSMachineTemplate/fleet/t"


def test_an_edited_template_explains_what_was_cut_from_it_afterwards() -> None:
    made = capi_object(
        "AWSMachine",
        "eu-1-md-0-abc",
        api_version="infrastructure.cluster.x-k8s.io/v1beta2",
        metadata={
            "annotations": {
                "cluster.x-k8s.io/cloned-from-name": "t",
                "cluster.x-k8s.io/cloned-from-groupkind": "AWSMachineTemplate.infrastructure.cluster.x-k8s.io",
            }
        },
    )
    edit = edited(
        "spec.template.spec.ami.id",
        object=object_ref("AWSMachineTemplate", "t"),
        values=shown_values("ami-1", "ami-2", NO_COUNTERPART),
        since=BEFORE,
    )
    image = stuck("MACH-IMAGE", "AWSMachine")

    told = joined(edit, image, objects=(made,))[image.id]

    assert told.cause == edit.id
    assert [link.fact for link in told.chain[:2]] == [
        "spec.template.spec.ami.id was changed by kubectl-edit (kubectl edit)",
        "what is made from it has the edited value",
    ]


def test_a_resource_that_the_error_names_is_the_cause_of_it() -> None:
    full = finding(
        verdict=Verdict.HAZARD,
        kind=FindingKind.HAZARD,
        rule="aws.subnet.free-addresses",
        title="Subnet is nearly out of addresses",
        object=object_ref("AWSCluster", "eu-1"),
        resource=resource_key("subnet", "subnet-0d2e4f"),
        path="subnets[subnet-0d2e4f].free",
    )
    other = replace(full, id="e" * 16, resource=resource_key("subnet", "subnet-0d2e4f5"))
    waiting = stuck("MACH-SUBNET-IP", "AWSMachine", evidence=("InsufficientFreeAddressesInSubnet: subnet-0d2e4f",))

    told = joined(full, other, waiting)[waiting.id]

    assert (told.cause, told.possible_causes) == (full.id, ())
    assert (told.chain[0].layer, told.chain[0].fact) == ("hazard", "Subnet is nearly out of addresses")


# What differs because something is stuck


def test_what_a_suspended_gitops_object_does_not_apply_is_its_consequence() -> None:
    suspended = stuck("GITOPS-SUSPENDED", "Kustomization", "fleet", path="spec.suspend")
    suspended = replace(
        suspended, object=object_ref("Kustomization", "fleet", api_version="kustomize.toolkit.fluxcd.io/v1")
    )
    mine, foreign = (
        edited("spec.replicas", verdict=Verdict.NOT_APPLIED, object=object_ref("MachineDeployment", name), since=AT)
        for name in ("mine", "foreign")
    )
    infrastructure = "infrastructure.cluster.x-k8s.io"
    brings = {
        ObjectKey(infrastructure, "MachineDeployment", "fleet", "mine"): ObjectKey(
            "kustomize.toolkit.fluxcd.io", "Kustomization", "fleet", "fleet"
        )
    }

    told = joined(suspended, mine, foreign, delivered={"prod": brings})

    assert told[mine.id].cause == suspended.id
    assert told[foreign.id].cause == ""


def test_a_suspension_that_somebody_edited_explains_what_is_not_applied_in_the_end() -> None:
    ref = object_ref("Kustomization", "fleet", api_version="kustomize.toolkit.fluxcd.io/v1")
    edit = edited("spec.suspend", object=ref)
    suspended = replace(stuck("GITOPS-SUSPENDED", "Kustomization", "fleet", path="spec.suspend"), object=ref)
    waiting = edited("spec.replicas", verdict=Verdict.NOT_APPLIED, object=object_ref("MachineDeployment", "mine"))
    brings = {
        ObjectKey("infrastructure.cluster.x-k8s.io", "MachineDeployment", "fleet", "mine"): ObjectKey(
            "kustomize.toolkit.fluxcd.io", "Kustomization", "fleet", "fleet"
        )
    }

    causes, _ = group_into_causes(joined(edit, suspended, waiting, delivered={"prod": brings}).values())

    assert [set(cause.findings) for cause in causes] == [{edit.id, suspended.id, waiting.id}]
    assert causes[0].title.startswith("Cluster spec.suspend was edited in the cluster; because of it: ")


def not_reconciled(name: str = "eu-1-md-0-abc", **changes: Any) -> Finding:
    return finding(verdict=Verdict.NOT_RECONCILED, object=object_ref("AWSMachine", name), **changes)


def test_what_is_not_reconciled_belongs_to_what_is_stuck_on_the_object() -> None:
    waiting, other = not_reconciled(), not_reconciled("eu-1-md-0-xyz")
    quota = stuck("MACH-QUOTA", "AWSMachine")

    told = joined(waiting, other, quota)

    assert (told[waiting.id].cause, told[other.id].cause) == (quota.id, "")


def test_what_suffers_from_it_is_not_reconciled_because_of_it() -> None:
    waiting = not_reconciled()
    denied = stuck("IDENT-IAM-DENIED", "AWSCluster", "eu-1", affected=("AWSMachine/fleet/eu-1-md-0-abc",))

    assert joined(waiting, denied)[waiting.id].cause == denied.id


def test_a_paused_cluster_explains_everything_of_it_that_is_not_reconciled() -> None:
    waiting, elsewhere = not_reconciled(), not_reconciled("eu-2-md-0-abc", cluster=cluster_key("eu-2"))
    paused = stuck("PAUSE-CLUSTER", "Cluster", "eu-1", path="spec.paused")

    told = joined(waiting, elsewhere, paused)

    assert (told[waiting.id].cause, told[elsewhere.id].cause) == (paused.id, "")


def test_what_an_edit_explains_already_stays_with_it() -> None:
    edit = edited("spec.instanceType", object=object_ref("AWSMachine"))
    waiting = not_reconciled(cause=edit.id)
    quota = stuck("MACH-QUOTA", "AWSMachine")

    assert joined(edit, waiting, quota)[waiting.id].cause == edit.id


def test_what_is_suppressed_is_left_alone() -> None:
    edit, machine = closed_port(), stuck("JOIN-NO-NODE", suppressed=suppression())

    assert joined(edit, machine)[machine.id] == machine


def test_the_order_of_findings_does_not_matter() -> None:
    findings = [
        closed_port(),
        closed_port("tcp 443"),
        stuck("JOIN-NO-NODE"),
        stuck("CP-UNREACHABLE", "Cluster", "eu-1"),
    ]

    assert joined(*findings) == joined(*findings[::-1])


def test_an_unexplained_object_is_never_joined_by_the_time_alone() -> None:
    edit, riddle = closed_port(), stuck("UNEXPLAINED", severity=Severity.MEDIUM, certainty=Certainty.LOW)

    assert joined(edit, riddle)[riddle.id] == riddle


# The tables


def test_every_signature_of_the_tables_exists() -> None:
    ids = {row.id for row in SIGNATURES}

    patterns = [one for row in DRIFT_EFFECTS for one in row.signatures]
    patterns += [one for row in STUCK_EFFECTS for one in row.signatures]
    assert [one for one in patterns if not any(fnmatchcase(id, one) for id in ids)] == []


def test_a_hazard_of_something_stuck_is_told_with_its_edit_like_all_others() -> None:
    edit = edited("spec.paused", object=object_ref("MachineDeployment", "md", api_version=CORE))
    skew = stuck("PAUSE-MD-SKEW", "MachineDeployment", "md", path="spec.paused", verdict=Verdict.HAZARD)
    skew = replace(skew, kind=FindingKind.HAZARD)

    causes, _ = group_into_causes(joined(edit, skew).values())

    assert len(causes) == 1 and "because of it: It shows PAUSE-MD-SKEW" in causes[0].title


def test_what_relates_only_by_cluster_proves_nothing_by_itself() -> None:
    """Missing load balancers aside: the signature says itself that there is none."""
    loose = [row for row in DRIFT_EFFECTS if row.relation == "same cluster" and row.proves]

    assert [row.signatures for row in loose] == [("INFRA-LB-NOT-READY", "MACH-LB-ATTACH")]
    assert all(row.effect for row in DRIFT_EFFECTS if row.relation == "same cluster" and not row.proves)
    assert all(row.signatures and row.verdicts for row in STUCK_EFFECTS)


def test_a_spec_names_objects_by_reference_class_and_secret() -> None:
    live = capi_object(
        "Cluster",
        "eu-1",
        spec={
            "topology": {"classRef": {"name": "quick"}},
            "infrastructureRef": {"kind": "AWSCluster", "name": "eu-1", "namespace": "elsewhere"},
            "files": [{"contentFrom": {"secret": {"name": "token", "key": "x"}}}],
            "identityRef": {"kind": "AWSClusterRoleIdentity", "name": "fleet"},
        },
    )

    assert set(named_in(live)) == {
        "ClusterClass/fleet/quick",
        "ClusterClass/quick",
        "AWSCluster/elsewhere/eu-1",
        "Secret/fleet/token",
        "Secret/token",
        "AWSClusterRoleIdentity/fleet/fleet",
        "AWSClusterRoleIdentity/fleet",
    }
