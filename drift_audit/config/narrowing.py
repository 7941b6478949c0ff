"""What the flags of a command line leave of a configuration: `--context`, `--kubeconfig`, `-n`, `-A`, `-l`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from drift_audit.config.settings import Config, ManagementClusterSettings
from drift_audit.config.source import nearest
from drift_audit.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """The part of the fleet that a run is about; empty: all that is configured."""

    contexts: tuple[str, ...] = ()
    """Management clusters, by kubeconfig context or by name."""
    namespaces: tuple[str, ...] = ()
    """Take the place of the configured namespaces."""
    all_namespaces: bool = False
    """All namespaces, whatever is configured."""
    label_selector: str = ""
    """Narrows further what is configured."""


def narrow(config: Config, narrowing: Narrowing, kubeconfig: str = "") -> Config:
    """The configuration with only what was asked for.

    Raises `UsageError` for a context that it does not have, and for a part of a recording.

    `kubeconfig` takes the place of the configured one wherever a management cluster is reached by one.
    """
    chosen = _chosen(config.management_clusters, narrowing.contexts)
    recorded = [cluster.name for cluster in chosen if cluster.recording]
    if recorded and (narrowing.namespaces or narrowing.label_selector):
        raise UsageError(
            f"a recording is judged whole: -n and -l cannot narrow {', '.join(recorded)} (leave it out with --context)"
        )
    return replace(config, management_clusters=tuple(_narrowed(cluster, narrowing, kubeconfig) for cluster in chosen))


def kubeconfig_only(narrowing: Narrowing, kubeconfig: str = "") -> Config:
    """A configuration without a file: the contexts that were named, compared with no Git and with defaults.

    Raises `UsageError` when no context was named: which one is current is too fragile to identify findings.
    """
    if not narrowing.contexts:
        raise UsageError("no context was named: pass --context NAME, or a configuration file with --config")
    contexts = dict.fromkeys(narrowing.contexts)
    bare = Config(management_clusters=tuple(ManagementClusterSettings(name=name, context=name) for name in contexts))
    return narrow(bare, narrowing, kubeconfig)


def _chosen(
    clusters: Iterable[ManagementClusterSettings], contexts: tuple[str, ...]
) -> list[ManagementClusterSettings]:
    clusters = list(clusters)
    if not contexts:
        return clusters
    known = {name for cluster in clusters for name in (cluster.name, cluster.context) if name}
    unknown = [name for name in contexts if name not in known]
    if unknown:
        raise UsageError(
            "\n".join(
                f"no configured management cluster is called {name!r} ({nearest(name, known)})" for name in unknown
            )
        )
    return [
        cluster for cluster in clusters if cluster.name in contexts or (cluster.context and cluster.context in contexts)
    ]


def _narrowed(cluster: ManagementClusterSettings, narrowing: Narrowing, kubeconfig: str) -> ManagementClusterSettings:
    by_kubeconfig = not cluster.in_cluster and not cluster.recording
    selectors = dict.fromkeys(part for part in (cluster.label_selector, narrowing.label_selector) if part)
    namespaces = () if narrowing.all_namespaces else narrowing.namespaces or cluster.namespaces
    return replace(
        cluster,
        kubeconfig=kubeconfig if kubeconfig and by_kubeconfig else cluster.kubeconfig,
        namespaces=tuple(dict.fromkeys(namespaces)),
        label_selector=",".join(selectors),
    )
