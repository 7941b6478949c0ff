"""All that stands beside the suspects of one management cluster, read side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from drift_audit.collect.cluster.kinds import Reader
from drift_audit.collect.looking import Looker, Reading
from drift_audit.collect.said import merged
from drift_audit.collect.suspects import events, logs, management_plane
from drift_audit.config.settings import CloserLook, ManagementClusterSettings
from drift_audit.model.health import LogLine
from drift_audit.model.keys import ObjectKey
from drift_audit.model.views import ClusterView, SuspectView, View

PARALLEL = 4


def scope_of(management_cluster: str) -> str:
    """Named so that a gap of it says nothing about the management cluster's own kinds."""
    return f"{management_cluster}, closer look"


def beside_suspects(
    settings: ManagementClusterSettings,
    reader: Reader,
    view: ClusterView,
    suspects: Collection[ObjectKey],
    wanted: CloserLook,
) -> SuspectView:
    """The events of the suspects, what controllers wrote about them, and what controllers need, as far as wanted."""
    looker = Looker(
        connection=reader.connection,
        masker=reader.masker,
        clock=reader.clock,
        page_size=reader.page_size,
        view=View.EVIDENCE,
        scope=scope_of(settings.name),
    )
    return read_beside(looker, view, suspects, wanted, settings.controller_logs)


def read_beside(
    looker: Looker,
    view: ClusterView,
    suspects: Collection[ObjectKey],
    wanted: CloserLook,
    log_files: Sequence[str] = (),
) -> SuspectView:
    """As `beside_suspects`, through any looker."""
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="closer") as pool:
        reading = Reading(pool)
        uids = {key: view.objects[key].uid for key in suspects if key in view.objects}
        said = reading.all(events.event_reads(looker, suspects, uids)) if wanted.events else []
        standing = reading.all(management_plane.controller_reads(looker)) if wanted.controllers else []
        from_pods = wanted.logs and not log_files
        if wanted.controllers or from_pods:
            instead = management_plane.INSTEAD if wanted.controllers else logs.INSTEAD
            standing += reading.all([lambda: management_plane.pod_read(looker, instead)])
        if wanted.controllers:
            standing += reading.all(management_plane.namespace_reads(looker, standing))
        written: list[LogLine] = []
        if from_pods:
            pods = [live for live in standing if live.kind == "Pod"]
            written = reading.all(logs.pod_reads(looker, logs.writers_among(pods, suspects), suspects))
        elif wanted.logs:
            written = reading.all(logs.file_reads(looker, log_files, suspects))
    return SuspectView(
        management_cluster=view.management_cluster,
        events=merged(said),
        logs=tuple(sorted(written, key=lambda line: (line.first, line.object, line.source, line.message))),
        objects={live.key: live for live in sorted(standing, key=lambda live: live.key)},
        gaps=reading.gaps,
        reads=reading.reads,
    )
