"""Git against a management cluster, by example.

Every example is played on the real API server: the writes are made as the managers that it names would
make them, so that the server itself keeps the managedFields. Versions are converted by Cluster API's own
webhooks, and where its admission has a part, that runs too (`admitted`). In order:

- equal, edited, scaled, pending, removed, added, defaulted
- keyed lists, arguments, atomic lists
- the equality rules
- owners shared, lost, derived; marks; secrets; templates
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

from drift_audit.model.comparison import SILENT, LeafOutcome
from drift_audit.model.findings import Grade
from drift_audit.model.keys import format_path
from drift_audit.model.pairing import Membership
from drift_audit.model.values import Absent, Present, Unknown
from tests.integration.gitops_bench import OLD, Bench, declarations, next_second, time_of
from tests.integration.widgets import API_VERSION, KIND, widgets_installed
from tests.rig.apiserver import ApiServer
from tests.rig.client import ApiRefused, Json
from tests.rig.management_cluster import ManagementCluster

pytestmark = pytest.mark.rig

Is = LeafOutcome
MIN = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"
MAX = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"
KUBECTL = "kubectl/v1.36.0 (linux/amd64) kubernetes/0000000"
AUTOSCALER = "cluster-autoscaler/v1.36.0 (linux/amd64) kubernetes/0000000"


@pytest.fixture
def bench(management_cluster: ManagementCluster) -> Bench:
    return Bench(management_cluster, management_cluster.namespace)


@pytest.fixture
def admitted(management_cluster: ManagementCluster) -> Bench:
    """A bench in a namespace where Cluster API's own webhooks default and validate."""
    return Bench(management_cluster, management_cluster.new_namespace("admitted", admission=True))


@pytest.fixture(scope="module")
def widget_crd(api_server: ApiServer) -> Iterator[None]:
    with widgets_installed(api_server.admin):
        yield


# Manifests


def manifest(bench: Bench, api_version: str, kind: str, name: str, body: str, metadata: str = "") -> str:
    return (
        f"apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {bench.namespace}\n"
        + textwrap.indent(textwrap.dedent(metadata).strip(), "  ")
        + ("\n" if metadata else "")
        + textwrap.dedent(body).strip()
        + "\n"
    )


def machine_deployment(
    bench: Bench, spec: str = "replicas: 3", *, metadata: str = "", selector: str = "{a: b}", machine: str = ""
) -> str:
    body = f"""\
spec:
  clusterName: one
  selector: {{matchLabels: {selector}}}
{textwrap.indent(textwrap.dedent(spec).strip(), "  ")}
  template:
    metadata: {{labels: {{a: b}}}}
    spec:
      clusterName: one
      bootstrap: {{dataSecretName: seed}}
      infrastructureRef: {{apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSMachineTemplate, name: t-1}}
{textwrap.indent(textwrap.dedent(machine).strip(), "      ")}
"""
    return manifest(bench, "cluster.x-k8s.io/v1beta2", "MachineDeployment", "workers", body, metadata)


def control_plane(bench: Bench, config: str) -> str:
    body = f"""\
spec:
  version: v1.31.2
  replicas: 3
  machineTemplate:
    spec:
      infrastructureRef: {{apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSMachineTemplate, name: t-1}}
  kubeadmConfigSpec:
{textwrap.indent(textwrap.dedent(config).strip(), "    ")}
"""
    return manifest(bench, "controlplane.cluster.x-k8s.io/v1beta2", "KubeadmControlPlane", "one", body)


def cluster(bench: Bench, spec: str, *, metadata: str = "") -> str:
    body = "spec:\n" + textwrap.indent(textwrap.dedent(spec).strip(), "  ")
    return manifest(bench, "cluster.x-k8s.io/v1beta2", "Cluster", "one", body, metadata)


def widget(bench: Bench, spec: str) -> str:
    return manifest(bench, API_VERSION, KIND, "one", f"spec: {spec}")


ARGS = "spec.kubeadmConfigSpec.clusterConfiguration.apiServer.extraArgs"


def extra_args(*pairs: tuple[str, str]) -> Json:
    args = [{"name": name, "value": value} for name, value in pairs]
    return {"spec": {"kubeadmConfigSpec": {"clusterConfiguration": {"apiServer": {"extraArgs": args}}}}}


# Equal, edited, scaled, pending, removed, added, defaulted


def test_01_what_was_applied_and_stands_is_equal(bench: Bench) -> None:
    git = machine_deployment(bench)
    bench.flux_kustomization()
    bench.flux_applies(git)

    result = bench.compare_one(git)

    assert result.raw("spec.replicas") is Is.EQUAL
    assert result.found == {}
    assert result.membership is Membership.PAIRED
    assert result.pair.head_is_applied


def test_02_an_edit_names_the_tool_and_the_window(bench: Bench) -> None:
    git = machine_deployment(bench)
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    next_second()
    edited = bench.person("kubectl-edit").merge_patch(applied, {"spec": {"replicas": 5}})

    leaf = bench.compare_one(git).leaf("spec.replicas")

    assert leaf.outcome is Is.CHANGED_OOB
    assert (leaf.applied, leaf.live) == (Present(3), Present(5))
    assert leaf.actor is not None
    assert (leaf.actor.who, leaf.actor.how, leaf.actor.grade) == ("kubectl-edit", "kubectl edit", Grade.B)
    assert leaf.actor.between.after == time_of(applied, "kustomize-controller", "Apply")
    assert leaf.actor.between.before == time_of(edited, "kubectl-edit", "Update")
    assert leaf.actor.between.after < leaf.actor.between.before


def test_03_an_autoscaler_inside_its_band_is_expected_and_git_fights_it(bench: Bench) -> None:
    git = machine_deployment(bench, metadata=f'annotations: {{{MIN}: "2", {MAX}: "10"}}')
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.with_user_agent(AUTOSCALER).scale(applied, 7)

    leaf = bench.compare_one(git).leaf("spec.replicas")

    assert (leaf.outcome, leaf.rule) == (Is.CHANGED_EXPECTED, "autoscaler-band")
    assert leaf.actor is not None
    assert leaf.actor.actor_class == "autoscaler"


def test_03b_outside_its_band_it_is_not_the_autoscaler_doing_its_job(bench: Bench) -> None:
    git = machine_deployment(bench, metadata=f'annotations: {{{MIN}: "2", {MAX}: "5"}}')
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.with_user_agent(AUTOSCALER).scale(applied, 7)

    assert bench.compare_one(git).found == {"spec.replicas": Is.CHANGED_BY_CONTROLLER}


def test_03c_a_person_who_edits_replicas_inside_the_band_still_edits(bench: Bench) -> None:
    git = machine_deployment(bench, metadata=f'annotations: {{{MIN}: "2", {MAX}: "10"}}')
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.person("kubectl-edit").merge_patch(applied, {"spec": {"replicas": 7}})

    assert bench.compare_one(git).found == {"spec.replicas": Is.CHANGED_OOB}


def test_04_kubectl_scale_is_known_by_its_user_agent(bench: Bench) -> None:
    git = machine_deployment(bench)
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.with_user_agent(KUBECTL).scale(applied, 7)

    leaf = bench.compare_one(git).leaf("spec.replicas")

    assert leaf.outcome is Is.CHANGED_OOB
    assert leaf.actor is not None
    assert (leaf.actor.who, leaf.actor.how) == ("kubectl", "kubectl scale")
    # The server notes no time for a new owner that came through the scale subresource.
    assert leaf.actor.between.after == time_of(applied, "kustomize-controller", "Apply")
    assert leaf.actor.between.before == ""


def test_04b_scaling_to_zero_is_found_although_it_leaves_no_owner(bench: Bench) -> None:
    git = machine_deployment(bench)
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.with_user_agent(KUBECTL).scale(applied, 0)

    leaf = bench.compare_one(git).leaf("spec.replicas")

    assert (leaf.outcome, leaf.actor) == (Is.CHANGED_UNATTRIBUTED, None)
    assert leaf.note == "scaling to 0 leaves no owner"


def test_04c_scaling_what_nobody_owns_is_not_recorded_and_is_no_news(admitted: Bench) -> None:
    """Git leaves the number to whoever scales: the server keeps no account of them, and Git has no say in it."""
    git = machine_deployment(admitted, "")
    admitted.flux_kustomization()
    applied = admitted.flux_applies(git)
    admitted.with_user_agent(KUBECTL).scale(applied, 7)

    result = admitted.compare_one(git)

    assert applied["spec"]["replicas"] == 1
    assert result.raw("spec.replicas") is Is.EXTRA_UNOWNED
    assert result.found == {}


def test_05_a_newer_head_is_pending_and_no_drift(bench: Bench) -> None:
    applied, head = machine_deployment(bench, "replicas: 3"), machine_deployment(bench, "replicas: 4")
    bench.flux_kustomization(revision=OLD)
    bench.flux_applies(applied)

    result = bench.compare_one(head, applied)

    assert result.found == {"spec.replicas": Is.PENDING_APPLY}
    assert result.pair.head_is_applied is False


def test_06_a_removed_field_has_no_owner_to_name(bench: Bench) -> None:
    git = machine_deployment(bench, "replicas: 3\npaused: true")
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.person("kubectl-edit").merge_patch(applied, {"spec": {"paused": None}})

    leaf = bench.compare_one(git).leaf("spec.paused")

    assert leaf.outcome is Is.REMOVED
    assert leaf.actor is None


def test_06b_who_wrote_something_else_since_is_a_candidate_for_a_removal(bench: Bench) -> None:
    git = machine_deployment(bench, "replicas: 3\npaused: true")
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.person("kubectl-edit").merge_patch(applied, {"spec": {"paused": None, "replicas": 4}})

    leaf = bench.compare_one(git).leaf("spec.paused")

    assert leaf.outcome is Is.REMOVED
    assert leaf.actor is not None
    assert (leaf.actor.who, leaf.actor.grade) == ("kubectl-edit", Grade.D)


def test_07_a_field_that_git_does_not_declare_is_found(bench: Bench) -> None:
    git = machine_deployment(bench)
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.person("kubectl-patch").merge_patch(applied, {"spec": {"paused": True}})

    leaf = bench.compare_one(git).leaf("spec.paused")

    assert leaf.outcome is Is.EXTRA_OOB
    assert isinstance(leaf.head, Absent)
    assert leaf.actor is not None
    assert (leaf.actor.who, leaf.actor.grade) == ("kubectl-patch", Grade.C)


@pytest.mark.usefixtures("widget_crd")
def test_08_a_default_of_the_schema_is_nobodys_edit(bench: Bench) -> None:
    git = widget(bench, "{size: 3}")
    bench.flux_kustomization()
    live = bench.flux_applies(git)

    result = bench.compare_one(git)

    assert live["spec"]["mode"] == "Plain"
    assert result.raw("spec.mode") is Is.EXTRA_DEFAULTED
    assert result.found == {}


@pytest.mark.usefixtures("widget_crd")
def test_09_who_creates_by_update_owns_the_defaults_and_has_not_left_them_behind(bench: Bench) -> None:
    git = widget(bench, "{size: 3}")
    bench.argo_application(automated={"selfHeal": True})
    live = bench.argo_applies(git)

    result = bench.compare_one(git)

    (entry,) = live["metadata"]["managedFields"]
    assert "f:mode" in entry["fieldsV1"]["f:spec"]
    assert result.raw("spec.mode") is Is.EXTRA_DEFAULTED
    assert result.found == {}


def test_09b_a_server_side_apply_by_kubectl_does_not_pass_for_what_argo_cd_applied(bench: Bench) -> None:
    """The server rewrites `last-applied-configuration` then, and Argo CD remains the owner of the annotation."""
    git = machine_deployment(bench)
    applied = bench.argo_applies(git)
    person = bench.person("kubectl").apply(declared_body(machine_deployment(bench, "replicas: 3\npaused: true")))

    result = bench.compare_one(git)

    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    assert person["metadata"]["annotations"][annotation] != applied["metadata"]["annotations"][annotation]
    assert result.found == {"spec.paused": Is.EXTRA_OOB}


# Keyed lists, arguments, atomic lists


def test_10_items_of_a_keyed_list_are_compared_by_key(bench: Bench) -> None:
    git = cluster(
        bench,
        """\
        topology:
          classRef: {name: base}
          version: v1.31.2
          variables:
          - {name: r, value: us}
          - {name: z, value: {a: 1}}
        """,
    )
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    variables = [{"name": "z", "value": {"a": 2}}, {"name": "r", "value": "us"}, {"name": "dbg", "value": True}]
    bench.person("kubectl-edit").merge_patch(applied, {"spec": {"topology": {"variables": variables}}})

    result = bench.compare_one(git)

    assert result.raw("spec.topology.variables[name=r].value") is Is.EQUAL
    assert result.found == {
        "spec.topology.variables[name=z].value.a": Is.CHANGED_OOB,
        "spec.topology.variables[name=dbg]": Is.EXTRA_OOB,
    }
    added = result.leaf("spec.topology.variables[name=dbg]")
    assert (added.live, added.whole) == (Present({"name": "dbg", "value": True}), True)


def test_11_an_argument_whose_value_is_part_of_its_key_is_one_change(bench: Bench) -> None:
    git = control_plane(bench, 'clusterConfiguration: {apiServer: {extraArgs: [{name: v, value: "2"}]}}')
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.person("Freelens").merge_patch(applied, extra_args(("v", "4")))

    result = bench.compare_one(git)

    assert result.raw(f"{ARGS}[name=v,value=2]") is Is.REMOVED
    assert result.raw(f"{ARGS}[name=v,value=4]") is Is.EXTRA_OOB
    assert result.found == {f"{ARGS}[name=v]": Is.CHANGED_OOB}
    leaf = result.leaf(f"{ARGS}[name=v]")
    assert (leaf.applied, leaf.live) == (Present("2"), Present("4"))
    assert leaf.actor is not None
    assert (leaf.actor.who, leaf.actor.grade) == ("Freelens", Grade.B)
    declared = declarations(git)[0].location_of(leaf.positional)
    assert declared.line == 1 + git.splitlines().index(next(line for line in git.splitlines() if "extraArgs" in line))


def test_11b_such_an_edit_makes_the_server_refuse_the_next_apply(bench: Bench) -> None:
    """Git's item would come back beside the edited one, and the CRD wants unique names."""
    git = control_plane(bench, 'clusterConfiguration: {apiServer: {extraArgs: [{name: v, value: "2"}]}}')
    applied = bench.flux_applies(git)
    bench.person("Freelens").merge_patch(applied, extra_args(("v", "4")))

    with pytest.raises(ApiRefused, match="extraArgs name must be unique"):
        bench.flux_applies(git)


def test_12_an_atomic_list_changes_as_a_whole(bench: Bench) -> None:
    git = control_plane(bench, "files:\n- {path: /a, content: one}")
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    files = [{"path": "/a", "content": "one"}, {"path": "/b", "content": "two"}]
    bench.person("kubectl-edit").merge_patch(applied, {"spec": {"kubeadmConfigSpec": {"files": files}}})

    result = bench.compare_one(git)

    assert result.found == {"spec.kubeadmConfigSpec.files": Is.CHANGED_OOB}
    leaf = result.leaf("spec.kubeadmConfigSpec.files")
    line = declarations(git)[0].location_of(leaf.positional).line
    assert git.splitlines()[line - 1].strip() == "files:"


# The equality rules


def test_13_a_version_that_admission_prefixes_is_equal(admitted: Bench) -> None:
    git = machine_deployment(admitted, machine="version: 1.30.1")
    admitted.flux_kustomization()
    live = admitted.flux_applies(git)

    result = admitted.compare_one(git)

    assert live["spec"]["template"]["spec"]["version"] == "v1.30.1"
    leaf = result.every["spec.template.spec.version"]
    assert (leaf.outcome, leaf.rule) == (Is.EQUAL_NORMALISED, "E7")
    assert result.found == {}


def test_14_two_spellings_of_a_duration_are_equal(bench: Bench) -> None:
    """A controller of the old version writes durations as Go spells them."""
    git = machine_deployment(bench).replace("v1beta2", "v1beta1").replace("apiGroup: ", "apiVersion: ")
    git = git.replace("cluster.x-k8s.io, kind", "cluster.x-k8s.io/v1beta2, kind")
    git += "      nodeDrainTimeout: 10m\n"
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.controller().merge_patch(applied, {"spec": {"template": {"spec": {"nodeDrainTimeout": "10m0s"}}}})

    result = bench.compare_one(git)

    leaf = result.every["spec.template.spec.nodeDrainTimeout"]
    assert (leaf.outcome, leaf.rule) == (Is.EQUAL_NORMALISED, "E5")
    assert result.found == {}


@pytest.mark.usefixtures("widget_crd")
def test_15_an_empty_map_and_null_are_as_good_as_nothing(bench: Bench) -> None:
    """Server-side apply refuses a null outright; client-side apply drops it."""
    git = widget(bench, "{nested: {}, options: {}, zones: [], tags: [], size: null}")
    bench.argo_application(automated={})
    live = bench.argo_applies(git)
    bench.controller().json_patch(live, [{"op": "remove", "path": f"/spec/{name}"} for name in sorted(live["spec"])])

    result = bench.compare_one(git)

    assert result.found == {}


def test_16_a_false_that_says_the_same_as_nothing_is_never_a_loss(bench: Bench) -> None:
    git = cluster(bench, "paused: false\nclusterNetwork: {serviceDomain: one.local}")
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.person("kubectl-edit").merge_patch(applied, {"spec": {"paused": None}})

    result = bench.compare_one(git)

    leaf = result.every["spec.paused"]
    assert (leaf.outcome, leaf.rule) == (Is.EQUAL_NORMALISED, "E2")
    assert result.found == {}


# Owners shared, lost, derived; marks; secrets; templates


def test_17_a_value_that_two_managers_set_is_no_alert(bench: Bench) -> None:
    git = machine_deployment(bench, "replicas: 5")
    bench.flux_kustomization()
    bench.person("kubectl-edit").create(declared_body(git))
    bench.flux_applies(git)

    result = bench.compare_one(git)

    assert result.raw("spec.replicas") is Is.EQUAL_SHARED
    assert result.found == {}


def test_18_an_edit_that_was_committed_afterwards_waits_for_its_apply(bench: Bench) -> None:
    before, after = machine_deployment(bench, "replicas: 3"), machine_deployment(bench, "replicas: 5")
    bench.flux_kustomization(revision=OLD)
    applied = bench.flux_applies(before)
    bench.person("kubectl-edit").merge_patch(applied, {"spec": {"replicas": 5}})

    pending = bench.compare_one(after, before)
    bench.flux_kustomization()
    claimed = bench.compare_one(after)

    assert pending.found == {"spec.replicas": Is.HOTFIX_COMMITTED}
    assert claimed.raw("spec.replicas") is Is.EQUAL_UNCLAIMED
    assert claimed.found == {}


def test_19_after_a_reset_of_managed_fields_nobody_can_be_named(bench: Bench) -> None:
    git = machine_deployment(bench, "replicas: 5")
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.person("kubectl-edit").merge_patch(applied, {"spec": {"replicas": 6}})
    seed = {
        "manager": "manager",
        "operation": "Update",
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "time": "2026-11-20T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:name": {}}},
    }
    # Cluster API does this itself to get rid of entries that the server cannot convert (internal/util/ssa).
    bench.controller().merge_patch(applied, {"metadata": {"managedFields": [seed]}})

    leaf = bench.compare_one(git).leaf("spec.replicas")

    assert (leaf.outcome, leaf.actor) == (Is.CHANGED_UNATTRIBUTED, None)
    assert "reset" in leaf.note


def test_20_a_misspelt_field_is_dropped_by_the_server(bench: Bench) -> None:
    git = machine_deployment(bench, "replcias: 5")
    bench.argo_application(automated={"selfHeal": True})
    live = bench.argo_applies(git)

    result = bench.compare_one(git)

    assert "replcias" not in live["spec"]
    assert result.found == {"spec.replcias": Is.PRUNED_UNKNOWN}


def test_20b_server_side_apply_refuses_a_misspelt_field(bench: Bench) -> None:
    with pytest.raises(ApiRefused, match="field not declared in schema"):
        bench.flux_applies(machine_deployment(bench, "replcias: 5"))


def test_21_labels_of_admission_and_finalizers_of_controllers_are_no_news(admitted: Bench) -> None:
    bench = admitted
    git = machine_deployment(bench, metadata="labels: {a: b}")
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    bench.controller().merge_patch(applied, {"metadata": {"finalizers": ["cluster.x-k8s.io/machinedeployment"]}})
    bench.person("kubectl-annotate").merge_patch(
        applied, {"metadata": {"annotations": {"cluster.x-k8s.io/paused": ""}}}
    )

    result = bench.compare_one(git)

    assert result.raw('metadata.labels["cluster.x-k8s.io/cluster-name"]') is Is.EXTRA_UNOWNED
    assert result.raw('metadata.finalizers[="cluster.x-k8s.io/machinedeployment"]') is Is.EXTRA_CONTROLLER
    assert result.found == {'metadata.annotations["cluster.x-k8s.io/paused"]': Is.EXTRA_OOB}


def test_22_labels_that_admission_adds_to_a_selector_are_no_change(admitted: Bench) -> None:
    git = machine_deployment(admitted)
    admitted.flux_kustomization()
    live = admitted.flux_applies(git)

    result = admitted.compare_one(git)

    assert live["spec"]["selector"]["matchLabels"]["cluster.x-k8s.io/cluster-name"] == "one"
    leaf = result.every["spec.selector"]
    assert (leaf.outcome, leaf.rule) == (Is.EQUAL_NORMALISED, "selector")
    assert result.found == {}


def test_23_a_mark_of_a_kustomization_that_is_gone_is_said(bench: Bench) -> None:
    git = cluster(bench, "topology: {classRef: {name: base}, version: v1.31.2}")
    bench.flux_kustomization()
    bench.flux_applies(git, name="old")

    result = bench.compare_one(git)

    assert result.raw("spec.topology.version") is Is.EQUAL
    assert "which does not exist" in result.pair.note


def test_23b_a_mark_whose_inventory_does_not_list_the_object_is_said(bench: Bench) -> None:
    git = cluster(bench, "topology: {classRef: {name: base}, version: v1.31.2}")
    kustomization = bench.flux_kustomization()
    entry = {"id": f"{bench.namespace}_other_cluster.x-k8s.io_Cluster", "v": "v1beta2"}
    bench.controller().status(kustomization, {"inventory": {"entries": [entry]}})
    bench.flux_applies(git)

    result = bench.compare_one(git)

    assert "whose inventory does not list it" in result.pair.note


def test_24_a_browser_is_known_by_its_user_agent(bench: Bench) -> None:
    git = machine_deployment(bench)
    bench.argo_application(automated={"prune": True})
    applied = bench.argo_applies(git)
    next_second()
    edited = bench.with_user_agent(CHROME).merge_patch(applied, {"spec": {"replicas": 5}})

    result = bench.compare_one(git)

    assert result.found == {"spec.replicas": Is.CHANGED_OOB}
    actor = result.leaf("spec.replicas").actor
    assert actor is not None
    assert (actor.who, actor.grade) == ("Mozilla", Grade.B)
    assert actor.how.startswith("a browser UI")
    assert actor.between.after == time_of(applied, "argocd-controller", "Update")
    assert actor.between.before == time_of(edited, "Mozilla", "Update")
    assert result.pair.delivery is not None
    assert not result.pair.delivery.corrects


def test_25_an_annotation_that_stops_corrections_is_a_finding_of_its_own(bench: Bench) -> None:
    git = machine_deployment(bench)
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    off = {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}
    next_second()
    bench.person("kubectl-annotate").merge_patch(applied, {"metadata": {"annotations": off}})
    edited = bench.person("kubectl-edit").merge_patch(applied, {"spec": {"replicas": 9}})

    result = bench.compare_one(git)

    assert result.found == {
        "spec.replicas": Is.CHANGED_OOB,
        'metadata.annotations["kustomize.toolkit.fluxcd.io/reconcile"]': Is.EXTRA_OOB,
    }
    actor = result.leaf("spec.replicas").actor
    assert actor is not None
    assert actor.between.after == time_of(applied, "kustomize-controller", "Apply")
    assert actor.between.before == time_of(edited, "kubectl-edit", "Update")


def test_26_an_object_that_the_topology_made_is_not_expected_in_git(bench: Bench) -> None:
    git = cluster(bench, "topology: {classRef: {name: base}, version: v1.31.2}")
    bench.flux_kustomization()
    bench.flux_applies(git)
    made = declared_body(
        machine_deployment(bench, "replicas: 3", metadata='labels: {topology.cluster.x-k8s.io/owned: ""}')
    )
    live = bench.cluster.client.apply(made, "capi-topology")

    untouched = derived(bench, git)
    bench.person("kubectl-edit").merge_patch(live, {"spec": {"replicas": 5, "paused": True}})
    edited = derived(bench, git)

    assert untouched == {}
    assert edited == {"spec.replicas": Is.DERIVED_EDITED, "spec.paused": Is.DERIVED_EDITED}


def test_27_of_an_encrypted_secret_the_keys_are_compared(bench: Bench) -> None:
    head = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: keys, namespace: {bench.namespace}}}\n"
    encrypted = head + "data:\n  k: ENC[AES256_GCM,data:abc,iv:x,tag:y,type:str]\nsops: {mac: m, lastmodified: t}\n"
    bench.flux_kustomization()
    applied = bench.flux_applies(head + "data: {k: c2VjcmV0}\n")
    bench.person("kubectl-edit").merge_patch(applied, {"data": {"j": "aHVzaA=="}})

    result = bench.compare_one(encrypted)

    assert result.raw("data.k") is Is.SKIPPED_OPAQUE
    assert isinstance(result.every["data.k"].head, Unknown)
    assert result.found == {"data.j": Is.EXTRA_OOB}
    assert "aHVzaA" not in repr(result.comparison) and "c2VjcmV0" not in repr(result.comparison)


def test_27b_an_encrypted_value_that_a_person_owns_is_possibly_edited(bench: Bench) -> None:
    head = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: keys, namespace: {bench.namespace}}}\n"
    encrypted = head + "data:\n  k: ENC[AES256_GCM,data:abc,iv:x,tag:y,type:str]\nsops: {mac: m, lastmodified: t}\n"
    bench.flux_kustomization()
    applied = bench.flux_applies(head + "data: {k: c2VjcmV0}\n")
    bench.person("kubectl-edit").merge_patch(applied, {"data": {"k": "aHVzaA=="}})

    assert bench.compare_one(encrypted).found == {"data.k": Is.POSSIBLE_OOB}


def test_28_a_number_that_became_a_string_is_a_change_of_type(bench: Bench) -> None:
    git = machine_deployment(bench, "rollout: {strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}")
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    surge = {"spec": {"rollout": {"strategy": {"rollingUpdate": {"maxSurge": "1"}}}}}
    bench.person("kubectl-edit").merge_patch(applied, surge)

    leaf = bench.compare_one(git).leaf("spec.rollout.strategy.rollingUpdate.maxSurge")

    assert (leaf.outcome, leaf.note) == (Is.CHANGED_OOB, "type only")


def test_29_a_template_is_not_judged(bench: Bench) -> None:
    git = machine_deployment(bench, "replicas: ${N:=3}")
    bench.flux_kustomization()
    bench.flux_applies(machine_deployment(bench, "replicas: 3"))

    with pytest.raises(ApiRefused, match="expected numeric"):
        bench.flux_applies(git)
    result = bench.compare_one(git)

    assert result.raw("spec.replicas") is Is.SKIPPED_OPAQUE
    assert result.found == {}
    assert result.comparison.opaque == 1


# Git in one version, the cluster in another


OLD_REFERENCE = "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2, kind: AWSMachineTemplate, name: t-1"


def old_machine_deployment(bench: Bench, spec: str = "replicas: 3", machine: str = "") -> str:
    """The manifest in v1beta1, whose references name a version and whose timeouts are durations."""
    new = machine_deployment(bench, spec, machine=machine)
    old = new.replace("cluster.x-k8s.io/v1beta2", "cluster.x-k8s.io/v1beta1", 1)
    reference = "apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSMachineTemplate, name: t-1"
    return old.replace(reference, OLD_REFERENCE)


ROLLOUT = """\
replicas: 3
strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0, deletePolicy: Oldest}}
minReadySeconds: 5
"""


def test_30_git_in_the_old_version_is_in_sync_after_conversion_and_admission(admitted: Bench) -> None:
    git = old_machine_deployment(admitted, ROLLOUT, "version: 1.31.2\nnodeDrainTimeout: 10m")
    admitted.flux_kustomization()
    admitted.flux_applies(git)

    result = admitted.compare_one(git)

    assert result.found == {}
    assert result.every["spec.template.spec.nodeDrainTimeout"].rule == "E5"


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        ({"template": {"spec": {"deletion": {"nodeDrainTimeoutSeconds": 900}}}}, "spec.template.spec.nodeDrainTimeout"),
        ({"rollout": {"strategy": {"rollingUpdate": {"maxSurge": 3}}}}, "spec.strategy.rollingUpdate.maxSurge"),
        ({"deletion": {"order": "Newest"}}, "spec.strategy.rollingUpdate.deletePolicy"),
        ({"template": {"spec": {"minReadySeconds": 9}}}, "spec.minReadySeconds"),
        ({"template": {"spec": {"infrastructureRef": {"name": "t-2"}}}}, "spec.template.spec.infrastructureRef"),
    ],
)
def test_31_an_edit_in_the_new_version_of_what_git_declares_in_the_old(admitted: Bench, edit: Json, path: str) -> None:
    git = old_machine_deployment(admitted, ROLLOUT, "nodeDrainTimeout: 10m")
    admitted.flux_kustomization()
    applied = admitted.flux_applies(git)
    new = {**applied, "apiVersion": "cluster.x-k8s.io/v1beta2"}
    admitted.person("kubectl-edit").merge_patch(new, {"spec": edit})

    result = admitted.compare_one(git)

    assert result.found == {path: Is.CHANGED_OOB}
    actor = result.leaf(path).actor
    assert actor is not None
    assert actor.who == "kubectl-edit"


def test_32_an_edit_in_the_old_version_of_what_git_declares_in_the_new(admitted: Bench) -> None:
    git = machine_deployment(
        admitted,
        "replicas: 3\nrollout: {strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}",
    )
    admitted.flux_kustomization()
    applied = admitted.flux_applies(git)
    old = {**applied, "apiVersion": "cluster.x-k8s.io/v1beta1"}
    edit = {"strategy": {"rollingUpdate": {"maxSurge": 3}}, "template": {"spec": {"nodeDrainTimeout": "15m0s"}}}
    admitted.person("node-fetch").merge_patch(old, {"spec": edit})

    result = admitted.compare_one(git)

    assert result.found == {
        "spec.rollout.strategy.rollingUpdate.maxSurge": Is.CHANGED_OOB,
        "spec.template.spec.deletion.nodeDrainTimeoutSeconds": Is.EXTRA_OOB,
    }


def test_33_arguments_are_a_map_in_the_old_version_and_a_list_in_the_new(bench: Bench) -> None:
    new = control_plane(bench, "clusterConfiguration: {apiServer: {extraArgs: {v: '2', audit-log-maxage: '30'}}}")
    reference = "apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSMachineTemplate, name: t-1"
    git = new.replace("cluster.x-k8s.io/v1beta2", "cluster.x-k8s.io/v1beta1", 1).replace(reference, OLD_REFERENCE)
    git = git.replace("    spec:\n      infrastructureRef", "    infrastructureRef")
    bench.flux_kustomization()
    applied = bench.flux_applies(git)
    untouched = bench.compare_one(git)
    edited = {**applied, "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2"}
    bench.person("kubectl-edit").merge_patch(
        edited, extra_args(("v", "4"), ("audit-log-maxage", "30"), ("profiling", "false"))
    )

    result = bench.compare_one(git)

    assert untouched.found == {}
    assert result.found == {f"{ARGS}.v": Is.CHANGED_OOB, f"{ARGS}.profiling": Is.EXTRA_OOB}


def declared_body(git: str) -> Json:
    """The object of a manifest as plain JSON, for sending it."""
    return dict(declarations(git)[0].raw)


def derived(bench: Bench, git: str) -> dict[str, LeafOutcome]:
    """What is found on the objects that no declaration names."""
    found = {}
    for each in bench.compare(git):
        if each.pair.declaration is None:
            assert each.membership is Membership.DERIVED
            found.update({format_path(leaf.path): leaf.outcome for leaf in each.comparison.leaves})
    assert not SILENT & set(found.values())
    return found
