"""The program as a user runs it against a fleet of the rig: a configuration file, a process, its output.

    cli = CliFleet(fleet, site, tmp_path)
    done = cli("check", "-o", "json")
    assert done.code == 1

Every start is a process of its own with the auditor's kubeconfig, the repository's path and the address of moto.
The environment holds nothing else, so no credential of the machine that tests can play a part.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rig.apiserver import ApiServer
from tests.rig.fleet import ACCOUNT, Fleet
from tests.rig.management_cluster import ManagementCluster, fresh_management_cluster
from tests.rig.moto_server import AwsEndpoint
from tests.unit.cli.installed import ROOT, install_ourselves

CONFIG = "drift-audit.yaml"
_WITHIN_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A run that has ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        return self.out + self.err

    @property
    def document(self) -> Any:
        """Standard output as the JSON report."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class CliFleet:
    """Starts the program in a folder of its own, for one fleet."""

    fleet: Fleet
    folder: Path
    """The working directory; the configuration lies here."""
    environ: Mapping[str, str]
    settings: dict[str, Any] = field(default_factory=dict)
    """The configuration, as it was written last."""

    @classmethod
    def of(cls, fleet: Fleet, folder: Path, **overrides: Any) -> CliFleet:
        """The program beside the fleet, with a written configuration."""
        work = folder / "work"
        work.mkdir(parents=True)
        cli = cls(fleet=fleet, folder=work, environ=_environment(fleet, folder))
        cli.configure(**overrides)
        return cli

    def configure(self, **overrides: Any) -> Path:
        """Writes the configuration of this fleet with some top-level sections replaced; gives its path."""
        self.settings.clear()
        self.settings.update({**configuration(self.fleet), **overrides})
        return self.write(json.dumps(self.settings, indent=1))

    def write(self, text: str, name: str = CONFIG) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def __call__(self, *arguments: str, environ: Mapping[str, str] | None = None, offline: bool = False) -> Done:
        """One run. `offline`: without any address or credential of AWS, and with a kubeconfig that leads nowhere."""
        chosen = {**(_without_aws(self.environ) if offline else self.environ), **(environ or {})}
        done = subprocess.run(
            [sys.executable, "-m", "drift_audit.cli", *arguments],
            cwd=self.folder,
            env=chosen,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_WITHIN_SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    def check(self, *arguments: str) -> Done:
        """`check -o json`."""
        return self("check", "-o", "json", *arguments)


def configuration(fleet: Fleet) -> dict[str, Any]:
    """A configuration for the fleet, as a user would write it; JSON is YAML."""
    return {
        "management_clusters": [management_cluster_of(fleet)],
        "clouds": {"aws": aws_of(fleet)},
        "thresholds": {"orphan_min_age_minutes": 0},
        "cache_dir": str(fleet.folder / "cache"),
        "masking_key": "rig",
    }


def management_cluster_of(fleet: Fleet, **overrides: Any) -> dict[str, Any]:
    cluster = fleet.management_cluster
    return {
        "name": cluster.name,
        "kubeconfig": str(cluster.kubeconfig),
        "context": cluster.context,
        "git": [git_of(fleet)],
        **overrides,
    }


def git_of(fleet: Fleet, **overrides: Any) -> dict[str, Any]:
    return {"name": "fleet", "url": str(fleet.repo.path), "ref": "main", "path": "clusters", **overrides}


def aws_of(fleet: Fleet, **overrides: Any) -> dict[str, Any]:
    """The section `clouds: aws:` with an entry for each account that the fleet uses."""
    accounts = [
        account_entry(account, tuple(sorted(regions))) for account, regions in sorted(fleet.accounts.items())
    ] or [account_entry(ACCOUNT, ())]
    return {"accounts": accounts, "endpoint_url": fleet.aws, "calls_per_second": 100.0, **overrides}


def account_entry(account: str, regions: Sequence[str], **overrides: Any) -> dict[str, Any]:
    identities = ["AWSClusterControllerIdentity/default"] if account == ACCOUNT else []
    role = f"arn:aws:iam::{account}:role/drift-audit"
    return {"account": account, "role_arn": role, "regions": list(regions), "identities": identities, **overrides}


def suppression(name: str, expires: str, **match: str) -> dict[str, Any]:
    return {"name": name, "owner": "platform", "reason": "known", "expires": expires, "match": match}


@contextmanager
def module_fleet(server: ApiServer, endpoint: AwsEndpoint, folder: Path) -> Iterator[Fleet]:
    """An empty fleet on an empty management cluster and an empty AWS, for a fixture that several tests share."""
    endpoint.reset()
    with fresh_management_cluster(server) as cluster:
        yield new_fleet(cluster, endpoint, folder)


def new_fleet(cluster: ManagementCluster, endpoint: AwsEndpoint, folder: Path) -> Fleet:
    return Fleet(cluster, folder, endpoint.url)


def _environment(fleet: Fleet, folder: Path) -> dict[str, str]:
    site = install_ourselves(folder / "site")
    path = os.pathsep.join(map(str, (site, ROOT, ROOT / "providers", ROOT / "reports")))
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": path,
        "PYTHONWARNINGS": "error",
        **AwsEndpoint(fleet.aws).environment,
    }


def _without_aws(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", "KUBECONFIG": "/nonexistent/kubeconfig"}
