"""`drift-audit init`: a configuration to start from."""

from __future__ import annotations

import click


@click.command(short_help="Write a commented configuration to start from.")
@click.argument("path", metavar="[PATH]", default="drift-audit.yaml")
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
def init(path: str, force: bool) -> int:
    """Write a commented configuration to PATH, by default drift-audit.yaml. It never overwrites without --force."""
    import os
    from pathlib import Path

    from drift_audit.cli.outputs import write_whole
    from drift_audit.cli.terminal import say
    from drift_audit.config.starter import starter_config
    from drift_audit.errors import OutputError, UsageError

    if not force and os.path.lexists(path):
        raise UsageError(f"{path} exists already: choose another name, or overwrite it with --force")
    try:
        write_whole(Path(path), starter_config())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    say(f"wrote {path}: fill in your management clusters, then run `drift-audit validate --config {path}`")
    return 0
