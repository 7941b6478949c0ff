"""Plain manifests: which files and documents count, what they declare, and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drift_audit.config.settings import RenderMode
from drift_audit.model.values import mapping
from drift_audit.model.views import ScopeStatus
from tests.unit.collect_git.reading import CLUSTER, cluster, declared, line_of, named, names, only_gap, place_with

POOLS = """\
# workers of the blue cluster
---
apiVersion: cluster.x-k8s.io/v1beta1
kind: MachineDeployment
metadata: {name: small, namespace: fleet}
spec:
  replicas: 3
---
---
apiVersion: cluster.x-k8s.io/v1beta1
kind: MachineDeployment
metadata: {name: large, namespace: fleet}
spec:
  template:
    spec:
      taints:
      - key: gpu
        effect: NoSchedule
      - {key: big, effect: NoExecute}
"""


def test_every_object_of_every_document_knows_file_line_and_revision(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"fleet/cluster.yaml": CLUSTER, "fleet/pools.yml": POOLS})

    head = place.head(path="./fleet/")

    assert names(head) == ["Cluster/fleet/blue", "MachineDeployment/fleet/large", "MachineDeployment/fleet/small"]
    assert head.gaps == ()
    assert head.renderer == "plain"
    assert head.revision == place.repo.head
    assert head.committed_at == "2026-01-15T09:00:00Z"
    large = named(head, "large")
    assert (large.location.file, large.location.line) == ("fleet/pools.yml", 10)
    assert large.location.revision == place.repo.head
    assert large.location.repo == "repo"


def test_every_field_knows_its_line(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"pools.yaml": POOLS})

    head = place.head()

    large = named(head, "large")
    assert declared(place, named(head, "small"), "spec", "replicas") == ("pools.yaml", "replicas: 3", True)
    taints = ("spec", "template", "spec", "taints")
    assert declared(place, large, *taints, 0, "effect") == ("pools.yaml", "effect: NoSchedule", True)
    assert declared(place, large, *taints, 1, "effect")[1] == "- {key: big, effect: NoExecute}"
    assert declared(place, large, *taints, 0, "timeAdded") == ("pools.yaml", "- key: gpu", False)


def test_lists_are_taken_apart_with_the_lines_of_their_items(tmp_path: Path) -> None:
    items = "".join("- " + "  ".join(cluster(name).splitlines(keepends=True)) for name in ("red", "green"))
    typed = (
        "apiVersion: cluster.x-k8s.io/v1beta1\nkind: MachineSetList\nitems:\n- metadata: {name: ms, namespace: fleet}\n"
    )
    place = place_with(tmp_path, {"list.yaml": "apiVersion: v1\nkind: List\nitems:\n" + items, "typed.yaml": typed})

    head = place.head()

    assert names(head) == ["Cluster/fleet/green", "Cluster/fleet/red", "MachineSet/fleet/ms"]
    green = named(head, "green")
    assert line_of(place, green.location) == "- apiVersion: cluster.x-k8s.io/v1beta1"
    assert green.location.line == 14
    assert declared(place, green, "spec", "paused") == ("list.yaml", "paused: false", True)
    assert named(head, "ms").raw["kind"] == "MachineSet"


def test_json_files_count_except_for_flux(tmp_path: Path) -> None:
    manifest = (
        '{\n "apiVersion": "cluster.x-k8s.io/v1beta1",\n "kind": "Cluster",\n "metadata": {"name": "j"},\n'
        ' "spec": {\n  "paused": true\n }\n}'
    )
    place = place_with(tmp_path, {"c.json": manifest, "tsconfig.json": "{ // comments\n}", "c.yaml": CLUSTER})

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue", "Cluster/j"]
    assert declared(place, named(head, "j"), "spec", "paused") == ("c.json", '"paused": true', True)
    assert head.gaps == ()
    assert names(place.head(applier="kustomize-controller/Apply")) == ["Cluster/fleet/blue"]


def test_files_of_other_programs_are_nobodys_loss(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {
            "cluster.yaml": CLUSTER,
            "values.yaml": "replicas: 3\nkind: big\n",
            "mkdocs.yml": "theme: !!python/name:material\n",
            ".github/workflows/ci.yaml": "on: push\njobs: {build: [\n",
            "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: []\n",
            "README.md": "# [broken\n",
            "empty.yaml": "# nothing here\n---\n",
            "list-of-strings.yaml": "[a, b]\n",
        },
    )

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue"]
    assert head.gaps == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apiVersion: cluster.x-k8s.io/v1beta1\nkind: Machine\nspec: {}\n", "it has no name"),
        ("kind: Machine\nmetadata: {name: x}\nspec: {}\n", "has no apiVersion"),
        ("apiVersion: cluster.x-k8s.io/v1beta1\nmetadata: {name: x}\nspec: {}\n", "has no kind"),
    ],
)
def test_what_looks_like_an_object_and_is_none_is_a_gap(tmp_path: Path, text: str, said: str) -> None:
    place = place_with(tmp_path, {"cluster.yaml": CLUSTER, "odd.yaml": text})

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue"]
    gap = only_gap(head.gaps)
    assert (gap.subject, gap.status) == ("odd.yaml", ScopeStatus.SKIPPED)
    assert said in gap.reason
    assert gap.scope == "fleet@main:."


def test_the_source_names_the_namespace_of_objects_that_have_none(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {
            "a.yaml": "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: blue}\n",
            "b.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: fleet}\n",
            "c.yaml": "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\nkind: AWSClusterRoleIdentity\n"
            "metadata: {name: audit}\n",
        },
    )

    assert names(place.head(namespace="team-a")) == [
        "AWSClusterRoleIdentity/audit",
        "Cluster/team-a/blue",
        "Namespace/fleet",
    ]


def test_an_object_declared_twice_is_a_gap_that_names_both_places(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER, "b.yaml": "---\n" + CLUSTER.replace("false", "true")})

    head = place.head()

    assert named(head, "blue").location.file == "a.yaml"
    assert named(head, "blue").raw["spec"] == {
        "clusterNetwork": {"pods": {"cidrBlocks": ["10.0.0.0/16"]}},
        "paused": False,
    }
    gap = only_gap(head.gaps)
    assert "a.yaml:1" in gap.reason
    assert "b.yaml:2" in gap.reason


def test_objects_with_generated_names_are_kept_side_by_side(tmp_path: Path) -> None:
    text = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: upgrade-, namespace: fleet}\n"
    place = place_with(tmp_path, {"jobs.yaml": f"{text}---\n{text}"})

    head = place.head()

    assert [(found.name, found.generate_name) for found in head.declarations] == [("upgrade-", True)] * 2
    assert head.gaps == ()


@pytest.mark.parametrize(
    ("applier", "flavor", "value"),
    [
        ("", "kustomize", "yes"),
        ("kustomize-controller/Apply", "kustomize", "yes"),
        ("kubectl/Apply", "kubectl", True),
        ("kubectl-client-side-apply/Update", "kubectl", True),
        ("argocd-controller/Apply", "kubectl", True),
    ],
)
def test_scalars_are_typed_as_the_applier_types_them(
    tmp_path: Path, applier: str, flavor: str, value: bool | str
) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER.replace("false", "yes")})

    view = place.view(applier=applier)

    assert view.flavor == flavor
    assert view.head is not None
    assert mapping(named(view.head, "blue").raw["spec"])["paused"] == value


def test_a_path_may_be_a_single_file(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a/one.yaml": cluster("one"), "a/two.yaml": cluster("two")})

    assert names(place.head(path="a/one.yaml")) == ["Cluster/fleet/one"]


def test_a_folder_that_begins_like_another_one_is_another_one(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"prod/one.yaml": cluster("one"), "prod-2/two.yaml": cluster("two")})

    assert names(place.head(path="prod")) == ["Cluster/fleet/one"]


def test_plain_mode_does_not_build_kustomizations(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\n", "a.yaml": CLUSTER})

    head = place.head(render=RenderMode.PLAIN)

    assert (head.renderer, names(head)) == ("plain", ["Cluster/fleet/blue"])


def test_helm_charts_are_a_gap_only_where_something_would_have_to_be_rendered(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {
            "cluster.yaml": CLUSTER,
            "charts/app/Chart.yaml": "apiVersion: v2\nname: app\n",
            "charts/app/values.yaml": "a: [\n",
            "charts/app/templates/c.yaml": "apiVersion: v1\nkind: {{ .Values.kind }}\nmetadata: {name: c}\n",
            "plain/Chart.yaml": "apiVersion: v2\nname: plain\n",
            "plain/templates/red.yaml": cluster("red"),
        },
    )

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue", "Cluster/fleet/red"]
    gap = only_gap(head.gaps)
    assert (gap.subject, gap.status) == ("charts/app", ScopeStatus.SKIPPED)
    assert "Helm" in gap.reason


def test_a_field_without_a_line_is_only_near_the_start_of_its_object(tmp_path: Path) -> None:
    declaration = place_with(tmp_path, {"a.yaml": CLUSTER}).head().declarations[0]
    unmarked = replace(declaration, marks={})

    assert unmarked.location_of(()).exact
    assert unmarked.location_of(("spec", "paused")) == replace(declaration.location, exact=False)
