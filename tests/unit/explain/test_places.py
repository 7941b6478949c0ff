"""Where Git declares what is stuck: at the object itself, or at the nearest thing above it that anybody wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.explain.places import with_places
from drift_audit.model.findings import DeclaredAt, Finding, FindingKind, Verdict
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.pairing import Membership, ObjectPair, Pairing
from drift_audit.model.values import Json
from drift_audit.model.views import ClusterView
from tests.builders import capi_object, cluster_key, declaration, declared_at, finding, location, object_ref

CORE = "cluster.x-k8s.io/v1beta2"


def live(kind: str, name: str, owner: CapiObject | None = None) -> CapiObject:
    owners: list[Json] = (
        [{"apiVersion": CORE, "kind": owner.kind, "name": owner.name, "controller": True}] if owner else []
    )
    return capi_object(kind, name, metadata={"ownerReferences": owners})


def fleet() -> list[CapiObject]:
    """From the Cluster down to the Machine."""
    objects = [live("Cluster", "eu-1")]
    for kind, name in (("MachineDeployment", "md"), ("MachineSet", "ms"), ("Machine", "m")):
        objects.append(live(kind, name, objects[-1]))
    return objects


def declared(kind: str, name: str, line: int, **place: Any) -> Declaration:
    return replace(declaration(kind, name), location=location(line=line, **place))


def stuck(kind: str = "Machine", name: str = "m", **changes: Any) -> Finding:
    what = {"kind": FindingKind.STUCK, "verdict": Verdict.STUCK, "resource": None, "declared_at": None}
    about = object_ref(kind, name, api_version=CORE)
    return finding(**{"object": about, "cluster": cluster_key(), **what, **changes})


def place(about: Finding, *declarations: Declaration, objects: list[CapiObject] | None = None) -> DeclaredAt | None:
    pairs = tuple(
        ObjectPair(management_cluster="prod", key=each.key, membership=Membership.PAIRED, head=each)
        for each in declarations
    )
    held = fleet() if objects is None else objects
    view = ClusterView(management_cluster="prod", server_version="", objects={one.key: one for one in held})
    [told] = with_places([about], [view], {"prod": Pairing(management_cluster="prod", pairs=pairs)})
    return told.declared_at


@pytest.mark.parametrize(
    ("declarations", "line", "exact"),
    [
        ([declared("Machine", "m", 9)], 9, True),
        ([declared("Cluster", "eu-1", 1), declared("MachineDeployment", "md", 5)], 5, False),
        ([declared("Cluster", "eu-1", 1)], 1, False),
        ([declared("Machine", "m", 9, exact=False)], 9, False),
    ],
    ids=["itself", "its MachineDeployment", "its Cluster", "rendered from elsewhere"],
)
def test_the_nearest_declaration_counts_and_is_exact_only_for_the_object_itself(
    declarations: list[Declaration], line: int, exact: bool
) -> None:
    found = place(stuck(), *declarations)

    assert found is not None
    assert (found.file, found.line, found.exact) == ("clusters/eu-1.yaml", line, exact)


def test_what_nothing_in_git_answers_for_has_no_place() -> None:
    assert place(stuck(), declared("MachineDeployment", "of-somebody-else", 5)) is None


def test_an_object_that_was_not_read_is_anchored_at_its_cluster() -> None:
    found = place(stuck("Node", "ip-10-0-0-1"), declared("Cluster", "eu-1", 1))

    assert found is not None
    assert (found.line, found.exact) == (1, False)


def test_owners_that_go_in_a_circle_end_the_search() -> None:
    one, other = live("MachineSet", "one"), live("MachineSet", "other")
    circle = [live("MachineSet", "one", other), live("MachineSet", "other", one)]

    assert place(stuck("MachineSet", "one", cluster=None), objects=circle) is None


def test_a_finding_of_drift_keeps_the_line_of_its_field() -> None:
    drift = stuck(kind=FindingKind.DRIFT, verdict=Verdict.EDITED_IN_CLUSTER, declared_at=declared_at(line=41))
    nowhere = replace(drift, declared_at=None)

    assert [place(each, declared("Machine", "m", 9)) for each in (drift, nowhere)] == [declared_at(line=41), None]
