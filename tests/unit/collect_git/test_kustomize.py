"""Overlays: what kustomize renders, and which line of which file declares each field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from drift_audit.collect.git.kustomization import closure_of
from drift_audit.collect.git.kustomize import KustomizeTool, build
from drift_audit.collect.git.problems import GitProblem
from drift_audit.collect.git.repository import open_repository
from drift_audit.collect.git.snapshot import Snapshot
from drift_audit.config.settings import RenderMode
from drift_audit.model.values import mapping
from tests.unit.collect_git.reading import CLUSTER, Place, cluster, declared, named, names, only_gap, place_with

pytestmark = pytest.mark.usefixtures("kustomize_on_path")

POOL = """\
# the pool of every cluster
apiVersion: cluster.x-k8s.io/v1beta1
kind: MachineDeployment
metadata:
  name: pool
  labels:
    team: platform
spec:
  clusterName: blue
  replicas: 3
  template:
    spec:
      version: v1.30.1
      taints:
      - key: a
        effect: NoSchedule
      - key: b
        effect: NoSchedule
"""
MERGE_PATCH = """\
apiVersion: cluster.x-k8s.io/v1beta1
kind: MachineDeployment
metadata:
  name: pool
spec:
  replicas: 5
"""
VERSION, TAINTS = ("spec", "template", "spec", "version"), ("spec", "template", "spec", "taints")


def fleet(tmp_path: Path, kustomization: str, **more: str) -> Place:
    files: dict[str, str | bytes | None] = {
        "base/kustomization.yaml": "resources:\n- pool.yaml\n",
        "base/pool.yaml": POOL,
        "prod/kustomization.yaml": f"resources:\n- ../base\n{kustomization}",
    }
    return place_with(tmp_path, files | {f"prod/{name.replace('__', '.')}": text for name, text in more.items()})


def test_what_the_base_says_has_the_line_of_the_base(tmp_path: Path) -> None:
    place = fleet(tmp_path, "namePrefix: blue-\nnamespace: fleet\n")

    head = place.head(path="prod")

    pool = named(head, "blue-pool")
    assert head.renderer.startswith("kustomize v")
    assert head.gaps == ()
    assert pool.namespace == "fleet"
    assert (pool.location.file, pool.location.line) == ("base/pool.yaml", 2)
    assert declared(place, pool, *VERSION) == ("base/pool.yaml", "version: v1.30.1", True)
    assert declared(place, pool, *TAINTS, 1, "key") == ("base/pool.yaml", "- key: b", True)
    assert declared(place, pool, *TAINTS) == ("base/pool.yaml", "taints:", True)


def test_what_the_kustomization_sets_has_its_line(tmp_path: Path) -> None:
    place = fleet(
        tmp_path,
        "namespace: fleet\ncommonAnnotations:\n  owner: team-a\nlabels:\n- pairs:\n    stage: prod\n",
    )

    pool = named(place.head(path="prod"), "pool")

    file = "prod/kustomization.yaml"
    assert declared(place, pool, "metadata", "namespace") == (file, "namespace: fleet", True)
    assert declared(place, pool, "metadata", "annotations", "owner") == (file, "owner: team-a", True)
    assert declared(place, pool, "metadata", "labels", "stage") == (file, "stage: prod", True)
    assert declared(place, pool, "metadata", "labels", "team") == ("base/pool.yaml", "team: platform", True)


def test_replicas_of_the_kustomization_have_its_line(tmp_path: Path) -> None:
    deployment = POOL.replace("cluster.x-k8s.io/v1beta1", "apps/v1").replace("MachineDeployment", "Deployment")
    place = fleet(tmp_path, "replicas:\n- name: pool\n  count: 9\n")
    place.repo.commit({"base/pool.yaml": deployment})

    pool = named(place.head(path="prod"), "pool")

    assert declared(place, pool, "spec", "replicas") == ("prod/kustomization.yaml", "count: 9", True)


def test_a_changed_name_is_no_exact_line(tmp_path: Path) -> None:
    place = fleet(tmp_path, "nameSuffix: -blue\n")

    pool = named(place.head(path="prod"), "pool-blue")

    assert declared(place, pool, "metadata", "name") == ("base/pool.yaml", "metadata:", False)


def test_a_merge_patch_in_a_file_declares_its_fields(tmp_path: Path) -> None:
    place = fleet(tmp_path, "patches:\n- path: more.yaml\n", more__yaml=MERGE_PATCH)

    pool = named(place.head(path="prod"), "pool")

    assert declared(place, pool, "spec", "replicas") == ("prod/more.yaml", "replicas: 5", True)
    assert declared(place, pool, *VERSION)[0] == "base/pool.yaml"


def test_a_merge_patch_inside_the_kustomization_declares_its_fields(tmp_path: Path) -> None:
    indented = "".join(f"    {line}\n" for line in MERGE_PATCH.splitlines())
    place = fleet(tmp_path, f"patches:\n- target: {{kind: MachineDeployment, name: p.*}}\n  patch: |-\n{indented}")

    pool = named(place.head(path="prod"), "pool")

    assert declared(place, pool, "spec", "replicas") == ("prod/kustomization.yaml", "replicas: 5", True)
    assert pool.location_of(("spec", "replicas")).column == 7


def test_old_style_merge_patches_declare_their_fields(tmp_path: Path) -> None:
    indented = "".join(f"  {line}\n" for line in MERGE_PATCH.replace("5", "6").splitlines())
    place = fleet(tmp_path, f"patchesStrategicMerge:\n- more.yaml\n- |\n{indented}", more__yaml=MERGE_PATCH)

    pool = named(place.head(path="prod"), "pool")

    assert declared(place, pool, "spec", "replicas") == ("prod/kustomization.yaml", "replicas: 6", True)


def test_json_patches_declare_what_they_set(tmp_path: Path) -> None:
    operations = (
        "- op: replace\n  path: /spec/replicas\n  value: 7\n- {op: test, path: /spec/clusterName, value: blue}\n"
        "- op: add\n  path: /metadata/annotations\n  value:\n    example.com/a~b: x\n"
    )
    place = fleet(
        tmp_path,
        "patches:\n- path: ops.yaml\n  target: {kind: MachineDeployment}\n"
        "- target: {group: cluster.x-k8s.io, name: pool}\n"
        """  patch: '[{"op": "replace", "path": "/spec/template/spec/version", "value": "v1.31.0"}]'\n""",
        ops__yaml=operations,
    )

    pool = named(place.head(path="prod"), "pool")

    assert declared(place, pool, "spec", "replicas") == ("prod/ops.yaml", "value: 7", True)
    assert declared(place, pool, "metadata", "annotations", "example.com/a~b")[1] == "example.com/a~b: x"
    file, line, exact = declared(place, pool, *VERSION)
    assert (file, "v1.31.0" in line, exact) == ("prod/kustomization.yaml", True, True)


def test_a_list_that_a_patch_replaces_belongs_to_the_patch(tmp_path: Path) -> None:
    patch = MERGE_PATCH.replace(
        "  replicas: 5\n",
        "  template:\n    spec:\n      taints:\n      - key: a\n        effect: NoExecute\n      - key: b\n"
        "        effect: NoSchedule\n",
    )
    place = fleet(tmp_path, "patches:\n- path: more.yaml\n", more__yaml=patch)

    pool = named(place.head(path="prod"), "pool")

    for index, field, line in (
        (0, "effect", "effect: NoExecute"),
        (1, "effect", "effect: NoSchedule"),
        (1, "key", "- key: b"),
    ):
        assert declared(place, pool, *TAINTS, index, field) == ("prod/more.yaml", line, True)


def test_items_that_a_patch_moved_are_not_given_the_lines_of_their_neighbours(tmp_path: Path) -> None:
    place = fleet(
        tmp_path,
        "patches:\n- target: {kind: MachineDeployment}\n  patch: |\n    - op: add\n"
        "      path: /spec/template/spec/taints/0\n      value: {key: new, effect: NoSchedule}\n",
    )

    pool = named(place.head(path="prod"), "pool")

    assert declared(place, pool, *TAINTS, 0, "key") == (
        "prod/kustomization.yaml",
        "value: {key: new, effect: NoSchedule}",
        True,
    )
    for index in (1, 2):
        assert not pool.location_of((*TAINTS, index, "effect")).exact


def test_a_patch_for_another_object_with_the_same_value_claims_nothing(tmp_path: Path) -> None:
    other = POOL.replace("name: pool", "name: other")
    patch = MERGE_PATCH.replace("name: pool", "name: other").replace("5", "3")
    place = fleet(tmp_path, "patches:\n- path: more.yaml\n", more__yaml=patch)
    place.repo.commit({"base/pool.yaml": f"{POOL}---\n{other}"})

    head = place.head(path="prod")

    assert declared(place, named(head, "pool"), "spec", "replicas")[0] == "base/pool.yaml"
    assert declared(place, named(head, "other"), "spec", "replicas")[0] == "prod/more.yaml"


def test_a_patch_that_a_later_layer_overrides_claims_nothing(tmp_path: Path) -> None:
    place = fleet(tmp_path, "patches:\n- path: more.yaml\n", more__yaml=MERGE_PATCH)
    place.repo.commit(
        {
            "top/kustomization.yaml": "resources: [../prod]\npatches:\n- target: {labelSelector: team=platform}\n"
            '  patch: \'[{"op": "replace", "path": "/spec/replicas", "value": 8}]\'\n'
        }
    )

    pool = named(place.head(path="top"), "pool")

    assert mapping(pool.raw["spec"])["replicas"] == 8
    assert declared(place, pool, "spec", "replicas") == ("base/pool.yaml", "spec:", False)


def test_of_two_overlays_on_one_base_each_claims_its_own(tmp_path: Path) -> None:
    files: dict[str, str | bytes | None] = {
        "base/kustomization.yaml": "resources: [pool.yaml]\n",
        "base/pool.yaml": POOL,
        "all/kustomization.yaml": "resources: [../one, ../two]\n",
    }
    for name, replicas in (("one", 5), ("two", 6)):
        files[f"{name}/kustomization.yaml"] = f"resources: [../base]\nnamespace: {name}\npatches:\n- path: p.yaml\n"
        files[f"{name}/p.yaml"] = MERGE_PATCH.replace("5", str(replicas))
    place = place_with(tmp_path, files)

    head = place.head(path="all")

    assert names(head) == ["MachineDeployment/one/pool", "MachineDeployment/two/pool"]
    for found in head.declarations:
        assert declared(place, found, "spec", "replicas")[0] == f"{found.namespace}/p.yaml"
        assert declared(place, found, *VERSION) == ("base/pool.yaml", "version: v1.30.1", True)


def test_generated_objects_point_at_their_generator_without_claiming_lines(tmp_path: Path) -> None:
    place = fleet(
        tmp_path,
        "configMapGenerator:\n- name: settings\n  literals: [a=b]\n- name: from-file\n  files: [x=data.txt]\n",
        data__txt="hello",
    )

    head = place.head(path="prod")

    (settings,) = [found for found in head.declarations if found.name.startswith("settings-")]
    assert (settings.location.file, settings.location.line) == ("prod/kustomization.yaml", 4)
    assert not settings.location_of(("data", "a")).exact
    (filed,) = [found for found in head.declarations if found.name.startswith("from-file-")]
    assert filed.raw["data"] == {"x": "hello"}
    assert filed.location.line == 6


def test_components_and_old_bases_are_followed(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {
            "base/kustomization.yml": "resources: [pool.yaml]\n",
            "base/pool.yaml": POOL,
            "big/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
            "patches: [{path: p.yaml}]\n",
            "big/p.yaml": MERGE_PATCH,
            "prod/Kustomization": "bases: [../base]\ncomponents: [../big]\n",
        },
    )

    pool = named(place.head(path="prod"), "pool")

    assert declared(place, pool, "spec", "replicas") == ("big/p.yaml", "replicas: 5", True)


def test_the_top_of_the_repository_can_be_a_kustomization(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": CLUSTER})

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue"]
    assert declared(place, named(head, "blue"), "spec", "paused") == ("a.yaml", "paused: false", True)


def test_annotations_of_the_user_survive_and_ours_do_not(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {
            "kustomization.yaml": "resources: [a.yaml, b.yaml]\n",
            "a.yaml": CLUSTER,
            "b.yaml": cluster("red").replace("  namespace", "  annotations: {a: b}\n  namespace"),
        },
    )

    head = place.head()

    assert named(head, "blue").raw["metadata"] == {"name": "blue", "namespace": "fleet"}
    assert named(head, "red").raw["metadata"] == {"annotations": {"a": "b"}, "name": "red", "namespace": "fleet"}


def test_without_a_kustomization_folders_that_have_one_are_built_as_a_unit(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {
            "clusters/red.yaml": cluster("red"),
            "clusters/blue/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\n",
            "clusters/blue/a.yaml": CLUSTER,
            "clusters/blue/not-listed.yaml": cluster("ghost"),
            "clusters/green/deep/green.yaml": cluster("green"),
        },
    )

    head = place.head(path="clusters")

    assert names(head) == ["Cluster/fleet/green", "Cluster/fleet/red", "Cluster/fleet/x-blue"]
    assert head.renderer.startswith("plain, kustomize v")


def test_one_broken_unit_does_not_hide_the_others(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {
            "a/kustomization.yaml": "resources: [gone.yaml]\n",
            "b/kustomization.yaml": "resources: [b.yaml]\n",
            "b/b.yaml": CLUSTER,
            "c.yaml": cluster("c"),
        },
    )

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue", "Cluster/fleet/c"]
    assert "gone.yaml" in only_gap(head.gaps).reason


def test_kustomize_mode_without_a_kustomization_is_a_gap(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})

    head = place.head(render=RenderMode.KUSTOMIZE)

    assert head.declarations == ()
    assert "no kustomization file" in only_gap(head.gaps).reason


def test_a_build_that_fails_is_a_gap_in_kustomizes_words(tmp_path: Path) -> None:
    place = fleet(
        tmp_path, "patches:\n- path: more.yaml\n", more__yaml=MERGE_PATCH.replace("name: pool", "name: nobody")
    )

    head = place.head(path="prod")

    gap = only_gap(head.gaps)
    assert head.declarations == ()
    assert "no matches for Id" in gap.reason
    assert "/tmp" not in gap.reason


def test_templates_survive_the_build_as_opaque_leaves(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": CLUSTER.replace("false", "${PAUSED:=false}")},
    )

    found = named(place.head(), "blue")

    assert list(found.opaque) == [("spec", "paused")]
    assert declared(place, found, "spec", "paused")[2]


def test_a_machine_without_kustomize_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = place_with(tmp_path, {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": CLUSTER})
    only_git = tmp_path / "bin"
    only_git.mkdir()
    (only_git / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(only_git))

    head = place.head()

    assert "neither kustomize nor kubectl is installed" in only_gap(head.gaps).reason


@pytest.mark.parametrize(
    ("program", "said"),
    [("exec /bin/sleep 60", "took longer than 0.5 s"), ("exec /usr/bin/yes", "gives more than 64 MiB")],
)
def test_a_build_that_does_not_end_is_stopped(tmp_path: Path, program: str, said: str) -> None:
    place = place_with(tmp_path, {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": CLUSTER})
    endless = tmp_path / "kustomize"
    endless.write_text(f"#!/bin/sh\n{program}\n")
    endless.chmod(0o755)
    timeout = 0.5 if "sleep" in program else 60.0
    tool = KustomizeTool(build=(str(endless),), version="v5.0.0", timeout_seconds=timeout)
    repository = open_repository("repo", base_dir=tmp_path, cache_dir=tmp_path)
    snapshot = Snapshot.at(repository, place.repo.head)

    with pytest.raises(GitProblem, match=said):
        build(tool, snapshot, closure_of(snapshot, ""))
