"""`drift-audit record`: the three views in one file, to be judged again anywhere."""

from __future__ import annotations

import click

from drift_audit.cli.options import FleetOptions, TalkOptions, fleet_options, talk_options


@click.command(short_help="Save what an audit reads, to judge it again offline.")
@fleet_options
@click.option(
    "--output", "-o", "path", metavar="PATH", required=True, help="The recording to write, such as fleet.dar."
)
@talk_options
def record(fleet: FleetOptions, talk: TalkOptions, path: str) -> int:
    """Save what an audit reads, redacted, to judge it again offline with `check --from`.

    The fleet is read exactly as `check` reads it, the second look at suspects included.

    \b
    Exit codes:
      0    recorded
      2    could not record
      3    recorded, but something of the fleet could not be read
    """
    from pathlib import Path

    from drift_audit import __version__
    from drift_audit.cli.exit_codes import COULD_NOT_AUDIT, IN_SYNC, INCOMPLETE
    from drift_audit.cli.outputs import require_writable
    from drift_audit.cli.prepare import audit, prepare
    from drift_audit.cli.terminal import say
    from drift_audit.collect.recording import write_recording
    from drift_audit.model.result import Status

    prepared = prepare(fleet, talk)
    require_writable([path])
    audited = audit(prepared)
    digest = write_recording(
        audited.views,
        Path(path),
        tool_version=__version__,
        created_at=audited.result.run.finished_at,
        config_digest=prepared.config.digest,
        judging=prepared.config.judging,
    )
    if not talk.quiet:
        say(f"recorded {path}, views {digest}")
    if audited.result.status is Status.ERROR:
        return COULD_NOT_AUDIT
    return IN_SYNC if audited.result.complete else INCOMPLETE
