"""Cluster API's own webhooks at the rig's API server."""

from __future__ import annotations

import pytest

from tests.rig.apiserver import ApiServer
from tests.rig.client import ApiRefused, Json
from tests.rig.management_cluster import ManagementCluster
from tests.rig.manifests import objects_of
from tests.rig.templates import rendered_template, template_objects

pytestmark = pytest.mark.rig


def machine_deployment_of_template(namespace: str) -> Json:
    (declared,) = (entry for entry in template_objects("aws", "one", namespace) if entry["kind"] == "MachineDeployment")
    return declared


def test_a_reference_written_as_v1beta1_is_complete_in_both_versions(management_cluster: ManagementCluster) -> None:
    declared = machine_deployment_of_template(management_cluster.namespace)

    management_cluster.gitops.apply(declared)

    reference = {"kind": "AWSMachineTemplate", "name": "one-md-0"}
    group = "infrastructure.cluster.x-k8s.io"
    old = management_cluster.client.get(declared, version="v1beta1")
    new = management_cluster.client.get(declared, version="v1beta2")
    # The namespace is not in the template: the conversion to v1beta1 adds it.
    added = {"apiVersion": f"{group}/v1beta2", "namespace": management_cluster.namespace}
    assert old["spec"]["template"]["spec"]["infrastructureRef"] == reference | added
    assert new["spec"]["template"]["spec"]["infrastructureRef"] == reference | {"apiGroup": group}


def test_the_kubeadm_kinds_convert_too(management_cluster: ManagementCluster) -> None:
    objects = template_objects("aws", "one", management_cluster.namespace)
    (declared,) = (entry for entry in objects if entry["kind"] == "KubeadmControlPlane")

    management_cluster.gitops.apply(declared)

    new = management_cluster.client.get(declared, version="v1beta2")
    registration = new["spec"]["kubeadmConfigSpec"]["initConfiguration"]["nodeRegistration"]
    assert registration["kubeletExtraArgs"] == [{"name": "cloud-provider", "value": "external"}]


def test_no_defaults_are_set_where_admission_is_off(management_cluster: ManagementCluster) -> None:
    live = management_cluster.gitops.apply(machine_deployment_of_template(management_cluster.namespace))

    assert live["spec"]["selector"] == {}


def test_admission_sets_defaults_that_nobody_owns(management_cluster: ManagementCluster) -> None:
    namespace = management_cluster.new_namespace(admission=True)

    live = management_cluster.gitops.apply(machine_deployment_of_template(namespace))

    labels = {"cluster.x-k8s.io/cluster-name": "one", "cluster.x-k8s.io/deployment-name": "one-md-0"}
    assert live["spec"]["selector"] == {"matchLabels": labels}
    (applied,) = live["metadata"]["managedFields"]
    assert applied["manager"] == "kustomize-controller"
    assert "f:matchLabels" not in applied["fieldsV1"]["f:spec"].get("f:selector", {})


def test_with_admission_a_template_can_be_applied_as_it_is(management_cluster: ManagementCluster) -> None:
    namespace = management_cluster.new_namespace(admission=True)
    raw = [entry for entry in objects_of(rendered_template("aws", "one")) if entry["kind"] == "MachineDeployment"]

    live = management_cluster.gitops.apply({**raw[0], "metadata": {**raw[0]["metadata"], "namespace": namespace}})

    assert raw[0]["spec"]["selector"] == {"matchLabels": None}
    assert live["spec"]["selector"]["matchLabels"]


def test_admission_refuses_what_cluster_api_refuses(management_cluster: ManagementCluster) -> None:
    declared = machine_deployment_of_template(management_cluster.new_namespace(admission=True))
    management_cluster.gitops.apply(declared)

    with pytest.raises(ApiRefused) as refused:
        management_cluster.human.merge_patch(declared, {"spec": {"clusterName": "two"}}, "kubectl-edit")

    assert refused.value.status == 422
    assert "spec.clusterName and spec.template.spec.clusterName must be set to the same value" in refused.value.message


def test_an_older_server_knows_v1beta1_only(older_api_server: ApiServer) -> None:
    versions = {
        version["version"]
        for group in older_api_server.admin.raw("GET", "/apis")["groups"]
        if group["name"] == "cluster.x-k8s.io"
        for version in group["versions"]
    }

    assert versions == {"v1beta1"}
