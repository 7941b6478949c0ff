"""The managers of Cluster API and kube-controller-manager, built from their pinned Go modules."""

from __future__ import annotations

from pathlib import Path

from tests.rig.build import KUBERNETES, GoProgram

_FOLDER = Path(__file__).parent


def _manager(package: str) -> GoProgram:
    # controllers/remote/restconfig.go takes the field manager of a client from the program's file name. In the
    # published images that is `manager`, and Cluster API looks for that name when it mends managed fields.
    return GoProgram(name="manager", module=_FOLDER / "managers", package=package)


CORE = _manager("sigs.k8s.io/cluster-api/core")
BOOTSTRAP = _manager("sigs.k8s.io/cluster-api/bootstrap/kubeadm")
CONTROL_PLANE = _manager("sigs.k8s.io/cluster-api/controlplane/kubeadm")
INFRASTRUCTURE = _manager(".")
CONTROLLER_MANAGER = GoProgram(
    name="kube-controller-manager",
    module=_FOLDER / "kube_controller_manager",
    package="k8s.io/kubernetes/cmd/kube-controller-manager",
    version=KUBERNETES,
)

PROGRAMS = {
    "capi-core": CORE,
    "capi-bootstrap": BOOTSTRAP,
    "capi-kcp": CONTROL_PLANE,
    "capi-inmemory": INFRASTRUCTURE,
    "kube-controller-m": CONTROLLER_MANAGER,
}
"""Everything that has to be built for the live rig, under the titles that `python -m tests.rig build` prints."""
