"""Rows that a user adds: plain paths and every comparer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from drift_audit.model.values import Json
from drift_audit_aws.fieldmap import load_rows
from drift_audit_aws.paths import steps, value_at
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.unit.aws.builders import (
    ACCOUNT,
    changed,
    cloud,
    cluster_objects,
    correlated,
    replaced,
    resource,
    settings,
    view,
)
from tests.unit.aws.test_compare_rows import NOW, STATE
from tests.unit.aws.test_correlate import C1

STATE_OF_C1 = replace(STATE, instances={"md-0": "i-1", "cp-0": "i-2"})


def facts(tmp_path: Path, spec: Any, attribute: Any, **row: Any) -> list[str]:
    """Paths of the facts of one added row that compares `spec.extra` with the attribute `Extra`."""
    entry = {
        "id": "ours.extra",
        "kind": "AWSMachine",
        "resource": "instance",
        "capi": ["spec.extra"],
        "cloud": ["Extra"],
        "reaction": {"kind": "ignored"},
        "severity": "low",
        "title": "Extra differs",
        "source": "ours",
        **row,
    }
    path = tmp_path / "rows.yaml"
    path.write_text(yaml.safe_dump({"rows": [entry]}))
    rows = load_rows(path)
    objects = cluster_objects(C1, STATE_OF_C1)
    machine = next(found for found in objects if (found.kind, found.name) == ("AWSMachine", "md-0"))
    views = [view(replaced(objects, changed(machine, spec={"extra": spec})))]
    extra = {} if attribute is None else {"Extra": attribute}
    clouds = [cloud([resource("instance", "i-1", State={"Name": "running"}, **extra)])]
    account = AwsAccount(account=ACCOUNT, identities=("AWSClusterControllerIdentity/default",))
    provider = AwsProvider(settings(account))
    links = correlated(provider, views, clouds, NOW).links
    return [fact.path for fact in provider.compare(rows, views, clouds, links)]


@pytest.mark.parametrize(
    ("comparer", "spec", "attribute", "equal"),
    [
        ("exact", "a", "a", True),
        ("exact", "a", "A", False),
        ("exact", 1, True, False),
        ("exact", {"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ("any-case", "Open", "open", True),
        ("any-case", "Open", "none", False),
        ("set", ["a", "b"], ["b", "a"], True),
        ("set", ["a", "b"], ["b"], False),
        ("number", "0.1", "0.100000", True),
        ("number", "0.1", "0.2", False),
        ("number", "x", "y", False),
        ("arn-name", "nodes", "arn:aws:iam::1:instance-profile/a/nodes", True),
        ("arn-name", "nodes", "arn:aws:iam::1:instance-profile/a/admin", False),
        ("one-of", ["a", "b"], "b", True),
        ("one-of", ["a", "b"], "c", False),
        ("exact", "a", None, False),
        ("exact", None, "a", True),
    ],
)
def test_a_comparer_decides(tmp_path: Path, comparer: str, spec: Any, attribute: Any, equal: bool) -> None:
    assert facts(tmp_path, spec, attribute, comparer=comparer) == ([] if equal else ["spec.extra"])


def test_a_default_stands_for_an_absent_field(tmp_path: Path) -> None:
    assert facts(tmp_path, None, "x", comparer="exact", default="y", path="extra") == ["extra"]
    assert facts(tmp_path, None, "y", comparer="exact", default="y") == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b", 1),
        ("a.none", None),
        ("list[].x", [1, 2]),
        ("list[]", [{"x": 1}, {"x": 2}]),
        ("deep[].in[].x", [1, 2, 3]),
        ("a[].x", None),
        ("empty", None),
    ],
)
def test_a_path_reaches_into_lists(path: str, expected: Json) -> None:
    value: Json = {
        "a": {"b": 1},
        "list": [{"x": 1}, {"x": 2}, {}][:2],
        "deep": [{"in": [{"x": 1}, {"x": 2}]}, {"in": [{"x": 3}]}, {}],
        "empty": "",
    }

    assert value_at(value, path) == expected


def test_a_declaration_is_looked_up_by_the_steps_before_a_list() -> None:
    assert steps("spec.additionalSecurityGroups[].id") == ("spec", "additionalSecurityGroups")
