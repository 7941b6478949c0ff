"""What needs kubelets or a cloud to go wrong, on objects that are written as the controllers write them.

Every scenario has an API server, Cluster API's own webhooks and moto to itself; the audit is the whole one: collection
over HTTP, the closer look, the workload cluster behind its kubeconfig, and questions to AWS. It has to name one cause,
the right one, on the right objects, and nothing else: neither drift nor anything that is stuck.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drift_audit.explain.drift_effects import of_health
from drift_audit.model.findings import Finding
from drift_audit.model.result import AuditResult
from tests.e2e.written_clouds import CLOUDS
from tests.e2e.written_fleet import Written
from tests.e2e.written_joins import JOINS
from tests.e2e.written_nodes import NODES
from tests.e2e.written_planes import PLANES
from tests.e2e.written_row import Row
from tests.rig.fleet import Fleet, Workload
from tests.rig.management_cluster import ManagementCluster
from tests.rig.moto_server import AwsEndpoint
from tests.scenarios import Told

pytestmark = pytest.mark.rig


@pytest.fixture
def fleet(management_cluster: ManagementCluster, aws_endpoint: AwsEndpoint, tmp_path: Path) -> Iterator[Fleet]:
    yield Fleet(management_cluster, tmp_path, aws_endpoint.url)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.told) for row in (*CLOUDS, *JOINS, *NODES, *PLANES)])
def test_the_one_cause_is_named(fleet: Fleet, row: Row, told: Told) -> None:
    with Written.of(fleet, row.workload) as written:
        named = row.write(written)
        began = time.monotonic()

        _, result = written.audit()

        took = time.monotonic() - began
    first = _first(result)
    expected = {(row.cause, row.on, name) for name in named}
    assert {each for each in _stuck(result) if each[0] not in row.beside} == expected
    assert {each[0] for each in _stuck(result)} == {row.cause, *row.beside}
    assert {finding.rule for finding in result.findings if not of_health(finding)} == set(row.drift)
    assert first.rule == f"stuck.{row.cause}"
    together = {finding.id for finding in result.findings if finding.rule.removeprefix("stuck.") not in row.beside}
    assert set(result.causes[0].findings) == together
    assert row.evidence in " ".join(first.evidence)
    assert first.certainty is row.certainty
    told(first, scenario=row.told, proved_on=row.proved_on, seconds=took)


def test_a_fleet_that_is_well_is_silent_though_everything_is_looked_at(fleet: Fleet) -> None:
    with Written.of(fleet, Workload(name="prod-1")) as written:
        written.look_everywhere()

        views, result = written.audit()

    assert [view.reach for view in views.workloads] == ["reached"]
    assert result.findings == ()
    assert result.complete


def _stuck(result: AuditResult) -> set[tuple[str, str, str]]:
    """Signature, kind and name of everything that is stuck or not well."""
    return {
        (finding.rule.removeprefix("stuck."), finding.object.kind, finding.object.name)
        for finding in result.findings
        if of_health(finding) and finding.object is not None
    }


def _first(result: AuditResult) -> Finding:
    """The first of what is stuck or not well in the cause that every report shows first."""
    own = [finding for finding in result.findings if finding.id in result.causes[0].findings and of_health(finding)]
    return min(own, key=lambda finding: (-finding.severity.rank, str(finding.object), finding.id))
