"""The audit of a live fleet, as `drift-audit check` runs it, by the true clock or by one that is ahead."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drift_audit.audit import run_audit
from drift_audit.config.settings import Config, GitSource, ManagementClusterSettings, WorkloadSettings
from drift_audit.model.result import AuditResult
from tests.rig.capi.fleet import LiveFleet
from tests.rig.identities import reads_kubeconfigs


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One audit."""

    result: AuditResult
    seconds: float


def looker_at(fleet: LiveFleet, folder: Path) -> Callable[..., Look]:
    """Audits the fleet: Git, the management cluster, and what is suspect more closely, workload clusters included.

    With `ahead` everything is that much older than it is: thresholds have passed that no test waits for.
    """
    fleet.client.apply(reads_kubeconfigs(fleet.namespace), "rig")
    config = _config(fleet, folder)

    def look(ahead: timedelta = timedelta()) -> Look:
        began = time.monotonic()
        _, result = run_audit(
            config,
            base_dir=folder,
            providers={},
            progress=lambda step: None,
            clock=lambda: datetime.now(UTC) + ahead,
        )
        return Look(result=result, seconds=time.monotonic() - began)

    return look


def _config(fleet: LiveFleet, folder: Path) -> Config:
    cluster = fleet.management_cluster
    settings = ManagementClusterSettings(
        name=cluster.name,
        kubeconfig=str(cluster.kubeconfig),
        context=cluster.context,
        namespaces=(fleet.namespace,),
        git=(GitSource(name=fleet.name, url=str(fleet.repo.path), path=fleet.path),),
        controller_logs=tuple(map(str, fleet.controllers.logs.values())),
    )
    return Config(
        management_clusters=(settings,),
        workload=WorkloadSettings(timeout_seconds=5, deadline_seconds=30),
        cache_dir=str(folder / "cache"),
        masking_key="rig",
    )
