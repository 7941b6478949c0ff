"""Layer 4: what a ClusterClass makes of a Cluster cannot be computed or applied; the Cluster stays as it was."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, text
from drift_audit.stuck.case import Case, Proof, Said, said_by
from drift_audit.stuck.conditions import FALSE
from drift_audit.stuck.graph import CORE
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.wording import first_line

_FAILED = ("ReconcileFailed", "TopologyReconcileFailed")
_EXTENSION = re.compile(
    r'failed to (?:call extension handler|discover extension) \\?"(?P<handler>[^"\\]+)\\?"', re.IGNORECASE
)
_CLASS = re.compile(
    r"failed to retrieve ClusterClass|ClusterClass is not successfully reconciled|ClusterClass not reconciled"
    r"|error reading the ClusterClass|failed to get [\w' ]+template for ClusterClass",
    re.IGNORECASE,
)
_PATCH = re.compile(
    r"(?:failed to (?:calculate variables|generate patches|apply patches) for patch|validation of patch) "
    r'\\?"(?P<patch>[^"\\]+)\\?"',
    re.IGNORECASE,
)
_VARIABLES = re.compile(r"is invalid: \[?spec\.topology\.(?:variables|workers|controlPlane)", re.IGNORECASE)
_REFUSED = re.compile(r"dry-run failed|\bimmutable\b", re.IGNORECASE)
_REFUSAL = re.compile(r"immutable|denied the request|is invalid|Forbidden", re.IGNORECASE)
_WEBHOOK = re.compile(r'admission webhook \\?"(?P<hook>[^"\\]+)\\?" denied')


def _told(case: Case) -> Said | None:
    """What the condition TopologyReconciled says while it fails with an error."""
    condition = case.conditions.failing("TopologyReconciled")
    return said_by(condition) if condition and condition.reason in _FAILED else None


def _class_of(live: CapiObject) -> ObjectKey | None:
    """The ClusterClass of a Cluster: `classRef` in v1beta2, `class` and `classNamespace` before."""
    topology = mapping(live.at("spec", "topology"))
    reference = mapping(topology.get("classRef"))
    name = text(reference.get("name")) or text(topology.get("class"))
    namespace = text(reference.get("namespace")) or text(topology.get("classNamespace")) or live.namespace
    return ObjectKey(CORE, "ClusterClass", namespace, name) if name else None


def _extension(case: Case) -> Sign | None:
    """A RuntimeExtension does not answer, or answers with a failure: of a Cluster, a class, or itself."""
    if case.live.kind == "ExtensionConfig":
        broken = case.conditions.failing("Discovered")
        return _extension_sign(case.live.name, case.live, said_by(broken)) if broken else None
    found = case.said(_EXTENSION, "condition", "log")
    if found is None:
        return None
    said, match = found
    # Handlers are named `<handler>.<ExtensionConfig>`.
    name = match["handler"].rpartition(".")[2]
    config = next((live for live in case.graph.of_kind("ExtensionConfig") if live.name == name), None)
    broken = case.other(config).conditions.failing("Discovered") if config else None
    return _extension_sign(name, config, said, *((Proof("object", said_by(broken).proof.text),) if broken else ()))


def _extension_sign(name: str, config: CapiObject | None, said: Said, *more: Proof) -> Sign:
    return Sign(
        fact=f"the extension {name} fails: {first_line(said.text)}",
        since=said.since,
        proofs=(said.proof, *more),
        variant=name,
        subject=config,
        values=(("extension", name),),
    )


def _class_fails(case: Case) -> Sign | None:
    """Told by the Clusters of the class, or by the class itself."""
    if case.live.kind == "ClusterClass":
        broken = case.conditions.failing("VariablesReady", "VariablesReconciled")
        return _class_sign(case.live.key, case.live, said_by(broken)) if broken else None
    condition, key = case.conditions.failing("TopologyReconciled"), _class_of(case.live)
    if condition is None or key is None:
        return None
    if condition.reason != "ClusterClassNotReconciled" and not _CLASS.search(condition.message):
        return None
    return _class_sign(key, case.graph.get(key), said_by(condition), case)


def _class_sign(key: ObjectKey, live: CapiObject | None, said: Said, case: Case | None = None) -> Sign:
    proofs = [said.proof]
    if live is None and case is not None and case.graph.view.listed(key.group, key.kind):
        proofs.append(Proof("object", f"{key} does not exist"))
    elif live is not None and (seen := live.status.get("observedGeneration")) != live.metadata.get("generation"):
        proofs.append(Proof("object", f"{key} has generation {live.metadata.get('generation')}, seen is {seen}"))
    return Sign(
        fact=f"{key} cannot be used: {first_line(said.text)}",
        since=said.since,
        proofs=tuple(proofs),
        variant=f"{key.namespace}/{key.name}",
        subject=live,
        values=(("class", key.name), ("class_namespace", key.namespace)),
    )


def _patch_fails(case: Case) -> Sign | None:
    said = _told(case)
    match = (_PATCH.search(said.text) or _VARIABLES.search(said.text)) if said else None
    if said is None or match is None:
        return None
    key = _class_of(case.live)
    patch = f"patch {match['patch']}" if match.re is _PATCH else "variables"
    return Sign(
        fact=f"the desired state cannot be computed, {patch}: {first_line(said.text)}",
        since=said.since,
        proofs=(said.proof,),
        variant=f"{key.namespace}/{key.name} {patch}" if key else patch,
        values=(("class", key.name if key else ""), ("class_namespace", key.namespace if key else "")),
    )


def _refused(case: Case) -> Sign | None:
    said = _told(case)
    if said is None or not _REFUSED.search(said.text) or not _REFUSAL.search(said.text):
        return None
    hook = _WEBHOOK.search(said.text)
    return Sign(
        fact=f"the desired state is refused: {first_line(said.text)}",
        since=said.since,
        proofs=(said.proof,),
        variant=hook["hook"] if hook else "",
    )


def _fails(case: Case) -> Sign | None:
    said = _told(case)
    if said is None:
        return None
    return Sign(
        fact=f"the topology cannot be reconciled: {first_line(said.text)}", since=said.since, proofs=(said.proof,)
    )


def _old_versions(case: Case) -> Sign | None:
    condition = case.conditions.get("RefVersionsUpToDate")
    if condition is None or condition.status != FALSE:
        return None
    return Sign(fact=first_line(condition.message), since=condition.since, proofs=(said_by(condition).proof,))


_FROZEN = (
    "the desired state of the whole Cluster cannot be had: it stays frozen at its old spec, its Machines go on "
    "running, and no change of the class or the Cluster takes effect."
)
_READ = "Read the error in full: `kubectl -n {namespace} get cluster {name} -o jsonpath='{.status.conditions}'`."

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="TOPO-EXTENSION",
        layer=Layer.TOPOLOGY,
        severity=Severity.CRITICAL,
        title="A RuntimeExtension does not answer, or fails",
        kinds=("Cluster", "ClusterClass", "ExtensionConfig"),
        looks=_extension,
        mechanism="Patches, variables and hooks of the extension are asked for at every reconcile; without them "
        + _FROZEN,
        next_steps=(
            "See whether it was found: `kubectl get extensionconfig {extension} -o yaml`.",
            "Read the log of the extension, and look at its Service and certificate.",
        ),
        source="CAPI v1.14.0 internal/runtime/client/client.go (CallExtension, Discover)",
        clock=Clock.TOPOLOGY,
        shared=True,
    ),
    Signature(
        id="TOPO-CLASS",
        layer=Layer.TOPOLOGY,
        severity=Severity.CRITICAL,
        title="A ClusterClass cannot be used",
        kinds=("Cluster", "ClusterClass"),
        looks=_class_fails,
        mechanism="The class, a template that it names, or the variables that it asks for are missing, so that "
        + _FROZEN,
        next_steps=(
            "See the class: `kubectl -n {class_namespace} get clusterclass {class} -o yaml`.",
            "See whether the templates that it names exist; restore them, or change the class, in Git.",
        ),
        source="CAPI v1.14.0 core/reconcilers/topology/cluster (cluster_controller.go reconcile, blueprint.go)",
        clock=Clock.TOPOLOGY,
        shared=True,
    ),
    Signature(
        id="TOPO-PATCH",
        layer=Layer.TOPOLOGY,
        severity=Severity.HIGH,
        title="A patch or a variable of the ClusterClass fails",
        kinds=("Cluster",),
        looks=_patch_fails,
        mechanism="A patch that cannot be applied, or a variable that it needs, means that " + _FROZEN,
        next_steps=(
            _READ,
            "Try the change without applying it: `clusterctl alpha topology plan -f <manifest> -o <folder>`.",
            "Mend the patch of ClusterClass {class} or the variables of the Cluster, in Git.",
        ),
        source="CAPI v1.14.0 core/reconcilers/topology/cluster/patches/engine.go (Apply); cluster-api#7337",
        clock=Clock.TOPOLOGY,
    ),
    Signature(
        id="TOPO-IMMUTABLE",
        layer=Layer.TOPOLOGY,
        severity=Severity.HIGH,
        title="The API server refuses what the topology wants",
        kinds=("Cluster",),
        looks=_refused,
        mechanism=(
            "The controller tries every change with a dry run first. A webhook that does not let templates change, and "
            "does not know the annotation of the dry run, refuses it; so does a field that may never change. Then "
            + _FROZEN
        ),
        next_steps=(
            _READ,
            "See whether the provider's webhook honours `topology.cluster.x-k8s.io/dry-run`; a later version may.",
            "Or take the change of the immutable field back, in Git.",
        ),
        source="CAPI v1.14.0 core/reconcilers/topology/cluster/structuredmerge/dryrun.go",
        clock=Clock.TOPOLOGY,
    ),
    Signature(
        id="TOPO-FAILED",
        layer=Layer.TOPOLOGY,
        severity=Severity.HIGH,
        title="The topology of a Cluster cannot be reconciled",
        kinds=("Cluster",),
        looks=_fails,
        mechanism="The controller stops at the error, and " + _FROZEN,
        next_steps=(_READ, "Read the log of the core controller for `{namespace}/{name}`."),
        source="CAPI v1.14.0 core/reconcilers/topology/cluster/status.go (reconcileTopologyReconciledCondition)",
        clock=Clock.TOPOLOGY,
    ),
    Signature(
        id="TOPO-CLASS-REFS",
        layer=Layer.TOPOLOGY,
        severity=Severity.LOW,
        title="A ClusterClass names templates in an old API version",
        kinds=("ClusterClass",),
        looks=_old_versions,
        mechanism="The references still work; they will not when the provider stops serving that version.",
        next_steps=(
            "See which: `kubectl -n {namespace} get clusterclass {name} -o jsonpath='{.status.conditions}'`.",
            "Write the newer version into the references of the class, in Git.",
        ),
        source="CAPI v1.14.0 core/reconcilers/clusterclass/clusterclass_controller_status.go",
        clock=Clock.BESPOKE,
    ),
)
