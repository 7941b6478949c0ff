"""`drift-audit validate`: the configuration alone."""

from __future__ import annotations

import click

from drift_audit.cli.options import TalkOptions, talk_options


@click.command(short_help="Check the configuration and nothing else.")
@click.option(
    "--config", "-c", metavar="FILE", help="Configuration. Default: $DRIFT_AUDIT_CONFIG, else drift-audit.yaml."
)
@talk_options
def validate(config: str | None, talk: TalkOptions) -> int:
    """Check the configuration and report every mistake at once, with its line. Nothing is read but files.

    A kubeconfig that is not here is told and is no mistake: it belongs to the machine that audits.
    """
    import os
    from pathlib import Path

    from drift_audit.cli.prepare import DEFAULT_CONFIG, find_config, read_config, start_talking
    from drift_audit.cli.terminal import say, write_result
    from drift_audit.collect.cluster import unreachable

    start_talking(talk)
    path = find_config(config, os.environ, Path.cwd()) or Path(DEFAULT_CONFIG)
    loaded = read_config(path)
    for name, error in unreachable(loaded.management_clusters, path.parent.absolute()).items():
        say(f"drift-audit: management cluster {name!r} cannot be audited from here: {error}")
    counts = (
        (len(loaded.management_clusters), "management cluster"),
        (sum(len(cluster.git) for cluster in loaded.management_clusters), "Git source"),
        (len(loaded.clouds), "cloud"),
        (len(loaded.suppressions), "suppression rule"),
    )
    told = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
    write_result(f"{path}: valid ({told})")
    return 0
