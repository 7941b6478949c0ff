"""Kinds of Kubernetes itself that Git declares beside the fleet: no CRD tells their structure and defaults."""

from __future__ import annotations

from drift_audit.compare.schema import SchemaNode
from drift_audit.model.comparison import LeafOutcome as Is
from tests.unit.compare.sides import applied, declared, entry, found, live_object, pair

UNKNOWN = SchemaNode.of_object(None)


def test_quantities_of_resources_are_compared_as_numbers() -> None:
    git = declared({"resources": {"requests": {"cpu": "1000m"}, "limits": {"memory": "1024Mi"}}}, kind="Pod")
    live = live_object({"resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}}, [applied()], kind="Pod")

    assert found(pair(git, live, schema=UNKNOWN)) == {}


def test_what_a_built_in_kind_was_given_at_creation_is_no_leftover() -> None:
    git = declared({"a": 1}, kind="Secret")
    live = live_object(
        {"a": 1, "type": "Opaque"},
        [entry("kustomize-controller", ("spec", "a"), ("spec", "type"))],
        kind="Secret",
    )

    assert found(pair(git, live, schema=UNKNOWN)) == {}


def test_an_edit_of_a_built_in_kind_is_still_an_edit() -> None:
    git = declared({"a": 1}, kind="ConfigMap")
    live = live_object({"a": 2}, [applied(), entry("kubectl-edit", ("spec", "a"))], kind="ConfigMap")

    assert found(pair(git, live, schema=UNKNOWN)) == {"spec.a": Is.CHANGED_OOB}
