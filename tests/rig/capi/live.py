"""The live rig of a test run, and the empty fleet that each test gets of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rig.apiserver import ApiServer, running_api_server
from tests.rig.capi.controllers import Controllers, running_controllers
from tests.rig.capi.declared import CORE
from tests.rig.capi.fleet import GONE_WITHIN_SECONDS, REPOSITORY, LiveFleet
from tests.rig.client import reference
from tests.rig.git_repo import make_repo
from tests.rig.management_cluster import ManagementCluster, empty


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRig:
    """An API server with Cluster API at work in it."""

    server: ApiServer
    controllers: Controllers


@contextmanager
def running_live_rig(directory: Path) -> Iterator[LiveRig]:
    """A live rig whose files (logs, kubeconfigs, etcd) lie in `directory`.

    Raises `MissingPart` where a program cannot be built, and with the program's own words where one does not start.
    """
    with running_api_server(directory) as server, running_controllers(server) as controllers:
        yield LiveRig(server=server, controllers=controllers)


@contextmanager
def fresh_live_fleet(rig: LiveRig, folder: Path) -> Iterator[LiveFleet]:
    """An empty fleet in a namespace of its own; afterwards every controller runs and its clusters are gone."""
    server = rig.server
    cluster = ManagementCluster(name="mgmt", server=server, namespace="", audited_before=len(server.audited()))
    cluster.namespace = cluster.new_namespace("live")
    repo = make_repo(folder / "repository")
    repo.git("remote", "add", "origin", REPOSITORY)
    fleet = LiveFleet(management_cluster=cluster, controllers=rig.controllers, repo=repo)
    try:
        yield fleet
    finally:
        rig.controllers.revive()
        _remove_clusters(fleet)


def _remove_clusters(fleet: LiveFleet) -> None:
    """Lets the controllers delete every cluster, and takes away what they cannot, finalizers or not."""
    for cluster in fleet.objects("Cluster"):
        fleet.client.delete(cluster)
    try:
        fleet.await_that("no Cluster left", lambda: not fleet.objects("Cluster"), within=GONE_WITHIN_SECONDS)
    except TimeoutError:
        empty(fleet.client, (fleet.namespace,))
        raise
    for item in fleet.objects("ClusterClass", api_version=CORE):
        fleet.client.delete(item)
    fleet.client.delete(reference("v1", "Namespace", fleet.namespace))
