"""Which kinds are read, in which version and where."""

from __future__ import annotations

import pytest

from drift_audit.collect.cluster.discovery import ServedKind
from drift_audit.collect.cluster.plan import KindPlan, Wanted, chosen_versions, concerns, plan_reads, wanted_by
from tests.builders import declaration

CORE = "cluster.x-k8s.io"


def served(
    *versions: str, group: str = CORE, kind: str = "Cluster", plural: str = "clusters", namespaced: bool = True
) -> ServedKind:
    return ServedKind(group=group, kind=kind, plural=plural, namespaced=namespaced, versions=versions)


SECRET = served("v1", group="", kind="Secret", plural="secrets")
CONFIG_MAP = served("v1", group="", kind="ConfigMap", plural="configmaps")


def plan_of(kind: ServedKind, wanted: Wanted, *namespaces: str) -> KindPlan:
    [plan] = plan_reads([kind], wanted, namespaces)
    return plan


def wanting(kind: ServedKind, *names: tuple[str, str]) -> Wanted:
    pair = (kind.group, kind.kind)
    return Wanted(versions={pair: frozenset({"v1"})}, names={pair: frozenset(names)})


@pytest.mark.parametrize(
    ("kind", "in_git", "expected"),
    [
        pytest.param(served("v1beta1", "v1beta2"), [], ("v1beta2", ()), id="contract version, not the preferred one"),
        pytest.param(served("v1beta1"), [], ("v1beta1", ()), id="an old core serves v1beta1 only"),
        pytest.param(served("v1alpha1"), [], ("v1alpha1", ()), id="neither: the preferred one"),
        pytest.param(served("v1beta3", "v1beta2"), [], ("v1beta2", ()), id="a newer one is not taken by itself"),
        pytest.param(served("v1beta2", "v1beta1"), ["v1beta1"], ("v1beta1", ()), id="Git's version wins"),
        pytest.param(served("v1beta2", "v1beta1"), ["v1alpha4"], ("v1beta2", ()), id="Git's version is not served"),
        pytest.param(
            served("v1beta2", "v1beta1"), ["v1beta1", "v1beta2"], ("v1beta2", ("v1beta1",)), id="Git uses two"
        ),
        pytest.param(
            served("v1", "v1beta2", group="source.toolkit.fluxcd.io"), [], ("v1", ()), id="others: the preferred one"
        ),
    ],
)
def test_the_version_to_read(kind: ServedKind, in_git: list[str], expected: tuple[str, tuple[str, ...]]) -> None:
    assert chosen_versions(kind, in_git) == expected


def test_what_declarations_want_is_their_kinds_versions_and_names() -> None:
    wanted = wanted_by(
        [
            declaration("Cluster", "eu-1", "fleet", api_version=f"{CORE}/v1beta1"),
            declaration("Cluster", "eu-2", "fleet", api_version=f"{CORE}/v1beta2"),
            declaration("Namespace", "fleet", "", api_version="v1"),
        ]
    )

    assert wanted.versions[CORE, "Cluster"] == {"v1beta1", "v1beta2"}
    assert wanted.names["", "Namespace"] == {("", "fleet")}


def test_kinds_that_are_neither_the_fleets_nor_in_git_are_not_read() -> None:
    kinds = [
        SECRET,
        CONFIG_MAP,
        served("v1", group="batch", kind="Job", plural="jobs"),
        served("v1alpha1", group="argoproj.io", kind="Workflow", plural="workflows"),
        served("v1", group="evilcluster.x-k8s.io", kind="Cluster"),
    ]

    assert plan_reads(kinds, Wanted(), ()) == ()


def test_bespoke_provider_groups_and_argo_cd_are_read() -> None:
    kinds = [
        served("v1alpha1", group="infrastructure.cluster.x-k8s.io", kind="OwnMachine", plural="ownmachines"),
        served("v1alpha1", group="argoproj.io", kind="Application", plural="applications"),
    ]

    assert [plan.served.kind for plan in plan_reads(kinds, Wanted(), ())] == ["OwnMachine", "Application"]


def test_secrets_are_read_by_name_and_within_the_configured_namespaces() -> None:
    wanted = wanting(SECRET, ("a", "one"), ("b", "two"))

    assert plan_of(SECRET, wanted).names == (("a", "one"), ("b", "two"))
    assert plan_of(SECRET, wanted, "b").names == (("b", "two"),)


def test_a_declared_kind_is_listed_in_its_namespaces_only() -> None:
    wanted = wanting(CONFIG_MAP, ("b", "one"), ("a", "two"))

    assert plan_of(CONFIG_MAP, wanted).namespaces == ("a", "b")
    assert plan_of(CONFIG_MAP, wanted, "b", "c").namespaces == ("b",)


def test_a_declared_kind_without_a_namespace_in_git_is_listed_everywhere() -> None:
    assert plan_of(CONFIG_MAP, wanting(CONFIG_MAP, ("", "one"))).namespaces == ()


def test_a_declared_kind_in_very_many_namespaces_is_one_list() -> None:
    wanted = wanting(CONFIG_MAP, *((f"team-{number}", "one") for number in range(100)))

    assert plan_of(CONFIG_MAP, wanted).namespaces == ()


def test_a_restriction_never_turns_into_a_list_of_everything() -> None:
    assert plan_of(CONFIG_MAP, wanting(CONFIG_MAP, ("a", "one")), "b").namespaces == ("b",)


def test_cluster_scoped_kinds_ignore_the_restriction() -> None:
    identity = served("v1beta2", group=f"infrastructure.{CORE}", kind="Identity", namespaced=False)

    assert plan_of(identity, Wanted(), "fleet").namespaces == ()


def test_kinds_that_clusters_wait_for_are_listed_wherever_the_audit_looks() -> None:
    host = served("v1alpha1", group="metal3.io", kind="BareMetalHost", plural="baremetalhosts")
    pair = (host.group, host.kind)
    in_git = [declaration("BareMetalHost", "rack-1", "racks", api_version="metal3.io/v1alpha1")]

    for declared in ([], in_git):
        wanted = wanted_by(declared, everywhere=[pair])
        assert concerns("metal3.io", wanted)
        assert plan_of(host, wanted).namespaces == ()
        assert plan_of(host, wanted, "fleet").namespaces == ("fleet",)
    assert plan_reads([host], wanted_by([]), ()) == ()


def test_secrets_are_never_listed_even_where_they_are_waited_for() -> None:
    wanted = wanted_by([], everywhere=[("", "Secret")])

    assert plan_of(SECRET, wanted).names == ()
