"""Nothing that a repository says makes a build leave the repository, run a program or ask the network."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drift_audit.model.views import ScopeStatus
from tests.unit.collect_git.reading import CLUSTER, names, only_gap, place_with

pytestmark = pytest.mark.usefixtures("kustomize_on_path")


@contextmanager
def web_server(asked: list[str]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CLUSTER.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


REMOTE = (
    "resources: [URL/base.yaml]",
    "bases: [URL/base]",
    "components: [URL/base]",
    "crds: [URL/crd.yaml]",
    "configurations: [URL/c.yaml]",
    "resources: [a.yaml]\npatches: [{path: URL/p.yaml}]",
    "resources: [a.yaml]\npatchesStrategicMerge: [URL/p.yaml]",
    "resources: [a.yaml]\npatchesJson6902: [{path: URL/p.yaml, target: {version: v1, kind: X, name: y}}]",
    "resources: [a.yaml]\nreplacements: [{path: URL/r.yaml}]",
    "resources: [a.yaml]\nopenapi: {path: URL/s.json}",
    "configMapGenerator: [{name: c, files: [URL/f]}]",
    "configMapGenerator: [{name: c, files: [key=URL/f]}]",
    "configMapGenerator: [{name: c, envs: [URL/f]}]",
    "secretGenerator: [{name: c, env: URL/f}]",
    "resources: [a.yaml]\npatches: [{Path: URL/p.yaml}]",
    "Resources: [URL/base.yaml]",
    "resources: [a.yaml]\n<<: {resources: [URL/base.yaml]}",
    "x: &x {resources: [URL/base.yaml]}\n<<: *x",
    "transformers: [URL/t.yaml]",
    "generators: [URL/g.yaml]",
    "validators: [URL/v.yaml]",
    "helmCharts: [{name: c, repo: URL}]",
    "helmGlobals: {chartHome: URL}",
    "imports: [URL/x]",
)


@pytest.mark.parametrize("kustomization", REMOTE)
def test_what_would_be_loaded_from_elsewhere_is_refused_before_anything_runs(
    tmp_path: Path, kustomization: str
) -> None:
    asked: list[str] = []
    with web_server(asked) as url:
        files = {"kustomization.yaml": kustomization.replace("URL", url), "a.yaml": CLUSTER}

        head = place_with(tmp_path, files).head()

    assert asked == []
    assert head.declarations == ()
    gap = only_gap(head.gaps)
    assert (gap.subject, gap.status) == ("kustomization.yaml", ScopeStatus.PARTIAL)


@pytest.mark.parametrize(
    "reference",
    [
        "github.com/org/repo",
        "github.com/org/repo//path?ref=main",
        "git@github.com:org/repo.git",
        "git::https://example.com/repo",
        "ssh://git@example.com/repo",
        "https://dev.azure.com/org/_git/repo",
        "gitlab.com/org/repo",
        "org@example.com:repo",
        "a//b",
        "base?ref=main",
        "/etc",
        "../outside",
        "../../../../etc/passwd",
        "missing",
    ],
)
def test_references_outside_the_commit_are_refused(tmp_path: Path, reference: str) -> None:
    place = place_with(tmp_path, {"kustomization.yaml": f"resources: ['{reference}']\n"})

    gap = only_gap(place.head().gaps)

    assert reference in gap.reason


def test_a_remote_base_deep_down_is_refused_too(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {
            "prod/kustomization.yaml": "resources: [../base]\n",
            "base/kustomization.yaml": "components: [../part]\n",
            "part/kustomization.yaml": "kind: Component\nresources: ['https://example.com/x.yaml']\n",
        },
    )

    gap = only_gap(place.head(path="prod").gaps)

    assert gap.subject == "part/kustomization.yaml"
    assert "remote base" in gap.reason


def test_a_link_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(CLUSTER.replace("blue", "stolen"))
    place = place_with(tmp_path, {"kustomization.yaml": "resources: [a.yaml]\n"})
    place.repo.link("a.yaml", str(secret))
    place.repo.commit()

    head = place.head()

    assert head.declarations == ()
    assert "symbolic link" in only_gap(head.gaps).reason


def test_a_link_inside_the_tree_is_read_at_its_target(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"app/kustomization.yaml": "resources: [a.yaml]\n", "shared/a.yaml": CLUSTER})
    place.repo.link("app/a.yaml", "../shared/a.yaml")
    place.repo.commit()

    head = place.head(path="app")

    assert names(head) == ["Cluster/fleet/blue"]
    assert head.declarations[0].location.file == "shared/a.yaml"


def test_only_what_the_build_needs_is_laid_out(tmp_path: Path) -> None:
    """A file that no kustomization names cannot be reached, even by kustomize itself."""
    place = place_with(
        tmp_path,
        {"kustomization.yaml": "configMapGenerator: [{name: c, files: ['x=private.txt']}]\n", "public.txt": "x"},
    )

    assert "private.txt" in only_gap(place.head().gaps).reason


def test_kustomizations_that_refer_to_each_other_end_as_a_gap(tmp_path: Path) -> None:
    place = place_with(
        tmp_path,
        {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n"},
    )

    assert "cycle" in only_gap(place.head(path="a").gaps).reason


@pytest.mark.parametrize(
    "text", ["", "resources: [\n", "resources: [a.yaml]\nresources: [b.yaml]\n", "[" * 200_000, "- a\n", b"\xff\xfe"]
)
def test_a_malformed_kustomization_is_a_gap(tmp_path: Path, text: str | bytes) -> None:
    place = place_with(tmp_path, {"kustomization.yaml": text, "a.yaml": CLUSTER})

    head = place.head()

    assert head.declarations == ()
    assert only_gap(head.gaps).subject in ("kustomization.yaml", "")


def test_two_kustomization_files_in_one_folder_are_a_gap(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"kustomization.yaml": "resources: []\n", "kustomization.yml": "resources: []\n"})

    assert "several kustomization files" in only_gap(place.head().gaps).reason
