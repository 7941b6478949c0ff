"""Rows that a user adds: plain paths and every comparer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from drift_audit.config.field_maps import check_field_maps
from drift_audit.errors import ConfigError
from drift_audit.model.values import Json
from drift_audit.provider_kit.paths import steps, value_at
from drift_audit_aws.fieldmap import load_rows
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


ROW: dict[str, Any] = {
    "id": "ours.extra",
    "kind": "AWSMachine",
    "resource": "instance",
    "capi": ["spec.extra"],
    "cloud": ["Monitoring.State"],
    "comparer": "exact",
    "reaction": {"kind": "ignored"},
    "severity": "low",
    "title": "Extra differs",
    "source": "ours",
}


def written(folder: Path, *entries: Any, name: str = "rows.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump({"rows": list(entries)}, sort_keys=False))
    return path


def facts(tmp_path: Path, spec: Any, attribute: Any, **row: Any) -> list[str]:
    """Paths of the facts of one added row that compares `spec.extra` with the attribute `Extra`."""
    entry = {**ROW, "cloud": ["Extra"], **row}
    rows = load_rows(written(tmp_path, entry))
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


def refused(*paths: Path) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        AwsProvider(settings()).rows(paths)
    return [f"{problem.line}: {problem.message} ({problem.hint})" for problem in raised.value.problems]


def test_every_mistake_of_a_row_stands_at_its_own_line(tmp_path: Path) -> None:
    entry = {
        **ROW,
        "kind": "AWSMachin",
        "cloud": ["Monitoring.Stat"],
        "comparer": "exakt",
        "reaction": {"kind": "ignord", "detal": "why"},
        "severity": "lo",
        "titel": "T",
    }
    del entry["title"]

    assert refused(written(tmp_path, entry)) == [
        "2: ours.extra: lacks the key 'title' ()",
        "3: ours.extra: nothing is compared of the kind 'AWSMachin' (did you mean 'AWSMachine'?)",
        "7: ours.extra: AWS tells no Monitoring.Stat of a resource 'instance' (did you mean 'Monitoring.State'?)",
        "9: ours.extra: there is no comparer 'exakt' (did you mean 'exact'?)",
        "11: ours.extra: reaction.kind 'ignord' is none of reverted, ignored, breaks, adopted "
        "(did you mean 'ignored'?)",
        "12: ours.extra: unknown key 'reaction.detal' (did you mean 'detail'?)",
        "13: ours.extra: severity 'lo' is none of info, low, medium, high, critical (did you mean 'low'?)",
        "15: ours.extra: unknown key 'titel' (did you mean 'title'?)",
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"resource": "instanz"}, "no AWSMachine has a resource 'instanz' (did you mean 'instance'?)"),
        ({"resource": "vpc", "cloud": ["VpcId"]}, "no AWSMachine has a resource 'vpc' (known: classic-load-balancer,"),
        ({"kind": "AWSManagedCluster"}, "nothing is compared of the kind 'AWSManagedCluster'"),
        ({"id": "aws.instance.type"}, "the id is that of a row of the provider's own"),
        ({"cloud": ["BlockDeviceMapping[].DeviceName"]}, "did you mean 'BlockDeviceMappings[].DeviceName'?"),
        ({"cloud": ["Monitoring.State.Name"]}, "AWS tells no Monitoring.State.Name of a resource 'instance'"),
        ({"cloud": ["BlockDeviceMappings.DeviceName"]}, "AWS tells no BlockDeviceMappings.DeviceName"),
    ],
)
def test_a_row_that_would_compare_nothing_is_a_mistake(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    (problem,) = refused(written(tmp_path, {**ROW, **change}))

    assert told in problem


def test_an_id_is_taken_by_the_files_before(tmp_path: Path) -> None:
    (problem,) = refused(written(tmp_path, ROW), written(tmp_path, ROW, name="more.yaml"))

    assert "ours.extra: the id is used twice" in problem


def test_a_row_for_another_provider_is_left_to_it(tmp_path: Path) -> None:
    entry = {**ROW, "kind": "RackMachine", "resource": "machine", "cloud": ["power"], "comparer": "watts"}

    assert AwsProvider(settings()).rows([written(tmp_path, entry)]) == AwsProvider(settings()).rows()


def test_a_row_of_a_kind_that_nobody_has_is_a_mistake(tmp_path: Path) -> None:
    path = written(tmp_path, ROW, {**ROW, "id": "other", "kind": "Foo"})

    with pytest.raises(ConfigError) as raised:
        check_field_maps([path], [AwsProvider(settings())])

    (problem,) = raised.value.problems
    assert problem.line == 16
    assert problem.message == "no provider has objects of the kind 'Foo'"
