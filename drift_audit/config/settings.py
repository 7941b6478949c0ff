"""The configuration as typed values. `config.example.yaml` shows every key with its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from drift_audit.model.findings import Severity


class RenderMode(StrEnum):
    AUTO = "auto"
    """kustomize where the path holds a kustomization file, else plain."""
    PLAIN = "plain"
    KUSTOMIZE = "kustomize"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """One place in Git that declares objects of a management cluster."""

    name: str
    url: str
    """A clone URL, or the path of a local repository (relative to the configuration file)."""
    ref: str = "main"
    """Branch, tag or commit."""
    path: str = "."
    """Directory inside the repository."""
    render: RenderMode = RenderMode.AUTO
    applier: str = ""
    """Field manager that applies it, `manager/Operation`; empty: known GitOps tools are recognised."""
    namespace: str = ""
    """Namespace of namespaced objects that name none, as the applying tool would choose it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementClusterSettings:
    """One management cluster: reached by a kubeconfig context, from inside, or replayed from a recording."""

    name: str
    kubeconfig: str = ""
    context: str = ""
    in_cluster: bool = False
    recording: str = ""
    namespaces: tuple[str, ...] = ()
    """Empty: all namespaces."""
    label_selector: str = ""
    """Narrows the audit to the Clusters with these labels (and what belongs to them)."""
    page_size: int = 500
    timeout_seconds: int = 30
    deadline_seconds: int = 300
    """For reading the whole management cluster."""
    git: tuple[GitSource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerRule:
    """Adds to the table of known field managers."""

    match: str
    """Regular expression that the whole manager name must match."""
    manager_class: str
    """`human`, `script`, `gitops`, `controller` or `autoscaler`."""
    label: str = ""
    """For people: `our deploy robot`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    not_applied_after_minutes: int = 60
    """A commit that is not applied for longer than this counts as a finding that may fail a run."""
    transition_minutes: int = 30
    """How long creating, deleting or rolling out may excuse a difference."""
    orphan_min_age_minutes: int = 60
    """A younger cloud resource may still be on its way to being recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionMatch:
    """Shell-style patterns; an empty one matches everything, and a rule needs at least one that does not."""

    id: str = ""
    rule: str = ""
    verdict: str = ""
    management_cluster: str = ""
    cluster: str = ""
    """`namespace/name`."""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    resource: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRule:
    name: str
    owner: str
    reason: str
    expires: date
    match: SuppressionMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    format: str
    path: str = ""
    """Empty: standard output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """The part of a configuration that decides what the views mean; a recording carries it along."""

    managers: tuple[ManagerRule, ...] = ()
    thresholds: Thresholds = Thresholds()
    suppressions: tuple[SuppressionRule, ...] = ()
    fail_on: Severity = Severity.LOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    management_clusters: tuple[ManagementClusterSettings, ...]
    clouds: Mapping[str, Any] = field(default_factory=dict)
    """By provider name; each value already validated into the provider's own settings type."""
    field_maps: tuple[str, ...] = ()
    """Files with further field-map rows."""
    managers: tuple[ManagerRule, ...] = ()
    thresholds: Thresholds = Thresholds()
    suppressions: tuple[SuppressionRule, ...] = ()
    outputs: tuple[Output, ...] = ()
    fail_on: Severity = Severity.LOW
    cache_dir: str = ""
    """Where bare clones are kept; empty: the user's cache folder."""
    masking_key: str = ""
    """Keys the short hashes that stand for secret values, so that they can be compared between runs."""
    digest: str = ""
    """SHA-256 of the configuration text; not a key of the file."""

    @property
    def judging(self) -> Judging:
        return Judging(
            managers=self.managers,
            thresholds=self.thresholds,
            suppressions=self.suppressions,
            fail_on=self.fail_on,
        )

    def judged_by(self, judging: Judging) -> Config:
        """The same configuration with other rules of judgement."""
        return replace(
            self,
            managers=judging.managers,
            thresholds=judging.thresholds,
            suppressions=judging.suppressions,
            fail_on=judging.fail_on,
        )
