"""Cluster API's controllers beside an API server: four managers and three controllers of kube-controller-manager."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rig.apiserver import ApiServer
from tests.rig.build import GoProgram, built
from tests.rig.capi.manifests import COMPONENTS, Installation, installation
from tests.rig.capi.ports import held_ports
from tests.rig.capi.processes import Controller, guarded_group
from tests.rig.capi.programs import BOOTSTRAP, CONTROL_PLANE, CONTROLLER_MANAGER, CORE, INFRASTRUCTURE
from tests.rig.client import RigClient, reference
from tests.rig.crds import FLUX, install_crds, load_crds
from tests.rig.identities import ADMIN, Identity

WORKLOAD_PORTS = 100
"""A port is not used again before the infrastructure's manager restarts, so this is the number of clusters of a run."""

_ROLES_WITHIN_SECONDS = 30.0
_COMMON = ("--logging-format=json", "--v=2")
_SAME_AS_PUBLISHED = (
    "--leader-elect=false",
    "--diagnostics-address=0",
    "--skip-crd-migration-phases=StorageVersionMigration,CleanupManagedFields",
)
# A shorter connection grace period than the default makes a lost workload cluster visible in tests; Cluster API
# refuses less than two minutes for the remote conditions.
_FLAGS: Mapping[str, tuple[str, ...]] = {
    "core": (
        *_SAME_AS_PUBLISHED,
        "--feature-gates=MachinePool=true,ClusterTopology=true,RuntimeSDK=true",
        "--sync-period=1m",
        "--remote-connection-grace-period=20s",
        "--remote-conditions-grace-period=2m",
    ),
    "bootstrap": (*_SAME_AS_PUBLISHED, "--feature-gates=MachinePool=true", "--sync-period=10m"),
    # It watches no pods of workload clusters: what breaks there it sees at its next turn.
    "control-plane": (
        *_SAME_AS_PUBLISHED,
        "--feature-gates=ClusterTopology=true",
        "--sync-period=20s",
        "--remote-conditions-grace-period=2m",
    ),
    # Its turn creates Nodes and pods anew that a test has deleted.
    "infrastructure": ("--feature-gates=MachinePool=true,ClusterTopology=true", "--sync-period=10m"),
}
_PROGRAMS: Mapping[str, GoProgram] = {
    "core": CORE,
    "bootstrap": BOOTSTRAP,
    "control-plane": CONTROL_PLANE,
    "infrastructure": INFRASTRUCTURE,
}
_KUBE_CONTROLLERS = ("garbage-collector-controller", "namespace-controller", "clusterrole-aggregation-controller")
"""Cluster API leaves templates, health checks and Secrets to the collector, and its own roles to the aggregation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controllers:
    """The running controllers: `core`, `bootstrap`, `control-plane`, `infrastructure`, `kube-controller-manager`."""

    by_name: Mapping[str, Controller]
    debug_url: str
    """The in-memory provider's own server that stops and starts fake workload API servers."""

    def __getitem__(self, name: str) -> Controller:
        return self.by_name[name]

    @property
    def logs(self) -> dict[str, Path]:
        return {name: controller.log for name, controller in self.by_name.items()}

    def revive(self) -> None:
        """Thaws what is frozen and starts what is down."""
        for controller in self.by_name.values():
            if controller.running:
                controller.thaw()
        for controller in self.by_name.values():
            if not controller.running:
                controller.restart()


@contextmanager
def running_controllers(server: ApiServer) -> Iterator[Controllers]:
    """Cluster API installed in that server and at work; everything is ended with the block.

    Raises `MissingPart` where a program cannot be built, `ProcessFailed` where one does not come up.
    """
    programs = {name: built(program) for name, program in _PROGRAMS.items()}
    kube_controller_manager = built(CONTROLLER_MANAGER)
    folder = server.directory / "controllers"
    certificates = _webhook_certificates(server, folder)
    with ExitStack() as stack:
        group = stack.enter_context(guarded_group())
        ports = list(stack.enter_context(held_ports(2 + 2 * len(COMPONENTS) + WORKLOAD_PORTS)))
        webhook_ports = {component.name: ports.pop() for component in COMPONENTS}
        install = installation(webhook_ports, server.authority.certificate)
        _install(server, install)
        debug, secure = ports.pop(), ports.pop()
        controllers: dict[str, Controller] = {}
        for component in COMPONENTS:
            health = f"127.0.0.1:{ports.pop()}"
            own = _infrastructure_flags(debug, ports) if component.name == "infrastructure" else ()
            controllers[component.name] = Controller(
                name=component.name,
                command=(
                    str(programs[component.name]),
                    f"--kubeconfig={service_account_kubeconfig(server, component.service_account, folder)}",
                    f"--webhook-port={webhook_ports[component.name]}",
                    f"--webhook-cert-dir={certificates}",
                    f"--health-addr={health}",
                    *(*_COMMON, *_FLAGS[component.name], *own),
                ),
                folder=folder,
                authority=server.directory / "pki" / "ca.crt",
                health=f"http://{health}/readyz",
                group=group,
                webhook_port=webhook_ports[component.name],
                identity=f"system:serviceaccount:{component.service_account}",
            )
        controllers[CONTROLLER_MANAGER.name] = _kube_controllers(
            server, kube_controller_manager, certificates, secure, group
        )
        stack.enter_context(_all_running(server, controllers))
        for webhook in install.webhooks:
            server.admin.apply(webhook, "rig-install")
        yield Controllers(by_name=controllers, debug_url=f"http://127.0.0.1:{debug}")


@contextmanager
def _all_running(server: ApiServer, controllers: Mapping[str, Controller]) -> Iterator[None]:
    try:
        collector = controllers[CONTROLLER_MANAGER.name]
        collector.start()
        collector.await_ready()
        _await_roles(server.admin)
        for controller in controllers.values():
            if controller is not collector:
                controller.start()
        for controller in controllers.values():
            controller.await_ready()
        yield
    finally:
        _for_each(controllers, Controller.kill)


def _await_roles(client: RigClient) -> None:
    """Waits until the aggregated roles hold rules; before that the managers may do nothing."""
    deadline = time.monotonic() + _ROLES_WITHIN_SECONDS
    while empty := [
        role["metadata"]["name"]
        for role in client.list("rbac.authorization.k8s.io/v1", "ClusterRole")
        if role["metadata"]["name"].startswith("capi-") and role.get("aggregationRule") and not role["rules"]
    ]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no rules were aggregated into {empty}")
        time.sleep(0.1)


def _for_each(controllers: Mapping[str, Controller], act: Callable[[Controller], None]) -> None:
    for controller in controllers.values():
        act(controller)


def _install(server: ApiServer, install: Installation) -> None:
    for namespace in install.namespaces:
        server.admin.apply(namespace, "rig-install")
    install_crds(server.admin, [*install.crds, *load_crds(FLUX)])
    for item in install.access:
        server.admin.apply(item, "rig-install")


def service_account_kubeconfig(server: ApiServer, account: str, folder: Path) -> Path:
    """A kubeconfig with a token of the service account `namespace:name`, as a Pod would have it.

    A client certificate would not do: a common name ends at 64 characters, and Cluster API's accounts are longer.
    """
    namespace, _, name = account.partition(":")
    path = server.admin.path(reference("v1", "ServiceAccount", name, namespace), "token")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 86400}}
    token = server.admin.raw("POST", path, request)["status"]["token"]
    kubeconfig = json.loads(server.kubeconfig(ADMIN).read_text())
    (entry,) = kubeconfig["users"]
    target = folder / f"{name}.kubeconfig"
    target.write_text(json.dumps({**kubeconfig, "users": [{**entry, "user": {"token": token}}]}))
    target.chmod(0o600)
    return target


def _infrastructure_flags(debug: int, ports: list[int]) -> tuple[str, ...]:
    return (f"--rig-debug-port={debug}", f"--rig-first-port={ports[0]}", f"--rig-last-port={ports[-1]}")


def _kube_controllers(server: ApiServer, program: Path, certificates: Path, port: int, group: int) -> Controller:
    identity = Identity("system:kube-controller-manager", ())
    kubeconfig = server.kubeconfig(identity)
    return Controller(
        name=CONTROLLER_MANAGER.name,
        command=(
            str(program),
            f"--kubeconfig={kubeconfig}",
            f"--controllers={','.join(_KUBE_CONTROLLERS)}",
            "--leader-elect=false",
            # Each controller acts as its own service account, as kubeadm sets it up.
            "--use-service-account-credentials=true",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--tls-cert-file={certificates / 'tls.crt'}",
            f"--tls-private-key-file={certificates / 'tls.key'}",
            "--logging-format=json",
        ),
        folder=certificates.parent,
        authority=server.directory / "pki" / "ca.crt",
        health=f"https://127.0.0.1:{port}/healthz",
        group=group,
        identity=identity.user,
    )


def _webhook_certificates(server: ApiServer, folder: Path) -> Path:
    target = folder / "webhook-certificates"
    target.mkdir(parents=True)
    pair = server.authority.server()
    (target / "tls.crt").write_bytes(pair.certificate)
    (target / "tls.key").write_bytes(pair.key)
    return target
