"""Certificates that end soon, that are over, or whose Secrets are missing."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.insides import seen
from tests.unit.stuck.stage import ago, cluster, condition, control_plane, fleet_with, judged, machine, rules

DAY = 24 * 60


def _head(days_left: float, **more: Any) -> CapiObject:
    ends = {"certificatesExpiryDate": _in_days(days_left)}
    return machine(name="one-cp-1", owner=control_plane(), status={**ends, **more.pop("status", {})}, **more)


def _in_days(days: float) -> str:

    return ago(-days * DAY)


@pytest.mark.parametrize(
    ("days", "variant", "severity"),
    [
        pytest.param(29, "within 30 days", Severity.MEDIUM, id="a month"),
        pytest.param(6, "within 7 days", Severity.HIGH, id="a week"),
        pytest.param(-3, "recorded as over", Severity.HIGH, id="over, and the API server answers"),
    ],
)
def test_certificates_that_end_are_a_hazard_long_before(days: float, variant: str, severity: Severity) -> None:
    found = judged(*fleet_with(_head(days)))

    assert [(finding.rule, finding.kind) for finding in found] == [("stuck.CP-CERT-DUE", FindingKind.HAZARD)]
    assert (found[0].variant, found[0].severity) == (variant, severity)


def test_certificates_that_were_renewed_by_hand_keep_the_old_record_and_that_is_said() -> None:
    late = machine(condition("NodeHealthy", False, since=1))

    found = judged(*fleet_with(_head(-3), late), workload=seen())

    assert found[0].evidence[-1] == "against it: the API server answers to us"


@pytest.mark.parametrize(
    "well",
    [
        pytest.param([_head(31)], id="not yet"),
        pytest.param([machine()], id="a worker"),
        pytest.param([_head(20, deleting=1)], id="on its way out"),
        pytest.param(
            [
                _head(20, annotations={"machine.cluster.x-k8s.io/certificates-expiry": _in_days(300)}),
            ],
            id="the annotation knows better",
        ),
        pytest.param(
            [_head(20), control_plane(spec={"rollout": {"before": {"certificatesExpiryDays": 21}}})],
            id="KCP renews them",
        ),
    ],
)
def test_certificates_that_need_nobody_are_silent(well: list[CapiObject]) -> None:
    assert judged(*fleet_with(*well)) == []


def test_a_renewal_that_does_not_come_is_told_after_its_grace() -> None:
    renews = control_plane(spec={"rolloutBefore": {"certificatesExpiryDays": 21}})

    assert rules(judged(*fleet_with(_head(17), renews))) == ["CP-CERT-DUE"]


def test_missing_authorities_are_named() -> None:
    told = "Cluster certificate for ca is not available, please check cluster certificate secrets"
    sick = control_plane(
        condition("CertificatesAvailable", False, "NotAvailable", told, since=30),
        condition(
            "ScalingUp",
            True,
            "ScalingUp",
            "Scaling up from 2 to 3 replicas is blocked because:\n* cluster certificates are missing or unknown",
            since=30,
        ),
    )

    found = judged(*fleet_with(sick))

    assert [(finding.rule, finding.variant) for finding in found] == [("stuck.CP-CERT-MISSING", "ca")]


def test_authorities_that_could_not_be_read_are_not_called_missing() -> None:
    unread = control_plane(
        condition(
            "CertificatesAvailable", "Unknown", "InternalError", "Please check controller logs for errors", since=30
        )
    )

    assert "CP-CERT-MISSING" not in rules(judged(*fleet_with(unread)))


def test_a_kubeconfig_that_was_not_renewed_is_a_hazard() -> None:
    late = machine(condition("NodeHealthy", False, since=1))

    found = judged(*fleet_with(late, cluster()), workload=seen(certificate_expires=_in_days(140)))
    young = judged(*fleet_with(late, cluster()), workload=seen(certificate_expires=_in_days(200)))

    assert [(finding.rule, finding.kind) for finding in found] == [("stuck.CP-KUBECONFIG-DUE", FindingKind.HAZARD)]
    assert young == []
