"""Reports are written whole or not at all, and one that cannot be written does not cost the others."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from drift_audit.cli.outputs import deliver, parse_outputs, replacing, require_writable, write_whole
from drift_audit.config.settings import Output
from drift_audit.errors import OutputError, UsageError
from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.result import AuditResult
from tests.builders import result


class Echo:
    """A report that shows the options it was asked with."""

    name = "echo"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        return f"{result.status} width={options.width} color={options.color} verbose={options.verbose}"


REPORTS: Mapping[str, ReportFormat] = {"echo": Echo()}


def test_formats_and_paths_are_read_off_the_flags() -> None:
    outputs = parse_outputs(("console", "json=a/b=c.json"))

    assert outputs == (Output(format="console"), Output(format="json", path="a/b=c.json"))


def test_a_dash_is_standard_output() -> None:
    assert parse_outputs(("json=-",)) == (Output(format="json"),)


@pytest.mark.parametrize("flags", [("console", "json"), ("json=a", "markdown=a"), ("json=a", "markdown=b/../a")])
def test_two_outputs_cannot_share_a_place(flags: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="two outputs go to"):
        parse_outputs(flags)


def test_a_file_gets_no_colour_and_a_fixed_width(tmp_path: Path) -> None:
    target = tmp_path / "report"

    deliver(result(), (Output(format="echo", path=str(target)),), REPORTS, verbose=True, environ={})

    assert target.read_text() == "in_sync width=100 color=False verbose=True"


def test_standard_output_that_is_no_terminal_gets_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    deliver(result(), (Output(format="echo"),), REPORTS, environ={})

    assert capsys.readouterr().out == "in_sync width=100 color=False verbose=False\n"


def test_an_output_that_cannot_be_written_fails_after_the_others_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad, folder = tmp_path / "good", tmp_path / "none" / "bad", tmp_path / "folder"
    folder.mkdir()
    outputs = tuple(Output(format="echo", path=str(path)) for path in (bad, folder, good))

    with pytest.raises(OutputError) as caught:
        deliver(result(), (*outputs, Output(format="echo")), REPORTS, environ={})

    assert str(caught.value).splitlines() == [
        f"cannot write {bad}: No such file or directory",
        f"cannot write {folder}: is a directory",
    ]
    assert good.exists()
    assert capsys.readouterr().out.startswith("in_sync")


def test_what_can_be_written_is_tried_without_a_trace(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("of yesterday")

    require_writable([str(kept), str(tmp_path / "new"), "", "/dev/null"])

    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert kept.read_text() == "of yesterday"


def test_every_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as raised:
        require_writable([str(tmp_path), str(tmp_path / "none" / "a"), str(tmp_path / "fine")])

    assert str(raised.value).splitlines() == [
        f"cannot write {tmp_path}: is a directory",
        f"cannot write {tmp_path}/none/a: No such file or directory",
    ]


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "report"
    target.write_text("old")

    with pytest.raises(KeyboardInterrupt), replacing(target) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_keeps_pointing_to_the_file_it_names(tmp_path: Path) -> None:
    target, link = tmp_path / "real", tmp_path / "link"
    link.symlink_to(target)

    write_whole(link, "new")

    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    write_whole(pipe, "anything")

    assert os.read(reader, 100) == b"anything"
    assert pipe.is_fifo()
    os.close(reader)


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "report", "text")

    assert (tmp_path / "report").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_lone_surrogate_of_a_hostile_name_can_be_written(tmp_path: Path) -> None:
    write_whole(tmp_path / "report", '{"name": "\ud800"}')

    assert (tmp_path / "report").read_text() == '{"name": "\\ud800"}'


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The nearest thing to a full disk that an ordinary user can have."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_breaks_off_is_told_and_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "report"
    target.write_text("old")

    with pytest.raises(OutputError, match="File too large"), files_no_larger_than(10):
        deliver(result(), (Output(format="echo", path=str(target)),), REPORTS, environ={})

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_reader_of_the_old_file_never_sees_half_of_the_new_one(tmp_path: Path) -> None:
    target = tmp_path / "report"
    target.write_text("old")

    with target.open() as reader:
        write_whole(target, "new")

        assert reader.read() == "old"
    assert target.read_text() == "new"
