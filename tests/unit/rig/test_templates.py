"""Variables of cluster templates, and the real templates of the three providers."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conftest import required_parts
from tests.rig.apiserver import ApiServer
from tests.rig.client import Json
from tests.rig.management_cluster import ManagementCluster, fresh_management_cluster
from tests.rig.manifests import objects_of
from tests.rig.modules import cluster_templates
from tests.rig.templates import TemplateError, rendered_template, substituted, template_objects


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${NAME}", "one"),
        ("${ NAME }", "one"),
        ("${UNSET:=fallback}", "fallback"),
        ("${EMPTY:-fallback}", "fallback"),
        ("${EMPTY=fallback}", "fallback"),
        ("${NAME:=fallback}", "one"),
        ("${UNSET:=${NAME}-vnet}", "one-vnet"),
        ('${UNSET:=""}', '""'),
        ("${VERSION%.*}", "v1.34"),
        ("${VERSION%%.*}", "v1"),
        ("${VERSION#v}", "1.34.2"),
        ("${VERSION:0:2}", "v1"),
        ("${VERSION:1}", "1.34.2"),
        ("$${NAME} costs $5", "${NAME} costs $5"),
        ("$NAME", "$NAME"),
        ("# in a comment: ${NAME}", "# in a comment: one"),
    ],
)
def test_variables_are_replaced_as_clusterctl_replaces_them(text: str, expected: str) -> None:
    values = {"NAME": "one", "EMPTY": "", "VERSION": "v1.34.2"}

    assert substituted(text, values) == expected


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(TemplateError, match="variables without a value: ONE, TWO"):
        substituted("${TWO} ${ONE} ${ONE} ${THREE:=3}", {})


@pytest.mark.parametrize("form", ["${NAME/a/b}", "${#NAME}", "${NAME"])
def test_an_unknown_form_is_refused(form: str) -> None:
    with pytest.raises(TemplateError):
        substituted(form, {"NAME": "one"})


@pytest.mark.rig
@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
def test_every_template_of_a_provider_renders_to_objects(provider: str) -> None:
    with required_parts():
        flavours = cluster_templates(provider)

    rendered = {flavour: objects_of(rendered_template(provider, "one", flavour)) for flavour in flavours}

    assert "" in rendered
    assert all(rendered.values())
    assert "${" not in rendered_template(provider, "one")


def kinds(objects: list[Json]) -> Counter[str]:
    return Counter(entry["kind"] for entry in objects)


@pytest.mark.rig
@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
def test_the_default_template_of_a_provider_is_accepted_by_the_server(
    provider: str, management_cluster: ManagementCluster
) -> None:
    declared = template_objects(provider, "one", management_cluster.namespace)

    live = [management_cluster.gitops.apply(entry) for entry in declared]

    assert kinds(live) == kinds(declared)
    assert kinds(live)["MachineDeployment"] >= 1


@pytest.mark.rig
@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
def test_nothing_of_a_template_is_left_when_a_management_cluster_is_emptied(
    provider: str, api_server: ApiServer
) -> None:
    """Kinds that a group serves in another version than the preferred one count too."""
    with fresh_management_cluster(api_server) as cluster:
        applied = [cluster.gitops.apply(entry) for entry in template_objects(provider, "one", cluster.namespace)]

    with fresh_management_cluster(api_server) as cluster:
        ours = [entry for entry in applied if "cluster.x-k8s.io" in entry["apiVersion"]]
        left = {entry["kind"]: cluster.client.list(entry["apiVersion"], entry["kind"]) for entry in ours}

    assert {kind: found for kind, found in left.items() if found} == {}
