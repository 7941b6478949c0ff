"""Where the intent of an object that nobody wrote is written, and which objects nobody writes."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.correlate.derivation import is_derived, origins_of
from drift_audit.model.objects import CapiObject
from tests.builders import capi_object
from tests.unit.correlate.fleet import CORE, key, view

INFRA, BOOT, CONTROL = (f"{part}.{CORE}" for part in ("infrastructure", "bootstrap", "controlplane"))
TEMPLATE = ("spec", "template", "spec")


def owned(*owners: CapiObject, controller: bool = True, **metadata: Any) -> dict[str, Any]:
    """Metadata with these owners, the first of them the controller."""
    references = [
        {
            "apiVersion": owner.api_version,
            "kind": owner.kind,
            "name": owner.name,
            "uid": owner.uid,
            "controller": controller and index == 0,
        }
        for index, owner in enumerate(owners)
    ]
    return {"ownerReferences": references, **metadata}


def uid(name: str) -> dict[str, Any]:
    return {"uid": f"uid-of-{name}"}


def infra_reference(name: str) -> dict[str, Any]:
    return {"apiGroup": INFRA, "kind": "AWSMachineTemplate", "name": name}


def boot_reference(name: str) -> dict[str, Any]:
    return {"apiGroup": BOOT, "kind": "KubeadmConfigTemplate", "name": name}


MACHINE_SPEC = {"infrastructureRef": infra_reference("t-2"), "bootstrap": {"configRef": boot_reference("b-2")}}
DEPLOYMENT = capi_object("MachineDeployment", "md", metadata=uid("md"), spec={"template": {"spec": MACHINE_SPEC}})
SET = capi_object(
    "MachineSet", "md-x", metadata={**uid("md-x"), **owned(DEPLOYMENT)}, spec={"template": {"spec": MACHINE_SPEC}}
)
MACHINE = capi_object("Machine", "md-x-1", metadata={**uid("md-x-1"), **owned(SET)})
CONTROL_PLANE = capi_object(
    "KubeadmControlPlane",
    "cp",
    api_version=f"{CONTROL}/v1beta2",
    metadata=uid("cp"),
    spec={"machineTemplate": {"spec": {"infrastructureRef": infra_reference("cp-2")}}, "kubeadmConfigSpec": {}},
)
CP_MACHINE = capi_object("Machine", "cp-1", metadata={**uid("cp-1"), **owned(CONTROL_PLANE)})


def infra_machine(owner: CapiObject, cloned_from: str = "") -> CapiObject:
    cloned: Any = {"annotations": {f"{CORE}/cloned-from-name": cloned_from}} if cloned_from else {}
    return capi_object("AWSMachine", owner.name, api_version=f"{INFRA}/v1beta2", metadata=owned(owner, **cloned))


def config(owner: CapiObject) -> CapiObject:
    return capi_object("KubeadmConfig", owner.name, api_version=f"{BOOT}/v1beta2", metadata=owned(owner))


FLEET = (DEPLOYMENT, SET, MACHINE, CONTROL_PLANE, CP_MACHINE)


def test_a_machine_derives_from_its_deployment() -> None:
    origin = origins_of(view(*FLEET))[MACHINE.key]

    assert (origin.key, origin.path) == (DEPLOYMENT.key, TEMPLATE)
    assert origin.via == (SET.key, DEPLOYMENT.key)


def test_a_machine_set_derives_from_its_deployment() -> None:
    origin = origins_of(view(*FLEET))[SET.key]

    assert (origin.key, origin.path) == (DEPLOYMENT.key, ("spec",))


def test_an_infrastructure_machine_derives_from_the_template_that_its_deployment_names() -> None:
    made = infra_machine(MACHINE, cloned_from="t-2")

    origin = origins_of(view(*FLEET, made))[made.key]

    assert (origin.key, origin.path) == (key("AWSMachineTemplate", "t-2", group=INFRA), TEMPLATE)
    assert not origin.rollout_pending


def test_a_machine_of_an_older_template_waits_for_its_rollout() -> None:
    made = infra_machine(MACHINE, cloned_from="t-1")

    origin = origins_of(view(*FLEET, made))[made.key]

    assert (origin.key.name, origin.rollout_pending) == ("t-2", True)


def test_a_bootstrap_config_derives_from_its_template() -> None:
    made = config(MACHINE)

    assert origins_of(view(*FLEET, made))[made.key].key == key("KubeadmConfigTemplate", "b-2", group=BOOT)


def test_of_a_control_plane_everything_stands_in_the_control_plane() -> None:
    machine, boot = infra_machine(CP_MACHINE, cloned_from="cp-2"), config(CP_MACHINE)

    origins = origins_of(view(*FLEET, machine, boot))

    assert origins[machine.key].key == key("AWSMachineTemplate", "cp-2", group=INFRA)
    assert (origins[boot.key].key, origins[boot.key].path) == (CONTROL_PLANE.key, ("spec", "kubeadmConfigSpec"))
    assert (origins[CP_MACHINE.key].key, origins[CP_MACHINE.key].path) == (CONTROL_PLANE.key, ("spec",))


def test_the_old_place_of_the_control_planes_reference_is_read_too() -> None:
    old = capi_object(
        "KubeadmControlPlane",
        "cp",
        api_version=f"{CONTROL}/v1beta1",
        metadata=uid("cp"),
        spec={
            "machineTemplate": {
                "infrastructureRef": {"apiVersion": f"{INFRA}/v1beta2", "kind": "AWSMachineTemplate", "name": "cp-1"}
            }
        },
    )
    machine = capi_object("Machine", "cp-1", metadata={**uid("cp-1"), **owned(old)})
    made = infra_machine(machine)

    assert origins_of(view(old, machine, made))[made.key].key == key("AWSMachineTemplate", "cp-1", group=INFRA)


def test_an_owner_with_another_uid_is_another_object() -> None:
    recreated = capi_object("MachineDeployment", "md", metadata={"uid": "new"}, spec=DEPLOYMENT.spec)

    assert origins_of(view(recreated, SET)) == {}


def test_a_machine_that_somebody_wrote_derives_from_nothing() -> None:
    cluster = capi_object("Cluster", "eu-1", metadata=uid("eu-1"))
    alone = capi_object("Machine", "alone", metadata={**uid("alone"), **owned(cluster, controller=False)})

    assert origins_of(view(cluster, alone, infra_machine(alone))) == {}


def test_owners_in_a_circle_end() -> None:
    one = capi_object(
        "Machine",
        "one",
        metadata={
            "uid": "1",
            "ownerReferences": [{"kind": "Machine", "name": "two", "uid": "2", "apiVersion": f"{CORE}/v1beta2"}],
        },
    )
    two = capi_object(
        "Machine",
        "two",
        metadata={
            "uid": "2",
            "ownerReferences": [{"kind": "Machine", "name": "one", "uid": "1", "apiVersion": f"{CORE}/v1beta2"}],
        },
    )

    assert origins_of(view(one, two)) == {}


# Which objects controllers make


def made(
    kind: str, owner_kind: str = "", group: str = CORE, *, controller: bool = False, **metadata: Any
) -> CapiObject:
    owner = capi_object(owner_kind, "owner", metadata=uid("owner")) if owner_kind else None
    given = {**(owned(owner, controller=controller) if owner else {}), **metadata}
    return capi_object(kind, "made", api_version=f"{group}/v1beta2", metadata=given)


@pytest.mark.parametrize(
    "live",
    [
        made("MachineSet", "MachineDeployment", controller=True),
        made("Machine", "MachineSet", controller=True),
        made("Machine", "KubeadmControlPlane", controller=True),
        made("Machine", "MachinePool", controller=True),
        made("KubeadmConfig", "Machine", BOOT, controller=True),
        made("AWSMachine", "Machine", INFRA, controller=True),
        made("AzureMachinePoolMachine", "AzureMachinePool", INFRA, controller=True),
        made("DockerMachine", "MachinePool", INFRA),
        made("IPAddress", "IPAddressClaim", "ipam.cluster.x-k8s.io", controller=True),
        made("IPAddressClaim", "VSphereVM", "ipam.cluster.x-k8s.io"),
        made("ClusterResourceSetBinding", "ClusterResourceSet", "addons.cluster.x-k8s.io"),
        made("MachineDeployment", "Cluster", labels={"topology.cluster.x-k8s.io/owned": ""}),
        made("AWSMachineTemplate", "Cluster", INFRA, annotations={f"{CORE}/cloned-from-name": "t"}),
    ],
    ids=lambda live: f"{live.kind} of {live.owners[0].kind}",
)
def test_what_controllers_make_is_not_expected_in_git(live: CapiObject) -> None:
    assert is_derived(live)


@pytest.mark.parametrize(
    "live",
    [
        made("Cluster"),
        made("MachineDeployment", "Cluster"),
        made("MachineHealthCheck", "Cluster"),
        made("KubeadmControlPlane", "Cluster", CONTROL, controller=True),
        made("AWSCluster", "Cluster", INFRA, controller=True),
        made("AWSMachineTemplate", "Cluster", INFRA),
        made("AWSMachineTemplate", "ClusterClass", INFRA),
        made("KubeadmControlPlaneTemplate", "ClusterClass", CONTROL),
        made("AWSMachinePool", "MachinePool", INFRA, controller=True),
        made("KubeadmConfig", "MachinePool", BOOT, controller=True),
        made("Machine", "Cluster"),
        made("Machine"),
    ],
    ids=lambda live: f"{live.kind} of {live.owners[0].kind if live.owners else 'nobody'}",
)
def test_what_controllers_only_adopt_is_expected_in_git(live: CapiObject) -> None:
    assert not is_derived(live)
