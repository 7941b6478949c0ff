"""A synthetic fleet to be audited: its servers, its Git repository, and a configuration that leads to both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.illness import number_unwell
from benchmarks.prototype import Prototype
from benchmarks.server import LOG
from benchmarks.stamping import belongs_to_cluster, stamped
from tests.rig.fleet import ACCOUNT, REPOSITORY
from tests.rig.git_repo import GitRepo, make_repo

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticFleet:
    """A running fleet."""

    clusters: int
    machines: int
    unwell: int
    """Of the machines."""
    folder: Path
    """Its configuration lies here."""
    url: str
    environ: Mapping[str, str]

    def command(self, *arguments: str) -> list[str]:
        """The program as a user starts it."""
        return [sys.executable, "-m", "drift_audit.cli", *arguments]

    def asked(self) -> list[dict[str, Any]]:
        """The requests since the last time."""
        with urllib.request.urlopen(self.url + LOG) as answer:
            requests: list[dict[str, Any]] = json.load(answer)
        return requests


@contextmanager
def running_fleet(folder: Path, prototype: Path, clusters: int, unwell: float = 0) -> Iterator[SyntheticFleet]:
    """The prototype's cluster so many times, until the block ends; of all Machines that share is unwell."""
    known = Prototype.read(prototype)
    repo = _repository(folder / "fleet", known, clusters)
    environ = _environment(folder)
    command = [sys.executable, "-m", "benchmarks.server", str(prototype), str(clusters), repo.head, str(unwell)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environ) as server:
        assert server.stdout is not None, "it was asked for as a pipe"
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        _configure(folder, url)
        yield SyntheticFleet(
            clusters=clusters,
            machines=clusters * known.machines,
            unwell=number_unwell(known, clusters, unwell),
            folder=folder,
            url=url,
            environ=environ,
        )
        server.communicate()


def _repository(path: Path, prototype: Prototype, clusters: int) -> GitRepo:
    files: dict[str, bytes] = {}
    for name, template in prototype.files.items():
        for number in range(clusters) if belongs_to_cluster(name.encode()) else (0,):
            files[stamped(name.encode(), number).decode()] = stamped(template, number)
    repo = make_repo(path, files)
    repo.git("remote", "add", "origin", REPOSITORY)
    return repo


def _configure(folder: Path, url: str) -> None:
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "bench", "cluster": {"server": url}}],
        "users": [{"name": "bench", "user": {}}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(kubeconfig))
    account = {"account": ACCOUNT, "identities": ["AWSClusterControllerIdentity/default"]}
    config = {
        "management_clusters": [
            {
                "name": "bench",
                "kubeconfig": "kubeconfig",
                "context": "bench",
                "git": [{"name": "fleet", "url": "fleet", "ref": "main", "path": "clusters"}],
            }
        ],
        # The budget for calls is set out of the way: how long a client has to wait for it is no matter of speed.
        "clouds": {"aws": {"accounts": [account], "endpoint_url": url, "calls_per_second": 1000.0}},
        # On a busy machine a workload cluster that is slow to answer is no fact about it.
        "workload": {"timeout_seconds": 60, "deadline_seconds": 600},
        "cache_dir": "cache",
    }
    (folder / "drift-audit.yaml").write_text(yaml.safe_dump(config))


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "providers", ROOT / "reports"))),
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
