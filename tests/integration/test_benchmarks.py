"""The benchmarks still run: a fleet of two clusters, measured once. No time is checked here."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from benchmarks.audits import FleetFigures, growth_exponent, measure_fleet
from benchmarks.fleet import running_fleet
from benchmarks.illness import AILMENTS, illness_in
from benchmarks.prototype import Prototype, build_prototype
from benchmarks.stamping import REGION, stamped, template_of, unstamped
from benchmarks.unwell import measure_unwell
from drift_audit.clock import now
from tests.conftest import required_parts
from tests.rig.moto_server import AwsEndpoint


@pytest.fixture(scope="module")
def prototype(tmp_path_factory: pytest.TempPathFactory, moto_endpoint: AwsEndpoint) -> Path:
    """The file of a prototype with two machines."""
    folder = tmp_path_factory.mktemp("prototype")
    (folder / "building").mkdir()
    moto_endpoint.reset()
    with required_parts():
        build_prototype(folder / "building", moto_endpoint, machines=2).write(folder / "prototype")
    return folder / "prototype"


@pytest.mark.rig
def test_a_multiplied_cluster_is_in_sync_and_only_read(prototype: Path, tmp_path: Path) -> None:
    figures = measure_fleet(tmp_path, prototype, clusters=2, runs=1)

    assert figures.machines == 4
    assert figures.calls["ec2 DescribeInstances"] >= 1
    assert all(run.code == 0 and run.peak_mib > 0 for run in (*figures.audit.each, *figures.floor.each))
    assert {"collect: clouds", "compare: cloud", "correlate: Git and cluster"} <= figures.stages.keys()


@pytest.mark.rig
def test_a_fleet_of_which_a_machine_is_unwell_is_found_so_and_only_read(prototype: Path, tmp_path: Path) -> None:
    figures = measure_unwell(tmp_path, prototype, clusters=2, runs=1)

    assert (figures.machines, figures.unwell, figures.causes) == (4, 1, 1)
    assert [run.code for run in (*figures.healthy.each, *figures.audit.each)] == [0, 1]
    assert {"kube GET", "workload GET"} <= figures.added.keys()
    assert figures.ratio_cpu > 0


def test_the_unwell_are_spread_over_clusters_and_ailments(prototype: Path) -> None:
    known = Prototype.read(prototype)

    illness = illness_in(known, 20, 0.25, now())

    assert len(illness.patients) == 10
    assert {each.cluster for each in illness.patients} == set(range(0, 20, 2))
    assert {each.ailment for each in illness.patients} == set(AILMENTS)
    assert len({each.instance for each in illness.patients}) == 10


def test_a_share_of_nothing_leaves_everybody_well(prototype: Path) -> None:
    assert illness_in(Prototype.read(prototype), 20, 0, now()).patients == []


@pytest.mark.rig
def test_a_call_that_the_prototype_never_made_is_answered_with_an_empty_page(prototype: Path, tmp_path: Path) -> None:
    with running_fleet(tmp_path, prototype, clusters=1) as fleet:
        ec2 = boto3.client(
            "ec2",
            endpoint_url=fleet.url,
            region_name=REGION,
            aws_access_key_id="bench",
            aws_secret_access_key="bench",
            config=Config(retries={"total_max_attempts": 1}),
        )

        answer = ec2.describe_transit_gateways()

        assert answer.get("TransitGateways", []) == []
        ec2.close()


@pytest.mark.rig
def test_lists_come_in_pages_that_together_hold_every_cluster(prototype: Path, tmp_path: Path) -> None:
    with running_fleet(tmp_path, prototype, clusters=3) as fleet:
        ec2 = boto3.client(
            "ec2",
            endpoint_url=fleet.url,
            region_name=REGION,
            aws_access_key_id="bench",
            aws_secret_access_key="bench",
        )

        pages = list(
            ec2.get_paginator("describe_instances").paginate(
                Filters=[{"Name": "tag-key", "Values": ["sigs.k8s.io/cluster-api-provider-aws/cluster/*"]}],
                PaginationConfig={"PageSize": 5},
            )
        )

        ids = [one["InstanceId"] for page in pages for group in page["Reservations"] for one in group["Instances"]]
        assert len(pages) > 1
        assert len(set(ids)) == len(ids) == 3 * Prototype.read(prototype).machines
        ec2.close()


def test_a_cluster_is_told_from_the_next_by_name_ids_uids_and_region() -> None:
    text = (
        b"bench-c0000-md-0 vpc-0a1b2c3d4e5f60718 i-0123456789abcdef0 eu-central-1a 01234567-89ab-cdef-0123-456789abcdef"
    )

    third = stamped(template_of(text), 30)

    assert third == (
        b"bench-c0030-md-0 vpc-001e2c3d4e5f60718 i-001e456789abcdef0 eu-west-1a 0000001e-89ab-cdef-0123-456789abcdef"
    )
    assert unstamped(third.decode()).numbers == {30}
    assert unstamped(third.decode()).text.startswith(
        "bench-c0000-md-0 vpc-00002c3d4e5f60718 i-0000456789abcdef0 eu-central-1a"
    )


def test_arns_of_load_balancers_are_told_apart_in_requests_too() -> None:
    sent = b"arn%3Aaws%3Aeu-central-1%3Atargetgroup%2Fapiserver-target-93cf6%2F9e94b4c5a85a1b0f"

    third = stamped(template_of(sent), 30).decode()

    assert third == "arn%3Aaws%3Aeu-west-1%3Atargetgroup%2Fapiserver-target-0001e%2F001eb4c5a85a1b0f"
    assert unstamped(third).text == unstamped(stamped(template_of(sent), 0).decode()).text


def test_growth_is_the_exponent_of_time_over_size() -> None:
    from benchmarks.measuring import Run, Runs

    def figures(clusters: int, wall: float) -> FleetFigures:
        runs = Runs((Run(code=0, wall=wall, cpu=wall, peak_mib=1),))
        return FleetFigures(
            clusters=clusters, machines=0, audit=runs, floor=runs, bare=runs, calls={}, mib=0, stages={}
        )

    assert growth_exponent([figures(10, 1.0), figures(100, 100.0)]) == pytest.approx(2.0)
