"""Logs of controllers as klog writes them, and what of them is about a suspect."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drift_audit.collect.masking import Masker
from drift_audit.collect.suspects.log_lines import lines_about
from drift_audit.model.health import LogLine
from drift_audit.model.keys import ObjectKey

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MACHINE = ObjectKey("cluster.x-k8s.io", "Machine", "fleet", "one-md-0-1")
INFRA = ObjectKey("infrastructure.cluster.x-k8s.io", "AWSMachine", "fleet", "one-md-0-1")
CLUSTER = ObjectKey("cluster.x-k8s.io", "Cluster", "fleet", "one")
WRITER = ObjectKey("", "Pod", "capi-system", "capi-1")
UUID = "8f14e45f-ceea-467f-a0e6-1c2d3e4f5a6b"


def read(*lines: str, objects: tuple[ObjectKey, ...] = (MACHINE, INFRA, CLUSTER), hours: float = 1) -> list[LogLine]:
    return lines_about(
        "\n".join(lines),
        "capi-system/capi-1",
        objects,
        WRITER,
        masker=Masker("key"),
        now=NOW,
        since=timedelta(hours=hours),
    )


def as_json(msg: str = "Reconciler error", *, minutes: float = 10, key: ObjectKey = MACHINE, **more: Any) -> str:
    """As component-base writes it with --logging-format=json: no level, and `v` unless it is an error."""
    told: dict[str, Any] = {
        "ts": (NOW - timedelta(minutes=minutes)).timestamp() * 1000 + 0.123,
        "caller": "controller/controller.go:474",
        "msg": msg,
        "controller": key.kind.lower(),
        "controllerGroup": key.group,
        "controllerKind": key.kind,
        key.kind: {"name": key.name, "namespace": key.namespace},
        "namespace": key.namespace,
        "name": key.name,
        "reconcileID": UUID,
        **more,
    }
    return json.dumps({name: value for name, value in told.items() if value is not None})


def as_text(
    message: str = "Reconciler error", *, err: str = '"boom"', at: str = "1120 11:50:00.123456", level: str = "E"
) -> str:
    """As klog writes it by default."""
    return (
        f'{level}{at}       1 controller.go:474] "{message}" err={err} controller="awsmachine" '
        f'controllerGroup="{INFRA.group}" controllerKind="AWSMachine" AWSMachine="fleet/one-md-0-1" '
        f'namespace="fleet" name="one-md-0-1" reconcileID="{UUID}"'
    )


def test_a_json_line_is_about_what_is_reconciled() -> None:
    [line] = read(as_json(err="failed to create instance", Cluster={"namespace": "fleet", "name": "one"}))

    assert line == LogLine(
        object=MACHINE,
        source="capi-system/capi-1",
        level="error",
        message="Reconciler error: failed to create instance",
        first="2026-11-20T11:50:00Z",
        last="2026-11-20T11:50:00Z",
    )


def test_a_text_line_is_about_what_is_reconciled() -> None:
    [line] = read(as_text(err=r'"run instances: \"VcpuLimitExceeded\": more"'))

    assert line.object == INFRA
    assert line.message == 'Reconciler error: run instances: "VcpuLimitExceeded": more'
    assert line.first == "2026-11-20T11:50:00Z"


def test_an_error_of_several_lines_stays_whole() -> None:
    lines = as_text(err="<\n\tfirst\n\tsecond\n >").splitlines()

    [line] = read(*lines)

    assert line.message.split() == ["Reconciler", "error:", "first", "second"]


def test_tries_that_differ_in_ids_and_times_are_one_message() -> None:
    tries = [
        as_json(
            err=f"RequestID: {UUID[:-1]}{number}, after 1.2{number}s, i-0a1b2c3d4e5f6071{number}", minutes=30 - number
        )
        for number in range(5)
    ]

    [line] = read(*tries)

    assert line.message == "Reconciler error: RequestID: …, after …, …"
    assert (line.count, line.first, line.last) == (5, "2026-11-20T11:30:00Z", "2026-11-20T11:34:00Z")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(as_json("Reconciling", v=2), id="information in JSON"),
        pytest.param(as_text(level="I"), id="information in text"),
        pytest.param(as_json(err="old", minutes=120), id="too long ago"),
        pytest.param(as_json(err="x", key=ObjectKey(MACHINE.group, "Machine", "fleet", "two")), id="another object"),
        pytest.param(as_json(err="x", key=ObjectKey(MACHINE.group, "Machine", "else", MACHINE.name)), id="elsewhere"),
        pytest.param('{"msg": "half a li', id="half a line"),
        pytest.param("[" * 50_000, id="nonsense"),
        pytest.param('{"a":' * 20_000, id="deep nonsense"),
        pytest.param("panic: runtime error\n\tgoroutine 1 [running]:", id="a stack"),
        pytest.param('["list"]', id="no object"),
    ],
)
def test_everything_else_is_left_out(line: str) -> None:
    assert read(line) == []


def test_a_line_that_names_nothing_is_said_by_its_writer() -> None:
    told = 'E1120 11:50:00.000001       1 reflector.go:204] "Failed to watch" err="conversion webhook failed"'

    [line] = read(told, told)

    assert (line.object, line.message, line.count) == (WRITER, "Failed to watch: conversion webhook failed", 2)


def test_without_a_controller_kind_the_line_is_about_what_it_names_but_the_cluster() -> None:
    mine: dict[str, Any] = dict.fromkeys(("controllerKind", "controllerGroup", "name", "namespace"))
    found = read(as_json(err="x", Cluster={"namespace": "fleet", "name": "one"}, **mine))

    assert [line.object for line in found] == [MACHINE]


def test_the_stamps_of_the_api_server_are_the_times() -> None:
    [line] = read(f"2026-11-20T11:59:30.123456789Z {as_json(err='x', ts=None)}")

    assert line.first == "2026-11-20T11:59:30Z"


def test_the_year_that_klog_leaves_out_is_the_last_one_that_fits() -> None:
    assert read(as_text(at="1231 23:59:00.000000")) == []
    [line] = read(as_text(at="1231 23:59:00.000000"), hours=24 * 400)
    assert line.first == "2025-12-31T23:59:00Z"


@pytest.mark.parametrize(
    "err",
    [
        "join failed with token: abcdef.0123456789abcdef",
        "POST https://bob:hunter2@git.example.com: 401",
        "user data: password=Kan4rie9xQ7",
        "sent Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
    ],
)
def test_a_line_with_a_secret_is_masked_as_a_whole(err: str) -> None:
    [line] = read(as_json(err=err))

    assert line.message.startswith("<masked: ")


def test_other_values_of_a_line_are_never_kept() -> None:
    [line] = read(as_json(err="x", userData="Kan4rie", Secret={"namespace": "fleet", "name": "Kan4rie"}))

    assert "Kan4rie" not in repr(line)


def test_a_storm_of_messages_is_bounded_and_keeps_the_newest() -> None:
    found = read(
        *(as_json(err=f"no {'abcdefghij'[n // 10]}{'klmnopqrst'[n % 10]}", minutes=59 - n / 2) for n in range(100))
    )

    assert len(found) == 20
    assert found[-1].message == "Reconciler error: no jt"
