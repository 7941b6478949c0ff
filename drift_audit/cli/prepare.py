"""From flags to what the pipeline needs: a configuration, its folder and the providers, and then the audit itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from drift_audit.cli.options import FleetOptions, TalkOptions
from drift_audit.cli.progress import Teller
from drift_audit.cli.terminal import log_to_stderr, progress_to_stderr, say
from drift_audit.clock import moment, now
from drift_audit.config.field_maps import check_field_maps
from drift_audit.config.load import expired_rules, load_config
from drift_audit.config.narrowing import Narrowing, kubeconfig_only, narrow
from drift_audit.config.settings import Config, ManagementClusterSettings
from drift_audit.errors import UsageError
from drift_audit.interfaces import CloudProvider, HealthHistory
from drift_audit.model.findings import Severity
from drift_audit.model.result import AuditResult
from drift_audit.model.views import Views
from drift_audit.plugins import ProviderSettings, create_providers, plugin_packages, report_names

if TYPE_CHECKING:
    from drift_audit.collect.recording import Recording

DEFAULT_CONFIG = "drift-audit.yaml"
CONFIG_VARIABLE = "DRIFT_AUDIT_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything that an audit needs, before anything is read but the user's own files."""

    config: Config
    base_dir: Path
    """Where relative paths begin: the folder of the configuration."""
    providers: Mapping[str, CloudProvider]
    progress: Teller
    replayed: Recording | None = None
    """To be judged in place of the fleet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A finished audit with what it was judged on."""

    views: Views
    result: AuditResult


def start_talking(talk: TalkOptions) -> Teller:
    """Sets the log up as the flags say, and gives the voice of the run."""
    log_to_stderr(talk.verbosity, talk.quiet, ("drift_audit", *plugin_packages()))
    return progress_to_stderr(talk.quiet, os.environ)


def prepare(
    fleet: FleetOptions, talk: TalkOptions, *, recording: str | None = None, fail_on: str | None = None
) -> Prepared:
    """The fleet as configured and narrowed by the flags, or the recording, with the providers that can work."""
    progress = start_talking(talk)
    prepared = (
        _prepare_fleet(fleet, progress) if recording is None else prepare_replay(Path(recording), fleet, progress)
    )
    if fail_on is None:
        return prepared
    return replace(prepared, config=replace(prepared.config, fail_on=Severity(fail_on)))


def prepare_replay(recording: Path, fleet: FleetOptions, progress: Teller) -> Prepared:
    """The recording with the configuration that `--config` names, or with the rules that it was recorded under.

    A file that happens to lie in the working directory must not change what a recording says.
    """
    if fleet.contexts or fleet.namespaces or fleet.all_namespaces or fleet.selector or fleet.kubeconfig:
        raise UsageError("a recording is judged whole: --from takes no --context, --kubeconfig, -n, -A or -l")
    if fleet.timeout is not None:
        raise UsageError("a recording is judged without reading anything: --from takes no --timeout")

    from drift_audit.collect.recording import read_recording

    config = read_config(Path(fleet.config)) if fleet.config else None
    replayed = read_recording(recording)
    if config is None:
        bare = replace(config_for_views(replayed.views), digest=replayed.manifest.config_digest)
        config = bare.judged_by(replayed.judging)
    return Prepared(
        config=config,
        base_dir=Path(fleet.config).parent.absolute() if fleet.config else Path.cwd(),
        providers=create_providers(config.clouds, live=False),
        progress=progress,
        replayed=replayed,
    )


def _prepare_fleet(fleet: FleetOptions, progress: Teller) -> Prepared:
    narrowing, kubeconfig = narrowing_of(fleet), _absolute(fleet.kubeconfig)
    path = find_config(fleet.config, os.environ, Path.cwd())
    if path is not None:
        config = narrow(read_config(path), narrowing, kubeconfig)
    elif narrowing.contexts:
        config = kubeconfig_only(narrowing, kubeconfig)
    else:
        raise UsageError(
            f"there is no {DEFAULT_CONFIG} here: name a configuration with --config, write one with "
            "`drift-audit init`, or audit one kubeconfig context with --context NAME"
        )
    if fleet.timeout is not None:
        config = replace(config, deadline_seconds=fleet.timeout)
    return Prepared(
        config=config,
        base_dir=path.parent.absolute() if path is not None else Path.cwd(),
        providers=create_providers(config.clouds, live=True),
        progress=progress,
    )


def audit(prepared: Prepared, history: HealthHistory | None = None) -> Audited:
    """Reads the fleet and judges it, or judges the recording, which has no history."""
    from drift_audit.audit import run_audit

    if prepared.replayed is not None:
        return _replay(prepared, prepared.replayed)
    with prepared.progress:
        views, result = run_audit(
            prepared.config,
            base_dir=prepared.base_dir,
            providers=prepared.providers,
            progress=prepared.progress,
            clock=now,
            history=history,
        )
    return Audited(views=views, result=result)


def _replay(prepared: Prepared, recording: Recording) -> Audited:
    """The recording as of the moment at which it was made: its commits and resources have not aged since."""
    from drift_audit.audit import judge

    made_at = moment(recording.manifest.created_at) or now()
    result = judge(
        recording.views,
        prepared.config,
        providers=prepared.providers,
        clock=lambda: made_at,
        started_at=made_at,
        recording_digest=recording.digest,
    )
    return Audited(views=recording.views, result=result)


def find_config(flag: str | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    """The file of the flag, else of the environment, else the usual one of the folder; `None` when there is none.

    A file that was named is returned whether it exists or not: reading it gives the better message.
    """
    named = flag or environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    usual = folder / DEFAULT_CONFIG
    return Path(DEFAULT_CONFIG) if usual.exists() else None


def read_config(path: Path) -> Config:
    """The configuration, its field maps checked; suppression rules that have expired are told on standard error."""
    config = load_config(path, environ=os.environ, provider_settings=ProviderSettings(), report_formats=report_names())
    if config.field_maps:
        # Also by providers whose SDK is missing here: a row does not become right by not being used.
        providers = create_providers(config.clouds, live=False)
        check_field_maps(tuple(map(Path, config.field_maps)), tuple(providers.values()))
    for rule in expired_rules(config, now().date()):
        say(f"drift-audit: suppression rule {rule.name!r} of {rule.owner} expired on {rule.expires}: it hides nothing")
    return config


def narrowing_of(fleet: FleetOptions) -> Narrowing:
    """The flags as the part of the fleet that they mean."""
    if fleet.namespaces and fleet.all_namespaces:
        raise UsageError("-n and -A contradict each other")
    return Narrowing(
        contexts=fleet.contexts,
        namespaces=fleet.namespaces,
        all_namespaces=fleet.all_namespaces,
        label_selector=fleet.selector or "",
    )


def config_for_views(views: Views) -> Config:
    """A configuration with nothing but defaults for what a recording holds."""
    names = dict.fromkeys(view.management_cluster for view in views.clusters)
    return Config(management_clusters=tuple(ManagementClusterSettings(name=name) for name in names))


def _absolute(path: str | None) -> str:
    """Absolute, because what is relative on a command line must not become relative to the configuration."""
    return str(Path(path).expanduser().absolute()) if path else ""
