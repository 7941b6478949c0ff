"""The manifests of a workload cluster on the in-memory infrastructure, as they would stand in Git."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.rig.client import Json

INFRA_GROUP = "infrastructure.cluster.x-k8s.io"
CONTROL_PLANE_GROUP = "controlplane.cluster.x-k8s.io"
BOOTSTRAP_GROUP = "bootstrap.cluster.x-k8s.io"
CORE_GROUP = "cluster.x-k8s.io"
CORE = f"{CORE_GROUP}/v1beta2"
INFRA = f"{INFRA_GROUP}/v1beta2"
CONTROL_PLANE = f"{CONTROL_PLANE_GROUP}/v1beta2"
BOOTSTRAP = f"{BOOTSTRAP_GROUP}/v1beta2"
_SOME_ANNOTATION = {"rig.drift-audit.example/managed": "by-git"}
"""The provider panics at a DevCluster without any: it writes into the map that it found (1.14.0,
backends/inmemory/inmemorycluster_backend.go). One that is made from a ClusterClass always has some."""
NEVER = "8760h0m0s"
"""A start-up time that no test sees the end of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUp:
    """How long the parts of a fake machine take; each begins when the one before is done."""

    vm: str = "1s"
    node: str = "1s"
    etcd: str = "500ms"
    api_server: str = "500ms"

    def backend(self) -> Json:
        """`spec.backend` of a DevMachineTemplate."""
        parts = {"vm": self.vm, "node": self.node, "etcd": self.etcd, "apiServer": self.api_server}
        return {"inMemory": {name: {"provisioning": {"startupDuration": time}} for name, time in parts.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A MachineHealthCheck of the workers; Cluster API's webhook refuses start-up timeouts from 1 to 29 s."""

    node_timeout_seconds: int = 10
    start_up_timeout_seconds: int = 600
    at_most: str = "100%"
    """Of the Machines may be unhealthy before remediation is held back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCluster:
    """One workload cluster that is to come up."""

    name: str
    namespace: str = ""
    """Empty: that of the fleet."""
    version: str = "v1.34.2"
    worker_version: str = ""
    """Empty: that of the control plane."""
    control_planes: int = 1
    workers: int = 2
    template: str = "a"
    """Suffix of the control plane's machine template; it is immutable: another content needs another suffix."""
    worker_template: str = "a"
    """Suffix of the workers' templates, for machines and for bootstrapping."""
    start_up: StartUp = field(default_factory=StartUp)
    worker_start_up: StartUp | None = None
    """`None`: as the control plane's."""
    health_check: HealthCheck | None = field(default_factory=HealthCheck)
    topology: str = ""
    """Name of the ClusterClass that the cluster follows; empty: the plain kinds are declared."""
    annotations: Json = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    """Kinds that somebody forgot to declare."""

    @property
    def own_start_up_of_workers(self) -> StartUp:
        return self.worker_start_up or self.start_up


def declared_objects(cluster: LiveCluster) -> list[Json]:
    """Every object of the cluster that stands in Git."""
    objects = topology_objects(cluster) if cluster.topology else plain_objects(cluster)
    return [item for item in objects if item["kind"] not in cluster.without]


def plain_objects(cluster: LiveCluster) -> list[Json]:
    """Cluster, infrastructure, control plane, one MachineDeployment, their templates, a MachineHealthCheck."""
    name = cluster.name
    workers = f"{name}-md-0"
    machine_templates = {
        f"{name}-control-plane-{cluster.template}": cluster.start_up,
        f"{workers}-{cluster.worker_template}": cluster.own_start_up_of_workers,
    }
    spec = {
        "clusterNetwork": _network(),
        "controlPlaneRef": _reference(CONTROL_PLANE_GROUP, "KubeadmControlPlane", f"{name}-control-plane"),
        "infrastructureRef": _reference(INFRA_GROUP, "DevCluster", name),
    }
    checks = [_machine_health_check(cluster, workers, cluster.health_check)] if cluster.health_check else []
    return [
        _object(cluster, CORE, "Cluster", name, spec, annotations=cluster.annotations),
        _object(cluster, INFRA, "DevCluster", name, {"backend": {"inMemory": {}}}, annotations=_SOME_ANNOTATION),
        *(_machine_template(cluster, title, start_up) for title, start_up in machine_templates.items()),
        _control_plane(cluster, f"{name}-control-plane", f"{name}-control-plane-{cluster.template}"),
        _object(
            cluster,
            BOOTSTRAP,
            "KubeadmConfigTemplate",
            f"{workers}-{cluster.worker_template}",
            {"template": {"spec": {"joinConfiguration": _node_registration()}}},
        ),
        _machine_deployment(cluster, workers),
        *checks,
    ]


def _control_plane(cluster: LiveCluster, name: str, template: str) -> Json:
    spec = {
        "replicas": cluster.control_planes,
        "version": cluster.version,
        "machineTemplate": {
            "spec": {"infrastructureRef": _reference(INFRA_GROUP, "DevMachineTemplate", template)},
        },
        "kubeadmConfigSpec": kubeadm_config(),
    }
    return _object(cluster, CONTROL_PLANE, "KubeadmControlPlane", name, spec)


def _machine_deployment(cluster: LiveCluster, name: str) -> Json:
    template = f"{name}-{cluster.worker_template}"
    labels = {f"{CORE_GROUP}/cluster-name": cluster.name, f"{CORE_GROUP}/deployment-name": name}
    machine = {
        "clusterName": cluster.name,
        "version": cluster.worker_version or cluster.version,
        "bootstrap": {"configRef": _reference(BOOTSTRAP_GROUP, "KubeadmConfigTemplate", template)},
        "infrastructureRef": _reference(INFRA_GROUP, "DevMachineTemplate", template),
    }
    spec = {
        "clusterName": cluster.name,
        "replicas": cluster.workers,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": machine},
    }
    return _object(cluster, CORE, "MachineDeployment", name, spec)


def _machine_health_check(cluster: LiveCluster, deployment: str, wanted: HealthCheck) -> Json:
    unhealthy = [
        {"type": "Ready", "status": status, "timeoutSeconds": wanted.node_timeout_seconds}
        for status in ("Unknown", "False")
    ]
    spec = {
        "clusterName": cluster.name,
        "selector": {"matchLabels": {f"{CORE_GROUP}/deployment-name": deployment}},
        "checks": {
            "nodeStartupTimeoutSeconds": wanted.start_up_timeout_seconds,
            "unhealthyNodeConditions": unhealthy,
        },
        "remediation": {"triggerIf": {"unhealthyLessThanOrEqualTo": wanted.at_most}},
    }
    return _object(cluster, CORE, "MachineHealthCheck", f"{cluster.name}-workers", spec)


def topology_objects(cluster: LiveCluster) -> list[Json]:
    """The Cluster alone: what else it needs is made from its ClusterClass (`class_objects`)."""
    topology = {
        "classRef": {"name": cluster.topology},
        "version": cluster.version,
        "controlPlane": {"replicas": cluster.control_planes},
        "workers": {
            "machineDeployments": [{"class": "default-worker", "name": "md-0", "replicas": cluster.workers}],
        },
    }
    spec = {"clusterNetwork": _network(), "topology": topology}
    return [_object(cluster, CORE, "Cluster", cluster.name, spec, annotations=cluster.annotations)]


def class_objects(name: str, namespace: str, start_up: StartUp, patches: list[Json] | None = None) -> list[Json]:
    """A ClusterClass with its templates, after `templates/clusterclass-in-memory.yaml` of the provider."""
    cluster = LiveCluster(name=name, namespace=namespace)
    workers: Json = {
        "class": "default-worker",
        "bootstrap": _template_reference(BOOTSTRAP, "KubeadmConfigTemplate", f"{name}-worker"),
        "infrastructure": _template_reference(INFRA, "DevMachineTemplate", f"{name}-worker"),
    }
    spec: Json = {
        "infrastructure": _template_reference(INFRA, "DevClusterTemplate", f"{name}-cluster"),
        "controlPlane": {
            **_template_reference(CONTROL_PLANE, "KubeadmControlPlaneTemplate", f"{name}-control-plane"),
            "machineInfrastructure": _template_reference(INFRA, "DevMachineTemplate", f"{name}-control-plane"),
        },
        "workers": {"machineDeployments": [workers]},
        **({"patches": patches} if patches else {}),
    }
    kubeadm = {"template": {"spec": {"kubeadmConfigSpec": kubeadm_config()}}}
    joining = {"template": {"spec": {"joinConfiguration": _node_registration()}}}
    in_memory: Json = {"template": {"spec": {"backend": {"inMemory": {}}}}}
    return [
        _object(cluster, INFRA, "DevClusterTemplate", f"{name}-cluster", in_memory),
        _object(cluster, CONTROL_PLANE, "KubeadmControlPlaneTemplate", f"{name}-control-plane", kubeadm),
        _machine_template(cluster, f"{name}-control-plane", start_up),
        _machine_template(cluster, f"{name}-worker", start_up),
        _object(cluster, BOOTSTRAP, "KubeadmConfigTemplate", f"{name}-worker", joining),
        _object(cluster, CORE, "ClusterClass", name, spec),
    ]


def kubeadm_config() -> Json:
    """What the in-memory provider's own template declares; nothing of it is run."""
    return {
        "clusterConfiguration": {"apiServer": {"certSANs": ["localhost", "127.0.0.1"]}},
        "initConfiguration": _node_registration(),
        "joinConfiguration": _node_registration(),
    }


def _node_registration() -> Json:
    return {"nodeRegistration": {"criSocket": "unix:///var/run/containerd/containerd.sock"}}


def _network() -> Json:
    return {"services": {"cidrBlocks": ["10.128.0.0/12"]}, "pods": {"cidrBlocks": ["192.168.0.0/16"]}}


def _machine_template(cluster: LiveCluster, name: str, start_up: StartUp) -> Json:
    return _object(cluster, INFRA, "DevMachineTemplate", name, {"template": {"spec": {"backend": start_up.backend()}}})


def _reference(group: str, kind: str, name: str) -> Json:
    return {"apiGroup": group, "kind": kind, "name": name}


def _template_reference(api_version: str, kind: str, name: str) -> Json:
    return {"templateRef": {"apiVersion": api_version, "kind": kind, "name": name}}


def _object(
    cluster: LiveCluster, api_version: str, kind: str, name: str, spec: Json, *, annotations: Json | None = None
) -> Json:
    metadata = {"name": name, "namespace": cluster.namespace, **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
