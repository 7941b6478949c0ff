"""The view of one workload cluster: how far we came, and what is there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from drift_audit.clock import Clock, stamp
from drift_audit.collect.cluster.connection import Connection
from drift_audit.collect.cluster.faults import Break, Unreadable
from drift_audit.collect.cluster.pacing import Deadline
from drift_audit.collect.cluster.view import server_version
from drift_audit.collect.looking import Looker, Part
from drift_audit.collect.masking import Masker
from drift_audit.collect.workload.contents import Contents, read_nodes, read_others
from drift_audit.collect.workload.kubeconfig import BadKubeconfig, Kubeconfig, access_by
from drift_audit.collect.workload.secret import INSTEAD, NotThere
from drift_audit.config.settings import WorkloadSettings
from drift_audit.model.keys import ClusterKey
from drift_audit.model.views import Gap, Reach, ScopeRead, ScopeStatus, View, WorkloadView

PARALLEL_KINDS = 3
"""Of one cluster, whose API server may be the one that is not well."""

_BREAKS = {
    Break.NO_NAME: Reach.NO_ADDRESS,
    Break.NO_CONNECTION: Reach.NO_CONNECTION,
    Break.BAD_CERTIFICATE: Reach.BAD_CERTIFICATE,
    Break.CUT: Reach.NO_CONNECTION,
}
_REMEDIES = {
    Reach.NO_KUBECONFIG: "The control plane's controller writes the Secret: look at its conditions and at its log.",
    Reach.BAD_KUBECONFIG: "Look at the Secret: one of a control plane that CAPI manages is written anew once deleted.",
    Reach.NO_ADDRESS: "Check the name in spec.controlPlaneEndpoint of the Cluster, and the DNS of this machine.",
    Reach.NO_CONNECTION: "Check the way to its API server: load balancer and its targets, firewalls, control plane.",
    Reach.BAD_CERTIFICATE: "Compare the certificate that is served with the Cluster's Secrets `-ca` and `-kubeconfig`.",
    Reach.REFUSED: "Check the client certificate in its kubeconfig: whether it has expired, and who signed it.",
    Reach.FAILING: "Look at its control plane: API server and etcd.",
}


def scope_of(cluster: ClusterKey) -> str:
    """As gaps and costs name it."""
    return str(cluster)


def collect_workload(
    cluster: ClusterKey,
    found: Kubeconfig | NotThere,
    settings: WorkloadSettings,
    *,
    expected: bool,
    masker: Masker,
    clock: Clock,
    within: float = math.inf,
) -> WorkloadView:
    """The workload cluster as it is now. Sends GET requests only, and none later than `within` seconds or its own
    deadline from now. `expected`: it ought to be there, so that not to reach it is a gap; else only a fact."""
    if isinstance(found, NotThere):
        return _unreached(cluster, found, expected)
    try:
        access = access_by(found, str(cluster))
    except BadKubeconfig as error:
        return _unreached(cluster, _not_there(found, Reach.BAD_KUBECONFIG, str(error)), expected)
    seconds = min(settings.deadline_seconds, within)
    deadline = Deadline(seconds, of_fleet=within < settings.deadline_seconds, workload=True)
    connection = Connection(access, timeout=settings.timeout_seconds, deadline=deadline, clock=clock)
    looker = Looker(
        connection=connection,
        masker=masker,
        clock=clock,
        page_size=settings.page_size,
        view=View.WORKLOAD,
        scope=scope_of(cluster),
    )
    try:
        return _read(cluster, found, looker, expected)
    finally:
        connection.close()


def _read(cluster: ClusterKey, found: Kubeconfig, looker: Looker, expected: bool) -> WorkloadView:
    greeting = looker.part("connection")
    version, fault = _greeted(looker, greeting)
    contents = Contents()
    parts = [greeting]
    if fault is None:
        nodes = read_nodes(looker, contents)
        parts.append(nodes)
        fault = next((each for each in nodes.faults if each.broke is not None), None)
    if fault is None:
        with ThreadPoolExecutor(PARALLEL_KINDS, thread_name_prefix="workload") as pool:
            parts += read_others(looker, contents, pool)
        # One that refuses every kind was not reached either, whatever it says its version is.
        fault = None if any(part.found for part in parts[1:]) else next(iter(parts[1].faults), None)
    if fault is not None:
        return _unreached(cluster, _fact(found, fault), expected, parts)
    return WorkloadView(
        cluster=cluster,
        endpoint=found.endpoint,
        reach=Reach.REACHED,
        server_version=version,
        objects={live.key: live for live in sorted(contents.objects, key=lambda live: live.key)},
        listed=frozenset(contents.listed),
        pods=dict(sorted(contents.pods.items())),
        events=contents.events,
        certificate_expires=found.certificate_expires,
        read_at=stamp(looker.clock()),
        gaps=tuple(gap for part in parts for gap in part.gaps),
        reads=tuple(part.read() for part in parts),
    )


def _greeted(looker: Looker, part: Part) -> tuple[str, Unreadable | None]:
    """(version, why there is no use in going on). A server that fails here may still list."""
    try:
        return server_version(looker.connection, part.tally), None
    except Unreadable as fault:
        return "", fault if fault.status in (0, 401) else None
    finally:
        part.end()


def _fact(found: Kubeconfig, fault: Unreadable) -> NotThere:
    if fault.broke is not None:
        reach = _BREAKS[fault.broke]
    elif fault.status in (401, 403):
        reach = Reach.REFUSED
    else:
        reach = Reach.FAILING if fault.status else Reach.NO_CONNECTION
    return _not_there(found, reach, fault.reason)


def _not_there(found: Kubeconfig, reach: Reach, detail: str) -> NotThere:
    return NotThere(reach=reach, detail=detail, endpoint=found.endpoint, certificate_expires=found.certificate_expires)


def _unreached(cluster: ClusterKey, fact: NotThere, expected: bool, parts: Sequence[Part] = ()) -> WorkloadView:
    """The view of a cluster of which nothing was seen: with a gap where it ought to be there."""
    scope = scope_of(cluster)
    reason = f"workload cluster {cluster} was not reached: {fact.detail}"
    gap = Gap(
        view=View.WORKLOAD,
        scope=scope,
        subject="",
        reason=reason,
        remedy=f"{_REMEDIES[fact.reach]} Or {INSTEAD}.",
    )
    read = ScopeRead(
        view=View.WORKLOAD,
        scope=scope,
        status=ScopeStatus.FAILED if expected else ScopeStatus.COMPLETE,
        reason=reason if expected else f"{reason}; it is only coming to be, or going",
        calls=sum(part.tally.calls for part in parts),
        throttles=sum(part.tally.throttles for part in parts),
        seconds=round(sum(part.seconds for part in parts), 3),
    )
    refused = [gap for part in parts for gap in part.gaps if gap.right]
    return WorkloadView(
        cluster=cluster,
        endpoint=fact.endpoint,
        reach=fact.reach,
        detail=fact.detail,
        certificate_expires=fact.certificate_expires,
        gaps=(gap, *refused) if expected else (),
        reads=(read,),
    )
