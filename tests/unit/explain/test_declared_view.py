"""Where Git declares an object is told of what was read, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.explain.object_view import Stories, describe_object
from drift_audit.model.objects import Declaration
from drift_audit.model.pairing import Origin
from drift_audit.model.views import ClusterView, Gap, GitSourceView, Rendering, View, Views
from tests.builders import capi_object, declaration, result

MACHINE = capi_object()
TEMPLATE = declaration("AWSMachineTemplate", "eu-1-md-0", api_version="infrastructure.cluster.x-k8s.io/v1beta2")
GAP = Gap(view=View.GIT, scope="fleet@main:.", subject="", reason="the server does not answer", remedy="")


def source(*declared: Declaration, gaps: tuple[Gap, ...] = (), **changes: Any) -> GitSourceView:
    fields: dict[str, Any] = {
        "management_cluster": "prod",
        "source": "fleet",
        "repo": "https://git.example.com/platform/fleet.git",
        "ref": "main",
        "path": ".",
        "flavor": "kubectl",
        "applier": "",
        "head": Rendering(revision="8c1f2ab0" * 5, renderer="plain", declarations=declared, gaps=gaps),
    }
    return GitSourceView(**{**fields, **changes})


def told(*sources: GitSourceView, origin: Origin | None = None) -> str:
    cluster = ClusterView(management_cluster="prod", server_version="", objects={MACHINE.key: MACHINE})
    origins = {("prod", MACHINE.key): origin} if origin else {}
    views = Views(git=sources, clusters=(cluster,))
    return describe_object(views, result(), Stories({}, origins=origins), "Machine", "fleet", MACHINE.name)


def test_an_object_of_a_fleet_that_was_read_is_declared_or_it_is_not() -> None:
    text = told(source())

    assert "declared     in no Git source of this audit" in text
    assert "Findings: none\n" in text
    assert "not read" not in text


@pytest.mark.parametrize("unread", [source(head=None, gaps=(GAP,)), source(gaps=(GAP,)), source(head=None)])
def test_nothing_is_called_undeclared_or_free_of_findings_while_git_was_not_read(unread: GitSourceView) -> None:
    text = told(unread)

    assert "declared     unknown: not all of Git could be read" in text
    assert "Findings: none in what could be read\n  not read     Git source fleet" in text


def test_the_sources_of_another_management_cluster_do_not_matter() -> None:
    assert "Findings: none\n" in told(source(), source(management_cluster="lab", head=None, gaps=(GAP,)))


def test_what_a_controller_made_leads_to_the_declaration_it_was_made_from() -> None:
    origin = Origin(key=TEMPLATE.key, path=("spec", "template", "spec"))

    assert "made from    AWSMachineTemplate/fleet/eu-1-md-0, declared at clusters/eu-1.yaml:1" in told(
        source(TEMPLATE), origin=origin
    )
    assert "made from    AWSMachineTemplate/fleet/eu-1-md-0\n" in told(source(), origin=origin)
