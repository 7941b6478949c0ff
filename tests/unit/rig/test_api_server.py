"""The real API server of the rig: identities, field managers, audit log, clean-up."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.rig.apiserver import ApiServer
from tests.rig.build import KUBECTL, found_or_built
from tests.rig.client import ApiRefused, Json, reference
from tests.rig.crds import EVERYTHING, load_crds
from tests.rig.identities import AUDITOR, POWERLESS
from tests.rig.management_cluster import ManagementCluster, fresh_management_cluster

pytestmark = pytest.mark.rig

CAPI = "cluster.x-k8s.io/v1beta2"


def machine_deployment(namespace: str, name: str = "workers", replicas: int = 1) -> Json:
    infrastructure = {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "AWSMachineTemplate", "name": name}
    machine = {"clusterName": "one", "bootstrap": {"dataSecretName": "seed"}, "infrastructureRef": infrastructure}
    return {
        "apiVersion": CAPI,
        "kind": "MachineDeployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterName": "one", "replicas": replicas, "selector": {}, "template": {"spec": machine}},
    }


def managers(live: Json) -> set[tuple[str, str, str]]:
    return {
        (entry["manager"], entry["operation"], entry.get("subresource", ""))
        for entry in live["metadata"]["managedFields"]
    }


def test_every_served_version_of_every_crd_can_be_listed(api_server: ApiServer) -> None:
    crds = load_crds(EVERYTHING)

    listed = {
        (crd["metadata"]["name"], version["name"]): api_server.admin.list(
            f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"]
        )
        for crd in crds
        for version in crd["spec"]["versions"]
        if version["served"]
    }

    assert len(listed) >= len(crds) > 80
    assert not any(listed.values())


def test_apply_is_recorded_under_the_chosen_manager(management_cluster: ManagementCluster) -> None:
    declared = machine_deployment(management_cluster.namespace)

    live = management_cluster.gitops.apply(declared)

    assert managers(live) == {("kustomize-controller", "Apply", "")}


def test_a_person_takes_the_leaf_that_she_edits(management_cluster: ManagementCluster) -> None:
    declared = machine_deployment(management_cluster.namespace)
    management_cluster.gitops.apply(declared)

    live = management_cluster.human.merge_patch(declared, {"spec": {"paused": True}}, "kubectl-edit")

    assert managers(live) == {("kustomize-controller", "Apply", ""), ("kubectl-edit", "Update", "")}
    (edit,) = [entry for entry in live["metadata"]["managedFields"] if entry["manager"] == "kubectl-edit"]
    assert edit["fieldsV1"] == {"f:spec": {"f:paused": {}}}


def test_scaling_is_recorded_under_the_user_agent_and_the_subresource(management_cluster: ManagementCluster) -> None:
    declared = management_cluster.gitops.apply(machine_deployment(management_cluster.namespace))
    kubectl = management_cluster.human.with_user_agent("kubectl/v1.36.0 (linux/amd64) kubernetes/0000000")

    kubectl.scale(declared, 3)

    live = management_cluster.client.get(declared)
    assert live["spec"]["replicas"] == 3
    assert ("kubectl", "Update", "scale") in managers(live)


def test_put_json_patch_and_status_are_updates_of_their_managers(management_cluster: ManagementCluster) -> None:
    client = management_cluster.client
    live = client.as_manager("manager").create(machine_deployment(management_cluster.namespace))
    replaced = {**live, "spec": {**live["spec"], "replicas": 2}}

    client.update(replaced, "kubectl-replace")
    client.json_patch(live, [{"op": "add", "path": "/spec/paused", "value": True}], "kubectl-patch")
    client.status(live, {"phase": "Running"}, "manager")

    final = client.get(live)
    assert (final["spec"]["replicas"], final["spec"]["paused"], final["status"]["phase"]) == (2, True, "Running")
    assert managers(final) == {
        ("manager", "Update", ""),
        ("kubectl-replace", "Update", ""),
        ("kubectl-patch", "Update", ""),
        ("manager", "Update", "status"),
    }


def test_an_object_can_be_read_in_an_older_version(management_cluster: ManagementCluster) -> None:
    live = management_cluster.gitops.apply(machine_deployment(management_cluster.namespace))

    older = management_cluster.client.get(live, version="v1beta1")

    assert older["apiVersion"] == "cluster.x-k8s.io/v1beta1"
    assert older["metadata"]["uid"] == live["metadata"]["uid"]


def test_a_conflicting_apply_without_force_is_refused(management_cluster: ManagementCluster) -> None:
    management_cluster.gitops.apply(machine_deployment(management_cluster.namespace, replicas=1))
    other = machine_deployment(management_cluster.namespace, replicas=5)

    with pytest.raises(ApiRefused) as refused:
        management_cluster.human.apply(other, "kubectl", force=False)

    assert (refused.value.status, refused.value.reason) == (409, "Conflict")


def test_the_auditor_reads_but_may_not_write(management_cluster: ManagementCluster) -> None:
    live = management_cluster.gitops.apply(machine_deployment(management_cluster.namespace))
    auditor = management_cluster.server.client(AUDITOR)

    seen = auditor.list(CAPI, "MachineDeployment")
    with pytest.raises(ApiRefused) as refused:
        auditor.merge_patch(live, {"spec": {"replicas": 0}}, "drift-audit")

    assert [item["metadata"]["name"] for item in seen] == ["workers"]
    assert refused.value.status == 403


def test_the_audit_log_holds_what_the_auditor_asked_and_nobody_else(management_cluster: ManagementCluster) -> None:
    management_cluster.gitops.apply(machine_deployment(management_cluster.namespace))

    management_cluster.server.client(AUDITOR).list(CAPI, "MachineDeployment", management_cluster.namespace)

    path = f"/apis/{CAPI}/namespaces/{management_cluster.namespace}/machinedeployments"
    assert management_cluster.auditor_requests()[-1] == f"list {path}"
    assert {entry.user for entry in management_cluster.server.audited()} == {AUDITOR.user}


def test_the_powerless_may_not_even_list(management_cluster: ManagementCluster) -> None:
    client = management_cluster.server.client(POWERLESS)

    with pytest.raises(ApiRefused) as refused:
        client.list(CAPI, "Machine")

    assert refused.value.status == 403


def test_kubectl_works_with_a_kubeconfig_of_the_rig(management_cluster: ManagementCluster) -> None:
    management_cluster.gitops.apply(machine_deployment(management_cluster.namespace))
    where = [f"--kubeconfig={management_cluster.human_kubeconfig}", f"--namespace={management_cluster.namespace}"]

    done = subprocess.run(
        [found_or_built(KUBECTL), *where, "get", "machinedeployments.cluster.x-k8s.io", "-o", "json"],
        check=True,
        capture_output=True,
    )

    assert [item["metadata"]["name"] for item in json.loads(done.stdout)["items"]] == ["workers"]


def test_nothing_of_one_test_is_left_for_the_next(api_server: ApiServer) -> None:
    with fresh_management_cluster(api_server) as cluster:
        stuck = machine_deployment(cluster.namespace)
        stuck["metadata"]["finalizers"] = ["example.com/never-removed"]
        cluster.gitops.apply(stuck)
        cluster.client.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": cluster.namespace}}, "rig"
        )

    assert api_server.admin.find(stuck) is None
    assert api_server.admin.find(reference("v1", "Namespace", cluster.namespace)) is None
    assert api_server.admin.list("v1", "Secret") == []
