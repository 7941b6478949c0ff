"""Objects that controllers made: edits by people are found, everything else is silence."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.comparison import LeafOutcome as Is
from drift_audit.model.keys import FieldPath, SetItem
from drift_audit.model.pairing import Membership
from tests.unit.compare.sides import entry, live_object
from tests.unit.compare.views import compared, told

A: FieldPath = ("spec", "a")
B: FieldPath = ("spec", "b")


def derived(*entries: Any, spec: Any = None, **metadata: Any) -> dict[str, Is]:
    live = live_object({"a": 1, "b": 2} if spec is None else spec, entries, kind="Machine", **metadata)
    return told(compared(None, live, membership=Membership.DERIVED))


def test_what_controllers_wrote_is_silence() -> None:
    assert derived(entry("manager", A), entry("capi-machineset", B, operation="Apply")) == {}


def test_a_field_that_a_person_owns_was_edited() -> None:
    assert derived(entry("manager", A), entry("kubectl-edit", B)) == {"spec.b": Is.DERIVED_EDITED}


@pytest.mark.parametrize("manager", ["python-requests", "Mozilla", "kubectl-patch"])
def test_scripts_and_browsers_are_people_too(manager: str) -> None:
    assert derived(entry("manager", A), entry(manager, B)) == {"spec.b": Is.DERIVED_EDITED}


@pytest.mark.parametrize("manager", ["our-node-labeler", "unknown", "vendor-infrastructure", "ancient-changes"])
def test_a_name_that_nobody_knows_is_taken_for_a_controller(manager: str) -> None:
    assert derived(entry("manager", A), entry(manager, B)) == {}


def test_an_object_that_a_person_made_is_not_an_edit_of_one() -> None:
    assert derived(entry("kubectl-client-side-apply", A, B)) == {}


@pytest.mark.parametrize("name", ["cluster.x-k8s.io/delete-machine", "cluster.x-k8s.io/remediate-machine"])
def test_what_cluster_api_offers_people_to_set_is_no_edit(name: str) -> None:
    marked = entry("kubectl-annotate", ("metadata", "annotations", name))

    assert derived(entry("manager", A), marked, annotations={name: ""}) == {}


def test_what_stops_the_controllers_is_an_edit() -> None:
    name = "cluster.x-k8s.io/skip-remediation"
    marked = entry("kubectl-annotate", ("metadata", "annotations", name))

    assert derived(entry("manager", A), marked, annotations={name: ""}) == {
        f'metadata.annotations["{name}"]': Is.DERIVED_EDITED
    }


def test_finalizers_of_people_are_left_to_kubernetes() -> None:
    added = entry("kubectl-edit", ("metadata", "finalizers", SetItem.of("x")))

    assert derived(entry("manager", A), added, finalizers=["x"]) == {}


def test_an_item_that_a_person_added_is_one_line() -> None:
    spec = {"a": 1, "b": {"x": 1, "y": 2}}
    both = entry("kubectl-edit", ("spec", "b", "x"), ("spec", "b", "y"))

    assert derived(entry("manager", A), both, spec=spec) == {"spec.b": Is.DERIVED_EDITED}
