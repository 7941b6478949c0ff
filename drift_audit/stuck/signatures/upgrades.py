"""Layers 1 and 4: a Cluster that is to be upgraded and is held, by people, by hooks, or by itself; and one that never
comes to rest."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Condition, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.clocks import elapsed
from drift_audit.stuck.conditions import TRUE
from drift_audit.stuck.graph import is_template
from drift_audit.stuck.recognition import last_progress
from drift_audit.stuck.signature import Sign, Signature

BEFORE_UPGRADE = "before-upgrade.hook.cluster.cluster.x-k8s.io"
_DEPLOYMENT_NAME = "topology.cluster.x-k8s.io/deployment-name"
_BLOCKING = re.compile(r"Following hooks are blocking (?P<what>[^:]+): (?P<hook>\w+): ?(?P<why>[^\n]*)")
_GATE = re.compile(rf"annotations? (?P<names>\S*{re.escape(BEFORE_UPGRADE)}\S*(?:, \S+)*) (?:is|are) set")
_ROTATION = re.compile(r'Created (?P<kind>\w+) "(?P<name>[^"]+)" as a replacement for .*\(template rotation\)')
_UPGRADING = ("ClusterUpgrading", "ControlPlaneUpgradePending", "LifecycleHookBlocking")
_HELD = ("UpgradePending", "CreatePending")
_HOUR = timedelta(hours=1)
_MANY = 3


def _topology(case: Case) -> Condition | None:
    condition = case.conditions.get("TopologyReconciled")
    return condition if condition and condition.status != TRUE and not case.live.deleting else None


def _deferred(case: Case) -> Sign | None:
    condition = _topology(case)
    if condition is None or not condition.reason.endswith("UpgradeDeferred"):
        return None
    return Sign(
        fact=_lines(condition.message),
        since=condition.since,
        proofs=(said_by(condition).proof,),
        variant=condition.reason,
    )


def _lines(message: str) -> str:
    """The lines of a list as one sentence."""
    return "; ".join(line.strip(" *") for line in message.splitlines() if line.strip())


def _hook_blocks(case: Case) -> Sign | None:
    condition = _topology(case)
    match = _BLOCKING.search(condition.message) if condition else None
    if condition is None or match is None:
        return None
    gate = _GATE.search(match["why"])
    annotated = [name for name in case.live.annotations if name.startswith(BEFORE_UPGRADE)]
    return Sign(
        fact=f"the hook {match['hook']} blocks the {match['what']}: {match['why'].rstrip('. ')}",
        since=condition.since,
        proofs=(said_by(condition).proof, *(Proof("object", f"annotation {name}") for name in annotated)),
        path=f'metadata.annotations["{annotated[0]}"]' if annotated and gate else "",
        variant=f"{match['hook']} {gate['names']}" if gate else match["hook"],
        values=(("hook", match["hook"]),),
    )


def _delete_hook_blocks(case: Case) -> Sign | None:
    deleting = case.conditions.holding("Deleting")
    if deleting is None or deleting.reason != "WaitingForBeforeDeleteHook":
        return None
    condition = case.conditions.get("TopologyReconciled")
    match = _BLOCKING.search(condition.message) if condition else None
    return Sign(
        fact="BeforeClusterDelete does not let the Cluster be deleted" + (f": {match['why']}" if match else ""),
        since=deleting.since,
        proofs=(
            said_by(deleting).proof,
            *((Proof("condition", said_by(condition).proof.text),) if condition and match else ()),
        ),
        variant="BeforeClusterDelete",
    )


def _upgrade_stands_still(case: Case) -> Sign | None:
    """No Machine has come or gone on since; who is being upgraded and is not well itself is to blame first."""
    condition = _topology(case)
    if condition is None or not (condition.reason in _UPGRADING or condition.reason.endswith(_HELD)):
        return None
    return Sign(
        fact=_lines(condition.message) or "the Cluster is being upgraded",
        since=max(condition.since, last_progress(case)),
        proofs=(said_by(condition).proof,),
        variant=text(case.live.at("spec", "topology", "version")),
        waits_for=tuple(_upgraded(case)),
    )


def _upgraded(case: Case) -> Iterator[ObjectKey]:
    if case.control_plane is not None:
        yield case.control_plane.key
    yield from (live.key for live in case.graph.children(case.live, "MachineDeployment", "MachinePool"))


def _never_at_rest(case: Case) -> Sign | None:
    """More new templates of one MachineDeployment or control plane within an hour than anybody commits."""
    fresh = _made_lately(case) if case.live.kind == "MachineDeployment" else _replaced_lately(case)
    for (kind, prefix), moments in sorted(fresh.items()):
        if len(moments) > _MANY:
            told = f"{len(moments)} {kind}s {prefix} were made within the last hour"
            source = "object" if case.live.kind == "MachineDeployment" else "event"
            return Sign(fact=told, since=min(moments), proofs=(Proof(source, told),), variant=kind)
    return None


def _made_lately(case: Case) -> dict[tuple[str, str], list[str]]:
    """By what is seen: the templates that still stand, with the labels of the MachineDeployment."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    name = case.live.labels.get(_DEPLOYMENT_NAME)
    for live in case.graph.children(case.cluster) if name and case.cluster else ():
        if is_template(live.key) and live.labels.get(_DEPLOYMENT_NAME) == name and _is_recent(case, live.created_at):
            found[live.kind, f"of {name}"].append(live.created_at)
    return found


def _replaced_lately(case: Case) -> dict[tuple[str, str], list[str]]:
    """By what was told: those of control planes are deleted as soon as they are replaced."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event in case.events:
        match = _ROTATION.search(event.message)
        if match and _is_recent(case, event.last):
            found[match["kind"], match["name"].rpartition("-")[0]].append(event.first)
    return found


def _is_recent(case: Case, moment: str) -> bool:
    ago = elapsed(moment, case.now)
    return ago is not None and ago <= _HOUR


_READ = "See what it waits for: `kubectl -n {namespace} get cluster {name} -o jsonpath='{.status.conditions}'`."

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="TOPO-UPGRADE-DEFERRED",
        layer=Layer.INTENT,
        severity=Severity.LOW,
        title="The upgrade of some workers was put off",
        kinds=("Cluster",),
        looks=_deferred,
        mechanism=(
            "Annotations hold some MachineDeployments or MachinePools at their version. The control plane can go at "
            "most three minor versions ahead of them, and the next upgrade does not begin."
        ),
        next_steps=(
            "See which: `kubectl -n {namespace} get cluster {name} -o yaml | grep -e defer-upgrade -e hold-upgrade`.",
            "When they may be upgraded, take the annotation away in spec.topology.workers, in Git.",
        ),
        source="CAPI v1.14.0 core/reconcilers/topology/cluster/status.go (UpgradeDeferred reasons)",
        clock=Clock.UPGRADE_DEFERRED,
    ),
    Signature(
        id="TOPO-SLICE-LOOP",
        layer=Layer.TOPOLOGY,
        severity=Severity.CRITICAL,
        title="Templates are replaced again and again, and so are Machines",
        kinds=("MachineDeployment", "Cluster"),
        looks=_never_at_rest,
        mechanism=(
            "A list that both the template and another controller fill, or a patch that answers differently each time, "
            "looks changed at every reconcile: a new template is made, and all Machines are rolled once more."
        ),
        next_steps=(
            "See the templates: `kubectl -n {namespace} get kubeadmconfigtemplates,awsmachinetemplates "
            "--sort-by=.metadata.creationTimestamp`.",
            "Compare two neighbours; the field that differs is filled from two sides.",
            "Pausing the Cluster stops the replacements, until the field is taken out of the template in Git.",
        ),
        source="CAPI v1.14.0 reconcile_state.go (reconcileReferencedTemplate), docs/book; cluster-api#6320",
    ),
    Signature(
        id="TOPO-DELETE-HOOK",
        layer=Layer.TOPOLOGY,
        severity=Severity.HIGH,
        title="A hook does not let a Cluster be deleted",
        kinds=("Cluster",),
        looks=_delete_hook_blocks,
        mechanism="A RuntimeExtension is asked before anything is deleted, and asks to be asked again later.",
        next_steps=(
            "See which extensions there are, and whether they were found: `kubectl get extensionconfigs`.",
            "Read the extension's log for the Cluster; it says what it waits for.",
        ),
        source="CAPI v1.14.0 core/reconcilers/cluster/cluster_controller.go (reconcileDelete, IsOkToDelete)",
        clock=Clock.HOOK,
        covers=True,
    ),
    Signature(
        id="TOPO-HOOK",
        layer=Layer.TOPOLOGY,
        severity=Severity.HIGH,
        title="A hook holds the creation or upgrade of a Cluster",
        kinds=("Cluster",),
        looks=_hook_blocks,
        mechanism=(
            "A RuntimeExtension answers that it wants to be asked again, or an annotation stands in for one: the "
            "version is not handed on until the hook lets go."
        ),
        next_steps=(
            _READ,
            "Find the hook {hook}: an annotation that begins with " + BEFORE_UPGRADE + ", or an extension: "
            "`kubectl get extensionconfigs`.",
        ),
        source="CAPI v1.14.0 exp/topology/scope/hookresponsetracker.go, desiredstate/lifecycle_hooks.go",
        clock=Clock.CLUSTER_UPGRADE,
    ),
    Signature(
        id="TOPO-UPGRADE-STUCK",
        layer=Layer.TOPOLOGY,
        severity=Severity.HIGH,
        title="The upgrade of a Cluster stands still",
        kinds=("Cluster",),
        looks=_upgrade_stands_still,
        mechanism=(
            "The control plane is upgraded first, then the workers, one step after the other: what is not stable keeps "
            "the next step from beginning."
        ),
        next_steps=(
            _READ,
            "Find the Machine that is not well, of the control plane first: "
            "`kubectl -n {namespace} get machines -l cluster.x-k8s.io/cluster-name={cluster}`.",
        ),
        source="CAPI v1.14.0 core/reconcilers/topology/cluster/status.go (ClusterUpgrading)",
        clock=Clock.CLUSTER_UPGRADE,
    ),
)
