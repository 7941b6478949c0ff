"""`explain`: what it finds, what it hints at, and that other people's text stays text."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.errors import UsageError
from drift_audit.explain.object_view import Stories, describe_object
from drift_audit.model.findings import Between, FindingKind, Verdict
from drift_audit.model.views import ClusterView, Gap, KindListing, View, Views
from tests.builders import actor, capi_object, finding, object_ref, result, suppression

HOSTILE = "\x1b[2J\u202eevil\x07"
MACHINE = capi_object(
    metadata={
        "creationTimestamp": "2026-11-01T00:00:00Z",
        "managedFields": [{"manager": HOSTILE, "operation": "Update", "time": "2026-11-02T00:00:00Z"}, "odd"],
        "ownerReferences": [{"kind": "MachineSet", "name": "eu-1-md-0", "controller": True}],
    },
    status={"conditions": [{"type": "Ready", "status": "False", "reason": "Broken", "message": HOSTILE}, None]},
)


def views(*, complete: bool = True, **changes: Any) -> Views:
    listing = KindListing(
        group="cluster.x-k8s.io",
        kind="Machine",
        plural="machines",
        version="v1beta2",
        served=("v1beta2",),
        namespaced=True,
        complete=complete,
        reason="" if complete else "HTTP 403",
    )
    fields: dict[str, Any] = {"objects": {MACHINE.key: MACHINE}, "kinds": {(listing.group, listing.kind): listing}}
    return Views(clusters=(ClusterView(management_cluster="prod", server_version="", **{**fields, **changes}),))


def described(seen: Views, name: str = MACHINE.name, kind: str = "machine") -> str:
    about = finding(object=object_ref("Machine", MACHINE.name), title=HOSTILE)
    return describe_object(seen, result(findings=[about]), Stories({}), kind, "fleet", name)


def test_everything_known_is_told_and_nothing_escapes() -> None:
    told = described(views())

    for part in ("Machine/fleet/eu-1-md-0-abc  in management cluster prod", "MachineSet/eu-1-md-0 (controller)"):
        assert part in told
    for part in ("Ready=False Broken", "in no Git source", "Findings: 1", '"m5.4xlarge"'):
        assert part in told
    assert "\\x1b[2J\\x202eevil\\x07" in told
    assert [sign for sign in told if not sign.isprintable() and sign != "\n"] == []


def test_a_suppressed_finding_says_who_suppressed_it_and_how_long() -> None:
    hidden = finding(object=object_ref("Machine", MACHINE.name), suppressed=suppression())

    told = describe_object(views(), result(findings=[hidden]), Stories({}), "machine", "fleet", MACHINE.name)

    assert "edited_in_cloud, confirmed, suppressed by known-bastion)" in told
    assert "suppressed   until 2026-12-02 by known-bastion of platform: bastion hosts need it" in told


@pytest.mark.parametrize(
    ("after", "before", "window"),
    [
        ("2026-11-19T21:10:00Z", "2026-11-19T21:14:32Z", "between 2026-11-19T21:10:00Z and 2026-11-19T21:14:32Z"),
        ("2026-11-19T21:10:00Z", "2026-11-19T21:10:00Z", "at 2026-11-19T21:10:00Z"),
        ("2026-11-19T21:10:00Z", "", "after 2026-11-19T21:10:00Z"),
        ("", "2026-11-19T21:14:32Z", "before 2026-11-19T21:14:32Z"),
        ("", "", "at an unknown time"),
    ],
)
def test_a_window_is_told_as_wide_as_it_was_measured(after: str, before: str, window: str) -> None:
    about = finding(
        object=object_ref("Machine", MACHINE.name),
        actor=actor(between=Between(after=after, before=before)),
        reaction="nothing repairs this",
    )

    told = describe_object(views(), result(findings=[about]), Stories({}), "machine", "fleet", MACHINE.name)

    assert f"    by           kubectl-edit (kubectl edit), {window}, grade B\n" in told
    assert "    then         nothing repairs this\n" in told


def test_a_writer_without_a_time_says_so() -> None:
    scaled = capi_object(metadata={"managedFields": [{"manager": "kubectl", "operation": "Update"}]})

    assert "  writer       kubectl  Update  at an unknown time\n" in described(views(objects={scaled.key: scaled}))


def test_what_was_told_as_stuck_is_no_contradiction_to_having_no_other_findings() -> None:
    stuck = finding(
        kind=FindingKind.STUCK,
        verdict=Verdict.STUCK,
        object=object_ref("Machine", MACHINE.name, api_version=MACHINE.api_version),
    )

    told = describe_object(views(), result(findings=[stuck]), Stories({}), "machine", "fleet", MACHINE.name)

    assert "Stuck: 1 cause\n" in told
    assert "Further findings: none\n" in told


def test_a_neighbour_is_hinted_at() -> None:
    with pytest.raises(UsageError, match="did you mean Machine/fleet/eu-1-md-0-abc"):
        described(views(), name="eu-1-md-0")


def test_an_unknown_kind_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no object of kind 'gizmo' was read; kinds of this fleet: Machine"):
        described(views(), kind="gizmo")


def test_an_object_of_a_kind_that_could_not_be_read_is_not_called_absent() -> None:
    with pytest.raises(UsageError, match="was not seen, but that says nothing: HTTP 403"):
        described(views(complete=False, objects={}))


def test_an_object_of_a_server_out_of_reach_is_not_called_absent() -> None:
    gap = Gap(view=View.CAPI, scope="prod", subject="", reason="the connection was refused", remedy="")

    with pytest.raises(UsageError, match="the connection was refused"):
        described(views(objects={}, kinds={}, gaps=(gap,)))
