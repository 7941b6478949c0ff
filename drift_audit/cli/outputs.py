"""Where reports go: `-o FORMAT[=PATH]`, rendered by a report plug-in, written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from drift_audit.cli.terminal import render_options, write_result
from drift_audit.config.settings import Output
from drift_audit.errors import OutputError, UsageError
from drift_audit.interfaces import ReportFormat
from drift_audit.model.result import AuditResult
from drift_audit.plugins import load_report

DEFAULT_OUTPUTS = (Output(format="console"),)


def parse_outputs(flags: Sequence[str]) -> tuple[Output, ...]:
    """The outputs of the command line. Raises `UsageError` when two of them would end in one place."""
    outputs = tuple(_parse(flag) for flag in flags)
    places = [output.path and os.path.realpath(output.path) for output in outputs]
    for place in places:
        if places.count(place) > 1:
            raise UsageError(f"two outputs go to {place or 'standard output'}: give each its own, -o FORMAT=PATH")
    return outputs


def load_reports(outputs: Sequence[Output]) -> dict[str, ReportFormat]:
    """The report of each format, loaded before the audit begins: a misspelled one should cost no time."""
    return {output.format: load_report(output.format) for output in outputs}


def require_writable(paths: Iterable[str]) -> None:
    """Raises `OutputError` for every file that cannot be written, before an audit takes its time.

    Tried as it will be done, with a file beside the target: permissions alone do not tell of a read-only file system.
    """
    refused: list[str] = []
    for path in filter(None, paths):
        try:
            _try(Path(os.path.realpath(path)))
        except OSError as error:
            refused.append(f"cannot write {path}: {error.strerror or error}")
    if refused:
        raise OutputError("\n".join(refused))


def _try(target: Path) -> None:
    if _is_special(target):
        return
    beside = _beside(target)
    try:
        beside.touch(exist_ok=False)
    finally:
        with suppress(OSError):
            beside.unlink()


def deliver(
    result: AuditResult,
    outputs: Sequence[Output],
    reports: Mapping[str, ReportFormat],
    *,
    no_color: bool = False,
    verbose: bool = False,
    environ: Mapping[str, str],
) -> None:
    """Renders and writes every output. Raises `OutputError` at the end, when all others are written."""
    refused: list[str] = []
    for output in outputs:
        options = render_options(to_file=bool(output.path), no_color=no_color, verbose=verbose, environ=environ)
        rendered = reports[output.format].render(result, options)
        try:
            if output.path:
                write_whole(Path(output.path), rendered)
            else:
                write_result(rendered)
        except OutputError as error:
            refused.append(str(error))
        except OSError as error:
            refused.append(f"cannot write {output.path}: {error.strerror or error}")
    if refused:
        raise OutputError("\n".join(refused))


def write_whole(path: Path, text: str) -> None:
    """Writes the file so that a reader, or a crash, never sees half of it. Raises `OSError`."""
    # A lone surrogate, which hostile JSON can hold, has no UTF-8; as `\\ud800` it is still valid in JSON.
    content = text.encode("utf-8", "backslashreplace")
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; it takes the place of `path` when the block ends well, and vanishes when it does not.

    The target of a symbolic link is replaced, not the link. A device or a pipe is written to as it is: it
    cannot be replaced.
    """
    target = Path(os.path.realpath(path))
    if _is_special(target):
        yield target
        return
    temporary = _beside(target)
    try:
        yield temporary
        temporary.replace(target)
    finally:
        with suppress(FileNotFoundError, NotADirectoryError):
            temporary.unlink()


def _beside(target: Path) -> Path:
    """A new file in the same folder, which can take the target's place."""
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")


def _is_special(target: Path) -> bool:
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(None, "is a directory", str(target))
    return not stat.S_ISREG(mode)


def _parse(flag: str) -> Output:
    name, separator, path = flag.partition("=")
    if not name or (separator and not path):
        raise UsageError(f"-o {flag}: expected FORMAT or FORMAT=PATH")
    return Output(format=name, path="" if path == "-" else path)
