"""The command line. One module per verb; this one knows them all and turns errors into exit codes.

Only click is imported here and in the verbs: whatever costs time (pydantic, Kubernetes, SDKs) is imported
inside a verb when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click

from drift_audit import __version__
from drift_audit.cli.check import check
from drift_audit.cli.demo import demo
from drift_audit.cli.explain import explain
from drift_audit.cli.init import init
from drift_audit.cli.record import record
from drift_audit.cli.schema import schema
from drift_audit.cli.validate import validate


@click.group(context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100})
@click.version_option(__version__, message="drift-audit %(version)s")
def program() -> None:
    """Compare Git, Cluster API management clusters and the cloud, and say which field drifted, since when,
    by whom, and what to do.
    """


for verb in (check, demo, explain, record, validate, schema, init):
    program.add_command(verb)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and gives its exit code; a user's mistake never shows a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with _sigterm_raises():
            return _run(given)
    except BaseException as error:
        from drift_audit.cli.failures import end_of_failed_run

        return end_of_failed_run(error, given)


def _run(arguments: list[str]) -> int:
    # Not click's own `main`: that one turns an interruption and a closed pipe into exit code 1.
    try:
        with program.make_context("drift-audit", arguments) as context:
            code: int = program.invoke(context)
            return code
    except click.exceptions.Exit as done:
        return done.exit_code


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise_terminated(number: int, frame: FrameType | None) -> None:
    from drift_audit.cli.failures import Terminated

    raise Terminated
