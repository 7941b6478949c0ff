"""The Git and management cluster half of an audit against `kubectl diff`: same objects, same API server, no drift."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from benchmarks.fleet import ROOT
from benchmarks.measuring import Run, Runs, median_ratio, run
from tests.rig.build import KUBECTL, found_or_built
from tests.rig.client import Json
from tests.rig.fleet import Workload, declared_objects
from tests.rig.git_repo import GitRepo, make_repo
from tests.rig.management_cluster import ManagementCluster, fresh_management_cluster, running_management_cluster
from tests.rig.manifests import text_of

_KINDS = ("KubeadmControlPlane", "MachineDeployment", "KubeadmConfigTemplate", "AWSMachineTemplate")
"""Without Cluster and AWSCluster: there is no cloud in this half, and an audit would say that it is missing."""
_REQUESTS = re.compile(r'^apiserver_request_total\{.*verb="(?P<verb>[A-Z]+)".*\} (?P<count>[0-9.e+]+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KubectlFigures:
    """What was measured at one distance from the API server."""

    objects: int
    round_trip: int
    """Milliseconds that were added."""
    audit: Runs
    diff: Runs
    concurrent: Runs
    """`kubectl diff --concurrency=8`."""
    audit_calls: Mapping[str, int]
    diff_calls: Mapping[str, int]

    @property
    def speedup(self) -> float:
        return median_ratio(self.diff, self.audit)

    @property
    def speedup_concurrent(self) -> float:
        return median_ratio(self.concurrent, self.audit)


def measure_against_kubectl(
    folder: Path, *, objects: int, round_trips: Sequence[int], runs: int
) -> Iterator[KubectlFigures]:
    """The figures at each distance; raises `MissingPart` without the rig."""
    with (
        running_management_cluster(folder / "server") as server,
        fresh_management_cluster(server, "bench") as cluster,
    ):
        repo = _declared(cluster, folder / "fleet", objects)
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "providers", ROOT / "reports"))),
        }
        for round_trip in round_trips:
            with _distant(cluster, folder, round_trip) as (auditor, person):
                yield _measure(cluster, repo, folder, environ, (auditor, person), objects, round_trip, runs)


def _declared(cluster: ManagementCluster, path: Path, objects: int) -> GitRepo:
    """A repository with so many objects, all applied as Flux applies them."""
    declared = list(islice(_endless(cluster.namespace), objects))
    for item in declared:
        cluster.gitops.apply(item)
    return make_repo(path, {"clusters/fleet.yaml": text_of(*declared)})


def _endless(namespace: str) -> Iterator[Json]:
    number = 0
    while True:
        found = declared_objects(Workload(name=f"bench-{number:04}"), namespace)
        yield from (item for item in found if item["kind"] in _KINDS)
        number += 1


def _measure(
    cluster: ManagementCluster,
    repo: GitRepo,
    folder: Path,
    environ: Mapping[str, str],
    kubeconfigs: tuple[Path, Path],
    objects: int,
    round_trip: int,
    runs: int,
) -> KubectlFigures:
    auditor, person = kubeconfigs
    _configure(cluster, repo, folder, auditor)
    log = folder / "said.log"
    audit = [sys.executable, "-m", "drift_audit.cli", "check", "-o", "json=result.json", "-q"]
    diff = [
        *(str(found_or_built(KUBECTL)), f"--kubeconfig={person}", "diff", "--server-side", "--force-conflicts"),
        *("--field-manager=kustomize-controller", f"--filename={repo.path / 'clusters'}"),
    ]
    commands = {"audit": audit, "diff": diff, "concurrent": [*diff, "--concurrency=8"]}
    calls = {}
    for name, command in commands.items():
        before = _requests(cluster)
        _in_sync(name, run(command, folder, environ, log), log)
        calls[name] = _requests(cluster) - before
    measured: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            measured[name].append(_in_sync(name, run(command, folder, environ, log), log))
    return KubectlFigures(
        objects=objects,
        round_trip=round_trip,
        audit=Runs(tuple(measured["audit"])),
        diff=Runs(tuple(measured["diff"])),
        concurrent=Runs(tuple(measured["concurrent"])),
        audit_calls=calls["audit"],
        diff_calls=calls["diff"],
    )


def _in_sync(name: str, done: Run, log: Path) -> Run:
    """The run, which must have gone through every object.

    The audit finds nothing and is incomplete (3), for it misses the Clusters of these objects. kubectl may end with
    1, differences: on MachineDeployments its dry run shows the next `generation`, although nothing would change.
    """
    if name == "audit":
        result = json.loads((log.parent / "result.json").read_text())
        as_expected = done.code == 3 and not result["findings"] and len(result["coverage"]["gaps"]) == 1
    else:
        as_expected = done.code in (0, 1)
    if not as_expected:
        raise RuntimeError(f"{name} ended with {done.code} instead of going through all objects; see {log}")
    return done


def _requests(cluster: ManagementCluster) -> Counter[str]:
    """What the API server has answered so far, by verb, as its own metrics have it; its own loopback writes nothing
    but leases and events while nothing changes."""
    _, metrics = cluster.client.raw_text("/metrics")
    counted: Counter[str] = Counter()
    for line in metrics.splitlines():
        found = _REQUESTS.match(line)
        if found and 'group="coordination.k8s.io"' not in line and 'resource="leases"' not in line:
            counted[found["verb"]] += int(float(found["count"]))
    return counted


def _configure(cluster: ManagementCluster, repo: GitRepo, folder: Path, kubeconfig: Path) -> None:
    source = {"name": "fleet", "url": str(repo.path), "ref": "main", "path": "clusters"}
    entry: dict[str, Any] = {"name": "bench", "kubeconfig": str(kubeconfig), "context": cluster.context}
    config = {
        "management_clusters": [{**entry, "namespaces": [cluster.namespace], "git": [source]}],
        "cache_dir": "cache",
    }
    (folder / "drift-audit.yaml").write_text(yaml.safe_dump(config))


@contextmanager
def _distant(cluster: ManagementCluster, folder: Path, round_trip: int) -> Iterator[tuple[Path, Path]]:
    """(the auditor's kubeconfig, a person's), both leading through a proxy that is so far away."""
    port = urlsplit(cluster.server.url).port
    command = [sys.executable, "-m", "benchmarks.delay", str(port), str(round_trip)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as proxy:
        assert proxy.stdout is not None, "it was asked for as a pipe"
        url = f"https://127.0.0.1:{int(proxy.stdout.readline())}"
        try:
            yield (
                _through(url, cluster.kubeconfig, folder / "auditor.kubeconfig"),
                _through(url, cluster.human_kubeconfig, folder / "person.kubeconfig"),
            )
        finally:
            proxy.terminate()


def _through(url: str, kubeconfig: Path, target: Path) -> Path:
    document = json.loads(kubeconfig.read_text())
    for cluster in document["clusters"]:
        cluster["cluster"]["server"] = url
    target.write_text(json.dumps(document))
    return target
