"""Layer 5: a control plane that does not start, or will not go on with what it has begun."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from drift_audit.clock import moment
from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer, Topic
from drift_audit.model.values import mapping, text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import FALSE, conditions_of
from drift_audit.stuck.graph import is_control_plane_machine
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.second_opinion import cloud_answers, said
from drift_audit.stuck.signatures.waiting import keys_of_unwell, unwell

IN_PROGRESS = "controlplane.cluster.x-k8s.io/remediation-in-progress"

_BLOCKERS = re.compile(
    r"^\* (waiting for a control plane Machine to complete deletion"
    r"|waiting for control plane components to become healthy"
    r"|waiting for etcd cluster to become healthy"
    r"|Machines? .+? (?:is|are) in deletion since more than 15m[^\n]*)",
    re.MULTILINE,
)
_UNHEALTHY = re.compile(r"^ControlPlaneUnhealthy: (.*)", re.DOTALL)
_MACHINE_OF_EVENT = re.compile(r"Machine (\S+) (?:reports|does not have)")


def _never_initialized(case: Case) -> Sign | None:
    """The first Machine of a control plane has its instance, and no API server comes of it."""
    live, cluster = case.live, case.cluster
    if not is_control_plane_machine(live) or text(live.status.get("phase")) != "Provisioned" or live.deleting:
        return None
    if cluster is None or conditions_of(cluster).holding("ControlPlaneInitialized") is not None:
        return None
    shown = case.conditions.failing("NodeHealthy", "Ready")
    below = case.graph.infrastructure_machine(live)
    return Sign(
        fact="its instance runs, and no API server came up on it",
        since=text(live.status.get("lastUpdated")),
        proofs=(
            said_by(shown).proof if shown else Proof("object", "phase Provisioned, and no Node"),
            *(said(answer) for answer in cloud_answers(case, Topic.CONSOLE, Topic.INSTANCE, Topic.TARGET_HEALTH)),
        ),
        waits_for=unwell(below, case.infrastructure),
    )


def _blocked(case: Case) -> Sign | None:
    """KCP says what it waits for; the Machines that it waits for are to blame, where they are not well."""
    scaling = case.conditions.holding("ScalingUp", "ScalingDown")
    blockers = _BLOCKERS.findall(scaling.message) if scaling else []
    told = case.said(_UNHEALTHY, "event")
    if case.live.deleting or not (blockers or (told and case.conditions.failing("Resized", "MachinesSpecUpToDate"))):
        return None
    machines = case.graph.children(case.live, "Machine")
    named = set(_MACHINE_OF_EVENT.findall(told[0].text)) if told else set()
    sick = keys_of_unwell([*machines, *(case.graph.infrastructure_machine(each) for each in machines)])
    proofs = [said_by(scaling).proof] if scaling and blockers else []
    return Sign(
        fact=f"it does not go on: {'; '.join(blockers) or 'its preflight checks do not pass'}",
        since=scaling.since if scaling and blockers else told[0].since if told else "",
        proofs=(*proofs, *((told[0].proof,) if told else ())),
        variant="; ".join(sorted(each for each in blockers if "in deletion since" not in each)),
        waits_for=tuple(key for key in sick if not named or key.name in named) or sick,
    )


def _replacement_missing(case: Case) -> Sign | None:
    """A Machine was deleted for its remediation, and no other one was made."""
    started = _remediation_started(case.live.annotations.get(IN_PROGRESS, ""))
    began, wanted = moment(started), case.live.spec.get("replicas")
    if began is None or not isinstance(wanted, int) or case.live.deleting:
        return None
    machines = case.graph.children(case.live, "Machine")
    newer = [each for each in machines if (born := moment(each.created_at)) is not None and born >= began]
    if newer or len(machines) >= wanted:
        return None
    return Sign(
        fact=f"a Machine was remediated {started}, and its replacement was never created",
        since=started,
        proofs=(Proof("object", f"annotation {IN_PROGRESS}; {len(machines)} of {wanted} Machines, none newer"),),
        path=f'metadata.annotations["{IN_PROGRESS}"]',
    )


def _component_down(case: Case) -> Sign | None:
    """A static pod that runs and is not ready, or is not there; images that cannot be pulled are told of the Node."""
    failing = case.conditions.failing(*_COMPONENTS)
    if failing is None or case.live.deleting or failing.reason not in _POD_REASONS or _IMAGE.search(failing.message):
        return None
    if (node := case.conditions.failing("NodeReady", "NodeHealthy")) and node.status == FALSE:
        return None  # what runs on a Node that is not well is not well either
    component = _COMPONENTS[failing.type]
    return Sign(
        fact=f"{component} on its Node does not run as it should: {failing.message or failing.reason}",
        since=failing.since,
        proofs=(said_by(failing).proof,),
        variant=component,
        values=(("component", component),),
    )


_COMPONENTS = {
    "EtcdPodHealthy": "etcd",
    "APIServerPodHealthy": "kube-apiserver",
    "ControllerManagerPodHealthy": "kube-controller-manager",
    "SchedulerPodHealthy": "kube-scheduler",
}
_POD_REASONS = ("Provisioning", "PodProvisioning", "DoesNotExist", "PodMissing", "Failed", "PodFailed")
_IMAGE = re.compile(r"ImagePullBackOff|ErrImagePull|CrashLoopBackOff|CreateContainer\w*Error|InvalidImageName")


def _remediation_started(annotated: str) -> str:
    try:
        return text(mapping(json.loads(annotated)).get("timestamp"))
    except ValueError:
        return ""


_KCP = "CAPI v1.14.0 controlplane/kubeadm/reconcilers/kubeadmcontrolplane"

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="CP-INIT",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.CRITICAL,
        title="The first control-plane Machine never becomes an API server",
        kinds=("Machine",),
        looks=_never_initialized,
        mechanism=(
            "The instance boots and `kubeadm init` does not finish: images that cannot be pulled, an endpoint that the "
            "machine itself does not reach, or a mistake in its configuration. All other Machines wait for it."
        ),
        next_steps=(
            "Read its console: on AWS `aws ec2 get-console-output --latest --instance-id ID`; look for kubeadm.",
            "On the machine: `journalctl -u kubelet`, `crictl ps -a`, /var/log/cloud-init-output.log.",
        ),
        source="CAPI v1.14.0 core/reconcilers/machine/machine_controller_status.go, docs/book troubleshooting",
        clock=Clock.MACHINE_PROVISIONED,
    ),
    Signature(
        id="CP-COMPONENT",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.HIGH,
        title="A component of a control plane does not run on one of its Nodes",
        kinds=("Machine",),
        looks=_component_down,
        mechanism="The kubelet runs it from a manifest: a mistake in that, a probe that fails, or one needing another.",
        next_steps=(
            "In the workload cluster: `kubectl -n kube-system describe pods -l component={component}`.",
            "On the machine: `crictl ps -a`, and the manifest in /etc/kubernetes/manifests.",
        ),
        source="CAPI v1.14.0 controlplane/kubeadm/pkg/workload_cluster_conditions.go updateStaticPodCondition",
        clock=Clock.MACHINE_PROVISIONED,
    ),
    Signature(
        id="CP-PREFLIGHT",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.HIGH,
        title="A control plane does not go on because it is not healthy",
        kinds=("KubeadmControlPlane",),
        looks=_blocked,
        mechanism="KCP adds and removes no Machine while one is unhealthy or being deleted; a rollout stands still.",
        next_steps=(
            "Look what it waits for: `kubectl -n {namespace} describe kubeadmcontrolplane {name}`.",
            "Mend that Machine before you change the control plane.",
        ),
        source=f"{_KCP}/preflight.go, status.go getPreflightMessages",
        clock=Clock.CONTROL_PLANE_ROLLOUT,
    ),
    Signature(
        id="CP-STALE-INPROGRESS",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.MEDIUM,
        title="A control plane did not replace a Machine that it remediated",
        kinds=("KubeadmControlPlane",),
        looks=_replacement_missing,
        mechanism="KCP notes a remediation before it deletes the Machine; the note goes when a newer Machine exists.",
        next_steps=(
            "Look what keeps it: `kubectl -n {namespace} describe kubeadmcontrolplane {name}`.",
            "Let KCP create it; it goes on by itself once its checks pass.",
        ),
        source=f"{_KCP}/remediation.go RemediationData",
        clock=Clock.REMEDIATION_BLOCKED,
    ),
)
