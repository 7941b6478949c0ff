"""`init` writes a configuration to start from, and never over one that is there."""

from __future__ import annotations

from tests.unit.cli.conftest import Program


def test_the_written_file_is_valid(program: Program) -> None:
    written = program("init")

    assert written.returncode == 0
    assert written.stdout == ""
    assert program("validate").returncode == 0


def test_an_existing_file_is_left_alone(program: Program) -> None:
    file = program.folder / "drift-audit.yaml"
    file.write_text("mine")

    refused = program("init")

    assert refused.returncode == 2
    assert "drift-audit.yaml exists already" in refused.stderr
    assert file.read_text() == "mine"


def test_a_dangling_link_counts_as_existing(program: Program) -> None:
    (program.folder / "drift-audit.yaml").symlink_to("nowhere")

    assert program("init").returncode == 2
    assert not (program.folder / "nowhere").exists()


def test_force_overwrites(program: Program) -> None:
    (program.folder / "other.yaml").write_text("mine")

    assert program("init", "other.yaml", "--force").returncode == 0
    assert "management_clusters:" in (program.folder / "other.yaml").read_text()


def test_a_folder_that_does_not_exist_is_told(program: Program) -> None:
    refused = program("init", "none/drift-audit.yaml")

    assert refused.returncode == 2
    assert "cannot write none/drift-audit.yaml: No such file or directory" in refused.stderr
