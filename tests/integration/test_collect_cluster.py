"""The view of a management cluster, read from a real API server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from drift_audit.collect.cluster import Wanted, collect_cluster, reread_cluster
from drift_audit.collect.masking import Masker
from drift_audit.collect.recording import read_recording, write_recording
from drift_audit.config.settings import ManagementClusterSettings
from drift_audit.model.keys import ObjectKey
from drift_audit.model.values import dig, mapping
from drift_audit.model.views import ClusterView, ScopeStatus, Views
from tests.rig.client import Json, RigClient, reference
from tests.rig.identities import ADMIN, POWERLESS
from tests.rig.management_cluster import ManagementCluster

pytestmark = pytest.mark.rig

CORE = "cluster.x-k8s.io"
CLUSTER, MACHINE, SECRET = (CORE, "Cluster"), (CORE, "Machine"), ("", "Secret")


def cluster_manifest(namespace: str, name: str, *, version: str = "v1beta2", **labels: str) -> Json:
    ref: Json = {"kind": "AWSCluster", "name": name}
    if version == "v1beta2":
        ref["apiGroup"] = "infrastructure.cluster.x-k8s.io"
    else:
        ref["apiVersion"] = "infrastructure.cluster.x-k8s.io/v1beta2"
    return {
        "apiVersion": f"{CORE}/{version}",
        "kind": "Cluster",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"infrastructureRef": ref},
    }


def machine_manifest(namespace: str, name: str, cluster: str) -> Json:
    return {
        "apiVersion": f"{CORE}/v1beta2",
        "kind": "Machine",
        "metadata": {"name": name, "namespace": namespace, "labels": {f"{CORE}/cluster-name": cluster}},
        "spec": {
            "clusterName": cluster,
            "bootstrap": {"dataSecretName": name},
            "infrastructureRef": {
                "apiGroup": "infrastructure.cluster.x-k8s.io",
                "kind": "AWSMachine",
                "name": name,
            },
        },
    }


def secret_manifest(namespace: str, name: str, password: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": {"password": password},
    }


def settings_for(cluster: ManagementCluster, **changes: object) -> ManagementClusterSettings:
    defaults = ManagementClusterSettings(
        name="prod", kubeconfig=str(cluster.kubeconfig), context=cluster.context, namespaces=(cluster.namespace,)
    )
    return replace(defaults, **changes)  # type: ignore[arg-type]


def view_of(settings: ManagementClusterSettings, wanted: Wanted | None = None) -> ClusterView:
    return collect_cluster(
        settings, wanted=wanted or Wanted(), base_dir=Path("/"), masker=Masker("key"), progress=lambda sentence: None
    )


def second_look(settings: ManagementClusterSettings, view: ClusterView, keys: Iterable[ObjectKey]) -> ClusterView:
    return reread_cluster(
        settings,
        view,
        frozenset(keys),
        base_dir=Path("/"),
        masker=Masker("key"),
        progress=lambda sentence: None,
    )


def key(kind: tuple[str, str], namespace: str, name: str) -> ObjectKey:
    return ObjectKey(kind[0], kind[1], namespace, name)


def create_machines(client: RigClient, namespace: str, count: int, cluster: str = "eu-1") -> list[ObjectKey]:
    names = [f"{cluster}-md-{number:03}" for number in range(count)]
    for name in names:
        client.create(machine_manifest(namespace, name, cluster))
    return [key(MACHINE, namespace, name) for name in names]


def test_every_served_kind_of_cluster_api_and_gitops_is_listed_completely(
    management_cluster: ManagementCluster,
) -> None:
    management_cluster.client.create(cluster_manifest(management_cluster.namespace, "eu-1"))

    view = view_of(settings_for(management_cluster))

    assert view.gaps == ()
    for kind in [
        CLUSTER,
        MACHINE,
        ("infrastructure.cluster.x-k8s.io", "AWSMachine"),
        ("infrastructure.cluster.x-k8s.io", "AWSClusterRoleIdentity"),
        ("controlplane.cluster.x-k8s.io", "KubeadmControlPlane"),
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("source.toolkit.fluxcd.io", "GitRepository"),
        ("argoproj.io", "Application"),
    ]:
        assert view.listed(*kind), kind
    assert list(view.objects) == [key(CLUSTER, management_cluster.namespace, "eu-1")]
    assert view.kinds[CLUSTER].version == "v1beta2"
    assert set(view.kinds[CLUSTER].served) == {"v1beta1", "v1beta2"}
    assert view.kinds[CLUSTER].resource_version
    assert view.server_version


def test_an_audit_sends_get_and_list_requests_only(management_cluster: ManagementCluster) -> None:
    create_machines(management_cluster.client, management_cluster.namespace, 3)

    view = view_of(settings_for(management_cluster, page_size=2))

    verbs = {request.partition(" ")[0] for request in management_cluster.auditor_requests()}
    assert verbs == {"get", "list"}
    assert len(view.objects) == 3


def test_managed_fields_and_status_are_kept(management_cluster: ManagementCluster) -> None:
    client, namespace = management_cluster.client, management_cluster.namespace
    made = client.create(cluster_manifest(namespace, "eu-1"), "kubectl-create")
    client.status(made, {"phase": "Provisioned"}, "manager")

    cluster = view_of(settings_for(management_cluster)).objects[key(CLUSTER, namespace, "eu-1")]

    entries = cluster.metadata["managedFields"]
    assert isinstance(entries, list)
    assert {mapping(entry)["manager"] for entry in entries} == {"kubectl-create", "manager"}
    assert cluster.at("status", "phase") == "Provisioned"
    assert cluster.api_version == "cluster.x-k8s.io/v1beta2"


def test_a_list_in_many_pages_holds_each_object_once(management_cluster: ManagementCluster) -> None:
    machines = create_machines(management_cluster.client, management_cluster.namespace, 7)

    view = view_of(settings_for(management_cluster, page_size=3))

    assert [found for found in view.objects if found.kind == "Machine"] == machines
    [read] = [read for read in view.reads if read.scope == "prod/Machine"]
    assert (read.status, read.calls, read.throttles) == (ScopeStatus.COMPLETE, 3, 0)


def test_a_kind_is_read_in_the_version_that_git_uses(management_cluster: ManagementCluster) -> None:
    management_cluster.client.create(cluster_manifest(management_cluster.namespace, "eu-1"))
    wanted = Wanted(versions={CLUSTER: frozenset({"v1beta1"})})

    view = view_of(settings_for(management_cluster), wanted)

    [cluster] = view.objects.values()
    assert cluster.api_version == "cluster.x-k8s.io/v1beta1"
    assert cluster.raw["apiVersion"] == "cluster.x-k8s.io/v1beta1"
    assert view.kinds[CLUSTER].version == "v1beta1"
    assert view.other_versions == {}


def test_a_kind_that_git_uses_in_two_versions_is_read_in_both(management_cluster: ManagementCluster) -> None:
    management_cluster.client.create(cluster_manifest(management_cluster.namespace, "eu-1"))
    wanted = Wanted(versions={CLUSTER: frozenset({"v1beta1", "v1beta2"})})

    view = view_of(settings_for(management_cluster), wanted)

    found = key(CLUSTER, management_cluster.namespace, "eu-1")
    for version in ("v1beta1", "v1beta2"):
        there = view.object_in(found, version)
        assert there is not None
        assert there.api_version.endswith(version)


def test_schemas_and_contract_labels_come_with_the_kinds_that_have_objects(
    management_cluster: ManagementCluster,
) -> None:
    client, namespace = management_cluster.client, management_cluster.namespace
    client.create(cluster_manifest(namespace, "eu-1"))
    aws_cluster = ("infrastructure.cluster.x-k8s.io", "AWSCluster")
    client.create(reference("infrastructure.cluster.x-k8s.io/v1beta2", "AWSCluster", "eu-1", namespace))

    view = view_of(settings_for(management_cluster))

    schema = view.schemas["cluster.x-k8s.io", "Cluster", "v1beta2"]
    conditions = dig(schema, "properties", "status", "properties", "conditions")
    assert dig(conditions, "x-kubernetes-list-type") == "map"
    assert dig(conditions, "x-kubernetes-list-map-keys") == ["type"]
    assert "description" not in mapping(conditions)
    assert ("cluster.x-k8s.io", "Cluster", "v1beta1") in view.schemas
    assert view.crd_labels[CLUSTER]["cluster.x-k8s.io/provider"] == "cluster-api"
    assert view.crd_labels[aws_cluster]["cluster.x-k8s.io/v1beta1"] == "v1beta1_v1beta2"
    assert MACHINE not in view.crd_labels


def test_a_kind_that_git_declares_is_read_only_where_git_declares_it(management_cluster: ManagementCluster) -> None:
    client, namespace = management_cluster.client, management_cluster.namespace
    elsewhere = management_cluster.new_namespace()
    for place in (namespace, elsewhere):
        client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "addons", "namespace": place}})
    kind = ("", "ConfigMap")
    wanted = Wanted(versions={kind: frozenset({"v1"})}, names={kind: frozenset({(namespace, "addons")})})

    view = view_of(settings_for(management_cluster, namespaces=()), wanted)

    assert [found for found in view.objects if found.kind == "ConfigMap"] == [key(kind, namespace, "addons")]
    assert view.objects[key(kind, namespace, "addons")].raw["kind"] == "ConfigMap"
    assert view.kinds[kind].namespaces == (namespace,)
    assert view.listed(*kind)


def test_only_declared_secrets_are_asked_for_and_their_values_never_stay(
    management_cluster: ManagementCluster,
) -> None:
    client, namespace = management_cluster.client, management_cluster.namespace
    client.create(secret_manifest(namespace, "declared", "hunter2-declared"))
    client.create(secret_manifest(namespace, "other", "hunter2-other"))
    settings = settings_for(management_cluster, kubeconfig=str(management_cluster.admin_kubeconfig))
    names = frozenset({(namespace, "declared"), (namespace, "missing"), (namespace, "..")})

    view = view_of(settings, Wanted(versions={SECRET: frozenset({"v1"})}, names={SECRET: names}))

    secrets = [found for found in view.objects.values() if found.kind == "Secret"]
    assert [secret.name for secret in secrets] == ["declared"]
    assert "hunter2" not in json.dumps([secret.raw for secret in secrets])
    assert "aHVudGVy" not in json.dumps([secret.raw for secret in secrets])
    assert view.listed(*SECRET)


def test_an_undeclared_secret_is_never_asked_for(management_cluster: ManagementCluster) -> None:
    management_cluster.client.create(secret_manifest(management_cluster.namespace, "other", "hunter2"))

    view = view_of(settings_for(management_cluster, namespaces=()))

    assert SECRET not in view.kinds
    assert not any("secrets" in request for request in management_cluster.auditor_requests())


def test_a_declared_kind_that_nobody_serves_is_proven_absent(management_cluster: ManagementCluster) -> None:
    kind = ("unknown.example.com", "Gadget")

    view = view_of(settings_for(management_cluster), Wanted(versions={kind: frozenset({"v1"})}))

    assert view.listed(*kind)
    assert view.kinds[kind].served == ()
    assert view.gaps == ()


@pytest.mark.parametrize(
    ("group", "kind", "meant"),
    [
        ("infrastructure.cluster.x-k8s.io", "AWSMachin", "AWSMachine.infrastructure.cluster.x-k8s.io"),
        ("infrastructure.example.com", "AWSMachine", "AWSMachine.infrastructure.cluster.x-k8s.io"),
        ("appz", "Deployment", "Deployment.apps"),
    ],
)
def test_a_kind_that_clusters_wait_for_and_nobody_serves_comes_with_what_may_have_been_meant(
    management_cluster: ManagementCluster, group: str, kind: str, meant: str
) -> None:
    view = view_of(settings_for(management_cluster), Wanted(everywhere=frozenset({(group, kind)})))

    listing = view.kinds[group, kind]
    assert listing.served == ()
    assert listing.alike[:1] == (meant,)


def test_namespaces_restrict_what_is_read(management_cluster: ManagementCluster) -> None:
    elsewhere = management_cluster.new_namespace()
    for namespace in (management_cluster.namespace, elsewhere):
        management_cluster.client.create(cluster_manifest(namespace, "eu-1"))

    view = view_of(settings_for(management_cluster, namespaces=(elsewhere,)))

    assert list(view.objects) == [key(CLUSTER, elsewhere, "eu-1")]
    assert view.namespaces == (elsewhere,)
    assert view.listed(*CLUSTER)
    assert all(elsewhere in uri for uri in management_cluster.auditor_requests() if "/machines" in uri)


def test_a_label_selector_leaves_out_other_clusters_and_what_belongs_to_them(
    management_cluster: ManagementCluster,
) -> None:
    client, namespace = management_cluster.client, management_cluster.namespace
    client.create(cluster_manifest(namespace, "eu-1", env="prod"))
    client.create(cluster_manifest(namespace, "eu-2", env="test"))
    kept = create_machines(client, namespace, 1, "eu-1")
    excluded = create_machines(client, namespace, 1, "eu-2")

    view = view_of(settings_for(management_cluster, label_selector="env in (prod)"))

    assert list(view.objects) == [key(CLUSTER, namespace, "eu-1"), *kept]
    assert view.left_out == {key(CLUSTER, namespace, "eu-2"), *excluded}


def test_a_selector_that_the_server_refuses_is_a_gap_and_nothing_is_left_out(
    management_cluster: ManagementCluster,
) -> None:
    management_cluster.client.create(cluster_manifest(management_cluster.namespace, "eu-1"))

    view = view_of(settings_for(management_cluster, label_selector="env in prod"))

    [gap] = view.gaps
    assert "HTTP 400" in gap.reason
    assert "label_selector" in gap.remedy
    assert len(view.objects) == 1


def test_a_user_who_may_list_nothing_gets_a_gap_with_the_missing_rule_for_every_kind(
    management_cluster: ManagementCluster,
) -> None:
    management_cluster.client.create(cluster_manifest(management_cluster.namespace, "eu-1"))
    powerless = str(management_cluster.kubeconfig_of(POWERLESS))

    view = view_of(settings_for(management_cluster, kubeconfig=powerless, namespaces=()))

    assert view.objects == {}
    assert not any(listing.complete for listing in view.kinds.values())
    [gap] = [gap for gap in view.gaps if gap.scope == "prod/MachineDeployment"]
    rule = 'apiGroups: ["cluster.x-k8s.io"], resources: ["machinedeployments"], verbs: ["list"]'
    assert rule in gap.remedy
    assert "ClusterRole" in gap.remedy
    assert "HTTP 403" in gap.reason
    assert {read.status for read in view.reads if read.scope == "prod/Machine"} == {ScopeStatus.FAILED}


def test_a_kind_that_is_forbidden_in_one_namespace_keeps_the_others(management_cluster: ManagementCluster) -> None:
    client, namespace = management_cluster.client, management_cluster.namespace
    elsewhere = management_cluster.new_namespace()
    for place in (namespace, elsewhere):
        client.create(cluster_manifest(place, "eu-1"))
    allow_in(client, namespace, "clusters")
    powerless = str(management_cluster.kubeconfig_of(POWERLESS))

    view = view_of(settings_for(management_cluster, kubeconfig=powerless, namespaces=(namespace, elsewhere)))

    assert list(view.objects) == [key(CLUSTER, namespace, "eu-1")]
    assert not view.listed(*CLUSTER)
    [gap] = [gap for gap in view.gaps if gap.scope == "prod/Cluster"]
    assert (gap.subject, gap.status) == (elsewhere, ScopeStatus.PARTIAL)
    assert f"a Role in namespace '{elsewhere}'" in gap.remedy


def allow_in(client: RigClient, namespace: str, *resources: str) -> None:
    api = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": {"name": "some", "namespace": namespace}}
    rule = {"apiGroups": [CORE], "resources": list(resources), "verbs": ["get", "list"]}
    client.apply({**role, "rules": [rule]}, "rig-install")
    client.apply(
        {
            **role,
            "kind": "RoleBinding",
            "roleRef": {"apiGroup": api, "kind": "Role", "name": "some"},
            "subjects": [{"apiGroup": api, "kind": "Group", "name": POWERLESS.groups[0]}],
        },
        "rig-install",
    )


def test_a_recorded_view_comes_back_equal(management_cluster: ManagementCluster, tmp_path: Path) -> None:
    client, namespace = management_cluster.client, management_cluster.namespace
    client.create(cluster_manifest(namespace, "eu-1"))
    create_machines(client, namespace, 3)
    views = Views(
        clusters=(
            view_of(settings_for(management_cluster), Wanted(versions={CLUSTER: frozenset({"v1beta1", "v1beta2"})})),
        )
    )

    digest = write_recording(
        views, tmp_path / "fleet.dar", tool_version="0.1.0", created_at="2026-11-20T02:00:00Z", config_digest=""
    )
    recording = read_recording(tmp_path / "fleet.dar")

    assert recording.views == views
    assert recording.digest == digest
    [back], [live] = recording.views.clusters, views.clusters
    assert list(back.objects) == list(live.objects)


# The second look


def test_a_second_look_sees_changes_new_objects_and_what_is_gone(management_cluster: ManagementCluster) -> None:
    client, namespace = management_cluster.client, management_cluster.namespace
    changed, gone, untouched = create_machines(client, namespace, 3)
    settings = settings_for(management_cluster)
    view = view_of(settings)
    client.merge_patch(machine_manifest(namespace, changed.name, "eu-1"), {"metadata": {"labels": {"new": "yes"}}})
    client.delete(reference(f"{CORE}/v1beta2", "Machine", gone.name, namespace))
    client.create(cluster_manifest(namespace, "eu-1"))
    appeared = key(CLUSTER, namespace, "eu-1")

    again = second_look(settings, view, {changed, gone, appeared})

    assert again.objects[changed].labels["new"] == "yes"
    assert gone not in again.objects
    assert appeared in again.objects
    assert again.objects[untouched] is view.objects[untouched]
    assert again.reread == {changed, gone, appeared}
    assert again.gaps == ()
    assert gone in view.objects


def test_many_suspects_of_a_kind_cost_one_list(management_cluster: ManagementCluster) -> None:
    machines = create_machines(management_cluster.client, management_cluster.namespace, 21)
    settings = settings_for(management_cluster)
    view = view_of(settings)

    again = second_look(settings, view, machines)

    assert again.reread == set(machines)
    assert again.reads[-1].calls == 1


def test_a_second_look_reads_every_version_again(management_cluster: ManagementCluster) -> None:
    client, namespace = management_cluster.client, management_cluster.namespace
    made = client.create(cluster_manifest(namespace, "eu-1"))
    settings = settings_for(management_cluster)
    view = view_of(settings, Wanted(versions={CLUSTER: frozenset({"v1beta1", "v1beta2"})}))
    client.merge_patch(made, {"metadata": {"labels": {"new": "yes"}}})
    suspect = key(CLUSTER, namespace, "eu-1")

    again = second_look(settings, view, {suspect})

    for version in ("v1beta1", "v1beta2"):
        found = again.object_in(suspect, version)
        assert found is not None
        assert found.labels["new"] == "yes"


def test_a_kind_that_is_still_not_served_is_confirmed_absent(management_cluster: ManagementCluster) -> None:
    kind = ("unknown.example.com", "Gadget")
    settings = settings_for(management_cluster)
    view = view_of(settings, Wanted(versions={kind: frozenset({"v1"})}))
    suspect = key(kind, management_cluster.namespace, "one")

    again = second_look(settings, view, {suspect})

    assert again.reread == {suspect}


def test_a_suspect_that_may_not_be_read_again_stays_unconfirmed(management_cluster: ManagementCluster) -> None:
    [machine] = create_machines(management_cluster.client, management_cluster.namespace, 1)
    settings = settings_for(management_cluster)
    view = view_of(settings)
    powerless = settings_for(management_cluster, kubeconfig=str(management_cluster.kubeconfig_of(POWERLESS)))

    again = second_look(powerless, view, {machine})

    assert again.reread == frozenset()
    assert again.objects[machine] is view.objects[machine]
    [gap] = again.gaps
    assert 'verbs: ["get"]' in gap.remedy


# Credentials


def token_of(client: RigClient, namespace: str) -> str:
    """A real bearer token of a service account that may list Clusters in its namespace."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "audit", "namespace": namespace}}
    made = client.create(account)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}}
    return str(client.raw("POST", client.path(made, "token"), request)["status"]["token"])


def kubeconfig_with(cluster: ManagementCluster, folder: Path, user: Json, **of_cluster: object) -> str:
    """The admin's kubeconfig with another user, and further fields of the cluster."""
    document = json.loads(cluster.kubeconfig_of(ADMIN).read_text())
    document["users"][0]["user"] = user
    document["clusters"][0]["cluster"] |= of_cluster
    target = folder / "kubeconfig.yaml"
    target.write_text(json.dumps(document))
    return str(target)


def plugin(folder: Path, *outputs: object) -> Json:
    """An exec credential plug-in that gives one output after the other, the last one for ever."""
    script = folder / "plugin.py"
    script.write_text(
        "import json, pathlib, sys\n"
        f"outputs = {list(outputs)!r}\n"
        "calls = pathlib.Path(__file__).with_suffix('.calls')\n"
        "done = int(calls.read_text()) if calls.exists() else 0\n"
        "calls.write_text(str(done + 1))\n"
        "status = outputs[min(done, len(outputs) - 1)]\n"
        "if isinstance(status, int):\n    sys.exit(status)\n"
        "version = 'client.authentication.k8s.io/v1'\n"
        "print(json.dumps({'apiVersion': version, 'kind': 'ExecCredential', 'status': status}))\n"
    )
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(script)],
            "interactiveMode": "Never",
        }
    }


def test_refused_credentials_are_asked_for_once_more(management_cluster: ManagementCluster, tmp_path: Path) -> None:
    token = token_of(management_cluster.client, management_cluster.namespace)
    user = plugin(tmp_path, {"token": "expired"}, {"token": token})
    settings = settings_for(management_cluster, kubeconfig=kubeconfig_with(management_cluster, tmp_path, user))

    view = view_of(settings)

    assert view.kinds, "the second token works: discovery answers every authenticated user"
    assert (tmp_path / "plugin.calls").read_text() == "2"
    assert any("HTTP 403" in gap.reason for gap in view.gaps)


def test_credentials_that_stay_refused_are_one_gap(management_cluster: ManagementCluster, tmp_path: Path) -> None:
    kubeconfig = kubeconfig_with(management_cluster, tmp_path, {"token": "not-a-token"})

    view = view_of(settings_for(management_cluster, kubeconfig=kubeconfig))

    [gap] = view.gaps
    assert gap.scope == "prod"
    assert "HTTP 401" in gap.reason
    assert "credentials" in gap.remedy
    assert "not-a-token" not in str(view)


def test_a_credential_plugin_that_fails_is_a_gap_not_an_anonymous_audit(
    management_cluster: ManagementCluster, tmp_path: Path
) -> None:
    kubeconfig = kubeconfig_with(management_cluster, tmp_path, plugin(tmp_path, 3))

    view = view_of(settings_for(management_cluster, kubeconfig=kubeconfig))

    [gap] = view.gaps
    assert "credential plug-in" in gap.reason
    assert "Log in" in gap.remedy


def test_an_untrusted_certificate_is_a_gap(management_cluster: ManagementCluster, tmp_path: Path) -> None:
    kubeconfig = kubeconfig_with(
        management_cluster, tmp_path, {"token": "x"}, **{"certificate-authority-data": "", "tls-server-name": ""}
    )

    view = view_of(settings_for(management_cluster, kubeconfig=kubeconfig))

    [gap] = view.gaps
    assert "TLS handshake failed" in gap.reason
    assert "certificate-authority" in gap.remedy


def test_a_server_that_is_not_there_is_a_gap(management_cluster: ManagementCluster, tmp_path: Path) -> None:
    kubeconfig = kubeconfig_with(management_cluster, tmp_path, {"token": "x"}, server="https://127.0.0.1:9")

    view = view_of(settings_for(management_cluster, kubeconfig=kubeconfig))

    [gap] = view.gaps
    assert "connection was refused" in gap.reason
    assert view.kinds == {}
    assert not view.listed(*CLUSTER)
