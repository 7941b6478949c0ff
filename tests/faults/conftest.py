"""The fleet of these tests, built once, and programs that run side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.faults.bench import Lane, Stage, open_lanes, standing_fleet
from tests.rig.apiserver import ApiServer
from tests.rig.moto_server import AwsEndpoint

LANES = 3


@pytest.fixture(scope="package")
def stage(
    api_server: ApiServer, moto_endpoint: AwsEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with standing_fleet(api_server, moto_endpoint, tmp_path_factory.mktemp("faults")) as standing:
        yield standing


@pytest.fixture(scope="package")
def lanes(stage: Stage) -> Iterator[Sequence[Lane]]:
    with open_lanes(stage, LANES) as opened:
        yield opened
