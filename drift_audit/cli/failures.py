"""How a run ends that did not come to its end: what is said on standard error, and with which code."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

import click

from drift_audit.cli.exit_codes import COULD_NOT_AUDIT, INTERRUPTED, TERMINATED, spelled
from drift_audit.cli.terminal import abandon_stdout, say, say_error
from drift_audit.errors import DriftAuditError


class Terminated(BaseException):
    """SIGTERM arrived: unwinds like Ctrl-C does, so that no temporary file stays behind."""


def _interrupted(how: str) -> str:
    """Half an audit would look like a whole one that found less: nothing of it is shown."""
    return (
        f"drift-audit: {how} before the end: there is no result (a file that is there is whole, perhaps an older one)"
    )


def end_of_failed_run(error: BaseException, arguments: Sequence[str]) -> int:
    """Says what went wrong and gives the exit code. What asks the interpreter to exit is raised again."""
    match error:
        case KeyboardInterrupt() | click.Abort():
            say(_interrupted("interrupted"))
            return INTERRUPTED
        case Terminated():
            say(_interrupted("terminated"))
            return TERMINATED
        case click.ClickException():
            error.show()
        case DriftAuditError():
            say_error(error)
        case BrokenPipeError():
            abandon_stdout()
        case Exception():
            # Python's own exit code for this is 1, and that would say "findings".
            say("".join(traceback.format_exception(error)).rstrip())
            say("drift-audit: this is a defect of drift-audit; please report it with the lines above")
        case _:
            raise error
    # Looked up by hand, because it must also hold for errors that come before the flags are parsed.
    return spelled(COULD_NOT_AUDIT, detailed="--detailed-exitcode" in arguments)
