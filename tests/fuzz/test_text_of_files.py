"""Files that people and strangers write: whatever is in them, it is read or refused in words."""

from __future__ import annotations

import functools
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drift_audit.audit import judge
from drift_audit.collect.recording import read_recording
from drift_audit.collect.recording.archive import write_archive
from drift_audit.config.load import load_config
from drift_audit.config.settings import Config
from drift_audit.errors import ConfigError, RecordingError
from drift_audit.plugins import ProviderSettings, create_providers
from drift_audit.yaml_text import Flavor, read_documents
from drift_audit_aws.fieldmap import load_rows
from tests.fuzz.drawing import JSON, damaged, fuzzed

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.yaml").read_bytes()
ROWS = sorted((ROOT / "providers/drift_audit_aws/fields").glob("*.yaml"))[0].read_bytes()
DEMO = ROOT / "drift_audit/demo/fleet.dar"
MANIFEST = b"""\
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: blue, labels: &l {a: "1", b: 0644}}
spec:
  paused: yes
  clusterNetwork: {pods: {cidrBlocks: [10.0.0.0/16]}}
  topology: *l
  text: |
    ${VARIABLE}
    {{ template }}
---
kind: List
apiVersion: v1
items: [{kind: Secret, apiVersion: v1, metadata: {name: s}}]
"""


@fuzzed(250)
@given(text=st.one_of(damaged(MANIFEST), st.binary(max_size=60)), flavor=st.sampled_from(list(Flavor)))
def test_yaml_declarations_are_read_or_are_a_problem(text: bytes, flavor: Flavor) -> None:
    read = read_documents(text, flavor=flavor)

    assert read_documents(text, flavor=flavor) == read
    assert all(problem.message and "\n" not in problem.message for problem in read.problems)


@fuzzed(80)
@given(text=st.one_of(damaged(EXAMPLE), st.binary(max_size=60)))
def test_a_configuration_is_read_or_refused_with_its_mistakes(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "drift-audit.yaml"
    path.write_bytes(text)

    told = [_config(path), _config(path)]

    assert told[0] == told[1]


def _config(path: Path) -> object:
    try:
        return load_config(
            path, environ={"X": "1"}, provider_settings=ProviderSettings(), report_formats=("console", "json")
        )
    except ConfigError as error:
        assert error.problems
        return str(error)


@fuzzed(150)
@given(
    text=st.one_of(damaged(ROWS), st.binary(max_size=60), JSON.map(lambda rows: json.dumps({"rows": [rows]}).encode()))
)
def test_a_field_map_is_read_or_refused_with_its_mistakes(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.yaml"
    path.write_bytes(text)

    assert _rows(path) == _rows(path)


def _rows(path: Path) -> object:
    try:
        return load_rows(path)
    except ConfigError as error:
        assert error.problems
        return str(error)


def test_a_field_map_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.yaml"
    path.write_bytes(b"rows: " + b"[" * 200_000)

    with pytest.raises(ConfigError):
        load_rows(path)


# Recordings whose digests fit, because somebody made them so


@functools.cache
def members() -> dict[str, bytes]:
    with zipfile.ZipFile(DEMO) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}


def forged(path: Path, members: dict[str, bytes]) -> Path:
    write_archive(path, members.items(), tool="x", created_at="2026-11-20T02:00:00Z", config_digest="")
    return path


@fuzzed(50)
@given(turns=st.lists(st.integers(0, 10_000), min_size=2, max_size=10), value=JSON, cut=st.integers(0, 400))
@example(turns=[3, 0, 1, 5604], value=None, cut=0)
@example(turns=[66, 0, 1, 5604], value=[], cut=0)
def test_a_forged_recording_is_refused_or_judged(tmp_path: Path, turns: list[int], value: Any, cut: int) -> None:
    name = sorted(members())[turns[0] % len(members())]
    changed = json.dumps(_replaced(json.loads(members()[name]), turns[1:], value)).encode()
    path = forged(tmp_path / "forged.dar", {**members(), name: changed[: len(changed) - cut] if cut < 40 else changed})

    try:
        recording = read_recording(path)
    except RecordingError as error:
        assert "\n" not in str(error)
        return
    config = Config(management_clusters=()).judged_by(recording.judging)
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    providers = create_providers({}, live=False)
    judge(recording.views, config, providers=providers, clock=lambda: moment, started_at=moment)


def _replaced(document: Any, turns: list[int], value: Any) -> Any:
    """The document with one value replaced: the turns lead to it."""
    if not turns or not isinstance(document, (dict, list)) or not document:
        return value
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    keys = sorted(document) if isinstance(document, dict) else range(len(document))
    key = keys[turns[0] % len(keys)]
    copy[key] = _replaced(document[key], turns[1:], value)
    return copy
