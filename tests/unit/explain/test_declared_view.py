"""Where Git declares an object is told of what was read, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from drift_audit.explain.object_view import Stories, describe_object
from drift_audit.model.pairing import Origin
from drift_audit.model.result import GapEntry
from drift_audit.model.views import ClusterView, GitSourceView, View, Views
from tests.builders import capi_object, declaration, gap, result
from tests.unit.explain.declared import GAP, git_source

MACHINE = capi_object()
TEMPLATE = declaration("AWSMachineTemplate", "eu-1-md-0", api_version="infrastructure.cluster.x-k8s.io/v1beta2")


def told(*sources: GitSourceView, origin: Origin | None = None, gaps: Iterable[GapEntry] = ()) -> str:
    cluster = ClusterView(management_cluster="prod", server_version="", objects={MACHINE.key: MACHINE})
    origins = {("prod", MACHINE.key): origin} if origin else {}
    views = Views(git=sources, clusters=(cluster,))
    return describe_object(views, result(gaps=gaps), Stories({}, origins=origins), "Machine", "fleet", MACHINE.name)


def test_an_object_of_a_fleet_that_was_read_is_declared_or_it_is_not() -> None:
    text = told(git_source())

    assert "declared     in no Git source of this audit" in text
    assert "Findings: none\n" in text
    assert "not read" not in text


@pytest.mark.parametrize(
    "unread", [git_source(head=None, gaps=(GAP,)), git_source(lacking=(GAP,)), git_source(head=None)]
)
def test_nothing_is_called_undeclared_or_free_of_findings_while_git_was_not_read(unread: GitSourceView) -> None:
    text = told(unread)

    assert "declared     unknown: not all of Git could be read" in text
    assert "Findings: none in what could be read\n  not read     Git source fleet" in text


def test_a_management_cluster_without_git_has_no_clean_objects() -> None:
    without = gap("prod", View.GIT, reason="management cluster prod has no Git source")

    text = told(gaps=[without])

    assert "Findings: none in what could be read\n  not read     management cluster prod has no Git source" in text


def test_the_sources_of_another_management_cluster_do_not_matter() -> None:
    assert "Findings: none\n" in told(git_source(), git_source(management_cluster="lab", head=None, gaps=(GAP,)))


def test_what_a_controller_made_leads_to_the_declaration_it_was_made_from() -> None:
    origin = Origin(key=TEMPLATE.key, path=("spec", "template", "spec"))

    assert "made from    AWSMachineTemplate/fleet/eu-1-md-0, declared at clusters/eu-1.yaml:1" in told(
        git_source(TEMPLATE), origin=origin
    )
    assert "made from    AWSMachineTemplate/fleet/eu-1-md-0\n" in told(git_source(), origin=origin)
