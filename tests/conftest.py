"""Fixtures of the rig. What a machine lacks is skipped with the reason, or fails under DRIFT_AUDIT_REQUIRE_RIG=1."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.rig.apiserver import ApiServer
from tests.rig.azure.server import AzureEndpoint, running_azure
from tests.rig.build import KUBECTL, KUSTOMIZE, RigPrograms, found_or_built, programs
from tests.rig.cache import MissingPart
from tests.rig.capi.fleet import LiveFleet
from tests.rig.capi.live import LiveRig, fresh_live_fleet, running_live_rig
from tests.rig.gcp.server import GcpServer, running_gcp
from tests.rig.git_repo import GitRepo, make_repo
from tests.rig.management_cluster import (
    ManagementCluster,
    fresh_management_cluster,
    running_management_cluster,
    running_older_management_cluster,
)
from tests.rig.moto_server import AwsEndpoint, running_moto
from tests.scenarios import Told

# How long an example takes depends on what else the machine does: no test is about that. A fixed seed fixes all draws.
settings.register_profile(
    "no clock",
    deadline=None,
    derandomize="DRIFT_AUDIT_SEED" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("no clock")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files; read the diff in review")


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def told(update_golden: bool) -> Told:
    """Takes down what the audit said of a scenario: `told(finding, scenario=…, proved_on=…, seconds=…)`."""
    return Told(update_golden)


@contextmanager
def required_parts() -> Iterator[None]:
    """Turns a missing part into a skip with its reason, or into a failure where every part is required."""
    try:
        yield
    except MissingPart as missing:
        if os.environ.get("DRIFT_AUDIT_REQUIRE_RIG") == "1":
            pytest.fail(f"a part of the rig is missing: {missing}", pytrace=False)
        pytest.skip(f"a part of the rig is missing: {missing}")


@pytest.fixture(scope="session")
def rig_binaries() -> RigPrograms:
    """The paths of the API server, kubectl and kustomize."""
    with required_parts():
        return programs()


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """The machine's own, else the rig's."""
    with required_parts():
        return found_or_built(KUBECTL)


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """The machine's own, else the rig's."""
    with required_parts():
        return found_or_built(KUSTOMIZE)


@pytest.fixture
def kustomize_on_path(kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that renders is found as a user's would be."""
    monkeypatch.setenv("PATH", f"{kustomize.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A real API server with the CRDs of Cluster API, CAPA, CAPZ, CAPG, Flux and Argo CD; one per test process.

    Cluster API's webhooks convert between v1beta1 and v1beta2.
    """
    with required_parts(), running_management_cluster(tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture(scope="session")
def older_api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A real API server whose core kinds exist as v1beta1 only, as with Cluster API 1.10."""
    with required_parts(), running_older_management_cluster(tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture
def management_cluster(api_server: ApiServer) -> Iterator[ManagementCluster]:
    """An empty management cluster with one fresh namespace; emptied again after the test."""
    with fresh_management_cluster(api_server) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def live_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveRig]:
    """An API server with Cluster API's own controllers at work; one per test process."""
    with required_parts(), running_live_rig(tmp_path_factory.mktemp("live-rig")) as rig:
        yield rig


@pytest.fixture
def live_fleet(live_rig: LiveRig, tmp_path: Path) -> Iterator[LiveFleet]:
    """An empty fleet of real clusters in a namespace of its own; afterwards its clusters are gone."""
    with fresh_live_fleet(live_rig, tmp_path) as fleet:
        yield fleet


@pytest.fixture(scope="session")
def _running_gcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcpServer]:
    with running_gcp(tmp_path_factory.mktemp("gcp")) as server:
        yield server


@pytest.fixture
def gcp_server(_running_gcp: GcpServer) -> GcpServer:
    """An empty Google Cloud."""
    _running_gcp.reset()
    return _running_gcp


@pytest.fixture
def git_repo(tmp_path: Path) -> GitRepo:
    """An empty Git repository on branch `main`, without a commit."""
    return make_repo(tmp_path / "fleet-repo")


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[AwsEndpoint]:
    """AWS as moto plays it, over HTTP; one per test process. Tests want `aws_endpoint`, which is emptied for each."""
    with running_moto() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def azure_double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureEndpoint]:
    """Azure as the double plays it, over HTTPS; one per test process. Tests want `azure_endpoint`."""
    with running_azure(tmp_path_factory.mktemp("azure")) as endpoint:
        yield endpoint


@pytest.fixture
def azure_endpoint(azure_double: AzureEndpoint) -> AzureEndpoint:
    """An empty Azure."""
    azure_double.reset()
    return azure_double


@pytest.fixture
def aws_endpoint(moto_endpoint: AwsEndpoint, monkeypatch: pytest.MonkeyPatch) -> AwsEndpoint:
    """An empty AWS; boto3 reaches it, and nothing else, through the environment."""
    moto_endpoint.reset()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in moto_endpoint.environment.items():
        monkeypatch.setenv(name, value)
    return moto_endpoint
