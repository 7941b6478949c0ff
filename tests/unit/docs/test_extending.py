"""The examples of docs/extending.md are the files in docs/examples, and they work."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from drift_audit import plugins
from drift_audit.audit import judge
from drift_audit.config.settings import Config, ManagementClusterSettings
from drift_audit.interfaces import CloudProvider, RenderOptions, ReportFormat
from drift_audit.model.findings import Verdict
from drift_audit.model.result import AuditResult, Status
from drift_audit.model.values import Present
from drift_audit.model.views import ClusterView, KindListing, Views
from drift_audit_aws.fieldmap import load_rows
from drift_audit_aws.provider import AwsProvider
from tests.unit.aws.builders import capi_object, settings
from tests.unit.cli.installed import install
from tests.unit.reports.fleets import troubled_fleet

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLES = DOCS / "examples"
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look up the types of their fields
    spec.loader.exec_module(module)
    return module


ELSEWHERE = {"dependencies.yaml"}
"""Shown on another page; tests/unit/stuck/test_bespoke.py proves them."""


@pytest.mark.parametrize(
    "path", sorted(path for path in EXAMPLES.iterdir() if path.name not in ELSEWHERE), ids=lambda path: path.name
)
def test_the_page_shows_the_file_as_it_is(path: Path) -> None:
    page = (DOCS / "extending.md").read_text()

    blocks = dict(re.findall(r"```\w+\n# examples/(\S+)\n(.*?)```", page, re.DOTALL))

    assert blocks[path.name] == path.read_text()


def test_the_row_is_one_that_the_provider_takes() -> None:
    (row,) = load_rows(EXAMPLES / "rows.yaml")

    assert row in AwsProvider(settings()).rows([EXAMPLES / "rows.yaml"])


@pytest.mark.parametrize(("wanted", "actual", "parts"), [("8Gi", 8, 0), ("8Gi", 16, 1), ("8", 8, 0)])
def test_the_comparer_sees_through_the_spelling(wanted: str, actual: int, parts: int) -> None:
    (row,) = load_rows(EXAMPLES / "rows.yaml")
    subject: Any = None

    found = list(example("comparer").gibibytes(subject, row, Present(wanted), Present(actual)))

    assert len(found) == parts


def test_the_report_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (EXAMPLES / "report.py").read_text()
    entry = {plugins.REPORTS: {"chat": "acme_drift:ChatReport"}}
    monkeypatch.syspath_prepend(str(install(tmp_path, "acme-drift", entry, modules={"acme_drift": source})))

    report = plugins.load_report("chat")

    assert isinstance(report, ReportFormat)
    lines = report.render(troubled_fleet(), RenderOptions()).splitlines()
    assert lines[0].startswith("drift-audit: ")
    assert len(lines) == 1 + len(troubled_fleet().causes)


class TestProvider:
    """The rack and its machines, through the whole of an audit."""

    @pytest.fixture
    def inventory(self, tmp_path: Path) -> Iterator[Path]:
        path = tmp_path / "inventory.json"
        machines = [{"serial": "A1", "power": "on"}, {"serial": "A2", "power": "off"}]
        path.write_text(json.dumps({"account": "rack-1", "machines": machines}))
        yield path

    def audit(self, inventory: Path, *serials: str) -> AuditResult:
        module = example("provider")
        provider = module.RackProvider(module.RackSettings(inventory=str(inventory)))
        assert isinstance(provider, CloudProvider)
        fleet = _fleet(*serials)
        requests = provider.plan([fleet]).requests
        clouds = tuple(provider.collect(request, lambda told: None) for request in requests)
        config = Config(management_clusters=(ManagementClusterSettings(name="mgmt"),), digest="")
        views = Views(clusters=(fleet,), clouds=clouds)
        return judge(views, config, providers={"rack": provider}, clock=lambda: NOW, started_at=NOW)

    def test_machines_that_run_are_in_sync(self, inventory: Path) -> None:
        assert self.cloud(self.audit(inventory, "A1")) == []

    def test_one_that_is_switched_off_is_drift(self, inventory: Path) -> None:
        assert self.cloud(self.audit(inventory, "A1", "A2")) == [(Verdict.EDITED_IN_CLOUD, "m-A2")]

    def test_one_that_was_taken_out_is_missing(self, inventory: Path) -> None:
        assert self.cloud(self.audit(inventory, "A1", "A9")) == [(Verdict.MISSING, "m-A9")]

    def test_an_inventory_that_cannot_be_read_is_a_gap_and_never_green(self, inventory: Path) -> None:
        inventory.write_text("{")

        result = self.audit(inventory, "A1", "A9")

        assert self.cloud(result) == []
        assert (result.status, result.complete) == (Status.INCOMPLETE, False)

    @staticmethod
    def cloud(result: AuditResult) -> list[tuple[Verdict, str]]:
        return [
            (finding.verdict, finding.object.name if finding.object else "")
            for finding in result.findings
            if finding.resource is not None
        ]


def _fleet(*serials: str) -> ClusterView:
    group = "infrastructure.cluster.x-k8s.io"
    machines = [
        capi_object(
            f"{group}/v1",
            "RackMachine",
            f"m-{serial}",
            metadata={"labels": {"cluster.x-k8s.io/cluster-name": "c1"}},
            spec={"serial": serial},
        )
        for serial in serials
    ]
    listing = KindListing(
        group=group,
        kind="RackMachine",
        plural="rackmachines",
        version="v1",
        served=("v1",),
        namespaced=True,
        complete=True,
    )
    return ClusterView(
        management_cluster="mgmt",
        server_version="v1.35.0",
        objects={found.key: found for found in machines},
        kinds={(group, "RackMachine"): listing},
    )
