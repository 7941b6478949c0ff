"""What Cluster API's and CAPA's controllers would have written to a cluster that is up and running.

No controller runs on the rig. These functions make the objects that the controllers derive (MachineSets,
Machines, AWSMachines, KubeadmConfigs) and fill in what they write to declared ones, each under the field manager
and with the operation that the real controller uses (cluster-api `internal/util/ssa`, `core/reconcilers`,
`controlplane/kubeadm/reconcilers`; CAPA `controllers`), so that the server's managedFields are true to life.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.rig.client import Json, RigClient, reference

CORE = "cluster.x-k8s.io/v1beta2"
CONTROL_PLANE = "controlplane.cluster.x-k8s.io/v1beta2"
BOOTSTRAP = "bootstrap.cluster.x-k8s.io/v1beta2"
INFRA = "infrastructure.cluster.x-k8s.io/v1beta2"
CONTROLLER = "manager"
CLUSTER_NAME = "cluster.x-k8s.io/cluster-name"
CREATED_AT = "2026-11-01T08:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSlot:
    """One Machine that is to exist, before it has a cloud instance."""

    name: str
    owner_kind: str
    """`MachineDeployment` or `KubeadmControlPlane`."""
    owner: str
    template: str
    """The AWSMachineTemplate that it is cut from."""
    control_plane: bool
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFacts:
    """What the controllers learn from AWS."""

    region: str
    infra_spec: Json
    """`AWSCluster.spec` with what webhook and controller fill in."""
    infra_status: Json
    machine_specs: Mapping[str, Json]
    """`AWSMachine.spec` with what webhook and controller fill in, by name."""
    instances: Mapping[str, str]
    """Instance id by Machine name."""


def short(text: str) -> str:
    """Five letters, always the same for the same text, in place of Kubernetes' random suffixes."""
    return hashlib.sha256(text.encode()).hexdigest()[:5]


def machine_slots(client: RigClient, namespace: str, cluster: str, zones: Sequence[str]) -> Iterator[MachineSlot]:
    """The Machines that the cluster's KubeadmControlPlane and MachineDeployments ask for, spread over the zones."""
    for owner in _owners(client, namespace, cluster):
        control_plane = owner["kind"] == "KubeadmControlPlane"
        spec = owner["spec"]["machineTemplate"]["spec"] if control_plane else owner["spec"]["template"]["spec"]
        name = owner["metadata"]["name"]
        for index in range(owner["spec"].get("replicas", 1)):
            set_name = name if control_plane else f"{name}-{short(name)}"
            yield MachineSlot(
                name=f"{set_name}-{short(f'{name}{index}')}",
                owner_kind=owner["kind"],
                owner=name,
                template=spec["infrastructureRef"]["name"],
                control_plane=control_plane,
                zone=zones[index % len(zones)],
            )


def _owners(client: RigClient, namespace: str, cluster: str) -> Iterator[Json]:
    yield from (
        item
        for item in client.list(CONTROL_PLANE, "KubeadmControlPlane", namespace)
        if item["metadata"]["name"].startswith(f"{cluster}-")
    )
    yield from (
        item for item in client.list(CORE, "MachineDeployment", namespace) if item["spec"]["clusterName"] == cluster
    )


def reconcile(client: RigClient, namespace: str, cluster: str, slots: Sequence[MachineSlot], facts: CloudFacts) -> None:
    """Everything that the controllers would have done by the time the cluster is up."""
    work = _Reconciler(client, namespace, cluster, facts)
    work.infrastructure()
    work.cluster_object()
    for slot in slots:
        work.machine(slot)


class _Reconciler:
    def __init__(self, client: RigClient, namespace: str, cluster: str, facts: CloudFacts) -> None:
        self.client = client.as_manager(CONTROLLER)
        self.namespace = namespace
        self.cluster = cluster
        self.facts = facts
        self.root = self.client.get(self._named(CORE, "Cluster", cluster))
        self.endpoint = facts.infra_spec["controlPlaneEndpoint"]

    def infrastructure(self) -> None:
        """CAPA on the AWSCluster, core on the control plane, deployments and templates: owners, labels, findings."""
        facts = self.facts
        infra = self._named(INFRA, "AWSCluster", self.cluster)
        finalizer = "awscluster.infrastructure.cluster.x-k8s.io"
        owned = self._owned_by(self.root, controller=True, finalizer=finalizer)
        self.client.merge_patch(infra, {"metadata": owned, "spec": facts.infra_spec})
        conditions = [_old_condition("Ready"), _old_condition("ClusterSecurityGroupsReady")]
        self.client.status(infra, {**facts.infra_status, "conditions": conditions})
        for owner in _owners(self.client, self.namespace, self.cluster):
            control_plane = owner["kind"] == "KubeadmControlPlane"
            finalizer = (
                "kubeadm.controlplane.cluster.x-k8s.io" if control_plane else "cluster.x-k8s.io/machinedeployment"
            )
            self.client.merge_patch(
                owner, {"metadata": self._owned_by(self.root, controller=control_plane, finalizer=finalizer)}
            )
            self.client.status(
                owner,
                {"observedGeneration": self.client.get(owner)["metadata"]["generation"], "conditions": [_condition()]},
            )
        for api_version, kind in ((INFRA, "AWSMachineTemplate"), (BOOTSTRAP, "KubeadmConfigTemplate")):
            for template in self.client.list(api_version, kind, self.namespace):
                if template["metadata"]["name"].startswith(f"{self.cluster}-"):
                    self.client.merge_patch(template, {"metadata": self._owned_by(self.root, controller=False)})

    def cluster_object(self) -> None:
        """Core on the Cluster: the endpoint and what it knows of its parts."""
        self.client.merge_patch(
            self.root,
            {"metadata": {"finalizers": ["cluster.cluster.x-k8s.io"]}, "spec": {"controlPlaneEndpoint": self.endpoint}},
        )
        self.client.status(
            self.root,
            {
                "phase": "Provisioned",
                "initialization": {"infrastructureProvisioned": True, "controlPlaneInitialized": True},
                "conditions": [_condition("Available")],
            },
        )

    def machine(self, slot: MachineSlot) -> None:
        """The owner's controller makes Machine, AWSMachine and KubeadmConfig; others fill them in."""
        owner = self._owner_object(slot)
        manager = "capi-kubeadmcontrolplane" if slot.control_plane else "capi-machineset"
        labels = self._machine_labels(slot)
        version, provider_id = self._version(slot), self.facts.machine_specs[slot.name]["providerID"]
        machine = self.client.apply(
            {
                **self._named(CORE, "Machine", slot.name),
                "metadata": {**self._meta(slot.name, labels), "ownerReferences": [_owner(owner, controller=True)]},
                "spec": {
                    "clusterName": self.cluster,
                    "version": version,
                    "failureDomain": slot.zone,
                    "bootstrap": {
                        "configRef": {
                            "apiGroup": BOOTSTRAP.partition("/")[0],
                            "kind": "KubeadmConfig",
                            "name": slot.name,
                        }
                    },
                    "infrastructureRef": {"apiGroup": INFRA.partition("/")[0], "kind": "AWSMachine", "name": slot.name},
                },
            },
            manager,
        )
        self._infra_machine(slot, machine, labels, manager)
        self._bootstrap_config(slot, machine, labels, manager)
        self.client.merge_patch(
            machine,
            {
                "metadata": {"finalizers": ["machine.cluster.x-k8s.io"]},
                "spec": {"providerID": provider_id, "bootstrap": {"dataSecretName": slot.name}},
            },
        )
        self.client.status(
            machine,
            {
                "phase": "Running",
                "nodeRef": {"name": f"ip-{slot.name}"},
                "initialization": {"infrastructureProvisioned": True, "bootstrapDataSecretCreated": True},
                "conditions": [_condition()],
            },
        )

    def _infra_machine(self, slot: MachineSlot, machine: Json, labels: Mapping[str, str], manager: str) -> None:
        template = self.client.get(self._named(INFRA, "AWSMachineTemplate", slot.template))
        infra = self.client.apply(
            {
                **self._named(INFRA, "AWSMachine", slot.name),
                "metadata": self._cloned(
                    slot.name, labels, f"AWSMachineTemplate.{INFRA.partition('/')[0]}", slot.template
                ),
                "spec": template["spec"]["template"]["spec"],
            },
            manager,
        )
        self.client.merge_patch(
            infra,
            {
                "metadata": {
                    "ownerReferences": [_owner(machine, controller=True)],
                    "finalizers": ["awsmachine.infrastructure.cluster.x-k8s.io"],
                },
                "spec": self.facts.machine_specs[slot.name],
            },
        )
        self.client.status(
            infra,
            {
                "ready": True,
                "instanceState": "running",
                "conditions": [_old_condition("Ready"), _old_condition("InstanceReady")],
            },
        )

    def _bootstrap_config(self, slot: MachineSlot, machine: Json, labels: Mapping[str, str], manager: str) -> None:
        spec = self._bootstrap_spec(slot)
        config = self.client.apply(
            {
                **self._named(BOOTSTRAP, "KubeadmConfig", slot.name),
                "metadata": self._cloned(
                    slot.name, labels, f"KubeadmConfigTemplate.{BOOTSTRAP.partition('/')[0]}", slot.owner
                ),
                "spec": spec,
            },
            manager,
        )
        self.client.merge_patch(config, {"metadata": {"ownerReferences": [_owner(machine, controller=True)]}})
        self.client.status(
            config,
            {
                "dataSecretName": slot.name,
                "initialization": {"dataSecretCreated": True},
                "conditions": [_condition()],
            },
        )

    def _bootstrap_spec(self, slot: MachineSlot) -> Json:
        if slot.control_plane:
            owner = self.client.get(self._named(CONTROL_PLANE, "KubeadmControlPlane", slot.owner))
            spec: Json = {**owner["spec"]["kubeadmConfigSpec"]}
            spec.pop("initConfiguration", None)
            return spec
        owner = self.client.get(self._named(CORE, "MachineDeployment", slot.owner))
        name = owner["spec"]["template"]["spec"]["bootstrap"]["configRef"]["name"]
        template = self.client.get(self._named(BOOTSTRAP, "KubeadmConfigTemplate", name))
        of_template: Json = template["spec"]["template"]["spec"]
        return of_template

    def _owner_object(self, slot: MachineSlot) -> Json:
        """The KubeadmControlPlane, or the MachineDeployment's MachineSet, which is made when it is missing."""
        if slot.control_plane:
            return self.client.get(self._named(CONTROL_PLANE, "KubeadmControlPlane", slot.owner))
        name = f"{slot.owner}-{short(slot.owner)}"
        found = self.client.find(self._named(CORE, "MachineSet", name))
        return found or self._machine_set(slot, name)

    def _machine_set(self, slot: MachineSlot, name: str) -> Json:
        deployment = self.client.get(self._named(CORE, "MachineDeployment", slot.owner))
        labels = {**self._machine_labels(slot), "machine-template-hash": short(slot.owner)}
        template = deployment["spec"]["template"]
        made = self.client.apply(
            {
                **self._named(CORE, "MachineSet", name),
                "metadata": {**self._meta(name, labels), "ownerReferences": [_owner(deployment, controller=True)]},
                "spec": {
                    "clusterName": self.cluster,
                    "replicas": deployment["spec"]["replicas"],
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": template["spec"]},
                },
            },
            "capi-machinedeployment",
        )
        self.client.status(made, {"observedGeneration": made["metadata"]["generation"], "conditions": [_condition()]})
        return made

    def _version(self, slot: MachineSlot) -> str:
        if slot.control_plane:
            owner = self.client.get(self._named(CONTROL_PLANE, "KubeadmControlPlane", slot.owner))
            return str(owner["spec"]["version"])
        owner = self.client.get(self._named(CORE, "MachineDeployment", slot.owner))
        return str(owner["spec"]["template"]["spec"]["version"])

    def _machine_labels(self, slot: MachineSlot) -> dict[str, str]:
        if slot.control_plane:
            return {
                CLUSTER_NAME: self.cluster,
                "cluster.x-k8s.io/control-plane": "",
                "cluster.x-k8s.io/control-plane-name": slot.owner,
            }
        return {
            CLUSTER_NAME: self.cluster,
            "cluster.x-k8s.io/deployment-name": slot.owner,
            "cluster.x-k8s.io/set-name": f"{slot.owner}-{short(slot.owner)}",
        }

    def _meta(self, name: str, labels: Mapping[str, str]) -> Json:
        return {"name": name, "namespace": self.namespace, "labels": dict(labels)}

    def _cloned(self, name: str, labels: Mapping[str, str], group_kind: str, source: str) -> Json:
        annotations = {
            "cluster.x-k8s.io/cloned-from-name": source,
            "cluster.x-k8s.io/cloned-from-groupkind": group_kind,
        }
        return {**self._meta(name, labels), "annotations": annotations}

    def _named(self, api_version: str, kind: str, name: str) -> Json:
        return reference(api_version, kind, name, self.namespace)

    def _owned_by(self, owner: Json, *, controller: bool, finalizer: str = "") -> Json:
        metadata: Json = {
            "ownerReferences": [_owner(owner, controller=controller)],
            "labels": {CLUSTER_NAME: self.cluster},
        }
        return {**metadata, "finalizers": [finalizer]} if finalizer else metadata


def _owner(owner: Json, *, controller: bool) -> Json:
    entry: Json = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    return {**entry, "controller": True, "blockOwnerDeletion": True} if controller else entry


def _condition(kind: str = "Ready") -> Json:
    return {"type": kind, "status": "True", "reason": kind, "message": "", "lastTransitionTime": CREATED_AT}


def _old_condition(kind: str) -> Json:
    """A condition in the shape of the v1beta1 contract."""
    return {"type": kind, "status": "True", "lastTransitionTime": CREATED_AT}
