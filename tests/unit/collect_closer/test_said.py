"""Events as views hold them."""

from __future__ import annotations

from typing import Any

from drift_audit.collect.masking import Masker
from drift_audit.collect.said import MOST_OF_ONE, event_of, merged
from drift_audit.model.health import Event
from drift_audit.model.keys import ObjectKey

MASKER = Masker("key")


def raw(**changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "x.1", "namespace": "fleet", "creationTimestamp": "2026-11-20T11:00:00Z"},
        "involvedObject": {
            "apiVersion": "cluster.x-k8s.io/v1beta2",
            "kind": "Machine",
            "namespace": "fleet",
            "name": "m",
        },
        "type": "Warning",
        "reason": "FailedCreate",
        "message": "no capacity",
        "firstTimestamp": "2026-11-20T11:00:00Z",
        "lastTimestamp": "2026-11-20T11:30:00Z",
        "count": 4,
        "source": {"component": "aws-controller"},
        **changes,
    }


def event(**changes: Any) -> Event:
    found = event_of(raw(**changes), MASKER)
    assert found is not None
    return found


def test_an_event_of_the_older_recorder() -> None:
    assert event() == Event(
        object=ObjectKey("cluster.x-k8s.io", "Machine", "fleet", "m"),
        type="Warning",
        reason="FailedCreate",
        message="no capacity",
        first="2026-11-20T11:00:00Z",
        last="2026-11-20T11:30:00Z",
        count=4,
        component="aws-controller",
    )


def test_an_event_of_the_newer_recorder() -> None:
    found = event(
        firstTimestamp=None,
        lastTimestamp=None,
        count=None,
        source={},
        reportingComponent="kubelet",
        eventTime="2026-11-20T11:00:00.123456Z",
        series={"count": 9, "lastObservedTime": "2026-11-20T11:45:00.654321Z"},
    )

    assert (found.first, found.last) == ("2026-11-20T11:00:00Z", "2026-11-20T11:45:00Z")
    assert (found.count, found.component) == (9, "kubelet")


def test_an_event_about_nothing_is_none() -> None:
    assert event_of(raw(involvedObject={}), MASKER) is None
    assert event_of(raw(involvedObject="text"), MASKER) is None


def test_a_message_with_a_secret_is_masked() -> None:
    assert event(message="joining with token=abcdef.0123456789abcdef").message.startswith("<masked: ")


def test_the_same_event_is_told_once_oldest_first() -> None:
    later = event(message="Instance i-0a1b2c3d4e5f60718 gone", firstTimestamp="2026-11-20T11:10:00Z", count=1)
    early = event(
        message="Instance i-0ffffffffffffffff gone",
        firstTimestamp="2026-11-20T10:00:00Z",
        lastTimestamp="2026-11-20T10:01:00Z",
    )
    between = event(reason="Other", firstTimestamp="2026-11-20T10:30:00Z")

    first, second = merged([later, between, early])

    assert (first.first, first.last, first.count) == ("2026-11-20T10:00:00Z", "2026-11-20T11:30:00Z", 5)
    assert first.message == "Instance i-0a1b2c3d4e5f60718 gone"
    assert second.reason == "Other"


def test_one_object_cannot_fill_the_view() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    storm = [
        event(message=f"{a}{b}", lastTimestamp=f"2026-11-20T11:{letters.index(a):02}:{letters.index(b):02}Z")
        for a in letters
        for b in letters
    ]

    found = merged(storm)

    assert len(found) == MOST_OF_ONE
    assert {"zz", "zy"} <= {each.message for each in found}
