"""A count of what could not be listed is never told as the whole."""

from __future__ import annotations

import pytest

from drift_audit.model.views import View
from drift_audit_reports.seen import clusters_text, machines_text
from drift_audit_reports.summary import fleet_text
from tests.builders import cluster_entry, gap, result


@pytest.mark.parametrize(
    ("scope", "view", "machines", "told"),
    [
        ("prod/Machine", View.CAPI, 0, "machines not read"),
        ("prod/Machine", View.CAPI, 6, "at least 6 machines"),
        ("prod", View.CAPI, 0, "machines not read"),
        ("prod/AWSMachine", View.CAPI, 6, "6 machines"),
        ("production/Machine", View.CAPI, 6, "6 machines"),
        ("prod/Machine", View.EVIDENCE, 0, "0 machines"),
    ],
)
def test_machines_that_were_not_listed_are_not_none(scope: str, view: View, machines: int, told: str) -> None:
    audited = result(gaps=[gap(scope, view)])

    assert machines_text(audited, [cluster_entry(machines=machines)], ["prod"]) == told


def test_a_management_cluster_out_of_reach_may_have_further_clusters() -> None:
    audited = result(gaps=[gap("stage", View.CAPI)], clusters=[cluster_entry()])

    assert clusters_text(audited, ["prod", "stage"]) == "at least 1 cluster"
    assert clusters_text(audited, ["prod"]) == "1 cluster"


def test_the_first_line_of_a_report_counts_what_was_read() -> None:
    half_read = result(gaps=[gap("prod", View.CAPI)])

    assert fleet_text(result()) == "1 management cluster: prod · 1 cluster · 6 machines"
    assert fleet_text(half_read) == "1 management cluster: prod · at least 1 cluster · at least 6 machines"
