"""`drift-audit explain`: everything known of one object."""

from __future__ import annotations

from dataclasses import dataclass

import click

from drift_audit.cli.options import FleetOptions, TalkOptions, fleet_options, recording_option, talk_options


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectName:
    kind: str
    namespace: str
    """Empty for a cluster-scoped object."""
    name: str


@click.command(short_help="Tell everything known of one object.")
@click.argument("object_name", metavar="KIND/NAMESPACE/NAME")
@fleet_options
@recording_option
@talk_options
def explain(object_name: str, fleet: FleetOptions, talk: TalkOptions, recording: str | None) -> int:
    """Tell everything known of one object: why it is stuck, its values in Git, management cluster and cloud, who wrote
    them, and where.

    What is stuck is told from the deepest broken thing up to the alarm, with what proves it, what it is not, and the
    next step; of a Cluster or a MachineDeployment, every cause below it; of what only waits, what it waits for.

    A cluster-scoped object is KIND/NAME.

    \b
    Exit codes:
      0    told, whatever is wrong with it
      2    could not audit, or no such object
    """
    wanted = parse_object(object_name)

    from drift_audit.cli.prepare import audit, prepare
    from drift_audit.cli.terminal import write_result
    from drift_audit.clock import moment, now
    from drift_audit.inspection import inspect

    prepared = prepare(fleet, talk, recording=recording)
    audited = audit(prepared)
    write_result(
        inspect(
            audited.views,
            prepared.config,
            audited.result,
            providers=prepared.providers,
            kind=wanted.kind,
            namespace=wanted.namespace,
            name=wanted.name,
            now=moment(audited.result.run.finished_at) or now(),
        )
    )
    return 0


def parse_object(written: str) -> ObjectName:
    """The object that `KIND/NAMESPACE/NAME` or `KIND/NAME` names."""
    parts = written.split("/")
    if not all(parts) or len(parts) not in (2, 3):
        raise click.UsageError(f"{written!r} is not KIND/NAMESPACE/NAME, nor KIND/NAME for a cluster-scoped object")
    return ObjectName(kind=parts[0], namespace=parts[1] if len(parts) == 3 else "", name=parts[-1])
