"""What the flags leave of a configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drift_audit.config.narrowing import Narrowing, kubeconfig_only, narrow
from drift_audit.config.settings import Config, ManagementClusterSettings, Thresholds
from drift_audit.errors import UsageError

FLEET = Config(
    management_clusters=(
        ManagementClusterSettings(name="prod", context="prod-admin", kubeconfig="/k/prod", namespaces=("a", "b")),
        ManagementClusterSettings(name="staging", context="staging-admin", label_selector="env=staging"),
        ManagementClusterSettings(name="inside", in_cluster=True),
        ManagementClusterSettings(name="archived", recording="/r.dar"),
    ),
    thresholds=Thresholds(transition_minutes=5),
)


def test_without_flags_nothing_changes() -> None:
    assert narrow(FLEET, Narrowing()) == FLEET


@pytest.mark.parametrize("contexts", [("prod",), ("prod-admin",), ("prod", "prod-admin")])
def test_a_management_cluster_is_chosen_by_name_or_context(contexts: tuple[str, ...]) -> None:
    narrowed = narrow(FLEET, Narrowing(contexts=contexts))

    assert [cluster.name for cluster in narrowed.management_clusters] == ["prod"]
    assert narrowed.thresholds == FLEET.thresholds


def test_an_unknown_context_is_an_error_and_not_an_empty_audit() -> None:
    with pytest.raises(UsageError, match=r"no configured management cluster is called 'prd' \(did you mean 'prod'\?\)"):
        narrow(FLEET, Narrowing(contexts=("prod", "prd")))


def test_namespaces_of_the_command_line_win() -> None:
    one = narrow(FLEET, Narrowing(contexts=("prod",), namespaces=("c", "c"))).management_clusters[0]
    every = narrow(FLEET, Narrowing(all_namespaces=True)).management_clusters[0]

    assert one.namespaces == ("c",)
    assert every.namespaces == ()


def test_a_selector_narrows_further_what_is_configured() -> None:
    narrowed = narrow(FLEET, Narrowing(contexts=("prod", "staging"), label_selector="tier=1"))

    assert [cluster.label_selector for cluster in narrowed.management_clusters] == ["tier=1", "env=staging,tier=1"]


def test_a_kubeconfig_takes_the_place_of_others_but_not_of_other_ways() -> None:
    narrowed = narrow(FLEET, Narrowing(), "/mine")

    assert [cluster.kubeconfig for cluster in narrowed.management_clusters] == ["/mine", "/mine", "", ""]


def test_a_context_can_be_audited_without_a_configuration() -> None:
    config = kubeconfig_only(Narrowing(contexts=("kind-a", "kind-b", "kind-a"), namespaces=("x",)), "/k")

    assert [(cluster.name, cluster.context) for cluster in config.management_clusters] == [
        ("kind-a", "kind-a"),
        ("kind-b", "kind-b"),
    ]
    assert config.management_clusters[0].kubeconfig == "/k"
    assert config.management_clusters[0].namespaces == ("x",)


def test_without_a_configuration_a_context_must_be_named() -> None:
    with pytest.raises(UsageError, match="--context NAME"):
        kubeconfig_only(Narrowing(), "/k")


@pytest.mark.parametrize("asked", [Narrowing(namespaces=("a",)), Narrowing(label_selector="env=prod")])
def test_a_part_of_a_recording_is_refused_and_not_passed_over(asked: Narrowing) -> None:
    with pytest.raises(UsageError, match="a recording is judged whole: -n and -l cannot narrow archived"):
        narrow(FLEET, asked)
    names = [cluster.name for cluster in narrow(FLEET, replace(asked, contexts=("prod",))).management_clusters]
    assert names == ["prod"]
