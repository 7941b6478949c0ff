"""The ends of the controllers' logs: of their Pods through the API server, or of files where they run elsewhere."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

from drift_audit.collect.cluster.faults import Ask, Unreadable
from drift_audit.collect.looking import Looker, Part, PartRead
from drift_audit.collect.suspects.log_lines import lines_about
from drift_audit.model.health import LogLine
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence, text

INSTEAD = "set closer_look.logs: false, to do without logs"
PROVIDER = "cluster.x-k8s.io/provider"
"""Label of what clusterctl installs: `cluster-api`, `bootstrap-kubeadm`, `infrastructure-aws`."""
_OF_GROUP = {
    "bootstrap.cluster.x-k8s.io": "bootstrap-",
    "controlplane.cluster.x-k8s.io": "control-plane-",
    "infrastructure.cluster.x-k8s.io": "infrastructure-",
    "addons.cluster.x-k8s.io": "addon-",
    "ipam.cluster.x-k8s.io": "ipam-",
    "runtime.cluster.x-k8s.io": "runtime-extension-",
}
"""How the labels of those begin that reconcile the kinds of a group (clusterctl, manifest labels)."""
_CORE = "cluster-api"

SINCE = timedelta(hours=1)
TAIL_LINES = 3000
LARGEST = 4 << 20
"""Bytes of one log."""
MOST_PODS = 12
MOST_FILES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A container whose log is worth reading."""

    pod: ObjectKey
    container: str


def writers_among(pods: Iterable[CapiObject], suspects: Collection[ObjectKey]) -> list[Writer]:
    """The controllers among the Pods that have to do with the suspects: the core, and the providers of their kinds."""
    groups = {key.group for key in suspects}
    beginnings = tuple(start for group, start in _OF_GROUP.items() if group in groups)
    return [
        Writer(pod=pod.key, container=container)
        for pod in pods
        if (label := pod.labels.get(PROVIDER, "")) == _CORE or (beginnings and label.startswith(beginnings))
        if (container := _manager(pod))
    ][:MOST_PODS]


def _manager(pod: CapiObject) -> str:
    """The container of the controller: called `manager` by every provider that is made with kubebuilder."""
    names = [text(mapping(each).get("name")) for each in sequence(pod.spec.get("containers"))]
    return "manager" if "manager" in names else next(iter(names), "")


def pod_reads(looker: Looker, writers: Sequence[Writer], suspects: Collection[ObjectKey]) -> list[PartRead[LogLine]]:
    """One job for each log."""
    return [partial(_of_pod, looker, writer, suspects) for writer in writers]


def _of_pod(looker: Looker, writer: Writer, suspects: Collection[ObjectKey]) -> tuple[Part, list[LogLine]]:
    pod = writer.pod
    part = looker.part(f"log of {pod.namespace}/{pod.name}", INSTEAD)
    ask = Ask(verb="get", resource="pods/log", namespace=pod.namespace, name=pod.name)
    query = [
        ("container", writer.container),
        ("sinceSeconds", str(int(SINCE.total_seconds()))),
        ("tailLines", str(TAIL_LINES)),
        ("limitBytes", str(LARGEST)),
        ("timestamps", "true"),
    ]
    path = f"/api/v1/namespaces/{quote(pod.namespace, safe='')}/pods/{quote(pod.name, safe='')}/log"
    try:
        reply = looker.connection.get(ask, path, part.tally, query=query, accept="*/*")
    except Unreadable as fault:
        part.refuse(fault)
        return part, []
    part.found = True
    return part, _about(looker, reply.body, f"{pod.namespace}/{pod.name}", pod, suspects)


def file_reads(looker: Looker, patterns: Sequence[str], suspects: Collection[ObjectKey]) -> list[PartRead[LogLine]]:
    """One job for each pattern."""
    return [partial(_of_files, looker, pattern, suspects) for pattern in patterns]


def _of_files(looker: Looker, pattern: str, suspects: Collection[ObjectKey]) -> tuple[Part, list[LogLine]]:
    part = looker.part(f"logs {pattern}")
    named = glob.glob(pattern, recursive=True)  # noqa: PTH207 - the user's pattern has no folder to begin with
    files = [path for path in sorted(named) if Path(path).is_file()]
    if not files:
        part.refuse(Unreadable(f"no file is called {pattern}", "Correct controller_logs of this management cluster."))
    elif len(files) > MOST_FILES:
        part.found = True
        told = f"{pattern} names {len(files)} files: only the newest {MOST_FILES} were read"
        part.refuse(Unreadable(told, "Narrow controller_logs of this management cluster."))
        files = sorted(files, key=os.path.getmtime)[-MOST_FILES:]
    found: list[LogLine] = []
    for file in files:
        try:
            end = _end_of(Path(file))
        except OSError as error:
            part.refuse(Unreadable(f"{file} cannot be read: {error.strerror}", "Check its permissions."), subject=file)
            continue
        part.found = True
        found += _about(looker, end, file, ObjectKey("", "File", "", file), suspects)
    return part, found


def _end_of(file: Path) -> bytes:
    """The last bytes of the file, from the beginning of a line on."""
    with file.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - LARGEST))
        end = handle.read(LARGEST)
    return end if size <= LARGEST else end.partition(b"\n")[2]


def _about(
    looker: Looker, log: bytes, source: str, writer: ObjectKey, suspects: Collection[ObjectKey]
) -> list[LogLine]:
    return lines_about(
        log.decode(errors="replace"),
        source,
        suspects,
        writer,
        masker=looker.masker,
        now=looker.clock(),
        since=SINCE,
    )
